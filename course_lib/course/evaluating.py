"""`course evaluate` and `course gate`: any SentenceTransformer on the tasks of the course.

A model is "minilm" or "mpnet", a folder, or a name on the hub; weights are read from safetensors alone, and no code
that comes with them is run.
"""

import json
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sentence_transformers import SentenceTransformer

from course_lib import artifacts, encoders, models, paths
from course_lib.data import tables
from course_lib.data.splits import Split
from course_lib.errors import CourseError
from course_lib.evaluation import guards, judge, nanobeir, readings, suite
from course_lib.evaluation.judge import Scores, Verdict
from course_lib.evaluation.metrics import HEADLINE, METRICS
from course_lib.evaluation.retrievers import Dense
from course_lib.evaluation.tasks import RetrievalTask
from course_lib.files import write_atomically
from course_lib.profiles import Profile

SEED = 42  # of the bootstrap


@dataclass(frozen=True)
class Model:
    """An encoder by the name that it was asked for; `weights` says exactly which it is."""

    name: str
    encoder: SentenceTransformer
    weights: str


@dataclass(frozen=True)
class Evaluation:
    """A row of scores a task (`judge.summary`), with the task's fingerprint and all that they depend on.

    `left_out` are the sentences that say which tasks were not scored, and why.
    """

    model: str
    weights: str
    profile: str
    split: Split
    seed: int
    python: str  # the forgetting check asks about its manual
    rows: list[dict]
    left_out: list[str]
    models_scored: int  # on these very tasks, this one included: choosing among many by test scores is overfitting
    nanobeir: dict[str, float]  # dataset -> nDCG@10; empty unless asked for


def load(name: str) -> Model:
    """Raises CourseError for what is none of the three, for a folder that is no SentenceTransformer, and offline."""
    if name in encoders.ENCODERS:
        encoder = encoders.load(name)
        return Model(name, encoder.model, str(encoder))
    folder = Path(name) if Path(name).is_dir() else _from_hub(name)
    weights = sorted(folder.rglob("*.safetensors"))
    if not weights or not (folder / "modules.json").is_file():
        lacking = "modules.json" if weights else "weights as safetensors"
        raise CourseError(f"{name} is no SentenceTransformer that can be read safely: it has no {lacking}.")
    try:
        encoder = models.load(folder)
    except Exception as error:  # damaged files end in many types, tokenizers' in plain Exception
        reason = str(error).partition("\n")[0]
        raise CourseError(f"{name} cannot be loaded ({reason}): save it or download it again.") from error
    return Model(name, encoder, f"{name}, SHA-256 {' '.join(map(artifacts.sha256, weights))}")


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download

    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        choices = ", ".join(encoders.ENCODERS)
        raise CourseError(
            f"{name!r} is no folder, no encoder of the course ({choices}) and no hub name like OWNER/MODEL."
        )
    try:
        return Path(snapshot_download(name, allow_patterns=[f"*{s}" for s in artifacts.SAFE_SUFFIXES], etag_timeout=4))
    except Exception as error:  # whatever the hub's client raises
        reason = str(error).partition("\n")[0].rstrip(".")
        raise CourseError(
            f"{name!r} is no folder here, and the hub does not give it ({reason}): correct it, or go online."
        ) from error


def evaluate(
    model: Model,
    profile: Profile,
    names: Sequence[str] = (),
    training: Iterable[str] = (),
    on_nanobeir: bool = False,
) -> Evaluation:
    """Score the model on the named tasks of the test split, or on all whose queries it can read to their ends.

    Raises LeakageError when a task's queries or answers stand among the `training` texts, CourseError for a name that
    is no task, for a named task with a query that is too long, and when NanoBEIR is asked for and cannot be read.
    """
    wider = nanobeir.scores(model.encoder) if on_nanobeir else {}
    tasks, left_out = _readable(suite.build(suite.load_data(), "test", profile, names), [model], bool(names))
    training = list(training)
    for task in tasks:
        guards.assert_untrained(task, training)
    rows = [
        judge.summary(scores, profile.resamples, SEED) | {"fingerprint": scores.fingerprint}
        for scores in _scores(model, tasks)
    ]
    looked = max(len(readings.of(task)) for task in tasks)
    python = platform.python_version()
    return Evaluation(model.name, model.weights, profile.name, "test", SEED, python, rows, left_out, looked, wider)


def texts(file: Path) -> list[str]:
    """All texts of a dataset of training rows, labels and scores aside.

    Raises what `tables.load` raises, and CourseError when there is no text.
    """
    rows = tables.load(file)
    found = [text for column in rows.column_names for text in rows[column] if isinstance(text, str)]
    if not found:
        raise CourseError(f"{file} holds no column of text: name the file of the rows that the model was trained on.")
    return found


def compare(model: Model, base: Model, profile: Profile, names: Sequence[str] = ()) -> tuple[list[Verdict], list[str]]:
    """Verdicts on the model against the base, and why tasks were left out. On dev: what follows is a choice.

    Each p value stands alone, uncorrected: a gate would rather refuse a good model than let a worse one pass.
    """
    tasks, left_out = _readable(suite.build(suite.load_data(), "dev", profile, names), [model, base], bool(names))
    scored = zip(_scores(model, tasks), _scores(base, tasks), strict=True)
    return [judge.verdict(ours, theirs, profile.resamples, SEED) for ours, theirs in scored], left_out


def _readable(
    tasks: Mapping[str, RetrievalTask], readers: Sequence[Model], insist: bool
) -> tuple[list[RetrievalTask], list[str]]:
    kept, left_out = [], []
    for task in tasks.values():
        try:
            for model in readers:
                guards.assert_queries_fit(task, model.encoder)
            kept.append(task)
        except CourseError as error:
            if insist:
                raise
            left_out.append(f"left out: {error}")
    if not kept:
        raise CourseError(left_out[0])
    return kept, left_out


def _scores(model: Model, tasks: Sequence[RetrievalTask]) -> list[Scores]:
    retriever, scores = Dense(model.encoder, model.name), []
    for task in tasks:
        scores.append(judge.evaluate(task, retriever))
    return scores


def table(evaluation: Evaluation) -> str:
    """One line a task (the headline with its 95 % interval, the means of the other metrics), and what to know of it."""
    others = [name for name in METRICS if name != HEADLINE]
    lines = [("task", f"{HEADLINE} [95 %]", *others)]
    for row in evaluation.rows:
        headline = f"{row['mean']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
        lines.append((row["task"], headline, *(f"{row['metrics'][name]:.3f}" for name in others)))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    shown = ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines]
    looks = f"models scored on these test tasks so far, this one included: {evaluation.models_scored}"
    wider = [f"{name:24s} nDCG@10 {value:.3f}" for name, value in evaluation.nanobeir.items()]
    return "\n".join([*shown, "", *wider, *evaluation.left_out, looks])


def destination(model: str, profile: Profile, chosen: Path | None) -> Path:
    """The file of the scores: the chosen one, or one named after the model among the profile's outputs.

    Raises CourseError for one that does not end in .json.
    """
    if chosen and chosen.suffix != ".json":
        raise CourseError(f"{chosen} does not end in .json: name the file of the scores; the figure stands beside it.")
    return (
        chosen
        or paths.outputs(profile.name) / "evaluations" / f"{re.sub(r'[^A-Za-z0-9]+', '-', model).strip('-')}.json"
    )


def write(evaluation: Evaluation, file: Path) -> list[Path]:
    """The scores as JSON and, beside it, as a figure; returns both. The Python is named: one task's texts are its."""
    write_atomically(file, (json.dumps(asdict(evaluation), indent=1, ensure_ascii=False) + "\n").encode())
    write_atomically(file.with_suffix(".png"), _figure(evaluation))
    return [file, file.with_suffix(".png")]


def _figure(evaluation: Evaluation) -> bytes:
    from course_lib.plots.evaluation import interval_bars
    from course_lib.plots.style import png

    rows = {row["task"]: {evaluation.model: (row["mean"], row["low"], row["high"])} for row in evaluation.rows}
    return png(interval_bars(rows, f"{HEADLINE} with 95 % interval"))
