"""Exercises of notebook 00: what a ranking does not notice, what a similarity does not say, a batch of searches."""

import numpy as np

from course_lib.course.exercises import WRONG_TYPE, Exercise

HARMLESS = {"a", "b", "d", "f"}
OTHER = {"c", "e", "g"}
WRONG_CHANGES = {
    "c": "c is not harmless: a definition's length multiplies its own score and no other's, so long vectors rise.",
    "e": "e is not harmless: rounding makes ties, and a tie has forgotten which score was larger.",
    "g": "g is not harmless: within one ranking each definition loses another amount.",
}
MISSED_CHANGES = {
    "a": "a belongs to it: what all scores of a ranking gain alike cannot change their order.",
    "b": "b belongs to it: a question's length multiplies all scores of its own ranking alike.",
    "d": "d belongs to it: for unit vectors the squared distance is 2 - 2 cos, so the nearest has the largest cosine.",
    "f": "f belongs to it: a ranking is of one question, and all its scores lose the same amount.",
}
CLEARLY = 0.1  # the denial is nearer by several times this much


def _harmless_changes(answer: object) -> str | None:
    letters = set(answer)
    if not letters <= HARMLESS | OTHER:
        return 'Answer with a set of letters from a to g, such as {"a", "c"}.'
    for letter, hint in WRONG_CHANGES.items():
        if letter in letters:
            return hint
    for letter, hint in MISSED_CHANGES.items():
        if letter not in letters:
            return hint
    return None


def _denial_and_paraphrase(answer: object) -> str | None:
    denial, paraphrase = (float(value) for value in answer)
    if not (abs(denial) <= 1.01 and abs(paraphrase) <= 1.01):
        return "A cosine lies between -1 and 1; these are distances, percentages or unscaled products."
    if max(denial, paraphrase) > 0.99:
        return "A cosine of 1 means that a sentence was compared with itself."
    if denial <= paraphrase:
        return "That is what one hopes for. The denial comes first in the pair, and the nearer has the larger cosine."
    if denial < paraphrase + CLEARLY:
        return "The two are much farther apart: encode the sentences as they stand, with their full stops."
    return None


def _batch_of_searches(answer: object) -> str | None:
    if not callable(answer):
        return WRONG_TYPE
    rng = np.random.default_rng(0)
    questions = rng.normal(size=(4, 8))
    documents = rng.normal(size=(12, 8)) * rng.uniform(0.2, 5, (12, 1))
    k = 5
    found = np.asarray(answer(questions.copy(), documents.copy(), k))
    products = questions @ documents.T
    cosines = products / np.linalg.norm(documents, axis=1)
    best = (-cosines).argsort(axis=1)
    if found.shape == (len(questions), len(documents)):
        return "All documents came back: keep the first k columns."
    if found.shape != (len(questions), k):
        return f"For 4 questions and k = 5 the shape is (4, 5), a row a question; yours is {found.shape}."
    if not np.issubdtype(found.dtype, np.integer):
        return "Those are scores; wanted are the places of the documents in the collection: argsort."
    wrong = {
        "argsort puts the smallest first: sort the scores with their sign turned.": cosines.argsort(axis=1),
        "[::-1] turns the rows round, which are the questions; the columns are turned by [:, ::-1].": (
            cosines.argsort(axis=1)[::-1]
        ),
        "That ranks by dot product, and long documents win: divide each by its own length (axis=1).": (
            (-products).argsort(axis=1)
        ),
    }
    for hint, order in wrong.items():
        if (found == order[:, :k]).all():
            return hint
    if (np.sort(found) == np.sort(best[:, :k])).all() and (found != best[:, :k]).any():
        return "The right documents, but not best first."
    if (found != best[:, :k]).any():
        return "A row of `questions @ documents.T` holds one question's scores: divide by lengths, sort along axis 1."
    return None


EXERCISES = {
    "00.1": Exercise(_harmless_changes),
    "00.2": Exercise(_denial_and_paraphrase),
    "00.3": Exercise(_batch_of_searches),
}
