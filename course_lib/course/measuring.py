"""The commands that measure what the course claims of itself: `course bench training`, `grouping` and `ladder`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from course_lib.errors import CourseError

app = typer.Typer(no_args_is_help=True, help="Measure speed, and what each change does to learning.")
Seeds = Annotated[list[int], typer.Option("--seed", min=0, max=2**32 - 1, help="Once for each seed.")]
Output = Annotated[Path | None, typer.Option("--output", help="Folder for what a run makes (build).")]


@app.command()
def training(
    steps: Annotated[int, typer.Option("--steps", min=2, help="Of each side, after one to warm up.")] = 10,
    passages: Annotated[int, typer.Option("--passages", min=0, help="How many MPNet encodes.")] = 1000,
    output: Output = None,
) -> None:
    """Training and encoding, the library's way and ours, in turns; about 20 minutes on two cores."""
    _place(output)
    from course_lib.course import bench

    found = []
    for result in bench.training(steps, passages):
        found.append(result)
        typer.echo("\n".join(bench.lines(result)))
    typer.echo(f"wrote {bench.save(found)}")


@app.command()
def grouping(
    steps: Annotated[int, typer.Option("--steps", min=1, help="Of each training.")] = 111,
    seeds: Seeds = (42, 43, 44),
    output: Output = None,
) -> None:
    """Batches grouped by anchor against shuffled ones, on the dev split; about 8 minutes on two cores."""
    _place(output)
    from course_lib import profiles
    from course_lib.course import grouping as comparison

    profile, rows = profiles.load("full"), []
    for row in comparison.compare(steps, seeds, profile):
        rows.append(row)
        shown = {key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()}
        typer.echo("  ".join(f"{key} {value}" for key, value in shown.items()))
    typer.echo(f"wrote {comparison.save(rows, profile)}")


@app.command()
def ladder(
    rows: Annotated[str, typer.Argument(metavar="pairs|triplets", help="Those of the published recipe to start from.")],
    seeds: Seeds = (42, 43, 44),
    output: Output = None,
) -> None:
    """From the published recipe to the better one, one change at a time, on the dev split; hours on two cores."""
    _place(output)
    from course_lib import profiles
    from course_lib.course import search

    if rows not in search.TASKS:
        raise CourseError(f"There is no ladder of {rows!r}: choose one of {', '.join(search.TASKS)}.")
    profile, found = profiles.load("full"), []
    for row in search.climb(rows, seeds, profile):
        found.append(row)
        typer.echo("  ".join(f"{key} {value}" for key, value in row.items() if key != "per_group"))
    typer.echo(f"wrote {search.save(rows, found, profile)}")


def _place(output: Path | None) -> None:
    if output:
        os.environ["COURSE_OUTPUT"] = str(output.resolve())
