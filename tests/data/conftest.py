"""The real pairs of passage and term and the triplets, built once for all tests of this folder."""

import pytest

from course_lib.data import splits, triplets
from course_lib.data.passages import Passage
from course_lib.data.splits import Heldout
from course_lib.data.terms import Matcher, Term
from course_lib.data.triplets import StrongPair, Triplet


@pytest.fixture(scope="session")
def by_name(inventory: list[Term]) -> dict[str, Term]:
    return {term.name: term for term in inventory}


@pytest.fixture(scope="session")
def matcher(inventory: list[Term]) -> Matcher:
    return Matcher(inventory)


@pytest.fixture(scope="session")
def strong(corpus: list[Passage], inventory: list[Term]) -> list[StrongPair]:
    return triplets.strong_pairs(corpus, inventory)


@pytest.fixture(scope="session")
def training(strong: list[StrongPair], heldout: Heldout) -> list[StrongPair]:
    return splits.training_strong_pairs(strong, heldout)


@pytest.fixture(scope="session")
def rows(training: list[StrongPair], inventory: list[Term], heldout: Heldout) -> list[Triplet]:
    """The 3,552 triplets of the course."""
    return triplets.build(training, inventory, seed=42, withheld=heldout.term)
