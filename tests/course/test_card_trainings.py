"""What `course_lib.course.card_trainings` promises."""

import json

import pytest

from course_lib.course import card_trainings, ledger
from course_lib.training import cards, recipes

READINGS = (recipes.MINILM_AS_PRINTED, recipes.MINILM_FIT_DEFAULTS)


def row(recipe: str, seed: int, losses: list[float]) -> dict:
    return {"recipe": recipe, "seed": seed, "steps": len(losses), "losses": losses, "encoder": "org/L6 (stand-in): 6"}


@pytest.fixture
def saved(tmp_path, monkeypatch):
    monkeypatch.setattr(ledger, "SAVED", tmp_path)
    (tmp_path / "full").mkdir()

    def save(recipe: str, seed: int) -> dict:
        made = row(recipe, seed, [1.0])
        (tmp_path / "full" / f"train-{recipe}-seed{seed}.json").write_text(json.dumps(made))
        return made

    return save


def test_the_run_at_hand_comes_first_and_stands_once(saved):
    own = row("minilm-as-printed", 42, [2.0])
    assert card_trainings.beside(own, READINGS) == [own]
    saved("minilm-as-printed", 42)
    others = [saved("minilm-as-printed", 43), saved("minilm-fit-defaults", 42)]
    saved("minilm-better", 42)
    saved("mpnet-as-printed", 43)
    assert card_trainings.beside(own, READINGS) == [own, *others]


def test_losses_are_means_of_500_steps_and_of_each_epoch():
    run = row("minilm-as-printed", 42, [1.0] * 173 + [0.5] * 173 + [0.25] * 173)
    head, published, ours = card_trainings.losses([run], cards.MINILM).splitlines()
    assert "0.2354" in published and "mean, 1-500" in head
    mean = (173 + 173 * 0.5 + 154 * 0.25) / 500
    assert ours.split()[-6:] == ["L6", "519", f"{mean:.4f}", f"{mean / 0.2354:.1f}", "1.000", "0.500", "0.250"][-6:]
    assert ours.startswith("minilm-as-printed, seed 42  L6  ")


def test_scores_are_grouped_by_task_and_other_tasks_left_out():
    rows = [{"task": task, "mean": 0.5, "low": 0.4, "high": 0.6} for task in ("a", "b")]
    assert card_trainings.scores({"one": rows, "two": rows[1:]}, ["b"]) == {
        "b": {"one": (0.5, 0.4, 0.6), "two": (0.5, 0.4, 0.6)}
    }
