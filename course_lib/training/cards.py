"""Model cards: the facts of the two published ones, as data/cards holds them, and what our own must say.

The library's template has no place for the learning rate that was really used, for the licence of the rows or for an
interval: those go into sections of our own, between comments by which a second writing replaces the first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from huggingface_hub import EvalResult, ModelCard
from pydantic import ConfigDict, TypeAdapter, ValidationError

from course_lib import paths
from course_lib.errors import CourseError
from course_lib.files import write_atomically
from course_lib.training import provenance
from course_lib.training.recipes import Recipe, learning_rate
from course_lib.training.runs import LOGGED_STEPS

if TYPE_CHECKING:  # torch takes seconds to load, and a comparison of two texts needs none of it
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer

    from course_lib.encoders import Encoder

FOLDER = paths.DATA / "cards"
HEADLINE = "nDCG@10"
BASE_LICENCE = "apache-2.0"  # of both base encoders and of the stand-in, as their own cards say

Value = int | float | str | None
Sections = dict[str, dict[str, Value]]


@dataclass(frozen=True)
class Column:
    """Token statistics of one text column, over the first 1,000 rows, special tokens included."""

    mean: float
    low: int
    high: int


@dataclass(frozen=True)
class Card:
    """The facts of one card, section by section; None for what a published card is known to leave out."""

    sections: Sections

    @property
    def base_model(self) -> str:
        return self.sections["Model Description"]["Base model"]

    @property
    def dimensions(self) -> int:
        return int(self.sections["Model Description"]["Output Dimensionality"].split()[0])

    @property
    def max_seq_length(self) -> int:
        return int(self.sections["Model Description"]["Maximum Sequence Length"].split()[0])

    @property
    def loss_function(self) -> str:
        return self.sections["Training Dataset"]["Loss"]

    @property
    def rows(self) -> int:
        return self.sections["Training Dataset"]["Size"]

    @property
    def columns(self) -> tuple[Column, ...]:
        facts = self.sections["Training Dataset"]
        return tuple(
            Column(*(facts[f"{name}, {kind} tokens"] for kind in ("mean", "min", "max")))
            for name in facts["Columns"].split(", ")
        )

    @property
    def batch_size(self) -> int:
        return self.sections["All Hyperparameters"]["per_device_train_batch_size"]

    @property
    def epochs(self) -> int:
        return self.sections["All Hyperparameters"]["num_train_epochs"]

    @property
    def steps(self) -> int:
        """Of the whole training; no card prints it."""
        return self.epochs * -(-self.rows // self.batch_size)

    @property
    def logged_step(self) -> int:
        return self.sections["Training Logs"]["Last step"]

    @property
    def logged_epoch(self) -> float:
        return self.sections["Training Logs"][f"Epoch at step {LOGGED_STEPS}"]

    @property
    def loss(self) -> float:
        """The one value that a published card logs: the mean over steps 1 to `logged_step`."""
        return self.sections["Training Logs"][f"Mean loss, at most {LOGGED_STEPS} steps"]


def load(name: str) -> Card:
    """The facts of data/cards/NAME.yaml. Raises CourseError for a file that is not sections of named facts."""
    file = FOLDER / f"{name}.yaml"
    try:
        sections = yaml.safe_load(file.read_text(encoding="utf-8"))
        return Card(TypeAdapter(Sections, config=ConfigDict(strict=True)).validate_python(sections))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        reason = str(error).replace("\n", " ")
        raise CourseError(f"{file} does not hold a card's sections and facts ({reason}); restore it.") from error


MINILM, MPNET = load("minilm"), load("mpnet")


def describe(model: SentenceTransformer, encoder: Encoder, dataset: Dataset) -> None:
    """Before the training: what the library cannot find out without a network, or at all."""
    card = model.model_card_data
    card.language, card.license, card.local_files_only = ["en"], BASE_LICENCE, True
    card.base_model, card.base_model_revision = encoder.model_name, encoder.revision
    if source := provenance.source(dataset):
        card.train_datasets = [{"name": source.name, "content": source.content, "licence": source.licence}]


def peak_learning_rate(recipe: Recipe, steps: int) -> tuple[float, int]:
    """The highest rate of a training of so many steps, and the step (from 1) that used it."""
    rates = [learning_rate(recipe, step, steps) for step in range(steps)]
    return max(rates), rates.index(max(rates)) + 1


def add_training(folder: Path, model: SentenceTransformer, record: dict) -> None:
    """After the training: write into the saved card what was trained on what, with which learning rate.

    `model` is the one that `describe` has seen, `record` what run.json holds.
    """
    recipe, steps = Recipe(**record["recipe"]), record["steps"]
    peak, at = peak_learning_rate(recipe, steps)
    climbed = min(recipe.warmup_steps, steps)
    warmup = f"linear warm-up, {climbed} of {recipe.warmup_steps} steps" if climbed else "no warm-up"
    facts = {
        "Base weights": record["encoder"],
        "Recipe": f"{recipe.name}, seed {record['seed']}, {steps} of {record['planned_steps']} steps",
        "Precision": record["precision"]["name"],
        "Peak learning rate": f"{peak:.3g}, in step {at}",
        "Schedule": warmup + (f", then linear to 0 after step {steps}" if steps > recipe.warmup_steps else ""),
        "Weight decay": f"{recipe.weight_decay:g}",
        "Mean loss": f"{record['mean_loss_first_500']:.4f} over steps 1-{min(steps, LOGGED_STEPS)}",
    }
    if recipe.view:
        share = f", a share of {recipe.masked:g} of them masked" if recipe.masked else ""
        facts["Rows shown"] = f"the {recipe.rows} of the published card as {recipe.view}{share}"
    if recipe.similarities_kept:
        weight = f"{recipe.similarities_kept:g} times the mean squared change"
        facts["Second loss"] = f"{weight} of the cosines between positives (similarity-preserving distillation)"
    if recipe.tuned_share < 1:
        own, base = recipe.tuned_share, 1 - recipe.tuned_share
        facts["Saved weights"] = f"{own:g} of the trained ones plus {base:g} of the base model's"
    source = (model.model_card_data.train_datasets or [{}])[0]
    if "licence" in source:
        facts |= {"Texts": source["content"], "Licence of the texts": source["licence"]}
    lines = "\n".join(f"- **{name}:** {value}" for name, value in facts.items())
    card = _open(folder)
    card.text = _put(card.text, "training", f"### As Trained\n{lines}", before="### Training Hyperparameters")
    write_atomically(folder / "README.md", str(card).encode())


def add_evaluation(folder: Path, rows: list[dict]) -> None:
    """Write held-out scores into the card of a saved model: its model-index and a table, replacing an earlier call's.

    `rows` are the ledger's, of this model alone: {task, mean, low, high, groups, metrics}, with nDCG@10 as mean.
    Raises CourseError for a folder without a card and for rows that are none.
    """
    card, needed = _open(folder), {"task", "mean", "low", "high", "groups", "metrics"}
    if not rows or any(needed - row.keys() for row in rows):
        raise CourseError(f"A card's evaluation needs rows with {', '.join(sorted(needed))}: take judge.summary's.")
    others = [name for name in rows[0]["metrics"] if name != HEADLINE]
    table = [["task", f"{HEADLINE} [95 %]", *others, "groups"]]
    table += [["---"] * len(table[0])]
    for row in rows:
        headline = f"{row['mean']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
        table.append([row["task"], headline, *(f"{row['metrics'][name]:.3f}" for name in others), str(row["groups"])])
    lines = "\n".join(f"| {' | '.join(cells)} |" for cells in table)
    note = "Retrieval on held-out data; the interval is a 95 % bootstrap over groups of queries."
    card.text = _put(card.text, "evaluation", f"## Evaluation\n\n{note}\n\n{lines}", before="## Training Details")
    card.data.model_name = re.search(r"^# (.+)$", card.text, re.M)[1]
    card.data.eval_results = [_result(row, name, value) for row in rows for name, value in _metrics(row).items()]
    card.data.metrics = list(_metrics(rows[0]))
    write_atomically(folder / "README.md", str(card).encode())


def add_limits(folder: Path, limits: Sequence[str]) -> None:
    """Write what a saved model is not good for into its card, a sentence each, replacing an earlier call's.

    Raises CourseError for a folder without a card and for no sentence at all.
    """
    if not limits:
        raise CourseError("A card without limits claims that there are none: write at least one sentence.")
    card = _open(folder)
    section = "## Bias, Risks and Limitations\n\n" + "\n".join(f"- {limit}" for limit in limits)
    card.text = _put(card.text, "limits", section, before="## Training Details")
    write_atomically(folder / "README.md", str(card).encode())


def _metrics(row: dict) -> dict[str, float]:
    return {HEADLINE: row["mean"]} | {name: value for name, value in row["metrics"].items() if name != HEADLINE}


def _result(row: dict, metric: str, value: float) -> EvalResult:
    kind = re.sub(r"[^a-z0-9]+", "-", row["task"].lower()).strip("-")
    task = {"task_type": "information-retrieval", "task_name": "Information Retrieval", "dataset_split": "test"}
    name = {"dataset_type": kind, "dataset_name": row["task"], "metric_type": metric.lower(), "metric_name": metric}
    return EvalResult(**task, **name, metric_value=value)


def _open(folder: Path) -> ModelCard:
    try:
        return ModelCard((folder / "README.md").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CourseError(f"{folder} holds no model card (README.md): train a model into it first.") from error


def _put(text: str, name: str, section: str, before: str) -> str:
    """The card's text with our section in its place, ahead of a heading, and nowhere else."""
    start, end = f"<!-- {name}: written by the course -->", f"<!-- end of {name} -->"
    text = re.sub(rf"{re.escape(start)}.*?{re.escape(end)}\n\n", "", text, flags=re.S)
    if not (heading := re.search(rf"^{re.escape(before)}$", text, re.M)):
        raise CourseError(f"The card has no heading {before!r}: it is not one that the library wrote after a training.")
    return f"{text[: heading.start()]}{start}\n{section}\n{end}\n\n{text[heading.start() :]}"
