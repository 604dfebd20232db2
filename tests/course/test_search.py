"""A ladder is climbed rung by rung, each a change of the one before, and scored where a figure will read it."""

from dataclasses import replace
from itertools import pairwise

import pytest

from course_lib import encoders, paths, profiles
from course_lib.course import rungs, search
from course_lib.data import qa, splits, tables

pytestmark = pytest.mark.usefixtures("read_once")


@pytest.mark.parametrize("rows", search.TASKS)
def test_each_rung_changes_something_of_the_one_before_and_the_last_is_the_better_recipe(rows):
    steps = list(search.ladder(rows).values())
    assert all(replace(a, name="") != replace(b, name="") for a, b in pairwise(steps))
    better = {"pairs": search.MINILM_BETTER, "triplets": search.MPNET_BETTER}[rows]
    assert replace(steps[-1], name=better.name, encoder=better.encoder) == better
    assert {recipe.encoder for recipe in steps} == {"minilm"} and {recipe.rows for recipe in steps} == {rows}


def test_a_climb_scores_every_rung_whole_and_both_ends_at_every_share(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_OUTPUT", str(tmp_path))
    monkeypatch.setattr(encoders, "load", lambda name: tiny)
    dataset = tables.to_dataset(splits.training_pairs(qa.load(), splits.load())[:16])
    tables.save(dataset, paths.outputs("smoke") / "datasets" / "pairs-train.parquet")
    profile = replace(profiles.load("smoke"), minilm_steps=1)
    found = list(search.climb("pairs", [7, 8], profile))
    names = list(search.ladder("pairs"))
    shares = {name: list(search.SHARES) if name in (names[0], names[-1]) else [1.0] for name in names}
    expected = [(name, seed, share) for name in names for seed in (7, 8) for share in shares[name]]
    assert [(row["rung"], row["seed"], row["share"]) for row in found] == [("untrained", None, 0.0), *expected]
    for row in found:
        (scores,) = row["per_group"].values()
        assert row["dev"]["scenario-answers"] == pytest.approx(sum(scores.values()) / len(scores), abs=1e-3)
    file = search.save("pairs", found, profile)
    ladder = rungs.read("pairs", file.parent)
    assert len(ladder.effects(200, 0)) == len(names) + 1 and ladder.share in search.SHARES
