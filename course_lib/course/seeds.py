"""The saved training seeds of a recipe that can be judged here: from the same weights, on the same queries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from course_lib.course import ledger, trainings
from course_lib.encoders import Encoder
from course_lib.evaluation.judge import Scores
from course_lib.evaluation.tasks import RetrievalTask
from course_lib.training.recipes import Recipe


def comparable(
    recipe: Recipe, name: str, encoder: Encoder, tasks: Iterable[RetrievalTask]
) -> dict[tuple[str, str], list[Scores]]:
    """(task, `name`) -> the kept scores by group of every training seed, for each of the tasks that has any.

    Left out is what a verdict here would be wrong about: seeds that were trained from other weights than the encoder's,
    and scores of other queries, as those of a whole task are for the smoke profile, or of another Python's manual.
    """
    rows = ledger.saved_trainings(recipe.name)
    same = {row["seed"] for row in rows if row["encoder"].rpartition("SHA-256 ")[2] == encoder.sha256}
    saved, found = trainings.saved(recipe), {}
    for task in tasks:
        runs = [s for s in saved.get(task.name, ()) if s.seed in same and s.fingerprint == task.fingerprint]
        if runs:
            found[task.name, name] = [replace(run, retriever=name) for run in runs]
    return found


def with_own(
    runs: Mapping[tuple[str, str], Sequence[Scores]], own: Iterable[Scores]
) -> dict[tuple[str, str], list[Scores]]:
    """The runs with those of a training at hand, which take the place of their seed's."""
    joined = {key: list(of) for key, of in runs.items()}
    for scores in own:
        key = scores.task, scores.retriever
        others = [run for run in joined.get(key, ()) if run.seed != scores.seed]
        joined[key] = sorted([*others, scores.by_group()], key=lambda run: run.seed)
    return joined
