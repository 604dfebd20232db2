"""What `course_lib.course.catalog` promises."""

import nbformat
import pytest

from course_lib.course import catalog
from course_lib.errors import CourseError


@pytest.fixture
def four(small_course):
    small_course.write("00_start", needs="nothing")
    small_course.write("03_build", needs="00")
    small_course.write("05_compare", needs="[03](03_build.ipynb), 00")
    small_course.write("07_train", needs="nothing")
    return small_course.notebooks


def numbers(notebooks: list[catalog.Notebook]) -> list[str]:
    return [notebook.number for notebook in notebooks]


def refused(folder, *words: str) -> None:
    with pytest.raises(CourseError) as error:
        catalog.load(folder)
    message = str(error.value)
    assert "\n" not in message and all(word in message for word in words), message


def test_notebooks_come_in_order_with_title_and_needs(four):
    (four / "notes.ipynb").write_text("no chapter")
    notebooks = catalog.load(four)
    assert numbers(notebooks) == ["00", "03", "05", "07"]
    assert [n.needs for n in notebooks] == [(), ("00",), ("03", "00"), ()]
    assert notebooks[0].title == "About 00_start" and notebooks[0].path == four / "00_start.ipynb"


@pytest.mark.parametrize(
    "asked, chosen",
    [
        ([], ["00", "03", "05", "07"]),
        (["05"], ["00", "03", "05"]),
        (["7", "3"], ["00", "03", "07"]),
        (["00", "00"], ["00"]),
    ],
)
def test_a_choice_brings_all_that_it_needs_and_nothing_else_in_order(four, asked, chosen):
    assert numbers(catalog.select(catalog.load(four), asked)) == chosen


@pytest.mark.parametrize("unknown", ["99", "4", "start"])
def test_an_unknown_number_is_refused_with_those_there_are(four, unknown):
    with pytest.raises(CourseError, match="choose from 00, 03, 05, 07"):
        catalog.select(catalog.load(four), ["00", unknown])


@pytest.mark.parametrize("need", ["04", "05", "09"])
def test_a_need_that_is_no_earlier_notebook_is_refused(small_course, need):
    small_course.write("05_it", needs=need)
    path = small_course.write("09_later", needs="05")
    refused(small_course.notebooks, str(path.with_name("05_it.ipynb")), need, "no earlier notebook")


def test_a_number_used_twice_is_refused(small_course):
    small_course.write("05_it")
    refused(small_course.notebooks, str(small_course.write("05_more_of_it")), "another notebook has the number 05")


@pytest.mark.parametrize("source", ["", "About", "# About", "# About\n\n| makes | files |"])
def test_a_first_cell_without_title_or_needs_is_refused(small_course, source):
    path = small_course.write("05_it")
    content = nbformat.read(path, as_version=4)
    content.cells[0].source = source
    nbformat.write(content, path)
    refused(small_course.notebooks, str(path), "first cell")


@pytest.mark.parametrize("content", [b"", b'{"cells": [', b"[]", b"\xff\xfe"])
def test_a_file_that_is_no_notebook_is_refused(small_course, content):
    path = small_course.write("05_it")
    path.write_bytes(content)
    refused(small_course.notebooks, str(path), "restore the file")


def test_a_notebook_without_cells_is_refused(small_course):
    path = small_course.write("05_it")
    nbformat.write(nbformat.v4.new_notebook(), path)
    refused(small_course.notebooks, str(path), "first cell")


def test_a_folder_without_notebooks_is_refused(tmp_path):
    refused(tmp_path, str(tmp_path), "no notebook")
