"""Runs broken on purpose: one fault each, everything else as in a healthy run."""

from dataclasses import dataclass, replace

import numpy as np
from datasets import Dataset

from course_lib.errors import CourseError
from course_lib.training.diagnosis import Fault
from course_lib.training.recipes import MINILM_AS_PRINTED, Recipe

EPOCHS = 30  # so that the smallest of the datasets lasts for a short run
COPIES = 8
REACHABLE_MARGIN = 0.5  # some triplets are finished at it before the training, some are not
TRUNCATED = 8  # tokens, of which two are the tokenizer's marks


@dataclass(frozen=True)
class Case:
    """A training to be: `fault` is None for a healthy one, `max_seq_length` the limit that its encoder reads with."""

    recipe: Recipe
    dataset: Dataset
    max_seq_length: int
    fault: Fault | None = None


def healthy(pairs: Dataset, max_seq_length: int, seed: int) -> dict[str, Case]:
    """Pairs with in-batch negatives, and triplets made of the same pairs with a margin that can be reached."""
    recipe = replace(MINILM_AS_PRINTED, name="healthy-pairs", epochs=EPOCHS, alike_lengths=False)  # copies are alike
    other = replace(recipe, name="healthy-triplets", loss="TripletLoss", margin=REACHABLE_MARGIN)
    return {
        "pairs": Case(recipe, pairs, max_seq_length),
        "triplets": Case(other, triplets(pairs, seed), max_seq_length),
    }


def cases(pairs: Dataset, heldout: Dataset, max_seq_length: int, seed: int) -> dict[str, Case]:
    """The seven faults that leave a loss curve, by letter; `heldout` holds pairs that a later test asks about.

    Raises CourseError when all pairs have one anchor.
    """
    good = healthy(pairs, max_seq_length, seed)
    pair, triplet = good["pairs"], good["triplets"]
    rng = np.random.default_rng(seed)
    anchor, positive, negative = triplet.dataset.column_names
    shuffled = list(rng.permutation(pairs[positive]))
    few = rng.permutation(len(pairs))[: max(2, len(pairs) // COPIES // COPIES)]
    rate = pair.recipe.learning_rate * 100
    made = {
        "A": replace(
            triplet, dataset=triplet.dataset.select_columns([anchor, negative, positive]), fault="columns swapped"
        ),
        "B": replace(pair, dataset=pairs.select(np.tile(few, COPIES)), fault="duplicates kept"),
        "C": replace(pair, recipe=replace(pair.recipe, learning_rate=rate), fault="learning rate too high"),
        "D": replace(pair, dataset=heldout, fault="train = test"),
        "E": replace(triplet, recipe=replace(triplet.recipe, margin=5.0), fault="margin out of reach"),
        "F": replace(pair, max_seq_length=TRUNCATED, fault="texts truncated"),
        "G": replace(
            pair, dataset=Dataset.from_dict({anchor: pairs[anchor], positive: shuffled}), fault="labels shuffled"
        ),
    }
    return {
        letter: replace(case, recipe=replace(case.recipe, name=f"broken-{letter.lower()}"))
        for letter, case in made.items()
    }


def triplets(pairs: Dataset, seed: int) -> Dataset:
    """Each pair with a negative: the positive of a row drawn from those with another anchor."""
    anchors, positives = (list(pairs[name]) for name in pairs.column_names)
    rng, negatives = np.random.default_rng(seed), []
    if len(set(anchors)) < 2:
        raise CourseError("All pairs have one anchor, so none has a negative: give pairs of several.")
    for anchor in anchors:
        while anchors[drawn := rng.integers(len(anchors))] == anchor:
            pass
        negatives.append(positives[drawn])
    return Dataset.from_dict({"sentence_0": anchors, "sentence_1": positives, "sentence_2": negatives})
