"""Datasets as the published cards have them: column names and order, parquet files, the same bytes every time."""

import pytest

from course_lib.data import tables
from course_lib.data.qa import Pair
from course_lib.data.triplets import Triplet
from course_lib.errors import CourseError

PAIRS = [Pair(f"What is {i}?", f"It is {i}.", f"concept {i}") for i in range(2764)]
TRIPLETS = [Triplet(f"a passage about {i} " * 60, f"term {i}", "ROC curve", f"page.rst#{i:03}") for i in range(3552)]
ROWS = pytest.mark.parametrize("rows", [PAIRS, TRIPLETS], ids=["pairs", "triplets"])


def test_columns_have_the_published_names_and_order():
    pairs, triplets = tables.to_dataset(PAIRS), tables.to_dataset(TRIPLETS)
    assert pairs.column_names == ["sentence_0", "sentence_1"]
    assert list(pairs[3].values()) == ["What is 3?", "It is 3."]
    assert triplets.column_names == ["sentence_0", "sentence_1", "sentence_2"]
    assert list(triplets[3].values()) == [TRIPLETS[3].anchor, "term 3", "ROC curve"]


@ROWS
def test_the_same_rows_give_the_same_bytes(tmp_path, rows):
    first = tables.save(tables.to_dataset(rows), tmp_path / "a" / "first.parquet")
    second = tables.save(tables.to_dataset(rows), tmp_path / "second.parquet")
    assert first.read_bytes() == second.read_bytes()
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["second.parquet"]


@ROWS
def test_what_was_saved_is_loaded(tmp_path, rows):
    file = tables.save(tables.to_dataset(rows), tmp_path / "rows.parquet")
    assert tables.load(file).to_dict() == tables.to_dataset(rows).to_dict()


def test_a_file_that_was_built_again_is_read_again(tmp_path):
    file = tables.save(tables.to_dataset(PAIRS[:10]), tmp_path / "pairs.parquet")
    assert len(tables.load(file)) == 10
    tables.save(tables.to_dataset(PAIRS[10:20]), file)
    assert tables.load(file)[0]["sentence_0"] == "What is 10?"


def test_a_file_that_does_not_exist_names_the_notebook_that_makes_it(tmp_path):
    with pytest.raises(CourseError, match=r"pairs\.parquet does not exist: run the notebook that builds it first"):
        tables.load(tmp_path / "pairs.parquet")


def test_a_damaged_file_is_named_and_what_to_do(tmp_path):
    file = tables.save(tables.to_dataset(PAIRS), tmp_path / "pairs.parquet")
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(CourseError, match=r"pairs\.parquet is damaged.*run the notebook that builds it again"):
        tables.load(file)


def test_no_rows_are_refused():
    with pytest.raises(CourseError, match="no row"):
        tables.to_dataset([])


def test_a_place_that_cannot_be_written_is_named_and_nothing_is_left(tmp_path):
    (tmp_path / "file").write_text("in the way of a folder")
    (tmp_path / "folder.parquet").mkdir()
    for path in (tmp_path / "file" / "pairs.parquet", tmp_path / "folder.parquet"):
        with pytest.raises(CourseError, match="cannot be written") as error:
            tables.save(tables.to_dataset(PAIRS[:2]), path)
        assert str(path) in str(error.value)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "folder.parquet"]
