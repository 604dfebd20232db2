"""A model from its folder alone: no network, safetensors only, no code but the library's, fast on a processor."""

from pathlib import Path

from sentence_transformers import SentenceTransformer
from transformers.utils import logging

from course_lib import speedups


def load(folder: Path, device: str | None = None) -> SentenceTransformer:
    """Raises whatever the libraries raise for a damaged folder: tokenizers' errors are plain Exceptions."""
    return speedups.apply(stock(folder, device))


def stock(folder: Path, device: str | None = None) -> SentenceTransformer:
    """The model as the library runs it, to compare ours with. Raises what `load` raises."""
    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # a bar for half a second, in every executed notebook
    try:
        options = {"device": device, "local_files_only": True, "model_kwargs": {"use_safetensors": True}}
        return SentenceTransformer(str(folder), **options)
    finally:
        if bars:
            logging.enable_progress_bar()
