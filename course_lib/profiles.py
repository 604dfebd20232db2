"""How much of everything a run uses: smoke for CI, short for a lab session, full for the published recipes whole."""

from dataclasses import dataclass

from course_lib.errors import CourseError


@dataclass(frozen=True)
class Profile:
    """None means all of it."""

    name: str
    minilm_steps: int | None
    mpnet_steps: int | None
    concepts: int | None  # held-out concepts asked about, with as many others in the corpus
    terms: int | None  # terms asked about
    passages: int | None  # held-out passages in the corpus
    resamples: int  # of a bootstrap

    def steps(self, encoder: str) -> int | None:
        return {"minilm": self.minilm_steps, "mpnet": self.mpnet_steps}[encoder]


PROFILES = {
    p.name: p
    for p in (
        Profile("smoke", minilm_steps=6, mpnet_steps=2, concepts=6, terms=8, passages=12, resamples=200),
        Profile("short", minilm_steps=None, mpnet_steps=100, concepts=None, terms=None, passages=None, resamples=2000),
        Profile("full", minilm_steps=None, mpnet_steps=None, concepts=None, terms=None, passages=None, resamples=10000),
    )
}


def load(name: str) -> Profile:
    """Raises CourseError for a name that is no profile."""
    if name not in PROFILES:
        raise CourseError(f"There is no profile {name!r}: choose one of {', '.join(PROFILES)}.")
    return PROFILES[name]
