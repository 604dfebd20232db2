"""`course bench ladder` climbs the ladder that was asked for, with the seeds that were given, and keeps every row."""

from typer.testing import CliRunner

from course_lib.course import search
from course_lib.course.measuring import app
from course_lib.errors import CourseError


def test_every_row_of_the_climb_is_shown_without_its_groups_and_kept(monkeypatch, tmp_path):
    kept = {}
    row = {"rung": "untrained", "seed": None, "dev": {"forgetting": 0.8}, "per_group": {"forgetting": {"if": 0.8}}}
    monkeypatch.setattr(search, "climb", lambda rows, seeds, profile: [row | {"rung": f"{rows} {tuple(seeds)}"}])
    monkeypatch.setattr(search, "save", lambda rows, found, profile: kept.update({rows: found}) or tmp_path)
    shown = CliRunner().invoke(app, ["ladder", "triplets", "--seed", "7"], catch_exceptions=False).output
    assert "rung triplets (7,)" in shown and "per_group" not in shown and f"wrote {tmp_path}" in shown
    assert kept["triplets"][0]["per_group"] == {"forgetting": {"if": 0.8}}


def test_a_ladder_of_other_rows_is_refused():
    refused = CliRunner().invoke(app, ["ladder", "passages"]).exception
    assert isinstance(refused, CourseError) and "pairs, triplets" in str(refused)
