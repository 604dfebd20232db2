"""A batch of texts of any lengths as one row of tokens, so that an encoder's layers work on no padding."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

ALIKE = 0.75  # texts share a block with a longest one of which they have at least this share of the tokens
TOKENS = 64  # all texts together are filled up to a multiple: a product of a new size costs milliseconds to prepare


@dataclass
class Blocks:
    """A batch without its padding, as one row of tokens: blocks of texts of like length, then a filler.

    `rows` holds for each block which texts of the batch are in it, the longest first, and `shapes` (texts, tokens): in
    a block texts are padded to its longest. `bias` holds what attention adds to the scores of each block.
    """

    rows: list[Tensor]
    shapes: list[tuple[int, int]]
    bias: list[list[Tensor]]

    @classmethod
    def of(cls, mask: Tensor) -> "Blocks":
        """From an attention mask of shape (texts, tokens): 1 for a token, 0 for none."""
        ends = ((mask != 0) * torch.arange(1, mask.shape[1] + 1, device=mask.device)).amax(1).clamp(min=1)
        lengths, order = ends.sort(descending=True, stable=True)
        lengths, starts = lengths.tolist(), [0]
        for number, length in enumerate(lengths):
            if length < ALIKE * lengths[starts[-1]]:
                starts.append(number)
        sizes = [end - start for start, end in zip(starts, [*starts[1:], len(lengths)], strict=True)]
        rows = list(order.split(sizes))
        shapes = [(size, lengths[start]) for size, start in zip(sizes, starts, strict=True)]
        missing = [mask[own, :t] == 0 for own, (_, t) in zip(rows, shapes, strict=True)]
        return cls(rows, shapes, [[additive(m[:, None, None])] if m.any() else [] for m in missing])

    @property
    def filler(self) -> int:
        return -sum(n * t for n, t in self.shapes) % TOKENS

    def pack(self, padded: Tensor) -> Tensor:
        """(texts, tokens) of the batch to (1, all tokens), without the filler."""
        parts = [padded[own, :t].flatten() for own, (_, t) in zip(self.rows, self.shapes, strict=True)]
        return torch.cat(parts)[None]

    def fill(self, packed: Tensor) -> Tensor:
        """(1, all tokens, d) to (1, all tokens and filler, d)."""
        return functional.pad(packed, (0, 0, 0, self.filler))

    def split(self, packed: Tensor) -> list[Tensor]:
        """(1, all tokens and filler, d) to one tensor (texts, tokens, d) for each block."""
        *parts, _ = packed[0].split([*(n * t for n, t in self.shapes), self.filler])
        return [part.unflatten(0, shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def join(self, parts: Sequence[Tensor]) -> Tensor:
        """The inverse of `split`; the filler is 0."""
        return self.fill(torch.cat([part.flatten(0, 1) for part in parts])[None])

    def unpack(self, packed: Tensor, tokens: int) -> Tensor:
        """(1, all tokens and filler, d) to (texts, tokens, d), in the order of the batch; 0 behind a whole block."""
        texts = [functional.pad(part, (0, 0, 0, tokens - part.shape[1])) for part in self.split(packed)]
        return torch.cat(texts)[torch.cat(self.rows).argsort()]


def additive(missing: Tensor) -> Tensor:
    """For the scores of attention: a very large negative number where there is no token, else 0."""
    return torch.zeros(missing.shape, device=missing.device).masked_fill_(missing, torch.finfo(torch.bfloat16).min)
