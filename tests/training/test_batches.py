"""Batches of our samplers: every row once an epoch, the rows together that belong together, seeded."""

import random
from collections import Counter

import pytest
from datasets import Dataset

from course_lib.training.batches import DistinctBatchSampler, GroupedBatchSampler

SIZES = pytest.mark.parametrize("rows", [1, 15, 16, 17, 100, 3552])


def dataset(rows: int, per_anchor: int = 2) -> Dataset:
    """Anchors of many lengths, their rows in no order."""
    chance = random.Random(rows)
    distinct = [f"{i} " + "word " * chance.randrange(60) for i in range(-(-rows // per_anchor))]
    anchors = (distinct * per_anchor)[:rows]
    chance.shuffle(anchors)
    return Dataset.from_dict({"sentence_0": anchors, "sentence_1": [str(i) for i in range(rows)]})


def sampler(data: Dataset, seed: int = 0, epoch: int = 0, drop_last: bool = False) -> GroupedBatchSampler:
    made = GroupedBatchSampler(data, batch_size=16, drop_last=drop_last, seed=seed)
    made.set_epoch(epoch)
    return made


@SIZES
def test_every_row_is_in_exactly_one_batch_of_an_epoch(rows):
    made = sampler(dataset(rows))
    batches = list(made)
    assert sorted(row for batch in batches for row in batch) == list(range(rows))
    assert len(batches) == len(made) == -(-rows // 16)
    assert sorted(map(len, batches))[1:] == [16] * (len(batches) - 1)


@SIZES
def test_without_the_last_every_batch_is_full_and_only_the_odd_rows_are_left_out(rows):
    made = sampler(dataset(rows), drop_last=True)
    batches = list(made)
    assert len(batches) == len(made) == rows // 16 and all(len(batch) == 16 for batch in batches)
    seen = [row for batch in batches for row in batch]
    assert len(set(seen)) == len(seen)


def test_the_two_rows_of_an_anchor_meet_in_one_batch():
    data = dataset(3552)
    batches = [Counter(data[batch]["sentence_0"]) for batch in sampler(data)]
    assert len(batches) == 222 and all(set(batch.values()) == {2} for batch in batches)


def test_an_anchor_with_more_rows_than_a_batch_fills_several():
    data = dataset(90, per_anchor=30)
    batches = list(sampler(data))
    assert sorted(row for batch in batches for row in batch) == list(range(90))


def test_texts_of_a_batch_are_more_alike_in_length_than_texts_at_large():
    data = dataset(3552)
    lengths = [len(text) for text in data["sentence_0"]]
    padding = sum(16 * max(lengths[row] for row in batch) for batch in sampler(data)) / sum(lengths)
    assert padding < 1.25  # shuffled at large it is about 1.9


def test_rows_of_like_length_meet_without_their_anchors_when_each_row_is_a_group():
    data, chance = dataset(3552, per_anchor=8), random.Random(1)
    lengths = [chance.randrange(10, 100) for _ in range(3552)]  # nothing to do with the anchors
    made = GroupedBatchSampler(data, batch_size=16, drop_last=False, seed=0, groups=range(3552), lengths=lengths)
    batches = list(made)
    assert sorted(row for batch in batches for row in batch) == list(range(3552)) and len(batches) == len(made) == 222
    assert sum(16 * max(lengths[row] for row in batch) for batch in batches) / sum(lengths) < 1.1  # shuffled: 1.7
    met = sum(16 - len(set(data[batch]["sentence_0"])) for batch in batches)
    assert met / 3552 < 0.05  # rows of one anchor meet by chance only: about 15 / 2 * 7 / 3551 = 0.015


def test_the_order_depends_on_seed_and_epoch_alone():
    data = dataset(200)
    first = list(sampler(data, seed=1, epoch=2))
    random.seed(7)
    assert list(sampler(data, seed=1, epoch=2)) == first
    for other in (sampler(data, seed=2, epoch=2), sampler(data, seed=1, epoch=3)):
        assert list(other) != first


def test_an_epoch_is_the_same_when_it_is_asked_for_twice():
    made = sampler(dataset(100))
    assert list(made) == list(made)


def test_batches_themselves_are_shuffled_not_short_ones_first():
    data = dataset(3552)
    means = [sum(len(text) for text in data[batch]["sentence_0"]) for batch in sampler(data)]
    assert means != sorted(means) and sum(means[:111]) == pytest.approx(sum(means[111:]), rel=0.2)


@pytest.fixture(scope="module")
def view():
    """300 rows of 40 subjects; every fourth positive answers its neighbour's question as well."""
    chance = random.Random(3)
    asks = [f"subject {chance.randrange(40)}" for _ in range(300)]
    answers = [
        [name, f"subject {(int(name.split()[1]) + 1) % 40}"] if i % 4 == 0 else [name] for i, name in enumerate(asks)
    ]
    data = Dataset.from_dict({"sentence_0": asks, "sentence_1": [str(i) for i in range(300)]})
    return data, {"asks": asks, "answers": answers, "lengths": [chance.randrange(10, 100) for _ in asks]}


def distinct(view, seed: int = 0, epoch: int = 0, drop_last: bool = False, alike: bool = True, size: int = 8):
    data, columns = view
    columns = columns if alike else columns | {"lengths": None}
    made = DistinctBatchSampler(data, batch_size=size, drop_last=drop_last, seed=seed, **columns)
    made.set_epoch(epoch)
    return made


@pytest.mark.parametrize("alike", [True, False])
def test_no_positive_of_a_batch_answers_the_anchor_of_another_row(view, alike):
    _, columns = view
    for batch in distinct(view, alike=alike):
        for row in batch:
            assert not any(columns["asks"][row] in columns["answers"][other] for other in batch if other != row)


@pytest.mark.parametrize("alike", [True, False])
def test_every_row_of_a_view_is_in_exactly_one_batch_and_the_length_is_told(view, alike):
    made = distinct(view, alike=alike)
    batches = list(made)
    assert sorted(row for batch in batches for row in batch) == list(range(300))
    assert len(made) == len(batches) and max(map(len, batches)) == 8


def test_distinct_batches_of_like_length_waste_less(view):
    lengths = view[1]["lengths"]

    def padded(alike: bool) -> float:
        batches = list(distinct(view, alike=alike))
        return sum(len(batch) * max(lengths[row] for row in batch) for batch in batches) / sum(lengths)

    assert padded(alike=True) < 1.3 < 1.5 < padded(alike=False)


@pytest.mark.parametrize("processes", [2, 4])
def test_the_batches_of_several_processes_in_turn_are_those_of_one(view, processes):
    data, columns = view
    for kind, rows in ((GroupedBatchSampler, {}), (DistinctBatchSampler, columns)):
        one = list(kind(data, 16, True, seed=5, **rows))
        made = kind(data, 16 // processes, True, seed=5, processes=processes, **rows)
        several = list(made)
        turns = [several[i : i + processes] for i in range(0, len(several), processes)]
        assert [[row for part in turn for row in part] for turn in turns] == one and len(made) == len(several)
        assert one and {len(part) for part in several} == {16 // processes}


def test_without_the_last_every_distinct_batch_is_full(view):
    assert {len(batch) for batch in distinct(view, drop_last=True)} == {8}


def test_distinct_batches_depend_on_seed_and_epoch_alone(view):
    first = list(distinct(view, seed=1, epoch=2))
    assert list(distinct(view, seed=1, epoch=2)) == first
    assert all(list(other) != first for other in (distinct(view, seed=2, epoch=2), distinct(view, seed=1, epoch=3)))


def test_more_rows_of_one_subject_than_batches_end_in_batches_of_one_row():
    data = Dataset.from_dict({"sentence_0": ["a"] * 5, "sentence_1": list("vwxyz")})
    made = DistinctBatchSampler(data, 4, False, asks=["a"] * 5, answers=[["a"]] * 5)
    assert sorted(map(len, made)) == [1] * 5
