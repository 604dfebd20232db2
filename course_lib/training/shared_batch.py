"""One batch in one process and shared by two, step by step: what the gathering of negatives changes.

Dropout is off and numbers are fp32, so that what differs is arithmetic. `trainer` does the same for a whole training.
"""

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
from torch.multiprocessing.spawn import ProcessException, spawn
from torch.nn.parallel import DistributedDataParallel

from course_lib import models
from course_lib.errors import CourseError
from course_lib.training import losses
from course_lib.training.recipes import MINILM_AS_PRINTED as RECIPE

PROCESSES = 2
Batch = Sequence[tuple[str, str]]  # pairs of anchor and positive


@dataclass(frozen=True)
class Losses:
    """MultipleNegativesRankingLoss in each step: of one process, and as a mean over two that halve each batch.

    `gathered`: each takes the rows of both as negatives; `apart`: each its own rows alone.
    """

    one: tuple[float, ...]
    gathered: tuple[float, ...]
    apart: tuple[float, ...]


def compare(folder: Path, batches: Sequence[Batch]) -> Losses:
    """Take one step a batch from the model in `folder`, three times over, each time from its saved weights.

    Raises CourseError for a batch that two cannot halve, and when a process dies.
    """
    if any(len(batch) % PROCESSES for batch in batches):
        raise CourseError(f"{PROCESSES} processes share batches of an even number of rows: leave one out.")
    with tempfile.TemporaryDirectory() as place:
        threads = max(1, torch.get_num_threads() // PROCESSES)
        os.environ.setdefault("PYTHONWARNINGS", "ignore::FutureWarning")  # each process would repeat the libraries'
        try:
            spawn(_process, (folder, batches, Path(place), threads), nprocs=PROCESSES)
        except ProcessException as error:
            raise CourseError(f"A process of two that share a batch died: {str(error).splitlines()[-1]}") from error
        gathered, apart = json.loads((Path(place) / "losses.json").read_text(encoding="utf-8"))
    return Losses(tuple(_steps(folder, batches, gather=False)), tuple(gathered), tuple(apart))


def _process(rank: int, folder: Path, batches: Sequence[Batch], place: Path, threads: int) -> None:
    torch.set_num_threads(threads)
    store = dist.FileStore(str(place / "meeting"), PROCESSES)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=PROCESSES)
    own = [batch[rank * len(batch) // PROCESSES : (rank + 1) * len(batch) // PROCESSES] for batch in batches]
    found = [_steps(folder, own, gather) for gather in (True, False)]
    if rank == 0:
        (place / "losses.json").write_text(json.dumps(found), encoding="utf-8")
    dist.destroy_process_group()


def _steps(folder: Path, batches: Sequence[Batch], gather: bool) -> list[float]:
    model = models.load(folder, "cpu").eval()  # dropout off
    loss = losses.build(RECIPE, model, gather=gather)
    several = dist.is_initialized()
    shared = DistributedDataParallel(loss, find_unused_parameters=True) if several else loss  # averages gradients
    optimizer = torch.optim.AdamW(model.parameters(), RECIPE.learning_rate, weight_decay=0.0)
    found = []
    for batch in batches:
        value = shared([model.preprocess(list(texts)) for texts in zip(*batch, strict=True)], None)
        value.backward()
        optimizer.step()
        optimizer.zero_grad()
        value = value.detach()
        if several:
            dist.all_reduce(value)
            value /= PROCESSES
        found.append(value.item())
    return found
