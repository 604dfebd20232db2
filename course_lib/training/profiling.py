"""Where the time of a training step goes: PyTorch's profiler names hundreds of operators, a reader wants few kinds."""

import os
from collections.abc import Callable

from sentence_transformers import SentenceTransformer
from torch import nn
from torch.profiler import ProfilerActivity, profile

os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # else the profiler writes when it starts and stops, to stderr

REST = "rest"
KINDS = {  # operators of PyTorch on a processor; in MPNet and BERT every batched product (bmm) is attention's
    "matrix products": ("mm", "addmm", "mkldnn_linear", "mkldnn_linear_backward", "mkldnn_linear_backward_weights"),
    "attention": (
        "bmm",
        "baddbmm",
        "_softmax",
        "_softmax_backward_data",
        "_scaled_dot_product_flash_attention_for_cpu",
        "_scaled_dot_product_flash_attention_for_cpu_backward",
    ),
    "dropout masks": ("bernoulli_", "random_", "ge", "native_dropout", "native_dropout_backward"),
    "copies": ("copy_",),  # from one type to another, and into another layout
    "optimizer": ("_fused_adamw_", "linalg_vector_norm", "_foreach_norm", "_foreach_mul_"),
}
KIND = {operator: kind for kind, operators in KINDS.items() for operator in operators}


def seconds_by_kind(step: Callable[[], object]) -> dict[str, float]:
    """Run the step once under the profiler; seconds of each of KINDS and of REST, which add up to the whole.

    An operator counts without the operators that it calls (`self_cpu_time_total`), so nothing counts twice.
    """
    with profile(activities=[ProfilerActivity.CPU]) as recorded:
        step()
    found = dict.fromkeys([*KINDS, REST], 0.0)
    for event in recorded.key_averages():
        found[KIND.get(event.key.removeprefix("aten::"), REST)] += event.self_cpu_time_total / 1e6
    return found


class TokenCounter:
    """Counts the tokens that the layers of a model work on, padding and what fills up a row included."""

    def __init__(self, model: SentenceTransformer):
        self.tokens = 0
        model[0].model.encoder.layer[0].register_forward_pre_hook(self._count)

    def _count(self, layer: nn.Module, inputs: tuple) -> None:
        self.tokens += inputs[0].shape[:2].numel()  # of hidden states, (texts, tokens, dimensions)
