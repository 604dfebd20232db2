"""Exercises of notebook 11: a verdict from paired differences, Holm's correction by hand, how many trainings."""

from course_lib.course.exercises import Exercise

P, WORD = 4 / 64, "NO DIFFERENCE"
HOLM = (0.06, 0.036, 0.06)
WRONG_HOLM = {
    (0.12, 0.036, 0.09): "That is Bonferroni's correction, each times three; Holm's multiplier falls: 3, 2, 1.",
    (0.04, 0.036, 0.06): "A larger p value may not end below a smaller one's: carry the largest so far along.",
    (
        0.04,
        0.036,
        0.04,
    ): "That is Benjamini and Hochberg's: it bounds the share of false finds, not the chance of any.",
    (0.036, 0.06, 0.06): "The right values in sorted order; give them back in the order of the recipes.",
    (0.04, 0.012, 0.03): "Those are the p values as they came.",
    (0.12, 0.024, 0.06): "The multiplier 3 belongs to the smallest p value, 1 to the largest.",
    (0.12, 0.024, 0.03): "Sort first: the multipliers 3, 2, 1 go to the smallest, the middle, the largest.",
    (0.12, 0.12, 0.12): "Sort first: the multipliers 3, 2, 1 go to the smallest, the middle, the largest.",
}
TRAININGS = (9, 3)
WRONG_TRAININGS = {
    (8, 2): "Just too few: round up, the half-width has to be 0.03 or less.",
    (2, 2): "The concepts move the mean as well: their share of the variance is there however often you train.",
    (154, 6): "Variances add up, half-widths do not: sum the two variances, then take the root.",
    (1, 1): "That is one standard error; 95 % of a normal distribution take 1.96 of them to either side.",
    (3, 9): "The wrong way round: more concepts leave more room for the seeds.",
    (9, 9): "Four times the concepts take away three quarters of their variance, which leaves more room for seeds.",
}


def _p_and_word(answer: object) -> str | None:
    p, word = answer
    p, word = float(p), word.strip().upper()
    if not 0 <= p <= 1:
        return "A p value is a chance, between 0 and 1."
    if p < 0.015:
        return "You flipped eighteen scenarios. Those of a concept go together: take six means, 64 ways to flip."
    if abs(p - 2 / 64) < 0.005:
        return "Four of the 64 ways are as far from zero: as high as seen, higher yet, and the same two below zero."
    if abs(p - 1 / 64) < 0.005:
        return "Count every way whose mean is at least as far from zero, on both sides: the one seen is not alone."
    if abs(p - P) > 0.005:
        return "p is the share of the 64 ways to flip six signs with a mean as far from zero as the one seen, to 1e-9."
    if word == "WIN":
        return "The interval lies above zero, but the rule asks for both: p, too, must be below 0.05."
    if word != WORD:
        return "The word is one of WIN, NO DIFFERENCE, REGRESSION; the mean is above zero, and p is not below 0.05."
    return None


def _holm_by_hand(answer: object) -> str | None:
    values = tuple(float(p) for p in answer)
    if len(values) != len(HOLM):
        return "Give three adjusted p values, in the order of the recipes A, B, C."
    if _same(values, HOLM):
        return None
    hint = "Sort the p values, multiply by 3, 2, 1, and let none fall below the one before it; then undo the sorting."
    return next((found for wrong, found in WRONG_HOLM.items() if _same(values, wrong)), hint)


def _same(values: tuple[float, ...], others: tuple[float, ...]) -> bool:
    return all(abs(value - other) < 1e-4 for value, other in zip(values, others, strict=True))


def _trainings_needed(answer: object) -> str | None:
    few, many = (float(number) for number in answer)
    if few != int(few) or many != int(many):
        return "Trainings come whole: round up."
    if (few, many) == TRAININGS:
        return None
    hint = "Solve 1.96 * sqrt(0.15 ** 2 / concepts + 0.02 ** 2 / seeds) <= 0.03 for the seeds, and round up."
    return WRONG_TRAININGS.get((int(few), int(many)), hint)


EXERCISES = {
    "11.1": Exercise(_p_and_word),
    "11.2": Exercise(_holm_by_hand),
    "11.3": Exercise(_trainings_needed),
}
