"""Results as tables: on the terminal after a run, and in README from what data/results holds."""

from collections.abc import Iterator
from pathlib import Path

from course_lib import paths
from course_lib.course import catalog, ledger
from course_lib.errors import CourseError

README = paths.REPO / "README.md"


def table(results: Path) -> str:
    """Every scored retriever and every training of a run, side by side."""
    rows = ledger.read_all(results)
    if not rows:
        raise CourseError(f"{results} holds no results: run `course run` first.")
    lines = [f"| {' | '.join(head)} |" for head in (("task", "retriever", "nDCG@10 [95 %]"), ("---", "---", "---"))]
    lines += [f"| {task} | {name} | {shown} |" for task, name, shown in scores(rows)]
    lines += ["", "| training | encoder | steps | mean loss, first 500 | on the card |", "|---|---|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in trainings(rows)]
    return "\n".join(lines)


def scores(rows: dict[str, dict]) -> Iterator[tuple[str, str, str]]:
    """(task, retriever, interval): later notebooks replace what earlier ones said of the same pair."""
    found: dict[tuple[str, str], str] = {}
    for result in rows.values():
        for row in result.get("scores", []):
            found[row["task"], row["retriever"]] = f"{row['mean']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
    yield from ((task, name, shown) for (task, name), shown in sorted(found.items()))


def trainings(rows: dict[str, dict]) -> Iterator[tuple[str, ...]]:
    for result in rows.values():
        for run in result.get("trainings", []):
            steps = f"{run['steps']} of {run['planned_steps']}"
            loss = f"{run['mean_loss_first_500']:.4f}"
            yield run["recipe"], run["encoder"], steps, loss, f"{run['card_loss']:.4f}"


def update_pages() -> list[Path]:
    """Write the saved results into README and the run minutes into the notebooks' first cells; returns the files."""
    text = README.read_text(encoding="utf-8")
    before, start, rest = text.partition(ledger.README_START)
    _, end, after = rest.partition(ledger.README_END)
    if not start or not end:
        raise CourseError(f"{README}: the two comments that mark the results are missing; restore them.")
    README.write_text(f"{before}{start}\n\n{saved_table()}\n\n{end}{after}", encoding="utf-8")
    return [README]


def saved_table() -> str:
    """What README shows: the largest profile that data/results holds."""
    for profile in ("full", "short"):
        if ledger.read_all(ledger.SAVED / profile):
            return f"Profile `{profile}`.\n\n{table(ledger.SAVED / profile)}"
    raise CourseError(f"{ledger.SAVED} holds no results: run the course and call `course report --save`.")


def minutes(profile: str) -> dict[str, float]:
    """Notebook number -> minutes that it took in the saved run of a profile."""
    file = ledger.SAVED / profile / "seconds.json"
    if not file.is_file():
        return {}
    known = ledger.read("seconds", ledger.SAVED / profile)
    return {n.number: known[n.number] / 60 for n in catalog.load() if n.number in known}
