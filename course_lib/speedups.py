"""The same transformers with less work for a processor: no padding in training, cheap dropout masks, plain attention.

Nothing is approximated but by rounding: with dropout off, embeddings and gradients equal the library's to 1e-5 in fp32
(a test holds them to it). Dropout draws other random numbers at the same rate. Parameters and their names stay, so a
model saves and loads as before.
"""

import ctypes
import math
import sys
from collections.abc import Sequence

import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor, nn
from transformers.modeling_outputs import BaseModelOutput
from transformers.models.bert.modeling_bert import BertModel, BertSelfAttention
from transformers.models.mpnet.modeling_mpnet import (
    MPNetEncoder,
    MPNetModel,
    MPNetSelfAttention,
    create_position_ids_from_input_ids,
)
from transformers.utils import output_capturing

from course_lib.blocks import Blocks, additive

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's mallopt
LARGEST_BUFFER = 2**30  # bytes


def apply(model: SentenceTransformer) -> SentenceTransformer:
    """Exchange, in place, what is slow on a processor; a model on another device is left as it is."""
    if model.device.type == "cpu":
        _keep_memory()
        for module in model.modules():
            module.__class__ = FASTER.get(type(module), type(module))
            if isinstance(module, Unpadded):  # transformers knows by the class which hidden states it can return
                output_capturing._CAN_RECORD_REGISTRY[module] = module._can_record_outputs
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


def attend(query: Tensor, key: Tensor, value: Tensor, bias: Sequence[Tensor], p: float) -> Tensor:
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


class Unpadded:
    """In training, the library's model over `Blocks`: padding costs nothing, and texts of any lengths share a pass.

    For sentence encoders: they read one text a row, so no token types, and no pooler.
    """

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, **kwargs) -> BaseModelOutput:
        if not self.training:
            return super().forward(input_ids=input_ids, attention_mask=attention_mask, **kwargs)
        blocks = Blocks.of(torch.ones_like(input_ids) if attention_mask is None else attention_mask)
        places = self.positions(input_ids).expand_as(input_ids)
        embedded = self.embeddings(input_ids=blocks.pack(input_ids), position_ids=blocks.pack(places))
        hidden = self.encoder(blocks.fill(embedded), attention_mask=blocks, return_dict=True).last_hidden_state
        return BaseModelOutput(blocks.unpack(hidden, input_ids.shape[1]))


class FasterMPNetModel(Unpadded, MPNetModel):
    def positions(self, input_ids: Tensor) -> Tensor:
        return create_position_ids_from_input_ids(input_ids, self.embeddings.padding_idx)


class FasterBertModel(Unpadded, BertModel):
    def positions(self, input_ids: Tensor) -> Tensor:
        return torch.arange(input_ids.shape[1], device=input_ids.device)


class FasterMPNetEncoder(MPNetEncoder):
    def forward(self, hidden_states: Tensor, attention_mask: Blocks | Tensor | None = None, **kwargs):
        if not isinstance(attention_mask, Blocks):
            return super().forward(hidden_states, attention_mask, **kwargs)
        for (_, tokens), bias in zip(attention_mask.shapes, attention_mask.bias, strict=True):
            bias.append(self.compute_position_bias(hidden_states[:, :1].expand(1, tokens, -1)))
        for layer in self.layer:
            hidden_states = layer(hidden_states, attention_mask)[0]
        return BaseModelOutput(hidden_states)

    def compute_position_bias(self, x, position_ids=None, num_buckets=32):
        """Shape (1, heads, tokens, tokens): the same for every text of the batch."""
        return super().compute_position_bias(x[:1], position_ids, num_buckets)


class FasterMPNetSelfAttention(MPNetSelfAttention):
    def forward(self, hidden_states, attention_mask=None, position_bias=None, **kwargs):
        bias = [part for part in (position_bias, attention_mask) if part is not None]
        return (self.o(_attend_within(self, (self.q, self.k, self.v), hidden_states, attention_mask, bias)),)


class FasterBertSelfAttention(BertSelfAttention):
    def forward(self, hidden_states, attention_mask=None, past_key_values=None, **kwargs):
        bias = [] if attention_mask is None or isinstance(attention_mask, Blocks) else [additive(~attention_mask)]
        layers = (self.query, self.key, self.value)
        return _attend_within(self, layers, hidden_states, attention_mask, bias), None


def _attend_within(
    module: nn.Module, layers: Sequence[nn.Linear], hidden: Tensor, mask: Blocks | Tensor | None, bias: list[Tensor]
) -> Tensor:
    """Attention within each text of a batch (texts, tokens, d), or of its `Blocks`; `layers`: query, key, value."""
    if torch.is_autocast_enabled(hidden.device.type):
        hidden = hidden.to(torch.get_autocast_dtype(hidden.device.type))  # once instead of in each layer
    p = module.dropout.p if module.training else 0.0
    projected = [layer(hidden) for layer in layers]
    if not isinstance(mask, Blocks):
        return _attend(*projected, bias, module.num_attention_heads, p)
    parts = zip(*map(mask.split, projected), mask.bias, strict=True)
    return mask.join([_attend(*part, module.num_attention_heads, p) for part in parts])


def _attend(query: Tensor, key: Tensor, value: Tensor, bias: Sequence[Tensor], heads: int, p: float) -> Tensor:
    """`attend` with heads side by side: all of shape (batch, tokens, heads * d)."""
    found = attend(*(_heads(x, heads) for x in (query, key, value)), bias, p)
    return found.transpose(1, 2).flatten(2)


def _heads(x: Tensor, heads: int) -> Tensor:
    """(batch, tokens, heads * d) to (batch, heads, tokens, d)."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


FASTER = {
    nn.Dropout: FasterDropout,
    MPNetModel: FasterMPNetModel,
    MPNetEncoder: FasterMPNetEncoder,
    MPNetSelfAttention: FasterMPNetSelfAttention,
    BertModel: FasterBertModel,
    BertSelfAttention: FasterBertSelfAttention,
}
