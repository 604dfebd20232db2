"""Exercises of notebook 09: angles behind a loss, a margin from the gaps, a sign test for any triplet loss."""

from collections.abc import Callable

import numpy as np
from torch import Tensor

from course_lib.course.exercises import Exercise

ANGLE = float(np.degrees(2 * np.arcsin((1 + 0.6478) / 2)))


def _angle(answer: object) -> str | None:
    degrees = float(answer)

    def near(value: float) -> bool:
        return abs(degrees - value) < 0.6

    if near(ANGLE):
        return None
    if near(np.radians(ANGLE)):
        return "That is the angle in radians: answer in degrees."
    if near(ANGLE / 2):
        return "That is half of the angle: the chord is 2 sin(θ/2), so the arcsine gives θ/2."
    if near(np.degrees(np.arccos(0.5 - 0.6478))):
        return "That is for cosine distances; the card's loss is Euclidean, and 0.6478 is a difference of chords."
    if near(np.degrees(2 * np.arcsin((1 - 0.6478) / 2))):
        return "The sign is turned: a loss below 5 means that the negatives are farther than the positives."
    return "At 60 degrees the chord is 1. The negatives' chord is longer by 0.6478; turn that back into an angle."


def _margin(answer: object) -> str | None:
    gaps = np.random.default_rng(0).gamma(2.0, 0.2, 400) - 0.1  # skewed, so that a mean is no median

    def active(share: float) -> float:
        margin = float(answer(gaps.copy(), share))
        return float((gaps < margin).mean()) if np.isfinite(margin) else np.nan

    shares = (0.1, 0.3, 0.5, 0.9)
    got = [active(share) for share in shares]
    if np.isnan(got).any():
        return "Your function returned no finite number for gaps from a skewed distribution."
    if np.allclose(got, shares, atol=0.01):
        return None
    if np.allclose(got, [1 - share for share in shares], atol=0.01):
        return "That share is *finished* at your margin: a triplet is active while its gap is smaller than the margin."
    if np.ptp(got) == 0:
        return "Your margin does not depend on the share: which gap is exceeded by the rest of the triplets?"
    if np.allclose([float(answer(gaps, s)) for s in shares], [-np.quantile(gaps, 1 - s) for s in shares], atol=0.02):
        return "The sign of the gaps is turned: they are d(a, n) - d(a, p), large for a triplet that is finished."
    return "The active share is the cumulative distribution of the gaps; the margin asked for is one of its quantiles."


def _euclidean(u: Tensor, v: Tensor) -> Tensor:
    return (u - v).norm(dim=1)


def _cosine(u: Tensor, v: Tensor) -> Tensor:
    return 1 - (u * v).sum(dim=1)


def _loss(distance: Callable[[Tensor, Tensor], Tensor], margin: float, sign: int = 1) -> Callable[..., Tensor]:
    def loss(a: Tensor, p: Tensor, n: Tensor) -> Tensor:
        return (sign * (distance(a, p) - distance(a, n)) + margin).clamp(min=0).mean()

    return loss


def _sign_test(answer: object) -> str | None:
    cases = [(distance, margin) for distance in (_euclidean, _cosine) for margin in (5.0, 0.3)]
    right = [bool(answer(_loss(*case))) for case in cases]
    inverted = [bool(answer(_loss(*case, sign=-1))) for case in cases]
    if all(right) and not any(inverted):
        return None
    if all(inverted) and not any(right):
        return "It is turned round: it accepts the inverted losses and refuses the right ones."
    if all(right) and all(inverted):
        return "It accepts an inverted loss: a test that cannot fail tests nothing."
    if not any(right):
        return "It refuses a right loss: check your vectors, the positive has to be the nearer one."
    if right[0] and not inverted[0]:
        return "It works for a margin of 5 and not for 0.3: compare the loss with itself, not with a number."
    return "Give the loss one triplet twice, the second time with positive and negative swapped, and compare."


EXERCISES = {"09.1": Exercise(_angle), "09.2": Exercise(_margin), "09.3": Exercise(_sign_test)}
