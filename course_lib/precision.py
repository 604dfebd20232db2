"""bf16 or fp32: measured on the machine at hand, since bf16 is fast on some processors and slow on others."""

import time
from dataclasses import dataclass
from functools import cache

import torch

ROWS, SIZE, GAIN = 512, 768, 1.3
REPEATS, ENOUGH = 5, 0.5  # timings of a product; no further one once they took so many seconds together


@dataclass(frozen=True)
class Precision:
    """The choice and what it rests on: seconds of one matrix product in each type."""

    name: str  # "bf16" or "fp32"
    fp32_seconds: float
    bf16_seconds: float


def here() -> str:
    """The kind of device that trains here, as torch calls it: the accelerator's, or "cpu"."""
    return torch.accelerator.current_accelerator().type if torch.accelerator.is_available() else "cpu"


def choose(kind: str | None = None) -> Precision:
    """bf16 where a (512, 768) x (768, 768) product is at least GAIN times as fast in it, on `kind` of device or `here`.

    Measured once a process. Takes a moment, about a second on a processor that has to emulate bf16.
    """
    return _choice(kind or here())


@cache
def _choice(kind: str) -> Precision:
    seconds = {dtype: _seconds(dtype, kind) for dtype in (torch.float32, torch.bfloat16)}
    fp32, bf16 = seconds[torch.float32], seconds[torch.bfloat16]
    return Precision("bf16" if fp32 > GAIN * bf16 else "fp32", round(fp32, 6), round(bf16, 6))


def _seconds(dtype: torch.dtype, kind: str) -> float:
    left = torch.ones(ROWS, SIZE, dtype=dtype, device=kind)
    right = torch.ones(SIZE, SIZE, dtype=dtype, device=kind)
    taken = []
    while len(taken) < REPEATS and sum(taken) < ENOUGH:
        start = time.perf_counter()
        (left @ right).sum().item()
        taken.append(time.perf_counter() - start)
    return min(taken)
