"""What `course_lib.data.manuals` promises: prose of other libraries, the same bytes everywhere, each in one split."""

import pytest

from course_lib import artifacts
from course_lib.data import manuals, passages


@pytest.mark.parametrize("split", ["dev", "test"])
def test_the_archives_give_the_recorded_bytes(monkeypatch, tmp_path, split):
    archives = {artifact: artifacts.fetch(artifact) for artifact in manuals.PAGES[split]}
    tokenizer = passages.tokenizer()
    monkeypatch.setattr(passages, "tokenizer", lambda: tokenizer)
    monkeypatch.setattr(artifacts, "fetch", archives.get)
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    assert manuals.load(split) == manuals.load(split)  # the second time from the cache
    kept = f"manuals-{split}-{manuals.SHA256[split][:12]}.jsonl"
    assert [file.name for file in (tmp_path / "corpus").iterdir()] == [kept]


def test_no_manual_is_in_both_splits():
    assert manuals.PAGES["dev"].keys().isdisjoint(manuals.PAGES["test"])


@pytest.mark.parametrize(
    ("split", "artifact", "member", "kept"),
    [
        ("dev", artifacts.NUMPY, "doc/source/user/how-to-io.rst", True),
        ("dev", artifacts.NUMPY, "doc/source/release/2.4.0-notes.rst", False),
        ("test", artifacts.SCIPY, "doc/source/tutorial/stats/resampling.rst", True),
        ("test", artifacts.SCIPY, "doc/source/release/1.17.0-notes.rst", False),
        ("test", artifacts.SCIKIT_IMAGE, "doc/examples/filters/plot_entropy.py", True),
        ("test", artifacts.SCIKIT_IMAGE, "doc/source/user_guide/video.rst", True),
        ("test", artifacts.SCIKIT_IMAGE, "doc/examples/developers/plot_threshold_li.py", False),
        ("test", artifacts.SCIKIT_IMAGE, "doc/source/release_notes/release_0.26.rst", False),
        ("test", artifacts.STATSMODELS, "docs/source/gmm.rst", True),
        ("test", artifacts.STATSMODELS, "docs/source/install.rst", False),
        ("test", artifacts.STATSMODELS, "docs/source/release/version0.14.rst", False),
    ],
)
def test_guides_and_galleries_are_prose_and_the_rest_is_not(split, artifact, member, kept):
    name = manuals._name(artifact.name, manuals.PAGES[split][artifact], member)
    assert name == (f"{artifact.name}/{member}" if kept else None)
