"""Exercises of notebook 06: the symmetric loss, the floor of one batch, what accumulation and gathering add."""

from math import log

import torch
from torch.nn.functional import cross_entropy, normalize

from course_lib.course.exercises import WRONG_TYPE, Exercise

SCALE, ROWS = 20.0, 16
GROUPS = (4, 2, *[1] * 10)  # rows a question
WRONG_FLOORS = {
    0.0: "Ten rows can reach 0. Rows that share a question share their scores, so their chances sum to at most 1.",
    log(ROWS): "That is the blind model's loss; this one may tell all questions apart that differ.",
    (log(4) + log(2)) / ROWS: "That counts each repeated question once; four rows pay ln 4, two pay ln 2.",
    4 * log(4) + 2 * log(2): "That is the sum over the rows; the loss of a batch is their mean.",
    4 * log(3) / ROWS: "That is ln(k) with k false negatives; the row's own answer shares as well: ln(1 + k).",
    (4 * log(4) + 2 * log(2)) / 6: "That is the mean over the six rows that repeat; the other ten count as well.",
    (log(4) + log(2)) / 12: "That is a mean over questions; the loss is a mean over rows.",
}
NEGATIVES = (7, 15)
WRONG_NEGATIVES = {
    (31, 63): "Accumulation adds gradients, not negatives: a question meets only the answers of its own small batch.",
    (63, 63): "Accumulation adds gradients, and processes do not see each other's rows unless they gather.",
    (15, 15): "Each process computes its own loss: without gathering, the other one's answers are never seen.",
    (15, 7): "The wrong way round: gathering brings answers in.",
    (8, 16): "One of the answers is the question's own: no negative.",
    (7, 7): "Gathering does bring in the other process's eight answers.",
    (7, 63): "Gathering joins the two processes, not the four accumulated batches.",
    (7, 31): "Gathering joins the two processes, not the four accumulated batches.",
    (7, 14): "Of the sixteen gathered answers one is the question's own; the other fifteen are negatives.",
    (7, 16): "Of the sixteen gathered answers one is the question's own; the other fifteen are negatives.",
}


def _symmetric_loss(answer: object) -> str | None:
    draw = torch.Generator().manual_seed(0)
    questions, answers = torch.randn(2, 5, 8, generator=draw)
    unit = normalize(questions), normalize(answers)
    forward, backward = _one_direction(*unit), _one_direction(*unit[::-1])
    value = float(answer(questions, answers))
    hints = {
        forward: "That is one direction, questions choosing among answers; add the answers' choice.",
        backward: "That is one direction, answers choosing among questions; add the questions' choice.",
        forward + backward: "That is the sum of both directions; take their mean.",
        _both(*unit, scale=1.0): "The scale is missing: multiply the cosines by 20.",
        _both(questions, answers): "Those are dot products: divide each vector by its length first, or use cosines.",
        _both(questions, answers, scale=1.0): "Neither cosines nor scale: normalise the vectors, then multiply by 20.",
        5 * (forward + backward) / 2: "That is a sum over the rows; take their mean.",
        -(forward + backward) / 2: "The sign is wrong: the loss is minus the logarithm of a chance.",
    }
    if abs(value - (forward + backward) / 2) < 1e-4:
        return None
    for wrong, hint in hints.items():
        if abs(value - wrong) < 1e-4:
            return hint
    return "The same square serves twice: cross-entropy along its rows, and along the rows of its transpose."


def _both(questions: torch.Tensor, answers: torch.Tensor, scale: float = SCALE) -> float:
    return (_one_direction(questions, answers, scale) + _one_direction(answers, questions, scale)) / 2


def _one_direction(questions: torch.Tensor, answers: torch.Tensor, scale: float = SCALE) -> float:
    return float(cross_entropy(scale * questions @ answers.T, torch.arange(len(questions))))


def _floor_of_a_batch(answer: object) -> str | None:
    value = float(answer)
    for wrong, hint in WRONG_FLOORS.items():
        if abs(value - wrong) < 1e-3:
            return hint
    if abs(value - sum(size * log(size) for size in GROUPS) / ROWS) < 2e-3:
        return None
    return "A row whose answer shares with k other right ones cannot go below ln(1 + k); average over the 16 rows."


def _negatives_met(answer: object) -> str | None:
    if not isinstance(answer, tuple | list) or len(answer) != 2 or any(type(n) is not int for n in answer):
        return WRONG_TYPE
    if tuple(answer) == NEGATIVES:
        return None
    hint = "Ask which answers stand in one square of scores: those of a small batch, or of both processes' batches."
    return WRONG_NEGATIVES.get(tuple(answer), hint)


EXERCISES = {
    "06.1": Exercise(_symmetric_loss),
    "06.2": Exercise(_floor_of_a_batch),
    "06.3": Exercise(_negatives_met),
}
