"""Grouped and shuffled batches are compared on one recipe, one number of steps, held-out data."""

import json
from dataclasses import replace

import pytest

from course_lib import encoders, profiles
from course_lib.course import grouping
from course_lib.evaluation import suite


@pytest.fixture(scope="module")
def rows(tiny, concepts, corpus, inventory, heldout, tmp_path_factory) -> list[dict]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoders, "load", lambda name: tiny)
        patch.setattr(suite, "load_data", lambda: suite.Data(concepts, corpus, inventory, heldout))
        patch.setenv("COURSE_OUTPUT", str(tmp_path_factory.mktemp("build")))
        profile = replace(profiles.load("smoke"), passages=4)
        found = list(grouping.compare(1, (7,), profile))
        saved = json.loads(grouping.save(found, profile).read_text(encoding="utf-8"))
    assert saved["rows"] == found and "MiniLM" in saved["encoder"] and saved["recipe"]["loss"] == "TripletLoss"
    return found


def test_the_untrained_encoder_comes_first_then_both_kinds_of_batches(rows):
    kinds = [(row["seed"], row["grouped"], row["steps"]) for row in rows]
    assert kinds == [(None, None, 0), (7, True, 1), (7, False, 1)]


def test_every_row_is_judged_by_the_same_two_measures(rows):
    for row in rows:
        assert 0 < row["ndcg_masked"] <= 1 and 0 < row["triplet_accuracy"] <= 1
    assert all(3 < row["mean_loss"] < 7 for row in rows[1:])
