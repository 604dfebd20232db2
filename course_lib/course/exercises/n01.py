"""Exercises of notebook 01: from distance to cosine, pooling by the largest value, windows over a long text."""

from itertools import pairwise

import torch

from course_lib.course.exercises import Exercise

DISTANCE = 1.2
WRONG_COSINES = {
    1 - DISTANCE: "Distance is not 1 minus the cosine: start from the square, d^2 = 2 - 2 cos.",
    1 - DISTANCE / 2: "Square the distance first: it is d^2, not d, that equals 2 - 2 cos.",
    1 - DISTANCE**2: "Nearly: d^2 = 2 - 2 cos, so half of the square is taken from 1.",
    DISTANCE**2 / 2: "That is 1 minus the cosine; solve d^2 = 2 - 2 cos for the cosine.",
    2 - DISTANCE**2: "That is twice the cosine; divide by 2.",
}
VECTORS = torch.tensor(
    [
        [[-1.0, 2.0, -3.0], [-2.0, -1.0, -0.5], [-4.0, 1.0, -2.0], [-3.0, 0.5, -1.0]],
        [[-500.0, -100.0, 0.5], [-50.0, -300.0, -1.0], [9.0, 9.0, 9.0], [8.0, 8.0, 8.0]],
    ]
)  # Shape: (2, 4, 3); the last two tokens of the second text are padding
MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])
LIMIT, SHARED = 6, 2  # four pieces a window, two of them shared with the window before


def _cosine(answer: object) -> str | None:
    cosine = float(answer)
    for wrong, hint in WRONG_COSINES.items():
        if abs(cosine - wrong) < 1e-6:
            return hint
    if not -1 <= cosine <= 1:
        return "A cosine lies between -1 and 1."
    if abs(cosine - (1 - DISTANCE**2 / 2)) < 5e-3:
        return None
    return "Both vectors have length 1, so d^2 = 2 - 2 cos: solve it for the cosine."


def _max_pool(answer: object) -> str | None:
    found = answer(VECTORS.clone(), MASK.clone())
    if not isinstance(found, torch.Tensor) or found.shape != (2, 3):
        return "Return a tensor of shape (texts, dimensions): the largest over the tokens, dim=1, and the values alone."
    real = VECTORS.masked_fill(MASK.unsqueeze(-1) == 0, -torch.inf)
    wrong = {
        "Padding has won: without the mask, the values at padded places are the largest.": VECTORS.amax(dim=1),
        "A zero has won that no token holds: times the mask, padding becomes 0, and 0 beats every negative value. "
        "Padding has to lose against anything.": (VECTORS * MASK.unsqueeze(-1)).amax(dim=1),
        "That is the mean of the real tokens; take the largest value of each dimension.": (
            (VECTORS * MASK.unsqueeze(-1)).sum(dim=1) / MASK.sum(dim=1, keepdim=True)
        ),
        "That is the vector of the first token, [CLS]; all real tokens take part.": VECTORS[:, 0],
    }
    for hint, values in wrong.items():
        if torch.allclose(found, values):
            return hint
    if torch.allclose(found, real.amax(dim=1)):
        return None
    return "For each text and dimension: the largest of the values that its real tokens (mask 1) have there."


def _windows(answer: object) -> str | None:
    if hint := _windows_of(answer, 10) or _windows_of(answer, 11):  # 10 fill their windows, 11 do not
        return hint
    if [list(window) for window in answer(["p0", "p1", "p2"], LIMIT, SHARED)] != [["p0", "p1", "p2"]]:
        return "A text within the limit is one window, as it is."
    return None


def _windows_of(answer: object, count: int) -> str | None:
    pieces = [f"p{number}" for number in range(count)]
    found = [list(window) for window in answer(pieces, LIMIT, SHARED)]
    size = LIMIT - 2
    if any(len(window) > LIMIT for window in found):
        return f"A window holds more than the {LIMIT} tokens of the limit."
    if any(len(window) > size for window in found):
        return f"[CLS] and [SEP] take two places of every window: of a limit of {LIMIT}, {size} are left for pieces."
    if lost := [piece for piece in pieces if not any(piece in window for window in found)]:
        return f"{', '.join(lost)} of p0 to {pieces[-1]} is in no window: what no window holds is never read."
    for before, after in pairwise(found):
        if set(after) <= set(before):
            return "A window only repeats pieces of the one before it: stop when the last piece has been read."
        if before[-SHARED:] != after[:SHARED]:
            return f"Each window opens with the last {SHARED} pieces of the one before, lest a thought be torn apart."
    if any(len(window) < size for window in found[:-1]):
        return "Only the last window may be shorter than the limit allows: more windows cost more time."
    return None


EXERCISES = {"01.1": Exercise(_cosine), "01.2": Exercise(_max_pool), "01.3": Exercise(_windows)}
