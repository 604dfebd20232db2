"""Batches in which rows of one anchor meet and lengths are alike, so that a step encodes few, equally long texts."""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator, Sequence

import torch
from datasets import Dataset
from sentence_transformers.base.sampler import DefaultBatchSampler

WINDOW = 16  # batches that are sorted by length together: more waste less padding, fewer mix more


class _WholeBatches(DefaultBatchSampler):
    """Batches for `processes` that take turns: so many in a row are one whole batch, the same as of a single process.

    `batch_size` is that of a process. Subclasses yield the whole batches of an epoch.
    """

    def __init__(self, dataset: Dataset, batch_size: int, drop_last: bool, *, processes: int = 1, **kwargs):
        super().__init__(dataset, batch_size, drop_last, **kwargs)
        self.part, self.size = batch_size, batch_size * processes

    def __iter__(self) -> Iterator[list[int]]:
        for batch in self._whole(torch.Generator().manual_seed(self.seed + self.epoch)):
            yield from (batch[i : i + self.part] for i in range(0, len(batch), self.part))


class GroupedBatchSampler(_WholeBatches):
    """Shuffle the groups, sort them by length within windows of batches, cut into batches, shuffle those.

    `groups` names for each row the group that it belongs to, by default its anchor; `lengths` are those of the rows, in
    any unit, by default the characters of the anchor. Every row is in exactly one batch of an epoch. The order depends
    on seed and epoch alone.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int,
        drop_last: bool,
        *,
        groups: Sequence[Hashable] | None = None,
        lengths: Sequence[int] | None = None,
        **kwargs,
    ):
        super().__init__(dataset, batch_size, drop_last, **kwargs)
        anchors = list(dataset[dataset.column_names[0]])
        rows_of = defaultdict(list)
        for row, group in enumerate(groups or anchors):
            rows_of[group].append(row)
        self.groups = list(rows_of.values())
        lengths = lengths or [len(anchor) for anchor in anchors]
        self.lengths = [lengths[rows[0]] for rows in self.groups]
        self.rows = len(anchors)

    def _whole(self, generator: torch.Generator) -> Iterator[list[int]]:
        def shuffled(items: list) -> list:
            return [items[i] for i in torch.randperm(len(items), generator=generator)]

        batches, window = [], []
        for number in shuffled(range(len(self.groups))):
            window.append(number)
            if sum(len(self.groups[n]) for n in window) >= WINDOW * self.size:
                batches += self._cut(window)
                window = []
        batches += self._cut(window)
        full = [b for b in batches if len(b) == self.size]
        left = [row for b in batches if len(b) < self.size for row in b]
        full += [left[i : i + self.size] for i in range(0, len(left), self.size)]
        if self.drop_last:
            full = [b for b in full if len(b) == self.size]
        yield from shuffled(full)

    def _cut(self, window: list[int]) -> list[list[int]]:
        """Whole groups into batches, the shortest first; only what fills no batch, or more than one, is divided."""
        waiting = [self.groups[n] for n in sorted(window, key=lambda n: self.lengths[n])]
        waiting = [rows[i : i + self.size] for rows in waiting for i in range(0, len(rows), self.size)]
        batches = []
        while waiting:
            batch, later = [], []
            for rows in waiting:
                fits = len(batch) + len(rows) <= self.size
                (batch if fits else later).extend(rows if fits else [rows])
            batches.append(batch)
            waiting = later
        return batches

    def __len__(self) -> int:
        if self.drop_last:
            return self.rows // self.size * (self.size // self.part)
        return -(-self.rows // self.part)


class DistinctBatchSampler(_WholeBatches):
    """Batches without false negatives: two rows meet only if neither's positive answers what the other's anchor asks.

    `asks` holds what each row's anchor asks for, `answers` all that its positive answers. `lengths`, if given, are
    those of the rows, in any unit: rows of like length then come together, within windows of batches. Every row is in
    exactly one batch of an epoch; the order depends on seed and epoch alone.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int,
        drop_last: bool,
        *,
        asks: Sequence[str],
        answers: Sequence[Collection[str]],
        lengths: Sequence[int] | None = None,
        **kwargs,
    ):
        super().__init__(dataset, batch_size, drop_last, **kwargs)
        self.asks, self.answers = list(asks), [frozenset(own) for own in answers]
        self.lengths = lengths

    def _whole(self, generator: torch.Generator) -> Iterator[list[int]]:
        order = torch.randperm(len(self.asks), generator=generator).tolist()
        full, left = [], []
        for window in self._windows(order):
            for batch in self._fill(window):
                (full.append if len(batch) == self.size else left.extend)(batch)
        full += [b for b in self._fill(left) if not self.drop_last or len(b) == self.size]
        for place in torch.randperm(len(full), generator=generator).tolist():
            yield full[place]

    def _windows(self, order: list[int]) -> Iterator[list[int]]:
        if self.lengths is None:
            yield order
            return
        for start in range(0, len(order), WINDOW * self.size):
            yield sorted(order[start : start + WINDOW * self.size], key=lambda row: self.lengths[row])

    def _fill(self, waiting: list[int]) -> list[list[int]]:
        """Each row into the first batch that has room and no row that it would be a false negative for."""
        batches = []
        while waiting:
            batch, later, asked, answered = [], [], set(), set()
            for row in waiting:
                if len(batch) < self.size and self.asks[row] not in answered and not self.answers[row] & asked:
                    batch.append(row)
                    asked.add(self.asks[row])
                    answered |= self.answers[row]
                else:
                    later.append(row)
            batches.append(batch)
            waiting = later
        return batches

    def __len__(self) -> int:
        return sum(1 for _ in self)
