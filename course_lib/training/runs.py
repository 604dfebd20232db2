"""What a training was and what came of it."""

import platform
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

LOGGED_STEPS = 500  # the published cards hold one loss: the mean over this many first steps
LIBRARIES = ("torch", "transformers", "sentence-transformers", "datasets")


@dataclass(frozen=True)
class TrainingRun:
    """What a training was and what came of it; `record` is what run.json in `folder` holds."""

    folder: Path
    losses: tuple[float, ...]  # one a step
    steps: int
    planned_steps: int  # of the whole recipe on this dataset
    seconds: float  # of all its parts, if it was interrupted
    record: dict

    def row(self, card_loss: float) -> dict:
        """One row of the ledger, beside the loss that the published card logs."""
        keys = ("encoder", "stand_in_for", "rows", "steps", "planned_steps", "mean_loss_first_500", "seconds", "seed")
        name = {"recipe": self.record["recipe"]["name"], "card_loss": card_loss}
        return name | {key: self.record[key] for key in (*keys, "peak_memory_mb", "precision", "versions", "losses")}

    def mean_loss(self, first: int = LOGGED_STEPS) -> float:
        """Mean over the first steps: with 500, the one number that the published cards log."""
        part = self.losses[:first]
        return sum(part) / len(part)

    def results(self) -> dict:
        """The part of the record that is known at the end; memory is that of the first process."""
        return {
            "steps": self.steps,
            "planned_steps": self.planned_steps,
            "losses": [round(loss, 6) for loss in self.losses],
            "mean_loss_first_500": round(self.mean_loss(), 6),
            "seconds": round(self.seconds, 1),
            "peak_memory_mb": peak_memory_mb(),
        }


def surroundings() -> dict:
    """What may change the last digits of a result, or its speed."""
    return {"python": platform.python_version(), "versions": {name: version(name) for name in LIBRARIES}}


def peak_memory_mb() -> int:
    """The most memory this process has had at a time since it began, in 10^6 bytes.

    On Linux no less than what its parent had when it started it: getrusage(2) counts that too.
    """
    if sys.platform == "win32":
        import psutil

        return round(psutil.Process().memory_info().peak_wset / 1e6)
    import resource

    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere: getrusage(2)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6)
