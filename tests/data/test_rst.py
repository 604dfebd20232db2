"""What `course_lib.data.rst` promises: prose and headings in, everything else out, and no half sentences."""

import re

import pytest

from course_lib.data import rst
from course_lib.data.passages import Passage


def shown(source: str) -> list[tuple[int, str]]:
    return [(block.level, block.text) for block in rst.prose(source)]


def paragraphs(source: str) -> list[str]:
    return [text for level, text in shown(source) if not level]


def test_no_passage_of_the_corpus_holds_markup(corpus: list[Passage]) -> None:
    markup = re.compile(r"``|:\w+:`|^\.\. |`_|^={3,}$|^-{3,}$|>>> ", re.M)
    found = {p.id: hit[0] for p in corpus if (hit := markup.search(p.text))}
    assert set(found) <= {"modules/linear_model.rst#018"}  # scikit-learn's own stray backquote


def test_headings_and_paragraphs_come_in_reading_order_with_their_levels() -> None:
    source = "Top\n===\nOne.\n\nBelow\n-----\nTwo.\n\nThree.\n\nNext\n----\nFour.\n"
    assert [text for _, text in shown(source)] == ["Top", "One.", "Below", "Two.", "Three.", "Next", "Four."]
    levels = {text: level for level, text in shown(source)}
    assert levels["Top"] >= 1 and levels["Below"] == levels["Next"] >= 1 and levels["Three."] == 0


@pytest.mark.parametrize(
    "removed",
    [
        ".. code-block:: python\n\n    fit(X)\n",
        ".. math::\n\n    x = y\n",
        "::\n\n    fit(X)\n",
        ">>> fit(X)\n3\n",
        ".. figure:: a.png\n\n    A caption.\n",
        ".. image:: a.png\n",
        "=====  =====\nfit    X\n=====  =====\n1      2\n=====  =====\n",
        ".. a comment about fit\n",
        ".. toctree::\n\n    fit\n",
        ".. nobody-knows-this:: fit\n\n    X\n",
        ".. raw:: html\n\n    <b>fit</b>\n",
        ".. seealso:: fit\n",
    ],
)
def test_what_is_not_prose_is_left_out(removed: str) -> None:
    assert paragraphs(f"Before it.\n\n{removed}\nAfter it.\n") == ["Before it.", "After it."]


def test_a_table_of_contents_is_left_out() -> None:
    found = rst.prose("T\n=\n\n.. contents::\n\nA\n-\n\nText.\n\nB\n-\n\nMore.\n")
    assert [block.text for block in found] == ["T", "A", "Text.", "B", "More."]


@pytest.mark.parametrize("kind", ["note", "warning", "tip", "topic:: A title", "dropdown:: A title", "div"])
def test_what_a_box_says_is_prose(kind: str) -> None:
    name, _, title = kind.partition(":: ")
    assert "It says so." in paragraphs(f".. {name}:: {title}\n\n   It says so.\n")


def test_the_title_of_a_dropdown_is_a_heading_without_its_markup() -> None:
    source = ".. dropdown:: Effect of ``leaf_size`` on :class:`~sklearn.neighbors.KDTree`\n\n   It is small.\n"
    heading, paragraph = shown(source)
    assert heading[0] >= 1 and heading[1] == "Effect of leaf_size on KDTree"
    assert paragraph == (0, "It is small.")


def test_a_list_item_is_one_paragraph_and_a_definition_opens_with_its_term() -> None:
    assert paragraphs("- One,\n  still one.\n- Two.\n") == ["One, still one.", "Two."]
    assert paragraphs("C\n    The penalty.\n\n    It is small.\n") == ["C: The penalty. It is small."]


@pytest.mark.parametrize("heading", ["References", "Examples", "See also", "Footnotes", "references"])
def test_sections_of_references_are_left_out_and_the_next_one_is_not(heading: str) -> None:
    source = f"Top\n===\nKept.\n\n{heading}\n{'-' * len(heading)}\nLeft out.\n\nNext\n----\nKept too.\n"
    assert paragraphs(source) == ["Kept.", "Kept too."]
    rubric = f"Kept.\n\n.. rubric:: {heading}\n\nLeft out.\n\n.. rubric:: Next\n\nKept too.\n"
    assert paragraphs(rubric) == ["Kept.", "Kept too."]


def test_roles_are_read_as_a_reader_sees_them() -> None:
    source = "Use :class:`~sklearn.svm.SVC`, :func:`sklearn.fit`, :term:`the rows <row>`, ``X``, *this* :pr:`1` now.\n"
    assert paragraphs(source) == ["Use SVC, fit, the rows, X, this now."]


def test_references_are_replaced_by_the_title_that_they_point_to() -> None:
    page = ".. _svm_kernels:\n\nKernel functions\n----------------\nText.\n"
    titles = rst.labels(page)
    assert titles == {"svm_kernels": "Kernel functions"}
    assert rst.resolve_references("See :ref:`svm_kernels`.", titles) == "See Kernel functions."
    assert rst.resolve_references("See :ref:`the kernels <svm_kernels>`.", titles) == "See the kernels."
    assert rst.resolve_references("See :ref:`not_there`.", titles) == "See not there."


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("It ends here. The loss is then\n\n.. math:: x\n", ["It ends here."]),
        ("It ends here. It prints::\n\n    3\n", ["It ends here."]),
        (".. math:: x\n\nwhere x is the loss. It is small.\n", ["It is small."]),
        ("The loss is\n\n.. math:: x\n", []),
        ("It is small.\n\n.. math:: x\n\nThe next one.\n", ["It is small.", "The next one."]),
    ],
)
def test_sentences_that_a_removed_block_leaves_hanging_are_dropped(source: str, left: list[str]) -> None:
    assert paragraphs(source) == left


def test_formulas_in_a_line_lose_their_tex_and_citations_disappear() -> None:
    assert paragraphs(r"It costs :math:`\frac{n}{2} \mathbf{x}` steps [RW2006]_ [1]_." + "\n") == [
        "It costs (n)/(2) x steps."
    ]


@pytest.mark.parametrize("source", ["", "\n\n", ".. math:: x\n", "Unclosed ``literal and :role:`x\n", "===\n\n---\n"])
def test_empty_and_broken_pages_raise_nothing(source: str) -> None:
    assert all(block.text for block in rst.prose(source))


def test_a_users_docutils_settings_change_nothing(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = 'He said "so" -- twice.\n'
    plain = paragraphs(source)
    (tmp_path / "docutils.conf").write_text("[restructuredtext parser]\nsmart_quotes: yes\n")
    monkeypatch.setenv("DOCUTILSCONFIG", str(tmp_path / "docutils.conf"))
    monkeypatch.chdir(tmp_path)
    assert paragraphs(source) == plain
