"""What the tests of training share: real pairs and triplets, and a folder of their own for what is trained."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from datasets import Dataset

from course_lib.data import qa, tables


@pytest.fixture(scope="session")
def topic(concepts: list[qa.Concept]) -> list[qa.Concept]:
    return [concept for concept in concepts if concept.topic == "metrics"]


@pytest.fixture(scope="session")
def pairs(topic: list[qa.Concept]) -> Dataset:
    """Each answer once, so that 40 rows hold 5 concepts."""
    return tables.to_dataset(qa.pairs(topic)[:40])


@pytest.fixture(scope="session")
def triplets(topic: list[qa.Concept]) -> Dataset:
    """Two rows an anchor: an answer, its concept, and another concept."""
    rows = [
        (c.answers[i], c.name, topic[n - step].name) for n, c in enumerate(topic) for i in (0, 1) for step in (1, 2)
    ]
    return Dataset.from_dict({f"sentence_{i}": list(column) for i, column in enumerate(zip(*rows[:40], strict=True))})


@pytest.fixture(autouse=True)
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("COURSE_OUTPUT", str(tmp_path / "build"))
    yield tmp_path / "build"
    shutil.rmtree(tmp_path / "build", ignore_errors=True)  # a model is up to 440 MB, and pytest keeps three runs
