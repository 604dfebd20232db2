"""NanoBEIR is scored by the library, from the hub; a stand-in folder of the hub's layout takes its place here."""

import datasets
import pytest
from datasets import Dataset

from course_lib import encoders
from course_lib.errors import CourseError
from course_lib.evaluation import nanobeir

TEXTS = {"d1": "A cat sleeps on the sofa.", "d2": "The stock market fell sharply.", "d3": "Rain is expected tonight."}
ASKED = {"q1": "a pet at rest", "q2": "falling share prices"}
PARTS = {
    "corpus": [{"_id": key, "text": text} for key, text in TEXTS.items()],
    "queries": [{"_id": key, "text": text} for key, text in ASKED.items()],
    "qrels": [{"query-id": "q1", "corpus-id": "d1"}, {"query-id": "q2", "corpus-id": "d2"}],
}


def test_a_dataset_is_scored_in_ndcg_at_10(tmp_path, monkeypatch):
    for part, rows in PARTS.items():
        Dataset.from_list(rows).to_parquet(str(tmp_path / part / "NanoSciFact-0.parquet"))
    configs = "\n".join(
        f"- config_name: {part}\n  data_files:\n  - split: NanoSciFact\n    path: {part}/NanoSciFact-*"
        for part in PARTS
    )
    (tmp_path / "README.md").write_text(f"---\nconfigs:\n{configs}\n---\n")
    monkeypatch.setattr(nanobeir, "HUB_NAME", str(tmp_path))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    model = encoders.load("minilm", device="cpu").model
    monkeypatch.setattr(model, "similarity_fn_name", "dot")  # as some models on the hub have it
    assert nanobeir.scores(model, ["scifact"]) == {"NanoSciFact": 1.0, "NanoBEIR_mean": 1.0}


def test_without_the_hub_it_ends_in_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(nanobeir, "HUB_NAME", str(tmp_path / "nothing"))
    with pytest.raises(CourseError, match=r"NanoBEIR cannot be read .*: go online, or leave --nanobeir out\."):
        nanobeir.scores(None, ["scifact"])
