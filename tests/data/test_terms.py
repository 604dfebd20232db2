"""What `course_lib.data.terms` promises: a checked inventory, mentions a reader would agree with, masks that hold."""

from itertools import pairwise
from pathlib import Path

import pytest

from course_lib.data import terms
from course_lib.data.passages import Passage
from course_lib.data.terms import BLANK, Matcher, Term
from course_lib.errors import CourseError

FOREST = Term("random forest", "trees", aliases=("forest of trees",), exact=("RF",), parents=("ensemble",))
PCA = Term("principal component analysis", "dimred", aliases=("principal component",), exact=("PCA",))
KERNEL_PCA = Term("kernel PCA", "dimred", parents=("principal component analysis",))
SEARCH = Term("grid search", "evaluation")
SMALL = [FOREST, Term("ensemble", "trees"), PCA, KERNEL_PCA, SEARCH, Term("Cohen's kappa", "evaluation")]


def found(text: str, inventory: list[Term] = SMALL) -> list[tuple[str, str]]:
    return [(m.term, text[m.start : m.end]) for m in Matcher(inventory).mentions(text)]


@pytest.fixture
def write(tmp_path: Path):
    def save(content: str | bytes) -> Path:
        file = tmp_path / "terms.yaml"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    return save


# The inventory of the course


def test_every_name_of_the_inventory_is_found_as_its_term(inventory: list[Term], matcher: Matcher) -> None:
    wrong = {
        name: mentioned
        for term in inventory
        for name in (term.name, *term.aliases, *term.exact)
        if (mentioned := [m.term for m in matcher.mentions(f"We use {name} here.")]) != [term.name]
    }
    assert not wrong


def test_mentions_are_in_order_never_overlap_and_lie_in_one_line(corpus: list[Passage], matcher: Matcher) -> None:
    for passage in corpus:
        mentions = matcher.mentions(passage.text)
        assert all(a.end <= b.start for a, b in pairwise(mentions))
        assert all("\n" not in passage.text[m.start : m.end] for m in mentions)


def test_a_mention_is_whole_words_or_whole_parts_of_an_identifier(corpus: list[Passage], matcher: Matcher) -> None:
    for passage in corpus[::5]:
        for mention in matcher.mentions(passage.text):
            before, after = passage.text[mention.start - 1 : mention.start], passage.text[mention.end : mention.end + 1]
            first = passage.text[mention.start]
            assert not before.isalnum() or first.isupper() or first.isdigit(), passage.text[mention.start :][:40]
            assert not after.isalnum() or not after.islower(), passage.text[mention.start :][:40]


def test_reading_twice_gives_the_same_inventory(inventory: list[Term]) -> None:
    assert terms.load() == inventory


# Reading an inventory


def test_a_row_carries_all_its_fields(write) -> None:
    file = write(
        "trees:\n- term: random forest\n  aliases: [forest of trees]\n  exact: [RF]\n  parents: [tree]\n- term: tree\n"
    )
    assert terms.load(file) == [
        Term("random forest", "trees", ("forest of trees",), ("RF",), ("tree",)),
        Term("tree", "trees"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbftrees:\n- term: tree\n",
        b"trees:\r\n- term: tree\r\n",
        b"\xef\xbb\xbftrees:\r\n- term: tree\r\n",
        b"trees: [{term: tree}]",
        b"# a comment\n\ntrees:\n  - term: tree  # another\n",
    ],
)
def test_byte_order_mark_crlf_and_yaml_s_other_spellings_are_accepted(write, content: bytes) -> None:
    assert terms.load(write(content)) == [Term("tree", "trees")]


TREES = "trees:\n- term: tree\n"
BAD = {
    "unknown parent": (TREES + "  parents: [plant]\n", 2, r"parent 'plant' is no term of this inventory"),
    "alias claimed twice": (
        TREES + "- term: bush\n  aliases: [tree]\n",
        3,
        r"'tree' is claimed by 'tree' and by 'bush'",
    ),
    "alias claimed in the plural": (TREES + "- term: bush\n  aliases: [Trees]\n", 3, r"'Trees' is claimed by 'tree'"),
    "alias claimed with a hyphen": (
        "a:\n- term: grid search\nb:\n- term: tuning\n  aliases: [grid-search]\n",
        4,
        r"'grid-search' is claimed by 'grid search' and by 'tuning'",
    ),
    "exact name claimed twice": (
        TREES + "  exact: [RF]\n- term: bush\n  exact: [RF]\n",
        4,
        r"'RF' is claimed by 'tree' and by 'bush'",
    ),
    "exact name that an alias shadows": (
        TREES + "  exact: [RF]\n- term: bush\n  aliases: [rf]\n",
        2,
        r"'RF' is claimed by 'bush' and by 'tree'",
    ),
    "exact name that never matches": (TREES + "  exact: [a tree]\n", 2, r"exact 'a tree' is not one word.*an alias"),
    "exact name with a sign": (TREES + "  exact: [trees_]\n", 2, r"exact 'trees_' is not one word"),
    "name without a word": (TREES + "  aliases: ['--']\n", 2, r"'--' holds no word"),
    "term twice": (TREES + "- term: tree\n", 3, r"the term 'tree' stands twice; merge"),
    "circle of parents": (
        TREES + "  parents: [bush]\n- term: bush\n  parents: [tree]\n",
        r"[24]",
        r"parents in a circle, \w+ -> \w+ -> \w+; remove one",
    ),
    "its own parent": (TREES + "  parents: [tree]\n", 2, r"parents in a circle, tree -> tree"),
    "not YAML": ("trees:\n- term: 'tree\n", r"\d", r"not YAML \(.+\); mend the line"),
    "tab in YAML": ("trees:\n\t- term: tree\n", 2, r"not YAML"),
    "control character": ("trees:\n- term: tr\x00ee\n", r"\d", r"not YAML \([^\n]+\)"),
    "not UTF-8": (b"trees:\n- term: for\xeat\n", 2, r"not UTF-8 at byte 18; save the file as UTF-8"),
    "empty": ("", 1, r"an inventory is `category:` followed by a list"),
    "a list": ("- term: tree\n", 1, r"an inventory is `category:`"),
    "a category without terms": ("trees:\n", 1, r"an inventory is `category:`"),
    "a term without a name": ("trees:\n- aliases: [a]\n", 2, r"term: Field required"),
    "a term that is a string": ("trees:\n- tree\n", 2, r".*dictionary"),
    "a term that YAML reads as a truth value": ("trees:\n- term: yes\n", 2, r"term: Input should be a valid string"),
    "a misspelt field": (TREES + "  alias: [plant]\n", 2, r"alias: Extra inputs are not permitted"),
    "aliases that are no list": (TREES + "  aliases: plant\n", 2, r"aliases: Input should be a valid list"),
    "a field twice": (TREES + "  aliases: [plant]\n  aliases: [bush]\n", 4, r"'aliases' stands twice; merge the two"),
    "a category twice": (TREES + "trees:\n- term: bush\n", 3, r"'trees' stands twice; merge the two"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_inventory_is_refused_with_file_line_and_remedy(write, case: str) -> None:
    content, line, message = BAD[case]
    file = write(content)
    with pytest.raises(CourseError, match=rf"terms\.yaml:{line}: {message}") as raised:
        terms.load(file)
    assert "\n" not in str(raised.value) and str(raised.value).endswith(".")


def test_a_missing_inventory_is_named(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"none\.yaml: cannot be read \(.+\); check the path"):
        terms.load(tmp_path / "none.yaml")


# Finding mentions


@pytest.mark.parametrize(
    ("text", "mentioned"),
    [
        ("A random forest.", "random forest"),
        ("Random Forests!", "Random Forests"),
        ("two random-forest models", "random-forest"),
        ("a RandomForestClassifier", "RandomForest"),
        ("sklearn.RandomForestClassifier()", "RandomForest"),
        ("a forest of trees", "forest of trees"),
        ("the RF here", "RF"),
        ("Cohen's kappa is", "Cohen's kappa"),
    ],
)
def test_aliases_plurals_hyphens_identifiers_and_exact_names_are_found(text: str, mentioned: str) -> None:
    assert [place for _, place in found(text)] == [mentioned]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "…",
        "a random\nforest",
        f"random {BLANK} forest",
        "randomforest",
        "random_forest",
        "the rf here",
        "forests",
        "PCAS",
    ],
)
def test_what_only_looks_like_a_name_is_not_found(text: str) -> None:
    assert found(text) == []


def test_the_longest_name_wins_and_nothing_overlaps() -> None:
    assert found("kernel PCA, then PCA") == [
        ("kernel PCA", "kernel PCA"),
        ("principal component analysis", "PCA"),
    ]
    assert found("principal component analysis") == [("principal component analysis",) * 2]


@pytest.mark.parametrize("text", ["PageRank scores", "a pagerank", "PageRanks"])
def test_a_name_with_a_capital_inside_is_found_however_it_is_written(text: str) -> None:
    assert [term for term, _ in found(text, [Term("PageRank", "graphs")])] == ["PageRank"]


def test_mentions_are_grouped_by_term() -> None:
    grouped = Matcher(SMALL).by_term("PCA and a grid search and PCA")
    assert {term: len(places) for term, places in grouped.items()} == {
        "principal component analysis": 2,
        "grid search": 1,
    }


def test_an_empty_inventory_finds_nothing() -> None:
    assert Matcher([]).mentions("a random forest") == [] and Matcher([]).mask("text", {"x"}) == "text"


# Masking


def test_every_name_of_a_term_is_blanked_out_and_nothing_else() -> None:
    text = "Principal component analysis (PCA): the principal components of a random forest."
    assert Matcher(SMALL).mask(text, {PCA.name}) == f"{BLANK} ({BLANK}): the {BLANK} of a random forest."


def test_a_mask_reaches_into_the_longer_name_of_another_term() -> None:
    assert Matcher(SMALL).mask("kernel PCA and PCA", {PCA.name}) == f"kernel {BLANK} and {BLANK}"
    assert Matcher(SMALL).mask("kernel PCA and PCA", {KERNEL_PCA.name}) == f"{BLANK} and PCA"


def test_words_around_a_blank_never_make_a_new_name() -> None:
    inventory = [Term("grid search", "a"), Term("random forest", "b")]
    masked = Matcher(inventory).mask("grid random forest search", {"random forest"})
    assert masked == f"grid {BLANK} search" and not Matcher(inventory).mentions(masked)


def test_masking_nothing_changes_nothing(corpus: list[Passage], matcher: Matcher) -> None:
    assert all(matcher.mask(p.text, set()) == p.text for p in corpus[::50])
    assert matcher.mask("a random forest", {"no such term"}) == "a random forest"
