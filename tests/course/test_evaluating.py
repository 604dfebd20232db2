"""Any SentenceTransformer can be scored and compared; what cannot is refused in one sentence before any work."""

import copy
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense

from course_lib import cli, encoders, paths, profiles
from course_lib.course import evaluating
from course_lib.data import splits, tables
from course_lib.errors import CourseError
from course_lib.evaluation import gate, readings, suite
from course_lib.evaluation.metrics import METRICS

SMOKE = profiles.load("smoke")
FEW = ["scenario-answers", "forgetting"]


@pytest.fixture(scope="module")
def data(concepts, corpus, inventory, heldout) -> suite.Data:
    return suite.Data(concepts, corpus, inventory, heldout)


@pytest.fixture(autouse=True)
def own_folder(read_once, monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_OUTPUT", str(tmp_path / "build"))


@pytest.fixture(scope="module")
def base() -> evaluating.Model:
    return evaluating.load("minilm")


@pytest.fixture(scope="module")
def worse(base, tmp_path_factory) -> Path:
    """A model folder like any other, but the weights of two layers are shuffled."""
    model, chance = copy.deepcopy(base.encoder), torch.Generator().manual_seed(0)
    with torch.no_grad():
        for layer in model[0].auto_model.encoder.layer[2:4]:
            for weights in layer.parameters():
                weights.copy_(weights.flatten()[torch.randperm(weights.numel(), generator=chance)].view_as(weights))
    folder = tmp_path_factory.mktemp("models") / "worse"
    model.save_pretrained(str(folder))
    return folder


def test_every_task_is_scored_or_left_out_and_the_test_split_is_read_once_for_each(base, tiny, data):
    few = replace(SMOKE, concepts=2)
    found = evaluating.evaluate(replace(base, encoder=tiny.model), few)
    tasks = {task.name: task for task in suite.build(data, "test", few).values()}
    scored = [row["task"] for row in found.rows]
    assert len(scored) + len(found.left_out) == len(tasks) and len(set(scored)) == len(scored)
    assert {name for name in tasks if name not in scored} == {"passage -> terms (raw)", "passage -> terms (masked)"}
    assert all(
        "left out: Task 'passage" in sentence and "read the first 128" in sentence for sentence in found.left_out
    )
    for row in found.rows:
        assert row["low"] <= row["mean"] <= row["high"] and row["metrics"].keys() == METRICS.keys()
        assert row["fingerprint"] == tasks[row["task"]].fingerprint
        assert readings.of(tasks[row["task"]]) == {"minilm": 1}
    assert len(readings.ledger().read_text().splitlines()) == len(scored)


def test_scores_are_written_as_json_and_as_a_figure_and_shown_as_a_table(base, tmp_path):
    found = evaluating.evaluate(base, SMOKE, ["forgetting"])
    file = evaluating.destination("minilm", SMOKE, None)
    assert file == tmp_path / "build" / "smoke" / "evaluations" / "minilm.json"
    assert evaluating.write(found, file) == [file, file.with_suffix(".png")]
    kept = json.loads(file.read_text())
    assert kept["rows"] == found.rows and encoders.MINILM_L6.sha256 in kept["weights"]
    assert kept["split"] == "test" and kept["python"].count(".") == 2
    assert file.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    head, line, _, looks = evaluating.table(found).splitlines()
    assert looks == "models scored on these test tasks so far, this one included: 1"
    assert evaluating.evaluate(replace(base, name="another"), SMOKE, ["forgetting"]).models_scored == 2
    assert all(name in head for name in METRICS)
    assert line.startswith("first sentence -> Python topic") and f"{found.rows[0]['mean']:.3f} [" in line


def test_a_file_of_another_kind_is_refused_before_any_work():
    with pytest.raises(CourseError, match=r"scores\.csv does not end in \.json"):
        evaluating.destination("minilm", SMOKE, Path("scores.csv"))


def test_a_saved_model_scores_as_it_did_before_it_was_saved(base, tmp_path):
    base.encoder.save_pretrained(str(tmp_path / "copy"))
    saved = evaluating.load(str(tmp_path / "copy"))
    verdicts, _ = evaluating.compare(saved, base, SMOKE, ["forgetting"])
    assert [v.difference.mean for v in verdicts] == [0.0]
    gate.assert_no_regression(verdicts)


def test_a_planted_worse_model_is_refused_and_no_test_split_is_read_for_it(worse, base):
    verdicts, left_out = evaluating.compare(evaluating.load(str(worse)), base, SMOKE, FEW)
    assert len(verdicts) == len(FEW) and left_out == [] and not readings.ledger().exists()
    with pytest.raises(CourseError, match=rf"{worse} is refused: -0\.\d+ \[-0\.\d+, -0\.\d+\] nDCG@10 on '.*' against"):
        gate.assert_no_regression(verdicts)


def test_weights_are_named_to_the_last_file_of_them(tiny, tmp_path):
    named = []
    for change in (0.0, 1.0):
        model = SentenceTransformer(modules=[*copy.deepcopy(tiny.model), Dense(32, 8)], device="cpu")
        with torch.no_grad():
            model[-1].linear.weight.fill_(0.5)
            model[-1].linear.bias.zero_()
            model[0].auto_model.embeddings.LayerNorm.bias.add_(change)
        model.save_pretrained(str(tmp_path / "model"))
        named.append(evaluating.load(str(tmp_path / "model")).weights)
    assert named[0] != named[1] and all(len(weights.split()) == 4 for weights in named)  # name, SHA-256, two files


def test_a_model_trained_on_what_it_is_asked_is_refused(base, data, tmp_path):
    concept = data.heldout.concepts(data.concepts, "test")[0]
    rows = {"sentence_0": ["What else?"], "sentence_1": ["Something else altogether."]}
    file = tables.save(Dataset.from_dict(rows), tmp_path / "fair.parquet")
    evaluating.evaluate(base, SMOKE, ["forgetting"], evaluating.texts(file))
    labelled = tables.save(Dataset.from_dict(rows | {"label": [1]}), tmp_path / "labelled.parquet")
    assert evaluating.texts(labelled) == evaluating.texts(file)
    numbers = tables.save(Dataset.from_dict({"label": [1]}), tmp_path / "numbers.parquet")
    with pytest.raises(CourseError, match=r"numbers\.parquet holds no column of text: name the file of the rows"):
        evaluating.texts(numbers)
    leaked = {"sentence_0": [concept.scenarios[0].question], "sentence_1": [concept.answers[0]]}
    file = tables.save(Dataset.from_dict(leaked), tmp_path / "leaked.parquet")
    with pytest.raises(splits.LeakageError, match=f"query '{concept.name}/scenario 1' stands in the training texts"):
        evaluating.evaluate(base, SMOKE, ["scenario-answers"], evaluating.texts(file))


def test_a_task_that_is_asked_for_and_does_not_fit_is_refused(base):
    with pytest.raises(CourseError, match="the model would silently read the first 128; shorten it"):
        evaluating.evaluate(base, SMOKE, ["forgetting", "passage-terms"])
    assert not readings.ledger().exists()


def test_a_model_that_can_read_no_query_to_its_end_is_refused(base):
    short = copy.deepcopy(base.encoder)
    short.max_seq_length = 2
    with pytest.raises(CourseError, match="the model would silently read the first 2; shorten it"):
        evaluating.evaluate(replace(base, encoder=short), replace(SMOKE, concepts=1))


def test_a_name_that_is_nothing_is_refused(monkeypatch):
    with pytest.raises(CourseError, match=r"^'bert' is no folder, no encoder of the course \(minilm, mpnet\) and no "):
        evaluating.load("bert")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(CourseError, match="'nobody/nothing' is no folder here, and the hub does not give it"):
        evaluating.load("nobody/nothing")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: shutil.rmtree(folder) or folder.mkdir(), "it has no weights as safetensors"),
        (lambda folder: (folder / "model.safetensors").rename(folder / "model.bin"), "no weights as safetensors"),
        (lambda folder: (folder / "modules.json").unlink(), "it has no modules.json"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"cut"), "cannot be loaded"),
    ],
    ids=["empty", "no safetensors", "no SentenceTransformer", "damaged"],
)
def test_a_folder_that_is_no_model_is_refused(tmp_path, spoil, words):
    folder = shutil.copytree(paths.cache() / "encoders" / encoders.MINILM_L6.folder, tmp_path / "model")
    spoil(folder)
    with pytest.raises(CourseError, match=words) as error:
        evaluating.load(str(folder))
    assert "\n" not in str(error.value)


def test_a_diverged_model_is_refused(base):
    broken = copy.deepcopy(base.encoder)
    with torch.no_grad():
        next(broken.parameters()).fill_(float("nan"))
    with pytest.raises(CourseError, match=r"NaN or infinite .*: its training diverged"):
        evaluating.evaluate(evaluating.Model("broken", broken, ""), SMOKE, ["forgetting"])
    assert not readings.ledger().exists()


def command(monkeypatch, capsys, *arguments: str) -> tuple[int, str, str]:
    """Exit code and both streams of the `course` command."""
    monkeypatch.setattr("sys.argv", ["course", *arguments, "--profile", "smoke"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    printed = capsys.readouterr()
    return stop.value.code, printed.out, printed.err


def test_the_command_prints_the_table_and_says_what_it_wrote(monkeypatch, capsys, tmp_path):
    file = tmp_path / "scores.json"
    code, out, _ = command(monkeypatch, capsys, "evaluate", "minilm", "--task", "forgetting", "--output", str(file))
    assert code == 0 and "\nfirst sentence -> Python topic  0." in out
    assert out.splitlines()[-2:] == [f"wrote {file}", f"wrote {file.with_suffix('.png')}"] and file.is_file()


def test_the_gate_ends_in_exit_code_1_and_one_sentence_for_a_worse_model(monkeypatch, capsys, worse):
    task = ["--task", "scenario-answers"]
    code, out, err = command(monkeypatch, capsys, "gate", str(worse), "--against", "minilm", *task)
    assert code == 1 and out.startswith("REGRESSION: ") and len(out.splitlines()) == 1
    (sentence,) = err.splitlines()
    assert sentence.startswith(f"course: {worse} is refused: -0.")
    assert "nDCG@10 on 'scenario -> answers' against minilm" in sentence
    code, out, err = command(monkeypatch, capsys, "gate", "minilm", "--against", str(worse), "--task", "forgetting")
    assert (code, err) == (0, "") and out.endswith("minilm passes: no regression of more than 0.01 nDCG@10.\n")
