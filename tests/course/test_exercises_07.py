"""The checkers of notebook 07 accept the solutions and tell common mistakes apart."""

import numpy as np
import pytest


def logged(losses: list[float], every: int) -> list[float]:
    return [sum(losses[end - every : end]) / every for end in range(every, len(losses) + 1, every)]


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        ("07.1", lambda facts: facts["multi_dataset_batch_sampler"] == "round_robin"),
        ("07.1", lambda facts: isinstance(facts["max_grad_norm"], int)),
        ("07.2", 1.5e-5),
        ("07.2", 2e-5 * 7499 / 10_000),
        ("07.3", logged),
        ("07.3", lambda losses, every: np.reshape(losses[: len(losses) // every * every], (-1, every)).mean(axis=1)),
    ],
)
def test_solution_is_right(said, number: str, answer: object) -> None:
    assert said(number, answer) == f"{number}: right"


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [
        ("07.1", lambda facts: facts["learning_rate"] == 5e-5, "left at its defaults"),
        ("07.1", lambda facts: facts["max_grad_norm"] == 1, "Every card"),
        ("07.1", lambda facts: "sentence_0" in facts["Columns"], "column names are free"),
        ("07.1", lambda facts: facts["learning_rate"] == 2e-5, "is missed"),
        ("07.1", lambda facts: facts["multi_dataset_batch_sampler"] == "round_robin" or facts["weight_decay"], "2e-5"),
        ("07.1", lambda facts: False, "is missed"),
        ("07.1", True, "of a type"),
        ("07.2", 2e-5, "never gets to 2e-5"),
        ("07.2", 5e-5, "the card will print"),
        ("07.2", 5e-6, "first of the three epochs"),
        ("07.2", 1.04e-6, "the published training"),
        ("07.2", 8e-5, "Those are pairs"),
        ("07.2", 2.4e-4, "Those are pairs"),
        ("07.2", 1e-5, "Count the steps"),
        ("07.3", lambda losses, every: losses[every - 1 :: every], "the one step"),
        ("07.3", lambda losses, every: losses[::every], "first loss of each stretch"),
        (
            "07.3",
            lambda losses, every: [np.mean(losses[:n]) for n in range(every, len(losses) + 1, every)],
            "since the first step",
        ),
        (
            "07.3",
            lambda losses, every: [np.mean(losses[n : n + every]) for n in range(0, len(losses), every)],
            "never printed",
        ),
        ("07.3", lambda losses, every: [], "full stretches"),
        ("07.3", [0.2354], "of a type"),
    ],
)
def test_each_mistake_has_its_own_hint(said, number: str, answer: object, hint: str) -> None:
    printed = said(number, answer)
    assert printed.startswith(f"{number}: not yet.") and hint in printed
