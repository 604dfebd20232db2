"""The same transformers with less work for a processor: cheap dropout masks, attention without detours.

Nothing is approximated but by rounding: with dropout off, embeddings and gradients equal the library's to 1e-5 in fp32
(a test holds them to it). Dropout draws other random numbers at the same rate. Parameters and their names stay, so a
model saves and loads as before.
"""

import ctypes
import math
import sys

import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor, nn
from transformers.models.bert.modeling_bert import BertSelfAttention
from transformers.models.mpnet.modeling_mpnet import MPNetEncoder, MPNetSelfAttention

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's mallopt
LARGEST_BUFFER = 2**30  # bytes


def apply(model: SentenceTransformer) -> SentenceTransformer:
    """Exchange, in place, what is slow on a processor; a model on another device is left as it is."""
    if model.device.type == "cpu":
        _keep_memory()
        for module in model.modules():
            module.__class__ = FASTER.get(type(module), type(module))
    return model


def _keep_memory() -> None:
    """Let this process keep freed memory up to LARGEST_BUFFER for the next step, on Linux's glibc.

    By default glibc gives every large buffer back, and the system fills the next one with zeros, page by page.
    """
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(M_MMAP_THRESHOLD, LARGEST_BUFFER)
        library.mallopt(M_TRIM_THRESHOLD, LARGEST_BUFFER)


def release_memory() -> None:
    """Give back what this process keeps but does not use; else batches of ever other shapes scatter through it."""
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "malloc_trim"):
        library.malloc_trim(0)


def dropout(x: Tensor, p: float) -> Tensor:
    """Zero each element with probability p (to 1/65536) and scale the rest by 1 / (1 - p).

    One 64-bit random number decides four elements, where `nn.Dropout` draws one for each, one after the other.
    """
    bits = torch.empty(math.ceil(x.numel() / 4), dtype=torch.int64, device=x.device).random_(-(2**63), None)
    bits = bits.view(torch.int16)[: x.numel()].view(x.shape)  # uniform over -32768 .. 32767
    kept = bits >= round(p * 2**16) - 2**15
    return x * kept.to(x.dtype).mul_(1 / (1 - p))


def attend(query: Tensor, key: Tensor, value: Tensor, bias: list[Tensor], p: float) -> Tensor:
    """softmax(Q K^T / sqrt(d) + bias) V with dropout p on the weights; all of shape (batch, heads, tokens, d).

    Source: Vaswani et al., Attention is all you need, 2017. Computed in the type of the query; softmax sums in fp32.
    """
    with torch.autocast(query.device.type, enabled=False):
        scores = (query / math.sqrt(query.shape[-1])) @ key.transpose(-1, -2)
        for part in bias:
            scores += part.to(scores.dtype)
        weights = scores.softmax(-1)
        return (dropout(weights, p) if p else weights) @ value


class FasterDropout(nn.Dropout):
    def forward(self, x: Tensor) -> Tensor:
        return dropout(x, self.p) if self.training and self.p else x


class FasterMPNetSelfAttention(MPNetSelfAttention):
    def forward(self, hidden_states, attention_mask=None, position_bias=None, **kwargs):
        query, key, value = (_heads(f(hidden_states), self.num_attention_heads) for f in (self.q, self.k, self.v))
        bias = [part for part in (position_bias, attention_mask) if part is not None]
        context = attend(query, key, value, bias, self.dropout.p if self.training else 0.0)
        return (self.o(context.transpose(1, 2).flatten(2)),)


class FasterMPNetEncoder(MPNetEncoder):
    def compute_position_bias(self, x, position_ids=None, num_buckets=32):
        """Shape (1, heads, tokens, tokens): the same for every text of the batch."""
        return super().compute_position_bias(x[:1], position_ids, num_buckets)


class FasterBertSelfAttention(BertSelfAttention):
    def forward(self, hidden_states, attention_mask=None, past_key_values=None, **kwargs):
        layers = (self.query, self.key, self.value)
        query, key, value = (_heads(f(hidden_states), self.num_attention_heads) for f in layers)
        bias = [] if attention_mask is None else [_additive(attention_mask, query.dtype)]
        context = attend(query, key, value, bias, self.dropout.p if self.training else 0.0)
        return context.transpose(1, 2).flatten(2), None


def _heads(x: Tensor, heads: int) -> Tensor:
    """(batch, tokens, heads * d) to (batch, heads, tokens, d)."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def _additive(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """0 where a boolean mask is true, minus a very large number elsewhere; other masks already add."""
    return torch.zeros(mask.shape, dtype=dtype).masked_fill_(~mask, torch.finfo(dtype).min)


FASTER = {
    nn.Dropout: FasterDropout,
    MPNetSelfAttention: FasterMPNetSelfAttention,
    MPNetEncoder: FasterMPNetEncoder,
    BertSelfAttention: FasterBertSelfAttention,
}
