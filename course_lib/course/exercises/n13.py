"""Exercises of notebook 13: links beside small vectors, search in two stages, a gate that lets a model sink."""

import numpy as np

from course_lib.course.exercises import Exercise

DIMENSIONS, LINK_BYTES, M = 384, 2 * 16 * 4, 16  # of HNSW's lowest level
WHOLE, BITS = 4 * DIMENSIONS, DIMENSIONS // 8
FACTOR = (WHOLE + LINK_BYTES) / (BITS + LINK_BYTES)
WRONG_FACTORS = {
    WHOLE / BITS: "That is of the vectors alone: the links stay as they are, however small the vectors become.",
    (WHOLE + LINK_BYTES / 2) / (BITS + LINK_BYTES / 2): "M links lead on in the upper levels; the lowest has twice M.",
    (WHOLE + LINK_BYTES / 4) / (BITS + LINK_BYTES / 4): "A link names one of millions of vectors: 4 bytes, not 1.",
    (WHOLE + LINK_BYTES) / (WHOLE // 4 + LINK_BYTES): "That is the factor of int8; binary keeps one bit a dimension.",
    (WHOLE + LINK_BYTES) / (DIMENSIONS + BITS + LINK_BYTES): "Only one of the two is kept, the bits.",
    1 / FACTOR: "Upside down: how many times as many vectors fit?",
    DIMENSIONS / BITS: "float32 takes 4 bytes a dimension, and the links are missing.",
}


def _factor(answer: object) -> str | None:
    value = float(answer)

    def near(other: float) -> bool:
        return abs(value - other) < 0.01 * other

    if near(FACTOR):
        return None
    hint = "Add up the bytes of one vector and its links, once with float32 and once with bits, and divide."
    return next((found for wrong, found in WRONG_FACTORS.items() if near(wrong)), hint)


CANDIDATES, K = 30, 8
RNG = np.random.default_rng(13)
VECTORS = RNG.standard_normal((400, 48)) * np.linspace(0.2, 3, 48)  # some dimensions weigh more than their sign
QUERIES = RNG.standard_normal((300, 48)) * np.linspace(0.2, 3, 48)


def _agreements(query: np.ndarray) -> np.ndarray:
    return ((VECTORS > 0) == (query > 0)).sum(axis=1)


def _boundary_is_clear(query: np.ndarray) -> bool:
    """Whether no document left out agrees as much as the last candidate: then there is one right answer."""
    ordered = np.sort(_agreements(query))[::-1]
    return ordered[CANDIDATES - 1] > ordered[CANDIDATES]


ASKED = [query for query in QUERIES if _boundary_is_clear(query)][:4]


def _two_stages(answer: object) -> str | None:
    for query in ASKED:
        found = [int(number) for number in answer(query.copy(), VECTORS.copy(), CANDIDATES, K)]
        agree, products = _agreements(query), VECTORS @ query
        first = np.argsort(-agree, kind="stable")[:CANDIDATES]
        order = np.argsort(-products[first])
        right = first[order][:K].tolist()
        if found == right:
            continue
        if len(found) != K:
            return f"Return the numbers of the {K} best documents, best first: you returned {len(found)}."
        if found == order[:K].tolist():
            return "Those are places among the candidates; say which documents stand there."
        if found == np.argsort(-products)[:K].tolist():
            return "That is exact search over all documents: the second stage may choose among the candidates alone."
        if found == first[:K].tolist() or set(found) <= set(np.nonzero(agree >= agree[first[K - 1]])[0].tolist()):
            return "Those are the first stage's best: now order the candidates by dot product with full vectors."
        if found == first[order[::-1]][:K].tolist():
            return "Those are the worst of the candidates: sort from the largest dot product down."
        if agree[found].max() < np.median(agree):
            return "Your candidates agree with the query in the *fewest* signs: sort the other way."
        return "Count the dimensions in which both signs are the same, negative with negative too."
    return None


SCORES = (0.500, 0.493, 0.486, 0.478, 0.491, 0.482, 0.468, 0.471, 0.474, 0.466)  # the first is in use
PASSED = (7, 2)
WRONG_PASSED = {
    (8, 2): "A refused model is not in use: the next one is compared with the last that passed.",
    (2, 7): "The wrong way round: first against the model in use, then against the best that ever was in use.",
    (0, 0): "The gate refuses a loss of *more than* 0.01, not every loss.",
    (8, 3): "The first score is of the model in use: it was not a candidate.",
    (8, 8): "The second gate never lets its mark sink: it compares with the best score of all that were in use.",
    (7, 7): "The second gate never lets its mark sink: it compares with the best score of all that were in use.",
    (2, 2): "The first gate's mark moves: whatever passes is in use from then on, and the next is compared with it.",
}


def _passed(answer: object) -> str | None:
    pair = tuple(int(number) for number in answer)
    if pair == PASSED:
        return None
    hint = "Go through the nine candidates in order, once for each gate, and note after each which score is the mark."
    return WRONG_PASSED.get(pair, hint)


EXERCISES = {"13.1": Exercise(_factor), "13.2": Exercise(_two_stages), "13.3": Exercise(_passed)}
