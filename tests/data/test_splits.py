"""What is held out, that nothing of it leaks into training, and that every planted leak is seen."""

import re
from collections import Counter
from dataclasses import replace

import pytest

from course_lib import paths
from course_lib.data import passages, qa, splits
from course_lib.data.splits import LeakageError
from course_lib.errors import CourseError


def texts_of(concepts: list[qa.Concept]) -> list[tuple[str, str]]:
    asked = [(c.name, text) for c in concepts for text in (c.question, *c.answers)]
    return asked + [(c.name, s.question) for c in concepts for s in c.scenarios]


def pages_of(corpus: list[passages.Passage]) -> list[tuple[str, str]]:
    return [(p.document, p.text) for p in corpus]


def test_there_are_exactly_2764_training_pairs_all_different(concepts, heldout):
    pairs = splits.training_pairs(concepts, heldout)
    assert len(pairs) == len(set(pairs)) == 2764
    assert not {p.concept for p in pairs} & heldout.concept.keys()


def test_no_training_concept_is_left_out_of_the_pairs(concepts, heldout):
    count = Counter(p.concept for p in splits.training_pairs(concepts, heldout))
    assert count.keys() == {c.name for c in heldout.concepts(concepts, "train")} and min(count.values()) >= 7


def test_dev_and_test_hold_at_least_25_and_50_whole_concepts(concepts, heldout):
    split = {name: heldout.concepts(concepts, name) for name in splits.SPLITS}
    assert len(split["dev"]) >= 25 and len(split["test"]) >= 50
    assert all(len(c.answers) == 8 and len(c.scenarios) == 3 for c in split["dev"] + split["test"])
    assert sorted(c.name for part in split.values() for c in part) == sorted(c.name for c in concepts)


def test_every_family_of_four_or_more_has_a_concept_in_training(concepts, heldout):
    size = Counter(c.family for c in concepts)
    trained = {c.family for c in heldout.concepts(concepts, "train")}
    assert [family for family, n in size.items() if n >= 4 and family not in trained] == []


def test_most_held_out_concepts_have_a_sibling_in_training(concepts, heldout):
    trained = {c.family for c in heldout.concepts(concepts, "train")}
    tested = heldout.concepts(concepts, "test")
    assert sum(c.family in trained for c in tested) > 0.8 * len(tested)


def test_every_topic_is_tested(concepts, heldout):
    assert {c.topic for c in heldout.concepts(concepts, "test")} == {c.topic for c in concepts}


def test_there_are_3552_training_triplets_without_held_out_documents_and_terms(rows, heldout):
    assert len(rows) == 3552
    assert not {t.passage.partition("#")[0] for t in rows} & heldout.document.keys()
    assert not {name for t in rows for name in (t.positive, t.negative)} & heldout.term.keys()


def test_every_held_out_name_exists(concepts, corpus, inventory, heldout):
    splits.check_listed(heldout, concepts, corpus, inventory)


@pytest.mark.parametrize(("known", "asked"), [("train", "dev"), ("train", "test"), ("dev", "test")])
def test_no_concept_and_no_document_leaks_from_one_split_into_another(concepts, corpus, heldout, known, asked):
    for all_of, texts, select in ((concepts, texts_of, heldout.concepts), (corpus, pages_of, heldout.passages)):
        splits.assert_no_leakage(texts(select(all_of, known)), texts(select(all_of, asked)))


@pytest.mark.parametrize("kind", ["concept", "document"])
def test_a_planted_group_on_both_sides_is_caught(concepts, corpus, heldout, kind):
    if kind == "concept":
        training, tested = texts_of(heldout.concepts(concepts, "train")), texts_of(heldout.concepts(concepts, "test"))
    else:
        training, tested = pages_of(heldout.passages(corpus, "train")), pages_of(heldout.passages(corpus, "test"))
    with pytest.raises(LeakageError, match=rf"'{re.escape(tested[5][0])}' is in training and held out; list it"):
        splits.assert_no_leakage([*training, tested[5]], tested)


@pytest.mark.parametrize("kind", ["concept", "document"])
def test_a_planted_text_under_another_name_is_caught(concepts, corpus, heldout, kind):
    if kind == "concept":
        training, tested = texts_of(heldout.concepts(concepts, "train")), texts_of(heldout.concepts(concepts, "test"))
    else:
        training, tested = pages_of(heldout.passages(corpus, "train")), pages_of(heldout.passages(corpus, "test"))
    for group, text in (tested[3], (tested[3][0], tested[3][1].upper().replace(" ", "\n"))):
        with pytest.raises(LeakageError, match=r"100% of a held-out text of .* hold out its twin") as error:
            splits.assert_no_leakage([*training, ("an innocent name", text)], tested)
        assert repr(group) in str(error.value)


def test_a_copied_question_shorter_than_a_shingle_is_caught():
    with pytest.raises(LeakageError):
        splits.assert_no_leakage([("a", "What is recall?")], [("b", "What is recall?")])
    splits.assert_no_leakage([("a", "What is recall?"), ("c", "")], [("b", "What is precision?"), ("d", "...")])


def test_a_fifth_of_shared_shingles_is_the_limit():
    own = [f"own{i}" for i in range(39)]
    known = [f"known{i}" for i in range(40)]

    def check(copied: int) -> None:  # of copied + 32 shingles, copied - 7 are known
        splits.assert_no_leakage([("a", " ".join(known))], [("b", " ".join(known[:copied] + own))])

    check(16)  # 9 of 48
    with pytest.raises(LeakageError, match=r"^20% of a held-out text of 'b'"):
        check(17)  # 10 of 49


@pytest.mark.parametrize("kind", splits.KINDS)
def test_a_misspelt_name_is_named_with_its_line(concepts, corpus, inventory, tmp_path, kind):
    file = tmp_path / "heldout.txt"
    file.write_text(f"# held out\n\ntest concept {concepts[0].name}\ndev {kind} linaer regression\n", encoding="utf-8")
    with pytest.raises(CourseError) as error:
        splits.check_listed(splits.load(file), concepts, corpus, inventory)
    assert str(error.value) == f"{file}:4: there is no {kind} 'linaer regression'; correct the line or delete it."


@pytest.mark.parametrize("line", ["train concept bagging", "test family trees", "test concept", "bagging", "test"])
def test_a_line_that_is_not_split_kind_name_is_named(tmp_path, line):
    file = tmp_path / "heldout.txt"
    file.write_text(f"test concept boosting\n{line}\n", encoding="utf-8")
    with pytest.raises(CourseError, match="expected") as error:
        splits.load(file)
    assert str(error.value).startswith(f"{file}:2: ") and repr(line) in str(error.value)


def test_a_name_listed_twice_is_refused(tmp_path):
    file = tmp_path / "heldout.txt"
    file.write_text("test concept boosting\ndev concept boosting\n", encoding="utf-8")
    with pytest.raises(CourseError, match=r":2: concept 'boosting' is listed twice; keep one line"):
        splits.load(file)


def test_windows_line_ends_and_a_byte_order_mark_change_nothing(tmp_path, heldout):
    file = tmp_path / "heldout.txt"
    content = (paths.DATA / "heldout.txt").read_bytes()
    file.write_bytes(b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n"))
    assert splits.load(file) == heldout


def test_a_missing_list_is_named(tmp_path):
    with pytest.raises(CourseError, match=r"heldout\.txt: cannot be read \(.*\); check the path"):
        splits.load(tmp_path / "heldout.txt")


def test_a_concept_that_is_not_listed_is_for_training(concepts, heldout):
    new = replace(concepts[0], name="a new concept")
    assert heldout.concepts([new], "train") == [new] and heldout.concepts([new], "test") == []
