"""A saved ladder read back: the scores of each rung, what each change set, and what it did."""

import json
from dataclasses import replace

import pytest

from course_lib.course import rungs

GROUPS = [f"concept {n}" for n in range(12)]
RECIPES = {
    "published": {"name": "pairs-rung-0", "warmup_steps": 0, "view": None, "tuned_share": 1.0},
    "warm-up": {"name": "pairs-rung-1", "warmup_steps": 50, "view": None, "tuned_share": 1.0},
    "masked answers ask": {"name": "pairs-rung-2", "warmup_steps": 50, "view": "masked answers", "tuned_share": 0.3},
}
LEVEL = {"published": 0.4, "warm-up": 0.5, "masked answers ask": 0.5}


def row(rung: str, seed: int | None, share: float, level: float) -> dict:
    values = {group: round(level + n / 100, 4) for n, group in enumerate(GROUPS)}
    dev = {"scenario-answers": level, "forgetting": 0.8 - share / 10}
    return {"rung": rung, "seed": seed, "share": share, "dev": dev, "per_group": {"scenario-answers": values}}


@pytest.fixture
def ladder(tmp_path):
    rows = [row("untrained", None, 0.0, 0.45)]
    for rung, level in LEVEL.items():
        rows += [row(rung, seed, share, level + (1 - share) / 10) for seed in (42, 43, 44) for share in (0.5, 1.0)]
    content = {"encoder": "MiniLM", "split": "dev", "recipes": RECIPES, "rows": rows}
    (tmp_path / "ladder-pairs.json").write_text(json.dumps(content))
    return rungs.read("pairs", tmp_path)


def test_no_saved_ladder_is_none(tmp_path):
    assert rungs.read("triplets", tmp_path) is None


def test_the_rungs_go_from_untrained_through_every_change_to_the_averaged_weights(ladder):
    found = ladder.rungs()
    assert list(found) == ["untrained", *RECIPES, "averaged, 0.5 trained"]
    assert [len(own) for own in found.values()] == [1, 3, 3, 3, 3]
    assert found["warm-up"][0].per_group()["concept 0"] == 0.5
    assert found["averaged, 0.5 trained"][0].per_group()["concept 0"] == pytest.approx(0.55)


def test_without_a_share_below_one_there_is_no_averaged_row(ladder):
    whole = replace(ladder, rows=tuple(row for row in ladder.rows if row["share"] in (0.0, 1.0)))
    assert whole.share is None and list(whole.rungs()) == ["untrained", *RECIPES]


def test_each_change_is_judged_against_the_rung_before_it_and_corrected_for_all(ladder):
    effects = ladder.effects(2000, 42)
    assert [effect.word for effect in effects] == ["REGRESSION", "WIN", "NO DIFFERENCE", "WIN"]
    assert [(effect.candidate, effect.baseline) for effect in effects[:2]] == [
        ("published", "untrained"),
        ("warm-up", "published"),
    ]
    assert {effect.comparisons for effect in effects} == {4} and effects[1].baseline_seeds == 3


def test_what_a_change_set_is_said_without_its_name_and_the_averaging_which_is_a_row_of_its_own(ladder):
    assert ladder.changed() == {"warm-up": {"warmup_steps": 50}, "masked answers ask": {"view": "masked answers"}}


def test_a_curve_begins_at_the_untrained_encoder(ladder):
    curve = ladder.curve("masked answers ask", "forgetting")
    assert list(curve) == [0.0, 0.5, 1.0] and [len(seeds) for seeds in curve.values()] == [1, 3, 3]
    assert curve[0.0] == [0.8] and curve[1.0] == pytest.approx([0.7, 0.7, 0.7])
