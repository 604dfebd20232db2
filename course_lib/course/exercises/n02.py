"""Exercises of notebook 02: a ceiling over unequal queries, graded nDCG, how many concepts an interval takes."""

from math import log2

from course_lib.course.exercises import WRONG_TYPE, Exercise

WRONG_CEILINGS = {
    1.0: "Ten places cannot hold twenty documents; nor do the queries have twelve each, as the average suggests.",
    10 / 20: "That is the ceiling of one half; in the other half all four fit into ten places.",
    14 / 24: "That pools the relevant documents of both halves; the mean weighs every query alike, not every document.",
    (4 + 10) / 20: "That is the ceiling of Precision@10: recall divides by each query's own number of them.",
    10 / 12: "Twelve is the average number; take the ceiling of each query first, then the mean.",
}
GRADES = {"c": 1, "a": 3, "b": 2}
RANKING = ["x", "b", "a", "y"]  # c is never found


def _dcg(gains: list[float]) -> float:
    return sum(gain / log2(rank + 1) for rank, gain in enumerate(gains, 1))


GAINED, IDEAL = _dcg([0, 2, 3]), _dcg([3, 2, 1])
WRONG_GRADED = {
    GAINED: "That is the DCG: divide it by the DCG of the best ranking possible.",
    GAINED / _dcg([3, 2]): "The ideal holds every document of `grades`, not only those that were found.",
    GAINED / _dcg([1, 3, 2]): "Sort the grades, falling: the ideal has the highest first, in whatever order they come.",
    GAINED / _dcg([1, 2, 3]): "The ideal has the highest grade first: sort the grades, falling.",
    _dcg([0, 3, 7]) / _dcg([7, 3, 1]): "Here the gain is the grade itself; 2 ** grade - 1 is another convention.",
    _dcg([0, 1, 1]) / _dcg([1, 1, 1]): "Every relevant document earns the same in it: use its grade as its gain.",
    5 / 6: "Nothing is discounted: divide the gain at each rank by log2(rank + 1).",
}
CUT_IDEAL, CUT = _dcg([3, 2]), 2  # the best that two places can hold
DEVIATION, HALF_WIDTH = 0.12, 0.01
CONCEPTS = (1.96 * DEVIATION / HALF_WIDTH) ** 2
WRONG_COUNTS = {
    CONCEPTS**0.5: "The width falls with the square root of n: square the ratio.",
    CONCEPTS / 1.96**2: "That makes one standard error 0.01; 95 % of a normal distribution take 1.96 of them.",
    CONCEPTS / 4: "± 0.01 is 0.01 to either side; you allowed 0.02.",
    CONCEPTS * 4: "± 0.01 is 0.01 to either side, 0.02 in all; you asked for half of that.",
    CONCEPTS / 3: "The deviation is already that of means of three: scenarios do not count as concepts again.",
    CONCEPTS * 3: "The deviation is over concepts, so the answer is a number of concepts, not of scenarios.",
}


def _ceiling(answer: object) -> str | None:
    for wrong, hint in WRONG_CEILINGS.items():
        if abs(float(answer) - wrong) < 1e-3:
            return hint
    if abs(float(answer) - (1 + 10 / 20) / 2) < 1e-3:
        return None
    return "Find the ceiling of each half, min(10, m) / m with its own m; then take the mean of the two."


def _graded(answer: object) -> str | None:
    if not callable(answer):
        return WRONG_TYPE
    try:
        whole, cut, perfect = answer(RANKING, GRADES, 10), answer(RANKING, GRADES, CUT), answer(["a", "b"], GRADES, CUT)
    except ZeroDivisionError:
        return "log2(1) is 0: the discount at rank 1 is log2(rank + 1), with ranks that count from 1."
    except KeyError:
        return "A document that `grades` does not hold has grade 0: `grades.get(document, 0)`."
    for wrong, hint in WRONG_GRADED.items():
        if abs(whole - wrong) < 1e-6:
            return hint
    if abs(whole - GAINED / IDEAL) > 1e-6:
        return f"For {RANKING} with grades {GRADES} and k = 10 the value is {GAINED / IDEAL:.4f}, not {whole:.4f}."
    if abs(perfect - 1) > 1e-6:
        return "A perfect start scores 1 at every cut: the ideal, too, ends after k places."
    if abs(cut - _dcg([0, 2]) / CUT_IDEAL) > 1e-6:
        return "Only the first k documents of the ranking earn anything."
    return None


def _concepts_needed(answer: object) -> str | None:
    for wrong, hint in WRONG_COUNTS.items():
        if abs(float(answer) - wrong) <= 0.03 * wrong:
            return hint
    if CONCEPTS - 1 <= float(answer) <= (2 * DEVIATION / HALF_WIDTH) ** 2 + 1:  # 1.96, or 2 for short
        return None
    return "The half-width is 1.96 * 0.12 / sqrt(n): set it to 0.01 and solve for n."


EXERCISES = {"02.1": Exercise(_ceiling), "02.2": Exercise(_graded), "02.3": Exercise(_concepts_needed)}
