"""A training from the command line: its rows, its scores on held-out tasks, and its place in the results."""

import json
from collections.abc import Sequence
from pathlib import Path

from datasets import Dataset

from course_lib import paths, profiles
from course_lib.course import ledger
from course_lib.data import passages, qa, splits, tables, terms, triplets, views
from course_lib.evaluation import judge, suite
from course_lib.evaluation.judge import Scores
from course_lib.evaluation.metrics import HEADLINE
from course_lib.evaluation.retrievers import Dense
from course_lib.files import write_atomically
from course_lib.profiles import Profile
from course_lib.training import cards, trainer
from course_lib.training.recipes import Recipe
from course_lib.training.runs import TrainingRun

JUDGED = {  # the tasks of its dataset, then what it may cost
    "minilm": ("question-answers", "scenario-answers", "transfer", "transfer-manuals", "forgetting"),
    "mpnet": ("term-passages", "term-passages-masked", "unseen-term-passages-masked", "transfer", "forgetting"),
}
CARDS = {"minilm": cards.MINILM, "mpnet": cards.MPNET}
VIEW_SEED = 42  # every training seed sees the same rows


def dataset(recipe: Recipe, profile: Profile) -> Dataset:
    """The rows of a recipe: those that notebooks 03 and 08 wrote, or a view of the same ones.

    Raises CourseError when those notebooks have not run.
    """
    rows = tables.load(paths.outputs(profile.name) / "datasets" / f"{recipe.rows}-train.parquet")
    return rows if recipe.view is None else tables.to_dataset(view(recipe))


def view(recipe: Recipe) -> list[views.View]:
    """The published rows as the recipe's `view` shows them."""
    heldout = splits.load()
    if recipe.rows == "pairs":
        concepts = qa.load()
        pairs = splits.training_pairs(concepts, heldout)
        show = {"questions": views.questions, "masked answers": views.masked_answers}[recipe.view]
        return show(pairs, concepts, VIEW_SEED)
    inventory = terms.load()
    pairs = splits.training_strong_pairs(triplets.strong_pairs(passages.load(), inventory), heldout)
    return views.masked_passages(pairs, inventory, VIEW_SEED, recipe.masked)


def judged(run: TrainingRun, name: str) -> list[Scores]:
    """The trained model on the held-out tasks of JUDGED; `name` is that of the retriever."""
    record = run.record
    encoder, profile = record["recipe"]["encoder"], profiles.load(record["profile"])
    tasks = suite.build(suite.load_data(), "test", profile, JUDGED[encoder])
    dense = Dense(trainer.load_model(run.folder), name)
    return [judge.evaluate(task, dense, record["seed"]) for task in tasks.values()]


def keep(run: TrainingRun, scores: Sequence[Scores]) -> Path:
    """Write the scores into the model's card, and everything into results/train-RECIPE-seedN.json."""
    record = run.record
    encoder, profile = record["recipe"]["encoder"], profiles.load(record["profile"])
    rows = [judge.summary(one, profile.resamples, record["seed"]) for one in scores]
    cards.add_evaluation(run.folder, rows)
    groups = [
        {
            "task": one.task,
            "fingerprint": one.fingerprint,
            HEADLINE: {group: round(value, 6) for group, value in one.per_group().items()},
        }
        for one in scores
    ]
    file = paths.outputs(profile.name) / "results" / f"train-{run.folder.name}.json"
    content = run.row(CARDS[encoder].loss) | {"scores": rows, "per_group": groups}
    write_atomically(file, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())
    return file


def saved(recipe: Recipe, folder: Path | None = None) -> dict[str, list[Scores]]:
    """Task -> `Scores.by_group` of every training seed of the recipe that data/results/full (or `folder`) holds."""
    found: dict[str, list[Scores]] = {}
    for row in ledger.saved_trainings(recipe.name, folder):
        for one in row.get("per_group", ()):
            values = {group: {HEADLINE: value} for group, value in one[HEADLINE].items()}
            groups = {group: group for group in values}
            scores = Scores(one["task"], recipe.name, values, groups, one["fingerprint"], row["seed"])
            found.setdefault(one["task"], []).append(scores)
    return found
