"""Exercises of notebook 04: one marked id, the reach of a split by row, shared shingles."""

from math import log2

from course_lib.course.exercises import Exercise

RIGHT_ANSWERS = 8
WRONG_SCORES = {
    1.0: "The ranking is perfect, but the qrels do not know it: of the eight right answers they mark one.",
    1 / RIGHT_ANSWERS: "That is the mean recall@1; nDCG@10 also credits ranks 2 to 8, each by 1 / log2(rank + 1).",
    sum(1 / r for r in range(1, 9)) / RIGHT_ANSWERS: "That is MRR@10, with 1 / rank; nDCG discounts by log2(rank + 1).",
    sum(1 / log2(r + 1) for r in range(1, 9)): "That is the sum over the eight ranks; the marked one has one of them.",
    sum(1 / log2(r + 1) for r in range(1, 11)) / 10: "The marked answer stands at ranks 1 to 8, never at 9 or 10.",
}
WRONG_SHARES = {
    0.5: "That is the row itself; its question is known as soon as any of its seven siblings is in training.",
    0.5**7: "That is the chance that it is NOT known; take it from 1.",
    1 - 0.5**8: "The row itself is held out already; seven others decide, not eight.",
    0.0: "The row is held out, its question is not: the same question stands in seven other rows.",
    1.0: "Nearly: sometimes all seven siblings are held out too. How often?",
}
TRAINING = ["the mean of the squared errors over all rows", "a tree splits the data where the error falls most"]
SHARED = "the mean of the squared distances to the center"  # 3 of its 7 shingles stand in TRAINING
SPLICED = "over all rows a tree splits"  # 2 of 4; all four only if the two texts are joined
REPEATED = "over all rows and over all rows of errors"  # 7 runs, 6 of them distinct; one of those in TRAINING
ALIEN = "squared rows of a data mean the most"  # known words, no known run of three


def _one_marked(answer: object) -> str | None:
    for wrong, hint in WRONG_SCORES.items():
        if abs(float(answer) - wrong) < 1e-4:
            return hint
    right = sum(1 / log2(rank + 1) for rank in range(1, RIGHT_ANSWERS + 1)) / RIGHT_ANSWERS
    if abs(float(answer) - right) < 2e-3:
        return None
    return "The marked answer is equally likely at each of ranks 1 to 8: average 1 / log2(rank + 1) over them."


def _known_questions(answer: object) -> str | None:
    for wrong, hint in WRONG_SHARES.items():
        if abs(float(answer) - wrong) < 1e-6:
            return hint
    if abs(float(answer) - (1 - 0.5**7)) < 1e-3:
        return None
    return "The question is unknown only if all seven siblings are held out too, each with probability one half."


def _overlap(answer: object) -> str | None:
    if answer(ALIEN, TRAINING) > 0:
        return "A text of known words in a new order shares no run of three words: compare runs, not words."
    if answer(SPLICED, TRAINING) > 1 / 2 + 1e-6:
        return "One run was found across the end of a text: make the shingles of each training text on its own."
    if abs(answer(SHARED, TRAINING) - 3 / 7) < 1e-6 and abs(answer(SPLICED, TRAINING) - 1 / 2) < 1e-6:
        once = abs(answer(REPEATED, TRAINING) - 1 / 6) < 1e-6
        return None if once else "A run that stands twice in the text counts once: compare distinct runs."
    if answer(SHARED, TRAINING) < 3 / 7:
        return "Too small: divide by the number of the held-out text's own shingles, not by all shingles there are."
    return "Too large: count each distinct run of three words of the held-out text, and divide by their number."


EXERCISES = {"04.1": Exercise(_one_marked), "04.2": Exercise(_known_questions), "04.3": Exercise(_overlap)}
