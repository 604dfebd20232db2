"""A training from the command line, judged on the held-out tasks of its dataset and kept where notebooks find it."""

import json
from pathlib import Path

from course_lib import paths, profiles
from course_lib.evaluation import judge, suite
from course_lib.evaluation.retrievers import Dense
from course_lib.files import write_atomically
from course_lib.training import cards, trainer
from course_lib.training.runs import TrainingRun

OWN_TASKS = {
    "minilm": ("question-answers", "scenario-answers"),
    "mpnet": ("term-passages", "term-passages-masked"),
}
CARDS = {"minilm": cards.MINILM, "mpnet": cards.MPNET}


def keep(run: TrainingRun) -> Path:
    """Score the trained model, write the scores into its card, and everything into results/train-RECIPE-seedN.json."""
    record = run.record
    encoder, profile = record["recipe"]["encoder"], profiles.load(record["profile"])
    tasks = suite.build(suite.load_data(), "test", profile, OWN_TASKS[encoder])
    dense = Dense(trainer.load_model(run.folder), record["recipe"]["name"])
    scores = [judge.evaluate(task, dense, record["seed"]) for task in tasks.values()]
    rows = [judge.summary(one, profile.resamples, record["seed"]) for one in scores]
    cards.add_evaluation(run.folder, rows)
    file = paths.outputs(profile.name) / "results" / f"train-{run.folder.name}.json"
    content = run.row(CARDS[encoder].loss) | {"scores": rows}
    write_atomically(file, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())
    return file
