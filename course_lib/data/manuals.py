"""Manuals of other libraries: texts of the corpus's kind that nothing is trained on. One is for choosing, on dev.

NumPy's user guide (dev); SciPy's tutorial, scikit-image's gallery and user guide, and statsmodels' guide (test): each
from its own source distribution (BSD-3-Clause), read and cut like scikit-learn's in `passages`; nothing of it is
installed, run or committed.
"""

import re
from collections.abc import Iterator
from functools import partial
from typing import Literal

from course_lib import artifacts
from course_lib.artifacts import Artifact
from course_lib.data import passages
from course_lib.data.passages import Document, Passage

SHA256 = {
    "dev": "39edf9c688fdc45b37e8604869911ce9d1848fa2ece3730c04985cae4d94e4c4",
    "test": "3eaaff9a2dccfd40c55d2d2ce1ad96eaab9359631ee75200851ef0e94fb73531",
}
PAGES: dict[str, dict[Artifact, str]] = {  # the rest is administration, lists of names, or notes on releases
    "dev": {artifacts.NUMPY: r"doc/source/user/.+\.rst"},
    "test": {
        artifacts.SCIKIT_IMAGE: r"doc/examples/(?!developers/).+/plot_\w+\.py|doc/source/user_guide/.+\.rst",
        artifacts.SCIPY: r"doc/source/tutorial/.+\.rst",
        artifacts.STATSMODELS: r"docs/source/(?!about|api|index|install)\w+\.rst",
    },
}


def load(split: Literal["dev", "test"]) -> list[Passage]:
    """The pinned passages of a split: from the cache, or built from the downloaded archives (some 20 seconds) and kept.

    Raises CourseError when those built are not the recorded ones, byte for byte.
    """
    return passages.pinned(f"manuals-{split}", SHA256[split], lambda: list(_documents(split)))


def _documents(split: str) -> Iterator[Document]:
    for artifact, pages in PAGES[split].items():
        yield from passages.read_documents(artifacts.fetch(artifact), partial(_name, artifact.name, pages))


def _name(manual: str, pages: str, member: str) -> str | None:
    """The name that a member of an archive goes by as a document: no two manuals share one."""
    return f"{manual}/{member}" if re.fullmatch(pages, member) else None
