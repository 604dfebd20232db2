"""What batches grouped by anchor do to learning, against shuffled ones: same recipe, same number of steps, dev split.

On MiniLM with the triplet recipe, since a shuffled step of MPNet takes several times as long as a grouped one.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from course_lib import encoders, paths
from course_lib.data import tables, triplets
from course_lib.data.splits import training_strong_pairs
from course_lib.data.triplets import strong_pairs
from course_lib.evaluation import judge, metrics, suite
from course_lib.evaluation.retrievers import Dense
from course_lib.files import write_atomically
from course_lib.profiles import Profile
from course_lib.training import trainer
from course_lib.training.recipes import MPNET_AS_PRINTED

TASK = "term-passages-masked"
DATA_SEED = 42


def compare(steps: int, seeds: Sequence[int], profile: Profile) -> Iterator[dict]:
    """One row a training: seed, grouped or not, and what it reached; the untrained encoder first."""
    data, encoder = suite.load_data(), encoders.load("minilm")
    pairs = strong_pairs(data.passages, data.terms)
    rows = triplets.build(training_strong_pairs(pairs, data.heldout), data.terms, DATA_SEED, withheld=data.heldout.term)
    dataset = tables.to_dataset(rows)
    dev = {passage.id for passage in data.heldout.passages(data.passages, "dev")[: profile.passages]}
    unseen = triplets.build([p for p in pairs if p.passage.id in dev], data.terms, DATA_SEED)
    profile = replace(profile, minilm_steps=steps)
    task = suite.build(data, "dev", profile, [TASK])[TASK]

    def reached(model, name: str) -> dict:
        dense = Dense(model, name)
        columns = ([t.anchor for t in unseen], [t.positive for t in unseen], [t.negative for t in unseen])
        accuracy = metrics.triplet_accuracy(*(dense.embed(texts) for texts in columns))
        ndcg = float(np.mean(list(judge.evaluate(task, dense).per_group().values())))
        return {"ndcg_masked": ndcg, "triplet_accuracy": accuracy}

    yield {"seed": None, "grouped": None, "steps": 0} | reached(encoder.model, "zero-shot")
    for seed in seeds:
        for grouped in (True, False):
            name = f"triplets-{'grouped' if grouped else 'shuffled'}"
            recipe = replace(MPNET_AS_PRINTED, name=name, encoder="minilm", group_anchors=grouped)
            run = trainer.train(recipe, encoder, dataset, profile, seed)
            row = {"seed": seed, "grouped": grouped, "steps": run.steps, "seconds": round(run.seconds, 1)}
            yield row | {"mean_loss": run.mean_loss()} | reached(trainer.load_model(run.folder), name)


def save(rows: Sequence[dict], profile: Profile) -> Path:
    """The rows, with the encoder that they are of, where `course report --save` finds them."""
    file = paths.outputs(profile.name) / "results" / "grouping.json"
    encoder = str(encoders.load("minilm"))
    recipe = asdict(replace(MPNET_AS_PRINTED, encoder="minilm"))
    content = {"encoder": encoder, "task": f"{TASK}, dev split", "recipe": recipe, "rows": list(rows)}
    write_atomically(file, (json.dumps(content, indent=1) + "\n").encode())
    return file
