"""The `course` command. Heavy imports wait until a command needs them."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from course_lib.course import measuring
from course_lib.errors import CourseError

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is loaded

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Run the course, check the machine, show results.")
app.add_typer(measuring.app, name="bench")
Numbers = Annotated[list[str] | None, typer.Argument(help="Notebook numbers, with what they need; none means all.")]
ProfileName = Annotated[str, typer.Option("--profile", help="smoke, short or full")]
ModelName = Annotated[str, typer.Argument(help="minilm, mpnet, a model's folder, or a name on the hub.")]
TaskNames = Annotated[
    list[str] | None,
    typer.Option("--task", help="A task's name, may be repeated; none means all."),
]
Output = Annotated[Path | None, typer.Option("--output", help="Folder for what a run makes (build).")]


@app.command("list")
def list_notebooks() -> None:
    """The notebooks in order, with what each needs."""
    from course_lib.course import catalog

    for n in catalog.load():
        typer.echo(f"{n.number}  {n.title}" + (f"  (needs {', '.join(n.needs)})" if n.needs else ""))


@app.command()
def run(
    numbers: Numbers = None,
    profile: ProfileName = "short",
    output: Output = None,
    resume: Annotated[bool, typer.Option("--resume", help="Keep notebooks that are done and unchanged.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Notebooks at a time.")] = 1,
) -> None:
    """Execute notebooks, and say of each whether it ran to its end."""
    from course_lib import paths, profiles
    from course_lib.course import catalog, runner

    profiles.load(profile)
    if output:
        os.environ["COURSE_OUTPUT"] = str(output.resolve())
    chosen = catalog.select(catalog.load(), numbers or [])
    typer.echo(f"{len(chosen)} notebooks, profile {profile}, into {paths.outputs(profile)}")
    failed = False
    for outcome in runner.run(chosen, profile, resume, jobs):
        name = outcome.notebook.path.stem
        if outcome.state in ("ok", "kept"):
            typer.echo(f"[OK]   {name}  " + (f"{outcome.seconds:.0f} s" if outcome.state == "ok" else "kept"))
        else:
            failed = True
            typer.echo(f"[FAIL] {name} {outcome.state}: {outcome.reason}", err=True)
            if outcome.executed.exists():
                typer.echo(f"       the partial notebook: {outcome.executed}", err=True)
    typer.echo(f"Executed notebooks: {paths.outputs(profile) / 'executed'}")
    if failed:
        raise typer.Exit(1)


@app.command()
def report(
    profile: ProfileName = "short",
    output: Output = None,
    save: Annotated[bool, typer.Option("--save", help="Copy results to data/results, update the pages.")] = False,
) -> None:
    """A table of the results of a run."""
    from course_lib import paths, profiles
    from course_lib.course import ledger, reports

    profiles.load(profile)
    if output:
        os.environ["COURSE_OUTPUT"] = str(output.resolve())
    typer.echo(reports.table(paths.outputs(profile) / "results"))
    typer.echo(f"Executed notebooks: {paths.outputs(profile) / 'executed'}")
    if save:
        from course_lib.data import datasheet

        for file in [*ledger.save(profile), *reports.update_pages(), datasheet.write()]:
            typer.echo(f"wrote {file}")


@app.command()
def train(
    name: Annotated[str, typer.Argument(metavar="RECIPE", help="For example minilm-as-printed.")],
    profile: ProfileName = "short",
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Of the batches and of dropout.")] = 42,
    output: Output = None,
    nproc: Annotated[int, typer.Option("--nproc", min=1, help="Processes that share each batch.")] = 1,
) -> None:
    """Train a recipe on the dataset of its encoder; an interrupted training goes on from its last checkpoint."""
    from course_lib import encoders, profiles
    from course_lib.training import recipes

    if name not in recipes.RECIPES:
        raise CourseError(f"There is no recipe {name!r}: choose one of {', '.join(recipes.RECIPES)}.")
    recipe, amount = recipes.RECIPES[name], profiles.load(profile)
    if output:
        os.environ["COURSE_OUTPUT"] = str(output.resolve())
    from course_lib.course import trainings  # here torch is loaded, which a misspelt name need not wait for
    from course_lib.training import distributed, trainer

    dataset = trainings.dataset(recipe, amount)
    distributed.batch_size(recipe, nproc)
    if nproc > 1:
        distributed.launch(["train", name, "--profile", profile, "--seed", str(seed)], nproc)
        return
    made = trainer.train(recipe, encoders.load(recipe.encoder), dataset, amount, seed)
    if distributed.is_first():
        for key in ("encoder", "rows", "processes", "threads", "precision", "steps", "planned_steps"):
            typer.echo(f"{key:20s} {made.record[key]}")
        for key in ("resumed_from_step", "mean_loss_first_500", "seconds", "peak_memory_mb"):
            typer.echo(f"{key:20s} {made.record[key]}")
        typer.echo(f"{'folder':20s} {made.folder}")
        typer.echo(f"{'results':20s} {trainings.keep(made, trainings.judged(made, name))}")


@app.command()
def evaluate(
    model: ModelName,
    task: TaskNames = None,
    profile: ProfileName = "short",
    trained_on: Annotated[Path | None, typer.Option(help="Its training rows, .parquet: searched for leaks.")] = None,
    nanobeir: Annotated[
        bool, typer.Option("--nanobeir", help="Also thirteen tasks of other fields, from the hub.")
    ] = False,
    output: Annotated[Path | None, typer.Option(help="The .json to write; a figure stands beside it.")] = None,
) -> None:
    """Score a model on the held-out tasks of the course, with intervals."""
    from course_lib import profiles
    from course_lib.course import evaluating

    chosen = profiles.load(profile)
    file = evaluating.destination(model, chosen, output)
    training = evaluating.texts(trained_on) if trained_on else []
    found = evaluating.evaluate(evaluating.load(model), chosen, task or [], training, nanobeir)
    typer.echo(f"{found.weights}\n\n{evaluating.table(found)}")
    for written in evaluating.write(found, file):
        typer.echo(f"wrote {written}")


@app.command()
def gate(
    model: ModelName,
    against: Annotated[str, typer.Option("--against", help="The model in use.")],
    task: TaskNames = None,
    profile: ProfileName = "short",
) -> None:
    """Refuse a model that is worse than the one in use on any dev task."""
    from course_lib import profiles
    from course_lib.course import evaluating
    from course_lib.evaluation.gate import TOLERANCE, assert_no_regression

    models = evaluating.load(model), evaluating.load(against)
    verdicts, left_out = evaluating.compare(*models, profiles.load(profile), task or [])
    typer.echo("\n".join([*map(str, verdicts), *left_out]))
    assert_no_regression(verdicts)
    typer.echo(f"{model} passes: no regression of more than {TOLERANCE} nDCG@10.")


@app.command()
def card(
    encoder: Annotated[str, typer.Argument(help="minilm or mpnet")],
    profile: ProfileName = "short",
    output: Output = None,
) -> None:
    """The card of a model that the course trained, beside the published one, section by section."""
    from course_lib import profiles
    from course_lib.course import card_comparison

    profiles.load(profile)
    if output:
        os.environ["COURSE_OUTPUT"] = str(output.resolve())
    typer.echo(card_comparison.table(card_comparison.of_model(encoder, profile)))


@app.command()
def build_triplets(
    folder: Annotated[Path, typer.Argument(help="Your .md, .rst, .txt or .html files.")],
    terms: Annotated[Path, typer.Option("--terms", help="Your inventory, written like data/terms.yaml.")],
    output: Annotated[Path, typer.Option("--output", help="The file to write.")] = Path("triplets.parquet"),
) -> None:
    """Triplets of passage, term and other term from your own documents, by the rules of notebook 08."""
    from course_lib.data import documents, tables

    built = documents.build(folder, terms)
    saved = tables.save(tables.to_dataset(built.triplets), output)
    typer.echo(f"documents     {len(built.documents):>8,}")
    typer.echo(f"passages      {len(built.passages):>8,}  of 60 to 304 tokens")
    typer.echo(f"terms         {len(built.occurring):>8,}  that occur")
    typer.echo(f"strong pairs  {len(built.pairs):>8,}  of passage and term")
    typer.echo(f"triplets      {len(built.triplets):>8,}  in {saved}")


@app.command()
def check(
    contract: Annotated[bool, typer.Option("--contract", help="Only the form of every notebook.")] = False,
    data: Annotated[Path | None, typer.Option("--data", help="Only the data, in a folder laid out like data/.")] = None,
) -> None:
    """Whether the notebooks keep the contract, and the data their rules."""
    from course_lib import paths
    from course_lib.course import contract as rules

    if data or not contract:
        from course_lib.data import checks

        typer.echo("The data keep their rules: " + ", ".join(f"{n} {k}" for k, n in checks.counts(data).items()) + ".")
    if data and not contract:
        return
    if faults := rules.faults(paths.NOTEBOOKS):
        for fault in faults:
            typer.echo(fault, err=True)
        raise typer.Exit(1)
    typer.echo("Every notebook keeps the contract.")


@app.command()
def doctor() -> None:
    """Whether this machine can run the course, and what to do if not."""
    from course_lib import doctor as checks

    raise typer.Exit(checks.main())


def main() -> None:
    """Entry point: a CourseError becomes its one sentence and exit code 1."""
    try:
        app()
    except CourseError as error:
        if "TORCHELASTIC_ERROR_FILE" in os.environ:  # one of several processes: whoever started them says it once
            from torch.distributed.elastic.multiprocessing.errors import get_error_handler

            get_error_handler().record_exception(error)
        else:
            print(f"course: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":  # torchrun starts a module, not a command
    main()
