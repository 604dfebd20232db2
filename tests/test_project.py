"""What holds the repository together: dependencies, directions of imports, sizes, and commands that agree."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from course_lib import paths

PYPROJECT = (paths.REPO / "pyproject.toml").read_text(encoding="utf-8")
PROJECT = tomllib.loads(PYPROJECT)["project"]
COURSE, TESTING = PROJECT["dependencies"], PROJECT["optional-dependencies"]["test"]
LOCK = [Requirement(line) for line in paths.LOCK.read_text(encoding="utf-8").splitlines()]
WORKFLOW = (paths.REPO / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8")
MODULES = {
    file.relative_to(paths.REPO).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__"): file
    for file in sorted((paths.REPO / "course_lib").rglob("*.py"))
}
FOUNDATION = {
    "artifacts",
    "blocks",
    "encoders",
    "errors",
    "files",
    "paths",
    "precision",
    "profiles",
    "models",
    "speedups",
}


def recipe(target: str) -> list[str]:
    """The commands of one target of the Makefile, with the Python of the environment as `python`."""
    makefile = (paths.REPO / "Makefile").read_text(encoding="utf-8")
    lines = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", makefile, re.M)[1].splitlines()
    return [line.strip().replace("$(BIN)/", "").replace("$(PYTHON)", "python") for line in lines]


# --- dependencies


def locked(name: str) -> list[Requirement]:
    return [pin for pin in LOCK if canonicalize_name(pin.name) == canonicalize_name(name)]


@pytest.mark.parametrize("dependency", [*COURSE, *TESTING])
def test_every_dependency_is_in_the_lock_within_its_range(dependency):
    wanted = Requirement(dependency)
    pins = locked(wanted.name)
    assert pins, f"{wanted.name} is not in requirements.lock; call `make lock`"
    for pin in pins:
        (exact,) = pin.specifier
        assert exact.operator == "==" and wanted.specifier.contains(exact.version)


@pytest.mark.parametrize("version", ["3.11.0", "3.11.7", "3.12.4", "3.13.1"])
@pytest.mark.parametrize("platform, machine", [("linux", "x86_64"), ("darwin", "arm64"), ("win32", "AMD64")])
def test_on_every_system_the_lock_pins_each_package_at_most_once_and_each_dependency_once(version, platform, machine):
    system = {"python_full_version": version, "python_version": version.rpartition(".")[0]}
    system |= {"os_name": "nt" if platform == "win32" else "posix", "sys_platform": platform}
    system |= {"platform_machine": machine}
    here = [canonicalize_name(pin.name) for pin in LOCK if pin.marker is None or pin.marker.evaluate(system)]
    assert len(here) == len(set(here))
    assert {canonicalize_name(Requirement(line).name) for line in [*COURSE, *TESTING]} <= set(here)


def test_the_lock_leaves_cuda_to_the_torch_that_a_machine_can_use():
    assert [pin.name for pin in LOCK if re.match(r"nvidia|cuda|cupy|triton", pin.name)] == []


def test_every_line_of_the_list_says_which_chapter_or_which_make_target_needs_it():
    lines = re.findall(r'^  "[^"]+",.*$', PYPROJECT, re.M)
    assert len(lines) == len(COURSE) + len(TESTING)
    targets = re.findall(r"^(\w+):", (paths.REPO / "Makefile").read_text(encoding="utf-8"), re.M)
    for line in lines:
        who = re.search(r"# (every chapter|\d\d(?:, \d\d)*|make (\w+))(?:: \S|$)", line)
        assert who, line
        assert who[2] is None or who[2] in targets
        assert all(int(number) <= 13 for number in re.findall(r"\b\d\d\b", who[1]))


def imported(file: Path) -> set[str]:
    """Full names of all that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def third_party(files: list[Path]) -> set[str]:
    """The distributions whose modules they import."""
    distributions = packages_distributions()
    tops = {name.split(".")[0] for file in files for name in imported(file)} - sys.stdlib_module_names
    return {canonicalize_name(distributions[top][0]) for top in tops - {"course_lib"}}


def test_all_that_the_library_and_the_tests_import_is_in_the_list():
    course = {canonicalize_name(Requirement(line).name) for line in COURSE}
    testing = {canonicalize_name(Requirement(line).name) for line in TESTING}
    assert third_party(list(MODULES.values())) - course == set()
    assert third_party(list((paths.REPO / "tests").rglob("*.py"))) - course - testing == set()


def test_every_package_of_the_library_is_installed():
    listed = tomllib.loads(PYPROJECT)["tool"]["setuptools"]["packages"]
    assert sorted(listed) == [name for name, file in MODULES.items() if file.name == "__init__.py"]


def test_conda_gets_a_python_that_is_new_enough_pip_the_lock_and_the_library():
    *packages, pip = yaml.safe_load((paths.REPO / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    python = next(Requirement(name.replace("=", "==")) for name in packages if name.startswith("python="))
    (pinned,) = python.specifier
    assert SpecifierSet(PROJECT["requires-python"]).contains(pinned.version)
    assert "pip" in packages and pip == {"pip": ["-r requirements.lock", "-e ."]}


def test_pip_can_read_what_conda_hands_it(tmp_path):
    """conda writes the items of its pip section into one requirements file beside environment.yml."""
    lines = yaml.safe_load((paths.REPO / "environment.yml").read_text(encoding="utf-8"))["dependencies"][-1]["pip"]
    (tmp_path / "requirements.lock").write_text("")
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'course-lib'\nversion = '1'\n")
    (tmp_path / "conda.requirements.txt").write_text("\n".join(lines))
    code = (
        "from pip._internal.network.session import PipSession as S\n"
        "from pip._internal.req.req_file import parse_requirements as parse\n"
        "print([r.requirement for r in parse('conda.requirements.txt', session=S()) if r.is_editable])"
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert answer.stdout.strip() == "['.']", answer.stderr


# --- the library


def our_imports(module: str) -> set[str]:
    """Which of our modules it imports, a name taken from a module counted as that module."""
    names = {name for name in imported(MODULES[module]) if name.startswith("course_lib.")}
    return {name if name in MODULES else name.rpartition(".")[0] for name in names} - {"course_lib"}


def part(module: str) -> str:
    """course_lib.data.qa -> data; course_lib.paths -> paths."""
    return module.partition(".")[2].partition(".")[0] or module


MAY_IMPORT = {name: FOUNDATION for name in FOUNDATION}
MAY_IMPORT |= {"doctor": FOUNDATION, "install": {"paths"}, "plots": {"plots"}, "course_lib": set()}
MAY_IMPORT |= {"data": FOUNDATION | {"data"}}
MAY_IMPORT |= {name: FOUNDATION | {"data", name} for name in ("training", "evaluation")}


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_one_way(module):
    if (own := part(module)) in ("course", "cli"):
        allowed = {part(name) for name in MODULES} - {"plots"}
        if module == "course_lib.course.evaluating":  # the command that writes a figure to a file
            allowed |= {"plots"}
    else:
        assert own in MAY_IMPORT, f"{own} has no place in the order of imports: give it one here"
        allowed = MAY_IMPORT[own]
    assert {part(name) for name in our_imports(module)} <= allowed


@pytest.mark.parametrize("module", MODULES)
def test_a_module_reads_in_one_sitting(module):
    assert len(MODULES[module].read_text(encoding="utf-8").splitlines()) <= 250


@pytest.mark.parametrize("module", [name for name in MODULES if part(name) != "course"])
def test_outside_course_the_library_knows_no_notebook_by_name(module):
    assert re.findall(r"\b\d\d_[a-z]\w*", MODULES[module].read_text(encoding="utf-8")) == []


def texts() -> list[Path]:
    """All that we wrote, down from the repository's root."""
    kinds = {".py", ".md", ".ipynb", ".toml", ".yml", ".yaml", ".lock", ".jsonl", ".json", ".txt", ""}
    made = {".venv", "build", ".git", "__pycache__", ".ruff_cache", ".pytest_cache", ".ipynb_checkpoints"}
    made |= {".course-cache", "course_lib.egg-info"}
    top = [entry for entry in paths.REPO.iterdir() if entry.name not in made]
    files = [file for entry in top for file in (entry.rglob("*") if entry.is_dir() else [entry])]
    return [file for file in files if file.is_file() and file.suffix in kinds and not made.intersection(file.parts)]


def test_no_text_of_ours_names_a_folder_of_somebodys_machine():
    somebodys = re.compile(r"/(?:root|work|home|Users)/\w+|\b[A-Z]:\\+Users\\", re.ASCII)
    assert paths.REPO / "Makefile" in texts() and Path(__file__) in texts()
    named = {(file.name, m[0]) for file in texts() for m in somebodys.finditer(file.read_text(encoding="utf-8"))}
    assert named == set()


# --- commands that agree


def steps(system: str) -> list[str]:
    """What the workflow runs on one system."""
    (job,) = yaml.safe_load(WORKFLOW)["jobs"].values()
    condition = {"Windows": "runner.os == 'Windows'"}.get(system, "runner.os != 'Windows'")
    return [step["run"].strip() for step in job["steps"] if "run" in step and step.get("if", condition) == condition]


def test_the_workflow_runs_on_three_systems_with_the_oldest_python_that_we_promise():
    (job,) = yaml.safe_load(WORKFLOW)["jobs"].values()
    systems = {name.partition("-")[0] for name in job["strategy"]["matrix"]["os"]}
    assert systems == {"ubuntu", "macos", "windows"} and job["runs-on"] == "${{ matrix.os }}"
    (version,) = [step["with"]["python-version"] for step in job["steps"] if "setup-python" in step.get("uses", "")]
    assert f">={version}" == PROJECT["requires-python"]
    for system in ("Linux", "macOS"):
        assert steps(system) == ["make test"]


def test_on_windows_the_workflow_runs_what_make_test_does_one_command_a_step():
    windows = [step.replace(".venv\\Scripts\\", "") for step in steps("Windows")]
    assert windows == [*recipe("setup"), *recipe("test")]  # PowerShell would go on after a command that failed


def test_readme_gives_the_same_commands_for_windows():
    readme = (paths.REPO / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"Windows.*?```\n(.*?)```", readme, re.S)[1].replace("notebooks\\0", "notebooks/0")
    lab = recipe("lab")[-1].partition(" ")[2]  # without the environment variable before it
    for command in [*recipe("course"), *recipe("test"), lab]:
        assert f".venv\\Scripts\\{command}\n" in shown
    assert shown.startswith("py -3.11 -m course_lib.install\n") and recipe("setup") == ["python -m course_lib.install"]


def test_continuous_integration_calls_make_test():
    assert (paths.REPO / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1] == "make test"
