"""From the published recipes to better ones, one change at a time: every run a row, judged on dev alone.

Both ladders are climbed with MiniLM, where a run takes minutes; what they chose for passages, MPNet is trained with.
Of the first and the last rung each run is scored at several shares of its weights, the rest being the untrained
encoder's: averaging is the rung after the last.
"""

import copy
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from sentence_transformers import SentenceTransformer

from course_lib import encoders, paths
from course_lib.course import trainings
from course_lib.evaluation import judge, readings, suite
from course_lib.evaluation.retrievers import Dense
from course_lib.files import write_atomically
from course_lib.profiles import Profile
from course_lib.training import averaging, trainer
from course_lib.training.recipes import MINILM_AS_PRINTED, MINILM_BETTER, MPNET_AS_PRINTED, MPNET_BETTER, Recipe

TASKS = {
    "pairs": ("question-answers", "scenario-answers", "transfer", "forgetting"),
    "triplets": ("term-passages", "term-passages-masked", "transfer", "forgetting"),
}
SHARES = (0.6, 0.8, 1.0)  # of the trained weights


def ladder(rows: str) -> dict[str, Recipe]:
    """Change -> the recipe that it makes of the one before; the first is the published one, for one epoch."""
    if rows == "pairs":
        rungs = {"published": replace(MINILM_AS_PRINTED, epochs=1)}
        rungs["no false negatives, warm-up, decay"] = replace(MINILM_BETTER, view="questions", similarities_kept=0.0)
        rungs["masked answers ask"] = replace(MINILM_BETTER, similarities_kept=0.0)
        rungs["similarities kept"] = MINILM_BETTER
    else:
        rungs = {"published": replace(MPNET_AS_PRINTED, epochs=1)}
        rungs["margin 0.5"] = replace(rungs["published"], margin=0.5)
        rungs["terms find passages, ranking loss"] = replace(MPNET_BETTER, masked=0.0, both_directions=False)
        rungs["both directions"] = replace(MPNET_BETTER, masked=0.0)
        rungs["masked"] = MPNET_BETTER
    return {name: replace(r, name=f"{rows}-rung-{n}", encoder="minilm") for n, (name, r) in enumerate(rungs.items())}


def climb(rows: str, seeds: Sequence[int], profile: Profile) -> Iterator[dict]:
    """One row for the untrained encoder, then one for each rung and seed, of the rungs at both ends for each share."""
    encoder, tasks = encoders.load("minilm"), suite.build(suite.load_data(), "dev", profile, TASKS[rows])
    readings.assert_selectable(tasks.values())

    def scored(model: SentenceTransformer, name: str) -> dict:
        dense = Dense(model, name)
        found = {key: judge.evaluate(task, dense).per_group() for key, task in tasks.items()}
        means = {key: round(sum(own.values()) / len(own), 4) for key, own in found.items()}
        return {"dev": means, "per_group": {TASKS[rows][1]: {g: round(v, 4) for g, v in found[TASKS[rows][1]].items()}}}

    yield {"rung": "untrained", "seed": None, "share": 0.0} | scored(encoder.model, "untrained")
    rungs = ladder(rows)
    ends = next(iter(rungs)), next(reversed(rungs))
    for name, recipe in rungs.items():
        whole = replace(recipe, tuned_share=1.0)
        for seed in seeds:
            run = trainer.train(whole, encoder, trainings.dataset(whole, profile), profile, seed)
            row = {"rung": name, "seed": seed, "steps": run.steps, "seconds": round(run.seconds, 1)}
            tuned = trainer.load_model(run.folder)
            for share in SHARES if name in ends else (1.0,):
                model = copy.deepcopy(tuned)
                averaging.average(model, encoder.model, share)
                yield row | {"share": share, "mean_loss": round(run.mean_loss(), 4)} | scored(model, name)


def save(rows: str, found: Sequence[dict], profile: Profile) -> Path:
    """Where `course report --save` finds them: the rows, the recipes that they are of, and the encoder."""
    file = paths.outputs(profile.name) / "results" / f"ladder-{rows}.json"
    recipes = {name: asdict(recipe) for name, recipe in ladder(rows).items()}
    content = {"encoder": str(encoders.load("minilm")), "split": "dev", "recipes": recipes, "rows": list(found)}
    write_atomically(file, (json.dumps(content, indent=1) + "\n").encode())
    return file
