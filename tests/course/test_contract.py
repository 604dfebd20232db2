"""What `course_lib.course.contract` promises: a good notebook passes, and each rule bites on one that breaks it."""

from collections.abc import Callable

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from course_lib.course import contract

FIRST = """# Train it

| | |
|---|---|
| reading | 15 minutes |
| run, smoke | not measured yet |
| run, short | 1 minute |
| run, full | 2 minutes |
| needs | nothing |
| makes | `results/07.json` |"""
FIGURE = 'plots.show(plots.loss_curve(losses), alt="The loss falls.")'
RANDOM = "import random\nrng = np.random.default_rng(SEED)\nlottery = random.Random(SEED).random()"


def good() -> NotebookNode:
    """Seventeen pieces of prose, fourteen of code."""
    code = [new_code_cell('PROFILE: str = "short"\nSEED: int = 42', metadata={"tags": ["parameters"]})]
    code += [new_code_cell(FIGURE), new_code_cell(RANDOM), *(new_code_cell(f"print({n})") for n in range(10))]
    code += [new_code_cell('ledger.record("07", PROFILE, SEED)')]
    prose = [new_markdown_cell(FIRST), *(new_markdown_cell(f"**{section}**") for section in contract.SECTIONS)]
    prose += [new_markdown_cell(f"Text {n}.") for n in range(11)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(metadata={"kernelspec": kernel}, cells=[*prose[:3], *code, *prose[3:]])


def faults(tmp_path, content: NotebookNode, name: str = "07_train_it") -> list[str]:
    nbformat.write(content, tmp_path / f"{name}.ipynb")
    return contract.faults(tmp_path)


def test_a_good_notebook_passes(tmp_path):
    assert faults(tmp_path, good()) == []


def code_of(content: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in content.cells if cell.cell_type == "code"]


def first_says(old: str, new: str) -> Callable:
    def change(content: NotebookNode) -> None:
        assert old in content.cells[0].source
        content.cells[0].source = content.cells[0].source.replace(old, new)

    return change


def code_says(number: int, source: str) -> Callable:
    return lambda content: code_of(content)[number].update(source=source)


def cell_five_says(source: str) -> Callable:
    return code_says(5 - 4, source)  # three of prose come first


def without_section(section: str) -> Callable:
    def change(content: NotebookNode) -> None:
        (cell,) = [cell for cell in content.cells if section in cell.source]
        cell.source = "Something else."

    return change


def add(markdown: int = 0, code: int = 0) -> Callable:
    def change(content: NotebookNode) -> None:
        more = [new_markdown_cell("1") for _ in range(markdown)] + [new_code_cell("1") for _ in range(code)]
        content.cells[4:4] = more  # after the parameters

    return change


def long_cells(content: NotebookNode) -> None:
    for cell in code_of(content)[1:9]:
        cell.source = "\n".join(["print()"] * 7)


def no_code(content: NotebookNode) -> None:
    content.cells = [cell for cell in content.cells if cell.cell_type == "markdown"]


RULES = {
    "the kernel is not python3": lambda content: content.metadata.kernelspec.update(name="python"),
    "it holds outputs; strip them": lambda content: code_of(content)[1].update(execution_count=1),
    # Of the row `needs` the catalogue speaks.
    "no row for 'reading'": first_says("| reading |", "| studying |"),
    "no row for 'makes'": first_says("| makes |", "| gives |"),
    "no row for 'smoke'": first_says("| run, smoke |", "| run, tiny |"),
    "no row for 'short'": first_says("| run, short |", "| run |"),
    "no row for 'full'": first_says("| run, full |", "| run |"),
    **{f"no part says '{section}'": without_section(section) for section in contract.SECTIONS},
    "29 cells, not 30 to 60": lambda content: content.cells.__delitem__(slice(5, 30, 24)),  # code and prose
    "61 cells, not 30 to 60": add(markdown=17, code=13),
    "1.00 markdown cells a code cell, not 1.1 to 1.5": add(code=3),
    "1.57 markdown cells a code cell, not 1.1 to 1.5": add(markdown=5),
    "the median code cell has 7.0 lines, more than 6": long_cells,
    "cell 5: 31 lines, more than 30": cell_five_says("\n".join(["print()"] * 31)),
    "cell 5: a figure without alt text": cell_five_says("plots.show(plots.loss_curve(default))"),
    "cell 5: holds a shell or magic line": cell_five_says("1\n  !ls"),
    "cell 5: holds pip": cell_five_says('subprocess.run("pip install torch")'),
    "cell 5: holds input()": cell_five_says('answer = input("?")'),
    "cell 5: holds a login": cell_five_says("huggingface_hub.login()"),
    "cell 5: holds a bare except": cell_five_says("try:\n    1\nexcept:\n    2"),
    "cell 5: holds an absolute path": cell_five_says('open("/somewhere/it")'),
    "cell 5: holds numpy's unseeded global generator": cell_five_says("np.random.rand(3)"),
    "cell 5: holds the unseeded random module": cell_five_says("random.shuffle(rows)"),
    "cell 5: holds a generator without a seed": cell_five_says("np.random.default_rng()"),
    "no single cell tagged `parameters`": lambda content: code_of(content)[0].metadata.clear(),
    "no single cell tagged `parameters` with plain": code_says(0, 'PROFILE = "short"\nSEED = 42'),
    "no single cell tagged `parameters` with plain annotated": code_says(0, 'PROFILE: str = "a" + "b"\nSEED: int = 42'),
    "no single cell tagged `parameters` with plain annotated literals": code_says(0, "SEED: int ="),
    "the last code cell does not call ledger.record": code_says(-1, "print()"),
    "no code cell": no_code,
}


@pytest.mark.parametrize("fault", RULES)
def test_a_notebook_that_breaks_one_rule_is_told_that_one(tmp_path, fault):
    content = good()
    RULES[fault](content)
    found = faults(tmp_path, content)
    assert len(found) == 1 and found[0].startswith("07_train_it.ipynb: ") and fault in found[0]


@pytest.mark.parametrize(
    "source, what",
    [
        ("%matplotlib inline", "magic"),
        ("%%time\n1", "magic"),
        ('read("C:\\\\data")', "absolute path"),
        ("rng = random.Random()", "seed"),
        ("random.random()", "unseeded random module"),
        ("np.random.seed(1)", "global generator"),
        ("try:\n    1\nexcept :\n    2", "bare except"),
    ],
)
def test_other_spellings_of_what_is_forbidden_are_found_too(tmp_path, source, what):
    content = good()
    cell_five_says(source)(content)
    (fault,) = faults(tmp_path, content)
    assert what in fault


@pytest.mark.parametrize(
    "source",
    ["share = 7 % 2", "torch.randn(3, generator=generator)", "row.random.choice", 'print("a/b", "1/2")', "login = 1"],
)
def test_what_only_looks_forbidden_is_allowed(tmp_path, source):
    content = good()
    cell_five_says(source)(content)
    assert faults(tmp_path, content) == []


def test_two_cells_of_parameters_are_one_too_many(tmp_path):
    content = good()
    code_of(content)[1].metadata["tags"] = ["parameters"]
    assert any("no single cell tagged `parameters`" in fault for fault in faults(tmp_path, content))


@pytest.mark.parametrize("name", ["7_train_it", "07-train-it", "07_Train_It", "train_it"])
def test_a_file_name_of_another_form_is_told(tmp_path, name):
    faults(tmp_path, good())
    assert faults(tmp_path, good(), name) == [f"{name}.ipynb: the name is not NN_verb_object.ipynb"]


def test_all_faults_of_all_notebooks_are_told_at_once(tmp_path):
    content = good()
    cell_five_says("random.shuffle(rows)\ninput()")(content)
    faults(tmp_path, content, "06_spoil_it")
    assert len(faults(tmp_path, content)) == 4
