"""A training from the command line is judged, its scores stand in its card and in the results."""

import json
from dataclasses import replace

from course_lib import encoders, profiles
from course_lib.course import trainings
from course_lib.data import qa, splits, tables
from course_lib.training import trainer
from course_lib.training.recipes import MINILM_AS_PRINTED


def test_a_kept_training_holds_losses_and_scores_and_its_card_shows_them(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_OUTPUT", str(tmp_path))
    profile = replace(profiles.load("smoke"), minilm_steps=2)
    dataset = tables.to_dataset(splits.training_pairs(qa.load(), splits.load())[:32])
    run = trainer.train(MINILM_AS_PRINTED, encoders.load("minilm", device="cpu"), dataset, profile, seed=7)
    file = trainings.keep(run)
    assert file == tmp_path / "smoke" / "results" / "train-minilm-as-printed-seed7.json"
    row = json.loads(file.read_text(encoding="utf-8"))
    assert len(row["losses"]) == row["steps"] == 2 and row["seed"] == 7 and row["peak_memory_mb"] > 300
    assert [score["task"] for score in row["scores"]] == ["question -> answers", "scenario -> answers"]
    card = (run.folder / "README.md").read_text(encoding="utf-8")
    assert all(f"{score['mean']:.3f}" in card for score in row["scores"])
