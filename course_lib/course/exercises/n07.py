"""Exercises of notebook 07: who wrote a card, the rate that was really used, what a logged loss is the mean of."""

import math
from collections.abc import Sequence

import numpy as np

from course_lib.course.exercises import Exercise
from course_lib.training import cards

PLAIN = {
    "Columns": "question, answer",
    "learning_rate": 5e-5,
    "weight_decay": 0.0,
    "warmup_steps": 0,
    "max_grad_norm": 1.0,
    "batch_sampler": "batch_sampler",
    "multi_dataset_batch_sampler": "proportional",
}
BY_FIT = [
    {"Columns": card.sections["Training Dataset"]["Columns"]} | card.sections["All Hyperparameters"]
    for card in (cards.MINILM, cards.MPNET)
]
OURS = PLAIN | {"Columns": "sentence_0, sentence_1"}
CHOSEN = PLAIN | {"learning_rate": 2e-5, "weight_decay": 0.01, "warmup_steps": 100}
STEPS = 3 * 2500
PEAK = 2e-5 * (STEPS - 1) / 10_000
WRONG_PEAKS = {
    2e-5: "The warm-up has 10,000 steps and this training 7,500: the rate never gets to 2e-5.",
    5e-5: "That is what the card will print; `fit()` builds its optimizer from its own defaults.",
    5e-6: "That is where the first of the three epochs ends: the rate climbs on.",
    2e-5 * 518 / 10_000: "That is the peak of the published training, with 519 steps; yours has more.",
    2e-5 * 40_000 / 10_000: "Those are pairs; the warm-up counts steps, of 16 pairs each.",
    2e-5 * 120_000 / 10_000: "Those are pairs; the warm-up counts steps, of 16 pairs each.",
}


def _by_fit(answer: object) -> str | None:
    cases = [*BY_FIT, PLAIN, OURS, CHOSEN]
    said = [bool(answer(dict(case))) for case in cases]
    if said == [True, True, False, False, False]:
        return None
    if not all(said[:2]):
        return "A card that `fit()` did write is missed: which sampler does `fit()` set, and the Trainer does not?"
    if all(said):
        return "Every card is said to be by `fit()`, also those that the Trainer wrote."
    if said[2]:
        return "A Trainer left at its defaults is taken for `fit()`: 5e-5, 0 and 0 are its own; 1.0 equals 1 in Python."
    if said[3]:
        return "Our own card is taken for one by `fit()`: column names are free, and ours happen to be the same."
    return "A rate of 2e-5 on a card was given to the Trainer: what `fit()` uses, the card never shows."


def _peak(answer: object) -> str | None:
    rate = float(answer)
    for wrong, hint in WRONG_PEAKS.items():
        if math.isclose(rate, wrong, rel_tol=5e-3):
            return hint
    if math.isclose(rate, PEAK, rel_tol=5e-3):
        return None
    return "Count the steps, then ask how far the straight climb to 2e-5 in step 10,000 has come by the last of them."


def _logged(answer: object) -> str | None:
    losses = np.random.default_rng(0).gamma(2.0, 0.3, 1037).tolist()
    cases = [(losses[:519], 500), (losses, 100), (losses[:60], 25), (losses[:9], 10)]

    def same(rule) -> bool:
        expected = [rule(*case) for case in cases]
        return all(len(g) == len(e) and np.allclose(g, e, atol=1e-3) for g, e in zip(got, expected, strict=True))

    got = [[float(value) for value in answer(list(values), every)] for values, every in cases]
    if same(lambda values, every: [np.mean(part) for part in _parts(values, every) if len(part) == every]):
        return None
    if same(lambda values, every: [np.mean(part) for part in _parts(values, every)]):
        return "The steps after the last full stretch are never printed: 519 steps logged every 500 make one row."
    if same(lambda values, every: values[every - 1 :: every]):
        return "That is the loss of the one step at which a row is printed; the row holds a mean."
    if same(lambda values, every: [np.mean(values[:end]) for end in range(every, len(values) + 1, every)]):
        return "That is the mean since the first step; each row is a mean since the row before it."
    if same(lambda values, every: values[::every]):
        return "That is the first loss of each stretch; a row holds the mean of its stretch."
    return "Cut the losses into full stretches of `every` steps and give the mean of each."


def _parts(values: Sequence[float], every: int) -> list[Sequence[float]]:
    return [values[start : start + every] for start in range(0, len(values), every)]


EXERCISES = {"07.1": Exercise(_by_fit), "07.2": Exercise(_peak), "07.3": Exercise(_logged)}
