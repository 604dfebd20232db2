"""What `course_lib.course.reports` promises."""

from dataclasses import replace

import nbformat
import pytest

from course_lib import paths
from course_lib.course import ledger, reports
from course_lib.errors import CourseError
from course_lib.evaluation.judge import Verdict
from course_lib.evaluation.significance import Interval

SCORES = [
    {"task": "question to answers", "retriever": "BM25", "mean": 0.5, "low": 0.4512, "high": 0.5},
    {"task": "question to answers", "retriever": "fine-tuned", "mean": 0.7236, "low": 0.7, "high": 0.75},
]
TRAINING = {"recipe": "minilm, as printed", "encoder": "all-MiniLM-L6-v2", "steps": 500, "planned_steps": 3456}
TRAINING |= {"mean_loss_first_500": 0.23544, "card_loss": 0.2354}
README = f"# Course\n\nbefore é\n\n{ledger.README_START}\nold\n{ledger.README_END}\n\nafter\n"


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch, small_course):
    monkeypatch.setenv("COURSE_OUTPUT", str(tmp_path / "build"))
    monkeypatch.setattr(ledger, "SAVED", tmp_path / "saved")
    monkeypatch.setattr(reports, "README", tmp_path / "README.md")
    monkeypatch.setattr(paths, "NOTEBOOKS", small_course.notebooks)
    (tmp_path / "README.md").write_text(README, encoding="utf-8")
    first = small_course.write("07_train")
    content = nbformat.read(first, as_version=4)
    content.cells[0].source += "\n| run, short | not measured yet |\n| run, full | not measured yet |"
    nbformat.write(content, first)


def save(profile: str, **results) -> None:
    ledger.record("07", profile, 42, **results)
    ledger.save(profile)


def test_the_table_holds_every_score_with_its_interval_and_every_training_beside_its_card():
    folder = ledger.record("07", "short", 42, scores=SCORES, trainings=[TRAINING]).parent
    table = reports.table(folder)
    assert "| question to answers | BM25 | 0.500 [0.451, 0.500] |" in table
    assert "| question to answers | fine-tuned | 0.724 [0.700, 0.750] |" in table
    assert "| minilm, as printed | all-MiniLM-L6-v2 | 500 of 3456 | 0.2354 | 0.2354 |" in table
    columns = [line.count("|") for line in table.splitlines() if line]
    assert columns == [4] * 4 + [6] * 3


def test_a_mean_over_seeds_says_so_and_a_recipe_of_ours_has_no_card_beside_it():
    scores = [SCORES[0] | {"seeds": 1}, SCORES[1] | {"seeds": 3}]
    ours = TRAINING | {"recipe": "minilm-better", "mean_loss_first_500": 1.5}
    table = reports.table(ledger.record("11", "short", 42, scores=scores, trainings=[ours]).parent)
    assert "| BM25 | 0.500 [0.451, 0.500] |" in table
    assert "| fine-tuned | 0.724 [0.700, 0.750], 3 seeds |" in table
    assert "| minilm-better | all-MiniLM-L6-v2 | 500 of 3456 | 1.5000 | another loss |" in table


def test_a_later_notebook_has_the_last_word_on_a_retriever():
    ledger.record("05", "short", 42, scores=SCORES)
    folder = ledger.record("11", "short", 42, scores=[SCORES[0] | {"mean": 0.9}]).parent
    shown = {name: interval for _, name, interval in reports.scores(ledger.read_all(folder))}
    assert shown == {"BM25": "0.900 [0.451, 0.500]", "fine-tuned": "0.724 [0.700, 0.750]"}


def test_verdicts_are_a_table_of_their_own_and_a_later_notebook_has_the_last_word():
    apart = Verdict("masked", "better", "zero-shot", Interval(0.105, 0.075, 0.134), "WIN", 0.001, 0.005, 26, 3, 1)
    first = replace(apart, word="NO DIFFERENCE", seeds=1)
    other = replace(apart, task="raw", word="REGRESSION")
    ledger.record("07", "short", 42, verdicts=[str(first), str(other)])
    table = reports.table(ledger.record("11", "short", 42, verdicts=[str(apart)]).parent)
    shown = "+0.105 [+0.075, +0.134] nDCG@10, 3 seeds, p = 0.0050 (Holm, 26 comparisons)"
    assert table.count("| better against zero-shot, masked |") == 1
    assert f"| better against zero-shot, masked | WIN | {shown} |" in table
    assert f"| better against zero-shot, raw | REGRESSION | {shown} |" in table


def test_no_results_say_what_to_run(tmp_path):
    with pytest.raises(CourseError, match="run `course run` first"):
        reports.table(tmp_path)
    with pytest.raises(CourseError, match="course report --save"):
        reports.saved_table()


def test_readme_gets_the_table_between_its_marks_and_keeps_all_else(tmp_path):
    save("short", scores=SCORES)
    assert tmp_path / "README.md" in reports.update_pages()
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert text.startswith("# Course\n\nbefore é\n\n") and text.endswith(f"{ledger.README_END}\n\nafter\n")
    assert "0.724" in text and "old" not in text and "`short`" in text
    assert reports.update_pages() == [tmp_path / "README.md"]
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == text


def test_readme_shows_the_full_profile_where_it_was_saved():
    save("short", scores=SCORES)
    save("full", scores=[SCORES[0] | {"mean": 0.9}])
    assert "`full`" in reports.saved_table() and "0.900" in reports.saved_table()


@pytest.mark.parametrize("mark", [ledger.README_START, ledger.README_END])
def test_readme_without_its_marks_is_refused_and_left_as_it_is(tmp_path, mark):
    save("short", scores=SCORES)
    (tmp_path / "README.md").write_text(README.replace(mark, ""), encoding="utf-8")
    with pytest.raises(CourseError, match="restore them"):
        reports.update_pages()
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == README.replace(mark, "")


@pytest.mark.parametrize(
    "seconds, words", [(29.0, "less than a minute"), (61.0, "1 minute"), (89.0, "1 minute"), (1234.0, "21 minutes")]
)
def test_a_notebooks_first_cell_gets_the_minutes_of_the_saved_runs(small_course, seconds, words):
    folder = ledger.record("07", "full", 42).parent
    (folder / "seconds.json").write_text(f'{{"07": {seconds}, "13": 5.0}}')
    ledger.save("full")
    path = small_course.notebooks / "07_train.ipynb"
    before = nbformat.read(path, as_version=4)
    assert reports.minutes("full")["07"] == seconds / 60 and reports.minutes("short") == {}
    assert path in reports.update_pages()
    after = nbformat.read(path, as_version=4)
    first = after.cells[0].source
    assert f"| run, full | {words} |" in first and "| run, short | not measured yet |" in first
    after.cells[0].source = before.cells[0].source
    assert after == before
    assert path not in reports.update_pages()
