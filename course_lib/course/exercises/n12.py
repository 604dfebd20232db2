"""Exercises of notebook 12: three more broken runs to name, false negatives to expect, a check to write."""

from collections.abc import Sequence

from course_lib.course.exercises import Exercise
from course_lib.training.diagnosis import FAULTS

RIGHT = {"X": "learning rate too high", "Y": "labels shuffled", "Z": "columns swapped"}
HINTS = {
    ("X", "labels shuffled"): "X ends where a blind model is, but look where it *starts*: its rows were in order.",
    ("Y", "learning rate too high"): "Y starts above ln(16): something is wrong before the first step is taken.",
    ("Y", "columns swapped"): "An encoder places swapped rows wrong far more often than a coin; of Y it is a coin.",
    ("Z", "labels shuffled"): "A coin places half of the rows right. In Z almost all are wrong, which takes knowledge.",
    ("Z", "learning rate too high"): "Z's loss falls smoothly, as it does under a good learning rate.",
    ("Z", "margin out of reach"): "Z's margin is 0.5, and distances reach 2: it can be reached.",
}
FIRST = "Read the untrained encoder's share first: before any training, are the rows in order, swapped or shuffled?"


def _names(answer: object) -> str | None:
    given = {run: str(answer[run]) for run in RIGHT}
    for name in given.values():
        if name not in FAULTS:
            return f"{name!r} is none of the eight names: {', '.join(FAULTS)}."
    for run, name in given.items():
        if name != RIGHT[run]:
            return HINTS.get((run, name), f"{run}: {name} is not it. {FIRST}")
    return None


ROWS, COPIES, BATCH = 1000, 5, 32


def _expected(answer: object) -> str | None:
    value = float(answer)
    wrong = {
        (BATCH - 1) * COPIES / (ROWS - 1): "A row is no false negative of itself: it has one twin fewer than copies.",
        BATCH * (COPIES - 1) / ROWS: "Nearly. A row meets the *others* of its batch, drawn from the *other* rows.",
        15 * (COPIES - 1) / (ROWS - 1): "That is for a batch of 16; here it holds 32.",
        (BATCH - 1) * (COPIES - 1) / (ROWS / COPIES - 1): "The batch is drawn from all 1,000 rows, not from 200 texts.",
        BATCH * (BATCH - 1) * (COPIES - 1) / (ROWS - 1): "That is the mean of a whole batch; divide by its rows.",
    }
    right = (BATCH - 1) * (COPIES - 1) / (ROWS - 1)
    if abs(value - right) < 2e-4:
        return None
    near = [hint for mistake, hint in wrong.items() if abs(value - mistake) < 2e-4]
    return near[0] if near else "Each of the 31 others of a batch is a twin with the chance (twins) / (other rows)."


TRAINING = [
    "How does a random forest decide? It averages the votes of its trees.",
    "Early stopping ends a training when the loss on held-out rows has stopped falling.",
    "Why scale features? Distances mix their units.",
]
NEW = [
    "A calibrated classifier is right in seven of ten cases when it says seventy per cent.",
    "Dropout silences units at random.",
    "The loss of a random forest has stopped falling on the votes.",  # training's words, in an order of its own
]


def _leaked(answer: object) -> str | None:
    def share(heldout: Sequence[str]) -> float:
        return float(answer(list(TRAINING), list(heldout)))

    if share(NEW[:2]) or not share([TRAINING[0]]):
        return "A copied text must give 1 and a new one 0: check which of the two you return."
    if share([TRAINING[0], *NEW]) not in (0.25, 0.5):
        return "Count over the held-out texts: how many of *them* stand in training, as a share."
    if share([TRAINING[1].upper(), f"  {TRAINING[2]}\n"]) != 1:
        return "It misses a copy in capitals, or with blanks around it: compare words, not bytes."
    if share([TRAINING[0].replace("?", ":").replace(".", "")]) != 1:
        return "It misses a copy whose punctuation differs: compare words, not characters."
    if share(NEW):
        return "It calls a text leaked because its words stand somewhere in training: their order counts too."
    if share([" ".join(reversed(TRAINING[1].split()))]):
        return "It calls a text leaked that has a training text's words in another order: their order counts too."
    if share([TRAINING[2].partition("? ")[2]]):
        return "It calls a text leaked that is a part of a training text: compare whole texts."
    return None


EXERCISES = {"12.1": Exercise(_names), "12.2": Exercise(_expected), "12.3": Exercise(_leaked)}
