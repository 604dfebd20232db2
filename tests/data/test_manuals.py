"""What `course_lib.data.manuals` promises: prose of other libraries, the same bytes everywhere."""

import pytest

from course_lib import artifacts
from course_lib.data import manuals, passages


def test_the_archives_give_the_recorded_bytes(monkeypatch, tmp_path):
    archives = {artifact: artifacts.fetch(artifact) for artifact in manuals.PAGES}
    tokenizer = passages.tokenizer()
    monkeypatch.setattr(passages, "tokenizer", lambda: tokenizer)
    monkeypatch.setattr(artifacts, "fetch", archives.get)
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    assert manuals.load() == manuals.load()  # the second time from the cache
    assert [file.name for file in (tmp_path / "corpus").iterdir()] == [f"manuals-{manuals.SHA256[:12]}.jsonl"]


@pytest.mark.parametrize(
    ("artifact", "member", "kept"),
    [
        (artifacts.SCIPY, "doc/source/tutorial/stats/resampling.rst", True),
        (artifacts.SCIPY, "doc/source/release/1.17.0-notes.rst", False),
        (artifacts.SCIKIT_IMAGE, "doc/examples/filters/plot_entropy.py", True),
        (artifacts.SCIKIT_IMAGE, "doc/source/user_guide/video.rst", True),
        (artifacts.SCIKIT_IMAGE, "doc/examples/developers/plot_threshold_li.py", False),
        (artifacts.SCIKIT_IMAGE, "doc/source/release_notes/release_0.26.rst", False),
        (artifacts.STATSMODELS, "docs/source/gmm.rst", True),
        (artifacts.STATSMODELS, "docs/source/install.rst", False),
        (artifacts.STATSMODELS, "docs/source/release/version0.14.rst", False),
    ],
)
def test_guides_and_galleries_are_prose_and_the_rest_is_not(artifact, member, kept):
    assert (manuals._name(artifact, member) == f"{artifact.name}/{member}") == kept
