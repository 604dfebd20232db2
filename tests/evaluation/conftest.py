"""What the tests of evaluation share: the real data, read once, and a task of a few words."""

import pytest

from course_lib.evaluation.tasks import RetrievalTask


@pytest.fixture(scope="session", autouse=True)
def _output(tmp_path_factory):
    """Looks at the test split are written down: not in the reader's own folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_OUTPUT", str(tmp_path_factory.mktemp("build")))
        yield


def a_task(corpus: dict[str, str], queries: dict[str, str], right: dict[str, str] | None = None) -> RetrievalTask:
    """Each query is a group of its own; the first document is right unless `right` says otherwise."""
    qrels = {query: frozenset([(right or {}).get(query, next(iter(corpus)))]) for query in queries}
    return RetrievalTask("a few words", queries, corpus, qrels, {query: query for query in queries})


@pytest.fixture
def small_task():
    return a_task
