"""The transfer check asks for held-out sections, the forgetting check about Python: fair, distinct, neither trivial."""

import re

import pytest

from course_lib import profiles
from course_lib.data import manuals
from course_lib.data.passages import Passage
from course_lib.data.splits import Heldout
from course_lib.evaluation import checks, judge
from course_lib.evaluation.checks import MAX_WORDS, MIN_WORDS, QUERY_WORDS
from course_lib.evaluation.retrievers import BM25

FULL, SMOKE = profiles.load("full"), profiles.load("smoke")
SPLITS = pytest.mark.parametrize("split", ["dev", "test"])
LONG = "word " * MIN_WORDS


@SPLITS
def test_sections_are_those_of_held_out_documents_and_show_no_title(corpus, heldout, split):
    task = checks.title_to_section(corpus, heldout, split, FULL)
    own = heldout.passages(corpus, split)
    assert {key.rpartition("/")[0] for key in task.corpus} <= {p.document for p in own}
    lines = {line for p in own for line in p.text.split("\n")}
    titles = {title for p in own for title in p.headings}
    whole = " ".join(" ".join(p.text.split()) for p in own)
    for text in task.corpus.values():
        assert MIN_WORDS <= len(text.split()) <= MAX_WORDS
        assert any(text.startswith(" ".join(line.split())[:60]) for line in lines - titles)
        assert text[:80] in whole and text not in titles
    assert task.split == split and len(set(task.groups.values())) > 20


@pytest.mark.parametrize(("split", "least"), [("dev", 25), ("test", 200)])
def test_the_titles_of_other_manuals_ask_about_every_one_of_the_split_and_about_no_document_of_the_corpus(
    corpus, split, least
):
    pages = manuals.load(split)
    task = checks.title_to_section_of_manuals(pages, split, FULL)
    assert task.split == split and set(task.corpus.values()) == {section.text for section in checks.sections(pages)}
    assert {document.partition("/")[0] for document in task.groups.values()} == {a.name for a in manuals.PAGES[split]}
    assert {p.document for p in corpus}.isdisjoint(task.groups.values()) and len(set(task.groups.values())) > least


def test_a_title_of_several_documents_is_no_query_and_one_used_twice_in_a_document_has_two_right_answers():
    def passage(document: str, *parts: tuple[str, str]) -> Passage:
        text = "\n".join(f"{title}\n{body} {LONG}" for title, body in parts)
        return Passage(f"{document}#0", document, tuple(title for title, _ in parts), text)

    corpus = [
        passage("a", ("Kernels", "one"), ("Conclusion", "two"), ("Kernels", "three"), ("Trees", "four")),
        passage("b", ("conclusion", "five"), ("Trees again", "four")),
        passage("training", ("Conclusion", "six"), ("Elsewhere", "seven")),
    ]
    heldout = Heldout({}, {"a": "test", "b": "test"}, {})
    task = checks.title_to_section(corpus, heldout, "test", FULL)
    assert task.queries == {"a/Kernels": "Kernels", "a/Trees": "Trees", "b/Trees again": "Trees again"}
    shown = {query: {task.corpus[key].split()[0] for key in right} for query, right in task.qrels.items()}
    assert shown == {"a/Kernels": {"one", "three"}, "a/Trees": {"four"}, "b/Trees again": {"four"}}
    assert sorted(text.split()[0] for text in task.corpus.values()) == ["five", "four", "one", "three", "two"]
    assert task.groups["a/Kernels"] == task.groups["a/Trees"] == "a"


def test_a_section_that_goes_on_in_the_next_passage_is_put_together_and_a_short_one_left_out():
    passages = [
        Passage("a#0", "a", ("Top", "Short", "Long"), f"Top\n{LONG}\nShort\nfew words\nLong\n{LONG}begins"),
        Passage("a#1", "a", ("Long", "Next"), f"goes on\nNext\n{LONG}"),
        Passage("a#2", "a", ("Lost heading",), f"{LONG}of a passage that was too short"),
        Passage("b#0", "b", ("",), f"{LONG}before any heading"),
    ]
    found = {section.title: section.text for section in checks.sections(passages)}
    assert found.keys() == {"Top", "Long", "Next", "Lost heading"}
    assert found["Long"].endswith("begins goes on") and found["Lost heading"].endswith("too short")


def test_first_sentences_ask_for_the_rest_of_their_topic_and_dev_and_test_ask_about_different_ones():
    dev, test = (checks.first_sentence_to_topic(split, FULL) for split in ("dev", "test"))
    assert dev.corpus == test.corpus and dev.queries.keys().isdisjoint(test.queries)
    assert dev.queries.keys() | test.queries.keys() == test.corpus.keys() and 50 <= len(test.corpus) <= 80
    assert len(test.queries) > len(dev.queries) > 15
    for query, text in (dev.queries | test.queries).items():
        assert len(text.split()) <= QUERY_WORDS and MIN_WORDS <= len(test.corpus[query].split()) <= MAX_WORDS
        assert text not in test.corpus[query]


def test_topics_are_prose_without_title_code_grammar_and_markup():
    manual = {
        "loop": 'The "loop" statement\n********************\n\nThe "loop" statement *repeats*. It ends when told to: '
        f'{LONG}.\n\n   loop_stmt ::= "loop" suite\n\nChanged in version 3.9: Was slower.\n\nloop.again(n)\n\n'
        "   while True: pass\n\nA part\n======\n\n* An item\n  of two lines.\n",
    }
    task = checks.first_sentence_to_topic("dev", FULL, manual)
    assert task.queries == {"loop": "The loop statement repeats."}
    assert task.corpus == {"loop": f"It ends when told to: {LONG}. An item of two lines."}


def test_a_topic_that_holds_another_is_left_out():
    def topic(title: str, *texts: str) -> str:
        return f"{title}\n****\n\n" + "\n\n".join(texts)

    def text(word: str) -> str:
        return f"This is about {word}. It says: " + " ".join(f"{word}{i}" for i in range(40)) + "."

    manual = {
        "all": topic("All", text("if"), text("while")),
        "if": topic("If", text("if")),
        "if again": topic("If", text("if")),
        "other": topic("Other", text("other")),
        "tiny": topic("Tiny", "This is tiny. It says nothing."),
    }
    assert checks.first_sentence_to_topic("test", FULL, manual).corpus.keys() == {"if", "other"}


def of_both_splits(corpus, heldout, profile):
    for split in ("dev", "test"):
        yield checks.title_to_section(corpus, heldout, split, profile)
        yield checks.title_to_section_of_manuals(manuals.load(split), split, profile)
        yield checks.first_sentence_to_topic(split, profile)


def test_no_check_is_solved_by_matching_words_nor_out_of_reach(corpus, heldout):
    for task in of_both_splits(corpus, heldout, FULL):
        assert 0.15 < judge.interval(judge.evaluate(task, BM25()), 10, 0).mean < 0.95


def test_a_small_profile_keeps_several_groups_in_each_check(corpus, heldout):
    for task in of_both_splits(corpus, heldout, SMOKE):
        assert len(task.corpus) <= 3 * SMOKE.passages and len(set(task.groups.values())) > 2


def test_no_topic_shows_a_line_of_markup():
    for text in checks.first_sentence_to_topic("test", FULL).corpus.values():
        assert not re.search(r'\*|"|::=|====|----', text)
