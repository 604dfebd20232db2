"""Exercises of notebook 08: which negatives are allowed, what a mask hides, what a fair draw of negatives changes."""

from course_lib.course.exercises import Exercise

MENTIONED, NARROWER, BROADER, OWN = "bootstrap", "extremely randomized trees", "ensemble methods", "random forest"
ALLOWED = {"gradient boosting", "k-means"}


def _allowed_negatives(answer: object) -> str | None:
    names = set(answer)
    if not all(isinstance(name, str) for name in names):
        return "Answer with a set of names, as strings."
    if OWN in names:
        return "The positive itself cannot be its own negative."
    if MENTIONED in names:
        return "The passage names the bootstrap: what a passage mentions may well be what it is about."
    if NARROWER in names:
        return "Extremely randomized trees are random forests: a descendant of the positive fits the passage as well."
    if BROADER in names:
        return "A random forest is an ensemble method: an ancestor of the positive is not wrong for the passage."
    if "gradient boosting" not in names:
        return "Sharing a category forbids nothing: gradient boosting is near and still wrong, a good hard negative."
    if names != ALLOWED:
        return "Exactly two of the six names are allowed: look for what is neither mentioned nor a relative."
    return None


def _hidden_names(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int):
        return "Answer with a whole number of places."
    return {
        5: None,
        1: "Only the written-out name: aliases (`principal components`) and exact names (`PCA`) go as well.",
        2: "Aliases are missing: `principal components` gives the term away as surely as its name.",
        3: "Three is the number of mentions. A mask must also reach into the longer names of other terms.",
        4: "One is missing: `PCA` also stands inside an identifier, `IncrementalPCA`.",
    }.get(answer, "Count each place where a name of the term can be read: name, alias, PCA, also inside longer names.")


def _fair_share(answer: object) -> str | None:
    share = float(answer)
    if not 0 <= share <= 1:
        return "Answer with a share between 0 and 1, not with a percentage or a count."
    if share > 0.7:
        return "That is the share for negatives drawn uniformly: draw them from the positives of other triplets."
    if share > 0.52:
        return (
            "Negatives drawn from the positives make the rule a coin: did you draw from the list with its repetitions?"
        )
    if share < 0.46:
        return "Its own pair was taken off the positive's count alone; with both sides drawn alike, count all rows."
    if share < 0.48:
        return "Equal counts decide nothing: give a tie half a point, not zero."
    return None


EXERCISES = {
    "08.1": Exercise(_allowed_negatives),
    "08.2": Exercise(_hidden_names),
    "08.3": Exercise(_fair_share),
}
