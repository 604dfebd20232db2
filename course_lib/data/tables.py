"""Pairs and triplets as `datasets.Dataset`, in parquet files, with the column names of the published cards."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from datasets import Dataset, disable_progress_bars
from datasets.exceptions import DatasetsError

from course_lib.data.qa import Pair
from course_lib.data.triplets import Triplet
from course_lib.errors import CourseError

disable_progress_bars()  # they would fill a notebook's output for a tenth of a second of work


def to_dataset(rows: Sequence[Pair] | Sequence[Triplet]) -> Dataset:
    """Columns sentence_0 and sentence_1 for pairs, sentence_2 as well for triplets: the trainer goes by their order."""
    texts = [
        (row.question, row.answer) if isinstance(row, Pair) else (row.anchor, row.positive, row.negative)
        for row in rows
    ]
    if not texts:
        raise CourseError("There is no row to make a dataset of; check what was selected.")
    return Dataset.from_dict({f"sentence_{i}": list(column) for i, column in enumerate(zip(*texts, strict=True))})


def save(dataset: Dataset, path: Path) -> Path:
    """Write one parquet file, all or nothing; the same rows give the same bytes."""
    scratch = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        dataset.to_parquet(str(scratch))
        os.replace(scratch, path)
    except OSError as error:
        raise CourseError(
            f"{path} cannot be written ({error.strerror or error}); free some space or choose another place."
        ) from error
    finally:
        with suppress(OSError):
            scratch.unlink()
    return path


def load(path: Path) -> Dataset:
    """Raises CourseError when the notebook that makes the file has not run, and for a damaged file."""
    if not path.is_file():
        raise CourseError(f"{path} does not exist: run the notebook that builds it first (03 pairs, 08 triplets).")
    try:
        return Dataset.from_parquet(str(path), cache_dir=str(path.parent / ".cache"))
    except (ValueError, OSError, DatasetsError) as error:  # pyarrow's own are ValueErrors
        raise CourseError(f"{path} is damaged; delete it and run the notebook that builds it again.") from error
