"""Every notebook runs in the smoke profile, on the real encoders, and what it makes is what it says."""

import itertools
import json
import os
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
from typer.testing import CliRunner

from course_lib import paths
from course_lib.cli import app
from course_lib.course import catalog, contract, ledger, reports, runner

NOTEBOOKS = catalog.load()
SOLUTIONS = sorted((paths.NOTEBOOKS / "solutions").glob("[0-9][0-9]_*.ipynb"))


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Where this run of the course writes."""
    before = os.environ.get("COURSE_OUTPUT")
    os.environ["COURSE_OUTPUT"] = str(tmp_path_factory.mktemp("course"))
    yield paths.outputs("smoke")
    os.environ.pop("COURSE_OUTPUT")
    if before:
        os.environ["COURSE_OUTPUT"] = before


@pytest.fixture(scope="session")
def outcomes(folder):
    """Number -> what became of the notebook; all of them run once, two at a time, in the order of their needs."""
    return {outcome.notebook.number: outcome for outcome in runner.run(NOTEBOOKS, "smoke", jobs=2)}


@pytest.fixture(scope="session")
def solved(outcomes, folder):
    """Solution -> its executed file and what went wrong in it; two at a time, after the notebooks."""
    lifeline, held = os.pipe()

    def solve(solution):
        executed = folder / "solved" / solution.name
        return executed, runner.judge(executed, runner.execute(solution, executed, "smoke", False, lifeline))

    with ThreadPoolExecutor(2) as pool:
        found = dict(zip(SOLUTIONS, pool.map(solve, SOLUTIONS), strict=True))
    os.close(held)
    os.close(lifeline)
    return found


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda n: n.path.stem)
def test_the_notebook_runs_to_its_end(notebook, outcomes):
    assert outcomes[notebook.number].state == "ok", outcomes[notebook.number].reason


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda n: n.path.stem)
def test_no_checkpoint_prints_false(notebook, outcomes):
    cells = nbformat.read(outcomes[notebook.number].executed, as_version=4).cells
    after = [code for text, code in itertools.pairwise(cells) if "**Checkpoint.**" in text.source]
    assert after and all(code.cell_type == "code" for code in after)
    printed = ["".join(o.get("text", "") for o in code.outputs if o.get("name") == "stdout") for code in after]
    assert all(printed) and not any("False" in text for text in printed), printed


@pytest.mark.parametrize("solution", SOLUTIONS, ids=lambda path: path.stem)
def test_the_solutions_are_right(solution, solved):
    executed, fault = solved[solution]
    assert fault == ""
    checked = [c for c in nbformat.read(executed, as_version=4).cells if "exercises.check(" in c.source]
    printed = ["".join(output.text for output in cell.outputs) for cell in checked if cell.cell_type == "code"]
    assert len(printed) == 3 and all(": right" in text for text in printed), printed


@pytest.mark.parametrize(
    ("recipe", "dimensions", "tokens"),
    [("minilm-as-printed", 384, 128), ("minilm-better", 384, 128), ("mpnet-as-printed", 768, 384)],
)
def test_the_trained_models_do_what_their_cards_show(recipe, dimensions, tokens, outcomes, folder):
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder / "models" / f"{recipe}-seed42"))
    assert model.max_seq_length == tokens
    embeddings = model.encode(["What is recall?", "The share of positives found.", "A loaf of bread."])
    assert embeddings.shape == (3, dimensions) and model.similarity(embeddings, embeddings).shape == (3, 3)


def test_the_losses_of_triplets_lie_within_reach_of_the_margin(outcomes, folder):
    record = json.loads((folder / "models" / "mpnet-as-printed-seed42" / "run.json").read_text(encoding="utf-8"))
    assert record["losses"] and all(3 < loss < 7 for loss in record["losses"])


def test_the_report_shows_baselines_and_trained_models_with_intervals(outcomes, folder):
    shown = CliRunner().invoke(app, ["report", "--profile", "smoke", "--output", str(folder.parent)]).output
    for name in (
        "BM25",
        "MiniLM zero-shot",
        "MiniLM as printed",
        "MiniLM better",
        "MPNet zero-shot",
        "MPNet as printed",
    ):
        assert f"| {name} |" in shown
    assert "stand-in for" in shown or "all-MiniLM-L12-v2" in shown


def test_every_notebook_keeps_the_contract():
    assert contract.faults() == []


def test_the_readme_shows_what_the_ledger_holds():
    page = reports.README.read_text(encoding="utf-8")
    assert reports.saved_table() in page
    assert ledger.read_all(ledger.SAVED / "short")


def test_the_run_minutes_are_those_of_the_ledger():
    for profile in ("smoke", "short", "full"):
        for number, minutes in reports.minutes(profile).items():
            path = next(n.path for n in NOTEBOOKS if n.number == number)
            first = nbformat.read(path, as_version=4).cells[0].source
            assert f"| run, {profile} | {reports._in_words(minutes)} |" in first


def test_the_scenarios_leave_room_for_an_untrained_encoder():
    rows = ledger.read("05", ledger.SAVED / "short")["scores"]
    found = {row["retriever"]: row["mean"] for row in rows if row["task"] == "scenario -> answers"}
    assert 0.35 <= found["MiniLM zero-shot"] <= 0.80
