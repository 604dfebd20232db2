"""A training from the command line is judged, its scores stand in its card and in the results."""

import json
from dataclasses import replace

import pytest

from course_lib import profiles
from course_lib.course import trainings
from course_lib.data import passages, qa, splits, tables, terms, triplets
from course_lib.evaluation import judge
from course_lib.training import trainer
from course_lib.training.recipes import MINILM_AS_PRINTED, MINILM_BETTER, MPNET_BETTER

pytestmark = pytest.mark.usefixtures("read_once")


def test_a_kept_training_holds_losses_and_scores_and_its_card_shows_them(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_OUTPUT", str(tmp_path))
    profile = replace(profiles.load("smoke"), minilm_steps=2)
    dataset = tables.to_dataset(splits.training_pairs(qa.load(), splits.load())[:32])
    run = trainer.train(MINILM_AS_PRINTED, tiny, dataset, profile, seed=7)
    scores = trainings.judged(run, "MiniLM as printed")
    file = trainings.keep(run, scores)
    assert file == tmp_path / "smoke" / "results" / "train-minilm-as-printed-seed7.json"
    row = json.loads(file.read_text(encoding="utf-8"))
    assert len(row["losses"]) == row["steps"] == 2 and row["seed"] == 7 and row["peak_memory_mb"] > 300
    titles = ["title -> section", "title -> section (other manuals)"]
    tasks = ["question -> answers", "scenario -> answers", *titles, "first sentence -> Python topic"]
    assert [score["task"] for score in row["scores"]] == tasks
    card = (run.folder / "README.md").read_text(encoding="utf-8")
    assert all(f"{score['mean']:.3f}" in card for score in row["scores"])
    again = trainings.saved(MINILM_AS_PRINTED, file.parent)
    assert list(again) == tasks and all(len(runs) == 1 for runs in again.values())
    for one in scores:
        assert again[one.task][0].per_group() == pytest.approx(one.per_group(), abs=1e-6)
        assert judge.verdict(again[one.task], one.by_group(), 200, 0).word == "NO DIFFERENCE"


@pytest.mark.parametrize("recipe", [MINILM_BETTER, MPNET_BETTER], ids=lambda recipe: recipe.name)
def test_a_view_shows_the_rows_of_the_published_recipe_and_nothing_else(recipe):
    rows, heldout = trainings.view(recipe), splits.load()
    if recipe.rows == "pairs":
        published = splits.training_pairs(qa.load(), heldout)
        assert {row.positive for row in rows} == {pair.answer for pair in published}
        assert len(rows) == len(published)
    else:
        strong = splits.training_strong_pairs(triplets.strong_pairs(passages.load(), terms.load()), heldout)
        assert {(row.anchor, row.asks) for row in rows} == {(pair.term.name,) * 2 for pair in strong}
        assert len(rows) == len(strong)
    held = heldout.concept if recipe.rows == "pairs" else heldout.term
    assert held and not {row.asks for row in rows} & held.keys()
