"""Exercises of notebook 05: what a rare word weighs, the interval of a difference, rankings fused by their ranks."""

from course_lib.course.exercises import WRONG_TYPE, Exercise

WRONG_NUMBERS = {
    1: "That counts shared words. BM25 weighs them: a word in 3 of 1,000 documents tells far more than one in 300.",
    4: "Four of them sum to less than the rare word's weight; one more is needed to outrank it.",
    7: "Mind the 1 + inside the logarithm; without it common words weigh too little.",
    100: "The weight falls with the logarithm of the number of documents, not with the number itself.",
    101: "The weight falls with the logarithm of the number of documents, not with the number itself.",
}
LOW, HIGH = 0.0217, 0.0458  # percentile bootstrap of the twelve differences
NEAR = 0.006  # also admits an interval from Student's t
SINGLE_WIDTH, MEAN_WIDTH, ENDS_WIDTH = 0.2, 0.056, 0.45
FUSED = {"a": 1 / 61, "b": 1 / 62, "c": 1 / 63 + 1 / 61, "d": 1 / 62}
WRONG_FUSIONS = [
    (
        {"a": 1 / 60, "b": 1 / 61, "c": 1 / 62 + 1 / 60, "d": 1 / 61},
        "Ranks count from 1: a first place earns 1 / 61.",
    ),
    (
        {"a": 1, "b": 1 / 2, "c": 1 / 3 + 1, "d": 1 / 2},
        "The 60 is missing: without it first places decide all.",
    ),
    ({"c": 1 / 63 + 1 / 61}, "A document that one ranking does not hold still earns what the other gives it."),
    (FUSED | {"c": 1 / 61}, "c stands in both rankings: add up, do not overwrite what the first one gave."),
    (FUSED | {"c": 1 / 63}, "c stands in both rankings: add what the second one gives as well."),
    ({key: value / 2 for key, value in FUSED.items()}, "That is the mean of both; the score is the sum."),
    ({"a": 1, "b": 2, "c": 4, "d": 2}, "Those are sums of ranks, small for the best: sum 1 / (60 + rank)."),
    ({"a": 61, "b": 62, "c": 124, "d": 62}, "Take the reciprocal of 60 + rank before you sum."),
]


def _common_words(answer: object) -> str | None:
    number = float(answer)
    if number != int(number):
        return "Words come whole: how many are needed to outrank the right answer?"
    if number == 5:
        return None
    hint = "Compare ln(1 + 997.5 / 3.5), the rare word's weight, with ln(1 + 700.5 / 300.5), a common one's."
    return WRONG_NUMBERS.get(int(number), hint)


def _interval_of_the_difference(answer: object) -> str | None:
    low, high = (float(end) for end in answer)
    if abs(high - low) < (HIGH - LOW) / 2:
        return "Subtracting two intervals end by end gives no interval of the difference: resample the differences."
    if low > high:
        return "Give the lower end first."
    if abs(low - LOW) < NEAR and abs(high - HIGH) < NEAR:
        return None
    if abs(low + HIGH) < NEAR and abs(high + LOW) < NEAR:
        return "The sign is turned round: take dense minus lexical."
    if low > SINGLE_WIDTH:
        return "That is the interval of one retriever; wanted is that of the difference."
    if high - low > ENDS_WIDTH:
        return "One interval's low end minus the other's high end: far too wide, for it forgets that they are paired."
    if high - low > SINGLE_WIDTH:
        return "You drew the concepts anew for each retriever. Draw them once, for both: hard ones are hard for both."
    if high - low > MEAN_WIDTH:
        return "Between these ends lie single concepts; wanted is how the mean of twelve drawn ones moves."
    return "Take the twelve differences, draw twelve of them with replacement, keep the mean; 2.5 % and 97.5 % of many."


def _reciprocal_ranks(answer: object) -> str | None:
    if not callable(answer):
        return WRONG_TYPE
    scores = answer(["a", "b", "c"], ["c", "d"])
    if not isinstance(scores, dict):
        return "Return a dictionary, document -> score; sorting comes after."
    if _same(scores, FUSED):
        return None
    for wrong, hint in WRONG_FUSIONS:
        if _same(scores, wrong):
            return hint
    return 'For ["a", "b", "c"] and ["c", "d"], c is third and first: it earns 1 / (60 + 3) + 1 / (60 + 1).'


def _same(scores: dict, others: dict[str, float]) -> bool:
    return scores.keys() == others.keys() and all(abs(scores[key] - others[key]) < 1e-9 for key in others)


EXERCISES = {
    "05.1": Exercise(_common_words),
    "05.2": Exercise(_interval_of_the_difference),
    "05.3": Exercise(_reciprocal_ranks),
}
