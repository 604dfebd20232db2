"""One training step of triplets, timed in ways that each add a saving to the one before."""

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import TripletLoss
from torch import nn

from course_lib import encoders, models, precision, speedups
from course_lib.errors import CourseError
from course_lib.training import losses, profiling
from course_lib.training.recipes import MPNET_AS_PRINTED

Rows = dict[str, list[str]]  # column -> texts
SEED = 42  # of dropout


@dataclass(frozen=True)
class Way:
    """`grouped` takes the batch that was grouped by passage; `fast` applies `speedups` to the model."""

    name: str
    once: bool = False
    grouped: bool = False
    bf16: bool = False
    fast: bool = False


@dataclass(frozen=True)
class Rung:
    """What one way took: seconds of a step, tokens through the model (padding included), its seconds by kind."""

    name: str
    seconds: float
    tokens: int
    by_kind: dict[str, float] | None  # see `profiling`; of the first and the last way


def ways(bf16: bool) -> list[Way]:
    """From the library as documented to what `trainer.train` does; without the way of bf16 where it is not chosen."""
    found = [
        Way("stock: fp32, shuffled"),
        Way("each text once", once=True),
        Way("grouped by passage", once=True, grouped=True),
        Way("bf16", once=True, grouped=True, bf16=True),
        Way("one pass, masks, attention, memory", once=True, grouped=True, bf16=bf16, fast=True),
    ]
    return [way for way in found if bf16 or not way.bf16]


def measure(encoder: str, shuffled: Rows, grouped: Rows, at_least: float, max_seq_length: int) -> list[Rung]:
    """Every way in turn, each repeated for `at_least` seconds, of which the fastest step counts.

    In a process of its own: the memory of a stock step is several GB, and `speedups` changes how a process keeps it.
    Raises CourseError when that process dies.
    """
    try:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            return process.submit(climb, encoder, shuffled, grouped, at_least, max_seq_length).result()
    except BrokenProcessPool as error:
        raise CourseError("The process that timed the steps died: close other programs to free memory.") from error


def climb(encoder: str, shuffled: Rows, grouped: Rows, at_least: float, max_seq_length: int) -> list[Rung]:
    """What `measure` runs. The weights start as those of the encoder, and each step trains them further."""
    model = models.stock(encoders.folder(encoder), "cpu")
    model.max_seq_length = max_seq_length
    optimizer = torch.optim.AdamW(model.parameters(), MPNET_AS_PRINTED.learning_rate, weight_decay=0.0, fused=True)
    plan = ways(precision.choose("cpu").name == "bf16")
    return list(_rungs(plan, model.train(), optimizer, shuffled, grouped, at_least))


def _rungs(plan, model, optimizer, shuffled: Rows, grouped: Rows, at_least: float) -> Iterator[Rung]:
    counter = profiling.TokenCounter(model)
    for way in plan:
        if way.fast:
            speedups.apply(model)
        loss = losses.build(MPNET_AS_PRINTED, model) if way.once else TripletLoss(model)
        batch = grouped if way.grouped else shuffled
        step(model, loss, optimizer, {name: [texts[0][:40]] for name, texts in batch.items()}, way.bf16)  # warm-up
        counter.tokens, seconds = 0, []
        while not seconds or sum(seconds) < at_least:
            torch.manual_seed(SEED)
            start = time.perf_counter()
            step(model, loss, optimizer, batch, way.bf16)
            seconds.append(time.perf_counter() - start)
        through = counter.tokens // len(seconds)
        by_kind = None
        if way in (plan[0], plan[-1]):
            by_kind = profiling.seconds_by_kind(lambda: step(model, loss, optimizer, batch, way.bf16))  # noqa: B023
        yield Rung(way.name, min(seconds), through, by_kind)


def step(
    model: SentenceTransformer, loss: nn.Module, optimizer: torch.optim.Optimizer, batch: Rows, bf16: bool
) -> float:
    """Tokenize, forward, backward, clip, update: what a trainer does with one batch; returns the loss."""
    features = [model.preprocess(texts) for texts in batch.values()]
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        value = loss(features, None)
    value.backward()
    nn.utils.clip_grad_norm_(model.parameters(), MPNET_AS_PRINTED.max_grad_norm)
    optimizer.step()
    optimizer.zero_grad()
    return value.item()
