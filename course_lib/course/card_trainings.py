"""The trainings that read one published card, side by side: the run at hand, and the saved ones of other seeds."""

from collections.abc import Iterable, Mapping, Sequence

from course_lib.course import ledger
from course_lib.training.cards import Card
from course_lib.training.recipes import Recipe
from course_lib.training.runs import LOGGED_STEPS


def beside(own: dict, readings: Sequence[Recipe]) -> list[dict]:
    """`own`, a row of the ledger, then the saved trainings of these readings of the card, but for own's twin."""
    names, saved = {recipe.name for recipe in readings}, ledger.saved_trainings(readings[0].encoder)
    twin = own["recipe"], own["seed"]
    return [own, *(row for row in saved if row["recipe"] in names and (row["recipe"], row["seed"]) != twin)]


def name(row: dict) -> str:
    """Recipe and seed: what tells two trainings of a card apart."""
    return f"{row['recipe']}, seed {row['seed']}"


def losses(rows: Iterable[dict], card: Card) -> str:
    """A table: for each training its weights, its mean loss beside the card's, and the mean of each epoch."""
    lines = [("", "weights", "steps", "mean, 1-500", "x card", "mean of each epoch")]
    lines += [("the card", card.base_model.split("/")[-1], str(card.steps), f"{card.loss:.4f}", "1.0", "")]
    epoch = -(-card.rows // card.batch_size)
    for row in rows:
        mean = _mean(row["losses"][:LOGGED_STEPS])
        epochs = [_mean(row["losses"][start : start + epoch]) for start in range(0, len(row["losses"]), epoch)]
        weights = row["encoder"].partition(":")[0].partition(" ")[0].split("/")[-1]
        shown = " ".join(f"{value:.3f}" for value in epochs)
        lines += [(name(row), weights, str(row["steps"]), f"{mean:.4f}", f"{mean / card.loss:.1f}", shown)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def scores(
    runs: Mapping[str, Sequence[dict]], tasks: Sequence[str]
) -> dict[str, dict[str, tuple[float, float, float]]]:
    """Task -> run -> (mean, low, high) from rows of `judge.summary`; other tasks are left out."""
    found: dict[str, dict[str, tuple[float, float, float]]] = {task: {} for task in tasks}
    for run, rows in runs.items():
        for row in rows:
            if row["task"] in found:
                found[row["task"]][run] = (row["mean"], row["low"], row["high"])
    return found


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
