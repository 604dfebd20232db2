"""One training on several processes, of one machine or of several: torchrun starts them, DDP averages their gradients.

Each of N processes takes batch_size / N rows of a step. For MultipleNegativesRankingLoss the embeddings are gathered,
so that each row has the negatives of the whole batch: N small batches then are one large one. A triplet needs no other
row. Processes talk through gloo on CPUs and nccl on GPUs, one GPU each.
"""

import logging
import os
from typing import TypeVar

import torch
from accelerate.utils import broadcast_object_list
from sentence_transformers.sentence_transformer.training_args import SentenceTransformerTrainingArguments
from torch.distributed import run
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from transformers import TrainingArguments

from course_lib.errors import CourseError
from course_lib.precision import here
from course_lib.training.recipes import Recipe

T = TypeVar("T")


def processes() -> int:
    """Of this training, as torchrun says; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Whether this is the process that writes and prints."""
    return os.environ.get("RANK", "0") == "0"


def batch_size(recipe: Recipe, number: int) -> int:
    """Rows a process and step. Raises CourseError when the processes cannot share the batch equally."""
    if number < 1 or recipe.batch_size % number:
        raise CourseError(
            f"{number} processes cannot share batches of {recipe.batch_size} rows: choose a divisor of it."
        )
    return recipe.batch_size // number


def on_one_device(arguments: TrainingArguments) -> TrainingArguments:
    """The same arguments: a process uses one GPU of several. The library would give each of them a batch of its own."""
    arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments


def join() -> int:
    """Meet the other processes; how many there are.

    Raises CourseError when accelerate, which the Trainer relies on, found another number than torchrun started.
    """
    if processes() == 1:
        return 1
    joined = SentenceTransformerTrainingArguments(use_cpu=here() == "cpu", dataloader_drop_last=True).world_size
    if joined != processes():
        raise CourseError(f"{processes()} processes were started but {joined} work together: start them with torchrun.")
    return joined


def agree(value: T) -> T:
    """The first process's value, in every process."""
    return broadcast_object_list([value])[0] if processes() > 1 else value


def launch(arguments: list[str], number: int) -> None:
    """Run `course` with these arguments in `number` processes of this machine, which share its cores.

    Raises CourseError when there are fewer GPUs, when a process died, and what a process raised.
    """
    if torch.accelerator.is_available() and torch.accelerator.device_count() < number:
        raise CourseError(f"{number} processes need as many GPUs, and here are {torch.accelerator.device_count()}.")
    os.environ["OMP_NUM_THREADS"] = str(max(1, torch.get_num_threads() // number))
    os.environ.setdefault("PYTHONWARNINGS", "ignore::FutureWarning")  # each process would repeat those of the libraries
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)
    options = ["--standalone", "--nproc-per-node", str(number), "-m", "course_lib.cli", *arguments]
    try:
        run.run(run.parse_args(options))
    except ChildFailedError as error:
        failures = error.failures.values()
        for sentence in (f.message["message"] for f in failures if isinstance(f.message, dict)):
            raise CourseError(sentence.removeprefix("CourseError: ")) from error
        codes = ", ".join(str(failure.exitcode) for failure in failures)
        raise CourseError(f"Processes of the training died (exit codes {codes}): run again to go on.") from error
