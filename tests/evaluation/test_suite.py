"""One registry: every task of the course by its name, for both splits."""

import pytest

from course_lib import profiles
from course_lib.errors import CourseError
from course_lib.evaluation import suite
from course_lib.evaluation.suite import Data

SMOKE = profiles.load("smoke")


@pytest.fixture(scope="module")
def data(concepts, corpus, inventory, heldout) -> Data:
    return Data(concepts, corpus, inventory, heldout)


def test_test_has_every_task_and_dev_all_but_those_of_terms_held_out_for_test(data):
    test, dev = (suite.build(data, split, SMOKE) for split in ("test", "dev"))
    assert list(test) == list(suite.TASKS)
    assert set(test) - set(dev) == set(suite.UNSEEN) and dev.keys() <= test.keys()
    assert {task.split for task in test.values()} == {"test"} and {task.split for task in dev.values()} == {"dev"}
    assert len({task.name for task in test.values()}) == len(test)  # names tell scores apart


def test_unseen_terms_are_those_held_out_and_asked_against_the_same_passages(data, heldout):
    whole, unseen = suite.build(data, "test", profiles.load("full"), ["term-passages", "unseen-term-passages"]).values()
    assert unseen.queries.keys() == {term for term, split in heldout.term.items() if split == "test"}
    assert unseen.queries.keys() < whole.queries.keys() and unseen.corpus == whole.corpus


def test_named_tasks_are_built_alone_and_an_unknown_name_is_refused_with_those_there_are(data):
    assert list(suite.build(data, "test", SMOKE, ["forgetting", "transfer"])) == ["forgetting", "transfer"]
    with pytest.raises(CourseError, match=r"There is no task 'x': choose from question-answers, .*-manuals\."):
        suite.build(data, "test", SMOKE, ["forgetting", "x"])
