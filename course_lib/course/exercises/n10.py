"""Exercises of notebook 10: what saving a part saves of the whole, batches that share texts, what is exact."""

from collections import Counter

from course_lib.course.exercises import Exercise

PRODUCTS, MASKS, FACTOR = 0.60, 0.15, 4
LEFT = 1 - PRODUCTS - MASKS + PRODUCTS / FACTOR  # of the step's time
EXACT = {"encode once", "pad to 384", "fused optimizer", "sorted rows"}
INEXACT = {
    "bf16": "bf16 rounds to 8 significant bits: loss and gradients are off by far more than the last digits of fp32.",
    "margin 2.5": "With a margin of 2.5 the gradients are bit for bit the same, but the loss is lower by 2.5.",
    "cut at 128": "Cutting passages leaves out what they say after 128 tokens: other embeddings, another loss.",
}
MISSED = {
    "encode once": "An embedding that is used twice collects both gradients: encoding each text once is exact.",
    "pad to 384": "Padding is masked in attention and in pooling: it costs time and changes nothing.",
    "fused optimizer": "The optimizer comes after loss and gradients: however it is computed, it cannot change them.",
    "sorted rows": "The loss is a mean over triplets, each judged alone: their order does not matter.",
}


def _whole(answer: object) -> str | None:
    factor = float(answer)

    def near(value: float) -> bool:
        return abs(factor - value) < 0.02 * value

    if near(1 / LEFT):
        return None
    if near(LEFT):
        return "That is the share of the time that is left: how many times as fast is a step that takes so little?"
    if near(1 - LEFT):
        return "That is the share of the time that you saved, not how many times as fast the step is."
    if near(1 / (1 - PRODUCTS + PRODUCTS / FACTOR) / (1 - MASKS)):
        return "Factors of single parts do not multiply: each was computed with the other part still in the step."
    if near(FACTOR) or near(FACTOR / (1 - MASKS)):
        return "Only the products became four times as fast; the other 40 % of the step did not."
    if near(1 / (1 - PRODUCTS - MASKS)):
        return "Four times as fast is not free: a quarter of the products' time is still there."
    return "Add up what is left: a quarter of the products' time, nothing of the masks, and all of the rest."


def _plan(answer: object) -> str | None:
    for groups, rows, size in ((12, 4, 16), (9, 2, 6), (5, 4, 4), (3, 2, 16)):
        anchors = [f"passage {group * 7 % groups}" for _ in range(rows) for group in range(groups)]
        batches = [list(batch) for batch in answer(list(anchors), size)]
        placed = Counter(row for batch in batches for row in batch)
        if any(row not in range(len(anchors)) for row in placed):
            return "A batch is a list of row numbers, counted from 0, not of texts."
        if len(placed) < len(anchors):
            return "Rows are missing: mind the last batch, which may be smaller than the others."
        if max(placed.values()) > 1:
            return "A row stands in more than one batch: each is trained on once an epoch."
        if max(map(len, batches)) > size:
            return "A batch is larger than `size`."
        encoded = sum(len({anchors[row] for row in batch}) for batch in batches)
        if encoded > groups:
            return (
                f"Your batches encode {encoded} passages where {groups} would do: rows of one anchor need not stand "
                "together in the list, so collect them first."
            )
        if len(batches) > -(-len(anchors) // size):
            return "Batches are not filled: one anchor a batch shares texts too, but takes more steps than needed."
    return None


def _exact(answer: object) -> str | None:
    names = {answer} if isinstance(answer, str) else set(answer)
    if unknown := names - EXACT - INEXACT.keys():
        return f"{min(map(str, unknown))!r} is none of the seven names."
    if wrong := sorted(names & INEXACT.keys()):
        return INEXACT[wrong[0]]
    if missing := sorted(EXACT - names):
        return f"One is missing, at least. {MISSED[missing[0]]}"
    return None


EXERCISES = {"10.1": Exercise(_whole), "10.2": Exercise(_plan), "10.3": Exercise(_exact)}
