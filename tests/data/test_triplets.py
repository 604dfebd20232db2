"""What `course_lib.data.triplets` promises of the 3,552 triplets: sizes, fair negatives, masks without a hole."""

from collections import Counter

import numpy as np
import pytest

from course_lib.data import passages, splits, tables, triplets
from course_lib.data.passages import Passage
from course_lib.data.splits import Heldout
from course_lib.data.terms import BLANK, Matcher, Term
from course_lib.data.triplets import StrongPair, Triplet
from course_lib.errors import CourseError

ENSEMBLE = Term("ensemble", "trees")
FOREST = Term("random forest", "trees", exact=("RF",), parents=("ensemble",))
EXTRA = Term("extra tree", "trees", parents=("random forest",))
BOOSTING = Term("boosting", "trees")
CLUSTER = Term("k-means", "clustering")
SMALL = [ENSEMBLE, FOREST, EXTRA, BOOSTING, CLUSTER]


def passage(text: str, *headings: str) -> Passage:
    return Passage("page.rst#000", "page.rst", headings, text)


def strengths(one: Passage) -> dict[str, int]:
    return {pair.term.name: pair.strength for pair in triplets.strong_pairs([one], SMALL)}


# The triplets of the course


def test_there_are_3552_of_them_two_a_pair(rows: list[Triplet], training: list[StrongPair]) -> None:
    assert len(rows) == splits.CARD_TRIPLETS == 3552
    assert [(r.passage, r.positive) for r in rows[0::2]] == [(p.passage.id, p.term.name) for p in training]
    assert all((a.anchor, a.positive) == (b.anchor, b.positive) for a, b in zip(rows[0::2], rows[1::2], strict=True))


def test_token_means_are_near_the_published_card(rows: list[Triplet]) -> None:
    counter = passages.tokenizer()

    def mean(texts: list[str]) -> float:
        size = {text: len(counter.encode(text).ids) for text in set(texts)}
        return sum(size[text] for text in texts) / len(texts)

    assert mean([r.anchor for r in rows]) == pytest.approx(258.82, abs=10)
    assert mean([r.positive for r in rows]) == pytest.approx(4.63, abs=0.6)
    assert mean([r.negative for r in rows]) == pytest.approx(5.46, abs=0.6)


def test_no_negative_is_mentioned_in_its_passage_or_the_headings_over_it(
    rows: list[Triplet], corpus: list[Passage], matcher: Matcher
) -> None:
    mentioned = {p.id: {m.term for text in (p.text, *p.headings) for m in matcher.mentions(text)} for p in corpus}
    assert not [row for row in rows if row.negative in mentioned[row.passage]]
    assert all(row.positive in mentioned[row.passage] for row in rows)


def test_no_negative_is_an_ancestor_or_descendant_of_its_positive(
    rows: list[Triplet], by_name: dict[str, Term]
) -> None:
    def ancestors(name: str) -> set[str]:
        return {name}.union(*(ancestors(parent) for parent in by_name[name].parents))

    lines = {name: ancestors(name) for name in by_name}
    assert not [r for r in rows if r.negative in lines[r.positive] or r.positive in lines[r.negative]]


def test_every_second_negative_shares_the_positive_s_category_where_one_is_left(
    rows: list[Triplet], inventory: list[Term], by_name: dict[str, Term], matcher: Matcher
) -> None:
    category = {name: term.category for name, term in by_name.items()}
    for row in rows[1::2]:
        if category[row.positive] != category[row.negative]:
            own = {term.name for term in inventory if term.category == category[row.positive]}
            assert not own - matcher.by_term(row.anchor).keys() - triplets.relatives(by_name[row.positive], by_name)
    assert sum(category[row.positive] == category[row.negative] for row in rows[1::2]) > 1700
    assert sum(category[row.positive] == category[row.negative] for row in rows[0::2]) < 300


def test_nothing_held_out_is_in_a_triplet(rows: list[Triplet], corpus: list[Passage], heldout: Heldout) -> None:
    document = {p.id: p.document for p in corpus}
    assert not {document[row.passage] for row in rows} & heldout.document.keys()
    assert not {term for row in rows for term in (row.positive, row.negative)} & heldout.term.keys()


def test_anchors_are_the_passages_as_they_stand(rows: list[Triplet], corpus: list[Passage]) -> None:
    text = {p.id: p.text for p in corpus}
    assert all(row.anchor == text[row.passage] for row in rows)


def test_a_masked_anchor_holds_no_name_of_its_positive(
    training: list[StrongPair], inventory: list[Term], by_name: dict[str, Term], heldout: Heldout
) -> None:
    masked = triplets.build(training, inventory, seed=42, withheld=heldout.term, masked=1.0)
    alone = {name: Matcher([by_name[name]]) for name in {row.positive for row in masked}}
    for row in masked[::2]:
        assert BLANK in row.anchor
        assert not alone[row.positive].mentions(row.anchor), (row.passage, row.positive)


def test_the_strongest_pairs_come_first_and_none_stronger_is_left_out(
    training: list[StrongPair], strong: list[StrongPair], heldout: Heldout
) -> None:
    order = [pair.strength for pair in training]
    assert order == sorted(order, reverse=True)
    chosen = {(p.passage.id, p.term.name) for p in training}
    free = [p for p in strong if p.passage.document not in heldout.document and p.term.name not in heldout.term]
    assert max(p.strength for p in free if (p.passage.id, p.term.name) not in chosen) <= min(order)


def test_the_same_seed_gives_the_same_bytes_and_another_one_other_negatives(
    rows: list[Triplet], training: list[StrongPair], inventory: list[Term], heldout: Heldout, tmp_path
) -> None:
    again = triplets.build(training, inventory, seed=42, withheld=heldout.term)
    assert again == rows
    files = [tables.save(tables.to_dataset(r), tmp_path / f"{i}.parquet") for i, r in enumerate((rows, again))]
    assert files[0].read_bytes() == files[1].read_bytes()
    other = triplets.build(training[:50], inventory, seed=43, withheld=heldout.term)
    assert [r.positive for r in other] == [r.positive for r in rows[:100]]
    assert [r.negative for r in other] != [r.negative for r in rows[:100]]


def test_negatives_are_spread_evenly_over_the_terms(rows: list[Triplet]) -> None:
    negatives, positives = (Counter(getattr(r, side) for r in rows) for side in ("negative", "positive"))
    assert max(negatives.values()) < 30 < max(positives.values())
    assert len(negatives) > 600


# Strong pairs


@pytest.mark.parametrize(
    ("text", "headings", "strength"),
    [
        ("A random forest.", (), None),
        ("A random forest is an RF.", (), 2),
        ("RF, RF and RF.", (), 3),
        ("Forests\nA random forest.", ("Random forests",), 3),
        ("Only in the heading.", ("Random forests",), None),
        ("Random forests\nNothing else is said here.", ("Random forests",), 3),
        ("RF and RF.", ("RF", "Random forests"), 4),
        ("", (), None),
    ],
)
def test_a_pair_is_strong_from_two_mentions_or_one_and_a_heading(text, headings, strength) -> None:
    assert strengths(passage(text, *headings)).get(FOREST.name) == strength


def test_a_longer_name_does_not_count_for_a_shorter_one() -> None:
    long = Term("random forest embedding", "dimred")
    pairs = triplets.strong_pairs([passage("random forest embedding, random forest embedding")], [*SMALL, long])
    assert [pair.term.name for pair in pairs] == [long.name]


# Relatives and draws


@pytest.mark.parametrize(
    ("term", "related"),
    [
        (FOREST, {"random forest", "ensemble", "extra tree"}),
        (ENSEMBLE, {"ensemble", "random forest", "extra tree"}),
        (EXTRA, {"extra tree", "random forest", "ensemble"}),
        (BOOSTING, {"boosting"}),
    ],
)
def test_relatives_are_all_ancestors_and_descendants_and_no_siblings(term: Term, related: set[str]) -> None:
    assert triplets.relatives(term, {t.name: t for t in SMALL}) == related


def draw(text: str, inventory: list[Term], **options) -> list[Triplet]:
    pair = StrongPair(passage(text), FOREST, 2)
    return triplets.build([pair], inventory, **{"seed": 0} | options)


def test_without_a_term_of_the_category_the_second_negative_comes_from_any() -> None:
    assert [row.negative for row in draw("RF", [FOREST, ENSEMBLE, CLUSTER])] == ["k-means", "k-means"]


def test_withheld_terms_are_never_drawn() -> None:
    for seed in range(20):
        assert {row.negative for row in draw("RF", SMALL, seed=seed, withheld={"boosting"})} == {"k-means"}


def test_an_inventory_that_leaves_no_negative_is_refused_by_name() -> None:
    with pytest.raises(
        CourseError, match=r"No term is left as a negative for 'random forest' and passage page\.rst#000"
    ):
        draw("RF and boosting", [FOREST, ENSEMBLE, BOOSTING])


def test_masking_changes_anchors_and_nothing_else() -> None:
    for seed in range(5):
        plain, hidden = (draw("An RF here", SMALL, seed=seed, masked=share) for share in (0.0, 1.0))
        assert [row.anchor for row in hidden] == [f"An {BLANK} here"] * 2
        assert [(r.positive, r.negative, r.passage) for r in plain] == [
            (r.positive, r.negative, r.passage) for r in hidden
        ]


def test_about_the_chosen_share_of_anchors_is_masked() -> None:
    pairs = [StrongPair(passage("An RF here"), FOREST, 2)] * 1000
    masked = sum(BLANK in row.anchor for row in triplets.build(pairs, SMALL, seed=0, masked=0.3)[::2])
    assert 250 < masked < 350


def test_no_pair_gives_no_triplet() -> None:
    assert triplets.build([], SMALL, seed=0) == []


class ByLength:
    """Stands in for an encoder: embeds a text by its length alone."""

    def encode(self, texts, normalize_embeddings):
        angle = np.array([len(text) for text in texts]) / 5000
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def test_nearest_negatives_come_from_the_ten_nearest_allowed_terms(
    corpus: list[Passage], inventory: list[Term]
) -> None:
    pairs = triplets.strong_pairs(corpus[:12], inventory)
    nearest = triplets.nearest_terms(corpus[:12], inventory, ByLength())
    rows = triplets.build(pairs, inventory, 0, negatives=("nearest",), nearest=nearest)
    assert len(rows) == len(pairs)
    matcher, by_name, pages = Matcher(inventory), {t.name: t for t in inventory}, {p.id: p for p in corpus}
    for row in rows:
        texts = (row.anchor, *pages[row.passage].headings)
        taken = {m.term for text in texts for m in matcher.mentions(text)}
        taken |= triplets.relatives(by_name[row.positive], by_name)
        assert row.negative in [n for n in nearest[row.passage] if n not in taken][: triplets.NEAREST]


def test_nearest_negatives_without_a_ranking_are_refused(corpus: list[Passage], inventory: list[Term]) -> None:
    with pytest.raises(CourseError, match="nearest_terms"):
        triplets.build(triplets.strong_pairs(corpus[:9], inventory), inventory, 0, negatives=("nearest",))
