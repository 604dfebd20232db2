"""A row of blocks holds every token of a batch, and gives back what it was given."""

import pytest
import torch

from course_lib.blocks import ALIKE, TOKENS, Blocks

LENGTHS = [7, 100, 9, 90, 8, 1, 40]
MASK = (torch.arange(120) < torch.tensor(LENGTHS)[:, None]).long()  # Shape: (7, 120)


@pytest.fixture(scope="module")
def blocks() -> Blocks:
    return Blocks.of(MASK)


def test_each_text_is_in_one_block_of_texts_of_like_length(blocks):
    assert sorted(torch.cat(blocks.rows).tolist()) == list(range(len(LENGTHS)))
    for rows, (texts, tokens) in zip(blocks.rows, blocks.shapes, strict=True):
        own = [LENGTHS[row] for row in rows]
        assert len(own) == texts and max(own) == tokens and min(own) >= ALIKE * tokens
    assert blocks.shapes == [(2, 100), (1, 40), (3, 9), (1, 1)]


def test_unpacking_gives_back_what_was_packed_but_for_the_padding_behind_a_block(blocks):
    ids = torch.arange(1, MASK.numel() + 1).view_as(MASK)
    packed = blocks.fill(blocks.pack(ids)[..., None].float())
    assert packed.shape[1] % TOKENS == 0 and packed.shape[1] < 2 * 100 + 40 + 3 * 9 + 1 + TOKENS
    assert torch.equal(blocks.join(blocks.split(packed)), packed)
    back = blocks.unpack(packed, MASK.shape[1])[..., 0]
    assert torch.equal(back[MASK == 1], ids[MASK == 1].float()) and not back[:, 100:].any() and not back[0, 9:].any()


def test_attention_is_kept_from_tokens_that_are_missing_in_a_block_and_from_no_others(blocks):
    long, single, short, one = blocks.bias
    assert single == one == []
    assert (long[0][:, 0, 0] < -1e30).tolist() == [[False] * 100, [False] * 90 + [True] * 10]
    assert [(row < -1e30).sum().item() for row in short[0][:, 0, 0]] == [0, 1, 2]


def test_a_text_without_any_token_takes_one_place_and_sees_nothing():
    blocks = Blocks.of(torch.tensor([[0, 0], [1, 1]]))
    assert blocks.shapes == [(1, 2), (1, 1)] and blocks.bias[1][0].item() < -1e30


def test_a_batch_that_needs_no_filling_gets_none():
    assert Blocks.of(torch.ones(2, TOKENS)).filler == 0 and Blocks.of(torch.ones(3, 1)).filler == TOKENS - 3
