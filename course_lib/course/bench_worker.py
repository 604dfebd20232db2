"""One side of a benchmark, in a process of its own: `python -m course_lib.course.bench_worker WHO ENCODER PLAN`.

WHO is "stock", a user of the library following its documentation, or "ours". PLAN is a JSON file of training rows,
texts and output files. Each line on standard input asks for one round: a training step or, once those are done, the
embeddings of one part of the texts. Each round is answered by one line of JSON, an exception by one with its text. So
two sides take turns, and share whatever else the machine is doing.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
from sentence_transformers.sentence_transformer import losses as library
from sentence_transformers.sentence_transformer.training_args import SentenceTransformerTrainingArguments
from transformers import PrinterCallback, TrainerCallback

from course_lib import encoders, models, precision
from course_lib.evaluation import retrievers
from course_lib.training import cards, losses, profiling, recipes, runs, trainer

RECIPES = {"minilm": recipes.MINILM_AS_PRINTED, "mpnet": recipes.MPNET_AS_PRINTED}
CARDS = {"minilm": cards.MINILM, "mpnet": cards.MPNET}
SEED = 42


def main() -> None:
    who, encoder, plan = sys.argv[1], sys.argv[2], json.loads(Path(sys.argv[3]).read_text(encoding="utf-8"))
    recipe = RECIPES[encoder]
    model = _stock_model(encoder) if who == "stock" else encoders.load(encoder, device="cpu").model
    dataset, steps = Dataset.from_dict(plan["rows"]), plan["steps"]
    with tempfile.TemporaryDirectory() as scratch:
        if who == "stock":
            arguments = _stock_arguments(recipe, steps, scratch)
            loss = _stock_loss(recipe, model)
        else:
            batches = trainer.sampler(recipe, dataset, model)
            fast = precision.choose("cpu")
            arguments = trainer.arguments(recipe, steps, SEED, fast, Path(scratch), batches, kind="cpu")
            loss = losses.build(recipe, model)
        arguments = arguments.set_save(strategy="no")
        turns = _Turns(model)
        made = SentenceTransformerTrainer(model, arguments, dataset, loss=loss, callbacks=[turns])
        made.remove_callback(PrinterCallback)
        made.train()
    if plan["texts"]:
        _encode(who, encoder, plan)


class _Turns(TrainerCallback):
    """Waits before each step until it is asked for, and answers with its seconds and tokens."""

    def __init__(self, model: SentenceTransformer):
        self.counter = profiling.TokenCounter(model)
        self.size = sum(p.numel() for name, p in model.named_parameters() if "embeddings" not in name)

    def on_train_begin(self, args, state, control, **kwargs):
        _wait()
        self.start = time.perf_counter()

    def on_step_end(self, args, state, control, **kwargs):
        seconds = time.perf_counter() - self.start
        _say(seconds=seconds, tokens=self.counter.tokens, parameters=self.size, memory_mb=runs.peak_memory_mb())
        if state.global_step < state.max_steps:
            _wait()
        self.counter.tokens, self.start = 0, time.perf_counter()


def _encode(who: str, encoder: str, plan: dict) -> None:
    """With a new model, as after a training: one answer a part, then the embeddings in the plan's file."""
    model = _stock_model(encoder) if who == "stock" else encoders.load(encoder, device="cpu").model
    vectors = []
    for part in plan["texts"]:
        _wait()
        start = time.perf_counter()
        if who == "stock":
            vectors.append(model.encode(part, normalize_embeddings=True))
        else:
            vectors.append(retrievers.embed(model, part))
        _say(seconds=time.perf_counter() - start, memory_mb=runs.peak_memory_mb())
    np.save(plan["output"][who], np.concatenate(vectors))


def _stock_model(encoder: str) -> SentenceTransformer:
    """Without `encoders.load`, which changes how the whole process keeps memory, and so would speed up this side."""
    model = models.stock(encoders.folder(encoder), "cpu")
    model.max_seq_length = CARDS[encoder].max_seq_length
    return model


def _stock_arguments(recipe: recipes.Recipe, steps: int, folder: str) -> SentenceTransformerTrainingArguments:
    return SentenceTransformerTrainingArguments(
        output_dir=folder,
        per_device_train_batch_size=recipe.batch_size,
        max_steps=steps,
        learning_rate=recipe.learning_rate,
        use_cpu=True,
        seed=SEED,
        report_to="none",
        disable_tqdm=True,
    )


def _stock_loss(recipe: recipes.Recipe, model: SentenceTransformer) -> torch.nn.Module:
    if recipe.loss == "TripletLoss":
        return library.TripletLoss(model)
    return library.MultipleNegativesRankingLoss(model)


def _wait() -> None:
    if not sys.stdin.readline():
        sys.exit(1)  # who asked is gone


def _say(**answer) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        _say(error=f"{type(error).__name__}: {error}")
        raise
