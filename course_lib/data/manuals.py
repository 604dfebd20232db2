"""Manuals of other libraries: texts of the corpus's kind that nothing is trained on and no recipe was chosen by.

SciPy's tutorial, scikit-image's gallery and user guide, statsmodels' guide, each from its own source distribution
(BSD-3-Clause), read and cut like scikit-learn's in `passages`; nothing of it is installed, run or committed.
"""

import re
from collections.abc import Iterator
from functools import partial

from course_lib import artifacts
from course_lib.artifacts import Artifact
from course_lib.data import passages
from course_lib.data.passages import Document, Passage

SHA256 = "3eaaff9a2dccfd40c55d2d2ce1ad96eaab9359631ee75200851ef0e94fb73531"
PAGES: dict[Artifact, str] = {  # the files of prose; the rest is administration, lists of names, or notes on releases
    artifacts.SCIKIT_IMAGE: r"doc/examples/(?!developers/).+/plot_\w+\.py|doc/source/user_guide/.+\.rst",
    artifacts.SCIPY: r"doc/source/tutorial/.+\.rst",
    artifacts.STATSMODELS: r"docs/source/(?!about|api|index|install)\w+\.rst",
}


def load() -> list[Passage]:
    """The pinned passages: from the cache, or built from the three downloaded archives (some 20 seconds) and kept.

    Raises CourseError when those built are not the recorded ones, byte for byte.
    """
    return passages.pinned("manuals", SHA256, lambda: list(_documents()))


def _documents() -> Iterator[Document]:
    for artifact in PAGES:
        yield from passages.read_documents(artifacts.fetch(artifact), partial(_name, artifact))


def _name(artifact: Artifact, member: str) -> str | None:
    """The name that a member of the archive goes by as a document: no two manuals share one."""
    return f"{artifact.name}/{member}" if re.fullmatch(PAGES[artifact], member) else None
