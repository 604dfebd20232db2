"""Pairs and triplets as `datasets.Dataset`, in parquet files, with the column names of the published cards."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from datasets import Dataset, disable_progress_bars
from datasets.exceptions import DatasetsError

from course_lib.data.qa import Pair
from course_lib.data.triplets import Triplet
from course_lib.data.views import VIEW_COLUMNS, View
from course_lib.errors import CourseError

disable_progress_bars()  # they would fill a notebook's output for a tenth of a second of work


def to_dataset(rows: Sequence[Pair] | Sequence[Triplet] | Sequence[View]) -> Dataset:
    """Columns sentence_0 and sentence_1, for triplets sentence_2 as well: the trainer goes by their order.

    A view's rows have VIEW_COLUMNS too.
    """
    if not rows:
        raise CourseError("There is no row to make a dataset of; check what was selected.")
    names = {
        Pair: ("question", "answer"),
        Triplet: ("anchor", "positive", "negative"),
        View: ("anchor", "positive"),
    }[type(rows[0])]
    columns = {f"sentence_{i}": [getattr(row, name) for row in rows] for i, name in enumerate(names)}
    if isinstance(rows[0], View):
        columns |= {name: [getattr(row, name) for row in rows] for name in VIEW_COLUMNS}
    return Dataset.from_dict(columns)


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
