"""Results as tables: on the terminal after a run, and in README from what data/results holds."""

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat

from course_lib import paths, profiles
from course_lib.course import catalog, ledger
from course_lib.errors import CourseError
from course_lib.files import write_atomically
from course_lib.training import recipes

README = paths.REPO / "README.md"


def table(results: Path) -> str:
    """Every scored retriever, every verdict and every training of a run, side by side."""
    rows = ledger.read_all(results)
    if not rows:
        raise CourseError(f"{results} holds no results: run `course run` first.")
    lines = [f"| {' | '.join(head)} |" for head in (("task", "retriever", "nDCG@10 [95 %]"), ("---", "---", "---"))]
    lines += [f"| {task} | {name} | {shown} |" for task, name, shown in scores(rows)]
    if given := list(verdicts(rows)):
        lines += ["", "| comparison | verdict | difference [95 %] |", "|---|---|---|"]
        lines += [f"| {' | '.join(row)} |" for row in given]
    lines += [
        "",
        "| training | encoder | steps | mean loss, at most 500 steps | on the card |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| {' | '.join(row)} |" for row in trainings(rows)]
    lines += ["", *(f"- {line}" for line in encoders(rows))]
    return "\n".join(lines).rstrip()


def scores(rows: dict[str, dict]) -> Iterator[tuple[str, str, str]]:
    """(task, retriever, interval): later notebooks replace what earlier ones said of the same pair."""
    found: dict[tuple[str, str], str] = {}
    for result in rows.values():
        for row in result.get("scores", []):
            seeds = f", {row['seeds']} seeds" if row.get("seeds", 1) > 1 else ""
            found[row["task"], row["retriever"]] = f"{row['mean']:.3f} [{row['low']:.3f}, {row['high']:.3f}]{seeds}"
    yield from ((task, name, shown) for (task, name), shown in sorted(found.items()))


def verdicts(rows: dict[str, dict]) -> Iterator[tuple[str, str, str]]:
    """(comparison, word, difference) of each `str(Verdict)`; here too a later notebook has the last word."""
    found: dict[str, tuple[str, str]] = {}
    for result in rows.values():
        for line in result.get("verdicts", []):
            word, comparison, difference = line.split(": ", 2)
            found[comparison] = word, difference
    yield from ((comparison, word, difference) for comparison, (word, difference) in found.items())


def trainings(rows: dict[str, dict]) -> Iterator[tuple[str, ...]]:
    """A recipe that is not a published one has another loss, which no card's can stand beside."""
    other = recipes.RECIPES.keys() - {recipe.name for recipe in recipes.PUBLISHED}
    for result in rows.values():
        for run in result.get("trainings", []):
            steps = f"{run['steps']} of {run['planned_steps']}"
            loss = f"{run['mean_loss_first_500']:.4f}"
            card = "another loss" if run["recipe"] in other else f"{run['card_loss']:.4f}"
            yield run["recipe"], run["encoder"].split(":")[0], steps, loss, card


def encoders(rows: dict[str, dict]) -> list[str]:
    """The encoders behind the results, each once, with its source, its hash and what it stands in for."""
    return list(dict.fromkeys(line for result in rows.values() for line in result.get("encoders", [])))


def update_pages() -> list[Path]:
    """Write the saved results into README and the run minutes into the notebooks' first cells; returns the files."""
    text = README.read_text(encoding="utf-8")
    before, start, rest = text.partition(ledger.README_START)
    _, end, after = rest.partition(ledger.README_END)
    if not start or not end:
        raise CourseError(f"{README}: the two comments that mark the results are missing; restore them.")
    write_atomically(README, f"{before}{start}\n\n{saved_table()}\n\n{end}{after}".encode())
    return [README, *_show_minutes()]


def saved_table() -> str:
    """What README shows: the largest profile that data/results holds."""
    for profile in ("full", "short"):
        if ledger.read_all(ledger.SAVED / profile):
            return f"Profile `{profile}`.\n\n{table(ledger.SAVED / profile)}"
    raise CourseError(f"{ledger.SAVED} holds no results: run the course and call `course report --save`.")


def minutes(profile: str) -> dict[str, float]:
    """Notebook number -> minutes that it took in the saved run of a profile."""
    if not (ledger.SAVED / profile / "seconds.json").is_file():
        return {}
    return {number: seconds / 60 for number, seconds in ledger.read("seconds", ledger.SAVED / profile).items()}


def _show_minutes() -> Iterator[Path]:
    """Fill the rows `| run, PROFILE | ... |` of the notebooks' first cells; yields the files that changed."""
    known = {profile: minutes(profile) for profile in profiles.PROFILES}
    for notebook in catalog.load(paths.NOTEBOOKS):
        content = nbformat.read(notebook.path, as_version=4)
        before = content.cells[0].source
        for profile in known:
            if (took := known[profile].get(notebook.number)) is not None:
                row = f"| run, {profile} | {_in_words(took)} |"
                content.cells[0].source = re.sub(rf"^\| run, {profile} \|.*$", row, content.cells[0].source, flags=re.M)
        if content.cells[0].source != before:
            write_atomically(notebook.path, (nbformat.writes(content) + "\n").encode())
            yield notebook.path


def _in_words(took: float) -> str:
    if took < 1:
        return "less than a minute"
    return "1 minute" if round(took) == 1 else f"{round(took)} minutes"
