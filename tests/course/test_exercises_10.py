"""The checkers of notebook 10 accept the solutions and tell common mistakes apart."""

import pytest

EXACT = {"encode once", "pad to 384", "fused optimizer", "sorted rows"}


def cut(rows: list, size: int) -> list[list]:
    return [rows[i : i + size] for i in range(0, len(rows), size)]


def plan(anchors: list[str], size: int) -> list[list[int]]:
    return cut(sorted(range(len(anchors)), key=lambda row: anchors[row]), size)


def one_anchor_a_batch(anchors: list[str], size: int) -> list[list[int]]:
    return [[row for row, own in enumerate(anchors) if own == anchor] for anchor in dict.fromkeys(anchors)]


@pytest.mark.parametrize(
    ("number", "answer"),
    [("10.1", 2.5), ("10.1", 1 / 0.4), ("10.2", plan), ("10.3", EXACT), ("10.3", sorted(EXACT))],
)
def test_solution_is_right(said, number: str, answer: object) -> None:
    assert said(number, answer) == f"{number}: right"


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [
        ("10.1", 0.4, "share of the time that is left"),
        ("10.1", 0.6, "share of the time that you saved"),
        ("10.1", 1 / 0.55 / 0.85, "do not multiply"),
        ("10.1", 4, "the other 40 %"),
        ("10.1", 4 / 0.85, "the other 40 %"),
        ("10.1", 4.0, "the other 40 %"),
        ("10.1", 40, "Add up what is left"),
        ("10.2", lambda anchors, size: cut(list(range(len(anchors))), size), "collect them first"),
        ("10.2", lambda anchors, size: cut(sorted(anchors), size), "row numbers"),
        ("10.2", lambda anchors, size: [b for b in plan(anchors, size) if len(b) == size], "Rows are missing"),
        ("10.2", lambda anchors, size: [*plan(anchors, size), [0]], "more than one batch"),
        ("10.2", lambda anchors, size: [list(range(len(anchors)))], "larger than `size`"),
        ("10.2", one_anchor_a_batch, "not filled"),
        ("10.3", EXACT | {"bf16"}, "8 significant bits"),
        ("10.3", EXACT | {"margin 2.5"}, "lower by 2.5"),
        ("10.3", EXACT | {"cut at 128"}, "after 128 tokens"),
        ("10.3", EXACT - {"encode once"}, "collects both gradients"),
        ("10.3", EXACT - {"pad to 384"}, "Padding is masked"),
        ("10.3", EXACT - {"fused optimizer"}, "comes after"),
        ("10.3", EXACT - {"sorted rows"}, "order does not matter"),
        ("10.3", EXACT | {"fp16"}, "'fp16' is none"),
        ("10.3", "bf16", "8 significant bits"),
    ],
)
def test_each_mistake_has_its_own_hint(said, number: str, answer: object, hint: str) -> None:
    printed = said(number, answer)
    assert printed.startswith(f"{number}: not yet.") and hint in printed
