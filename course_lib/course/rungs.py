"""A saved ladder of one change at a time, read back: the scores of each rung, and what each change did, on dev."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from course_lib.course import ledger, search
from course_lib.evaluation import judge
from course_lib.evaluation.judge import Scores, Verdict
from course_lib.evaluation.metrics import HEADLINE

UNTRAINED = "untrained"


@dataclass(frozen=True)
class Ladder:
    """What `search.save` wrote. `task` is the headline task of the ladder."""

    encoder: str
    task: str
    recipes: dict[str, dict]  # name of the change -> the recipe that it leads to, from the published one on
    rows: tuple[dict, ...]

    @property
    def changes(self) -> list[str]:
        return list(self.recipes)

    @property
    def share(self) -> float | None:
        """Of the shares below 1 that the last rung was scored at, the one nearest to its recipe's; None without any."""
        last = self.changes[-1]
        scored = {row["share"] for row in self.rows if row["rung"] == last and row["share"] < 1}
        return min(scored, key=lambda share: abs(share - self.recipes[last]["tuned_share"]), default=None)

    def changed(self) -> dict[str, dict]:
        """Change -> what it sets in the recipe before it; the averaging is the last row's, whatever a recipe says."""
        found = {}
        for (_, before), (change, own) in pairwise(self.recipes.items()):
            own = {key: value for key, value in own.items() if key not in ("name", "tuned_share")}
            found[change] = {key: value for key, value in own.items() if value != before[key]}
        return found

    def runs(self, change: str, share: float = 1.0) -> list[dict]:
        """The rows of a rung, one a seed; of the untrained encoder the only one, whatever the share."""
        own = [row for row in self.rows if row["rung"] == change]
        return own if change == UNTRAINED else [row for row in own if row["share"] == share]

    def scores(self, change: str, share: float = 1.0, name: str = "") -> list[Scores]:
        """Of the headline task, by group, one a seed; `name` instead of the change's."""
        found = []
        for row in self.runs(change, share):
            values = {group: {HEADLINE: value} for group, value in row["per_group"][self.task].items()}
            groups = {group: group for group in values}
            found.append(Scores(f"{self.task}, dev", name or change, values, groups, seed=row["seed"]))
        return found

    def rungs(self) -> dict[str, list[Scores]]:
        """The untrained encoder, each change on top of those before, and last the averaging of the weights."""
        found = {UNTRAINED: self.scores(UNTRAINED)} | {change: self.scores(change) for change in self.changes}
        if self.share is not None:
            name = f"averaged, {self.share:g} trained"
            found[name] = self.scores(self.changes[-1], self.share, name)
        return found

    def effects(self, resamples: int, seed: int) -> list[Verdict]:
        """Every rung against the one before it, Holm's correction over all."""
        rungs = list(self.rungs().values())
        return judge.verdicts(list(zip(rungs[1:], rungs[:-1], strict=True)), resamples, seed)

    def curve(self, change: str, task: str) -> dict[float, Sequence[float]]:
        """Share of the trained weights -> dev nDCG@10 of each seed, from the untrained encoder's at 0."""
        shares = sorted({row["share"] for row in self.rows if row["rung"] == change})
        found = {0.0: [row["dev"][task] for row in self.runs(UNTRAINED)]}
        return found | {share: [row["dev"][task] for row in self.runs(change, share)] for share in shares}


def read(rows: str, folder: Path | None = None) -> Ladder | None:
    """The ladder of "pairs" or "triplets" that data/results/full (or `folder`) holds; None if it holds none."""
    file = (folder or ledger.SAVED / "full") / f"ladder-{rows}.json"
    if not file.is_file():
        return None
    content = json.loads(file.read_text(encoding="utf-8"))
    return Ladder(content["encoder"], search.TASKS[rows][1], content["recipes"], tuple(content["rows"]))
