"""What the question-answer data is, read from the data itself, and what `course_lib.data.qa` says of every bad row."""

import copy
import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from course_lib import paths
from course_lib.data import qa
from course_lib.errors import CourseError

RIGHT = [json.loads(line) for line in (paths.DATA / "qa" / "metrics.jsonl").read_text("utf-8").split("\n")[:2]]
for right in RIGHT:
    for described in right["scenarios"]:
        described["also"] = []  # no other concept is in the small files of these tests


def lengths(texts: list[str]) -> np.ndarray:
    return np.array([len(encoding.ids) for encoding in qa.tokenizer().encode_batch(texts)])


def test_there_are_442_concepts_in_24_topics(concepts):
    assert len(concepts) == len({c.name.casefold() for c in concepts}) == 442
    topics = Counter(c.topic for c in concepts)
    assert len(topics) == 24 and min(topics.values()) >= 18


def test_each_concept_has_eight_answers_two_of_them_without_its_name_and_three_scenarios_without_it(concepts):
    for c in concepts:
        assert len(set(c.answers)) == 8 and len({s.question for s in c.scenarios}) == 3
        assert sum(qa.names(c, answer) is None for answer in c.answers) >= 2, c.name
        assert qa.names(c, c.question) and not any(qa.names(c, s.question) for s in c.scenarios), c.name


def test_siblings_named_in_a_scenario_are_concepts_of_the_same_topic(concepts):
    topics = {c.name: c.topic for c in concepts}
    siblings = [(c, name) for c in concepts for s in c.scenarios for name in s.also]
    assert siblings and all(topics[name] == c.topic and name != c.name for c, name in siblings)


def test_questions_and_answers_are_as_long_as_the_published_ones(concepts):
    questions = lengths([c.question for c in concepts])
    answers = lengths([answer for c in concepts for answer in c.answers])
    assert 11 <= questions.mean() <= 14 and questions.min() >= 7 and questions.max() <= 19
    assert 38 <= answers.mean() <= 48 and answers.min() >= 20 and answers.max() <= 110


def test_no_two_answers_share_more_than_half_of_their_content_4_grams_even_by_a_slow_count(concepts):
    for topic in {c.topic for c in concepts}:  # within a topic pair by pair; all pairs are what load() checks
        grams = [qa.content_grams(answer) for c in concepts if c.topic == topic for answer in c.answers]
        assert max(len(a & b) / min(len(a), len(b)) for a, b in combinations(filter(None, grams), 2)) <= 0.5


def test_pairs_are_every_answer_with_its_question(concepts):
    pairs = qa.pairs(concepts)
    assert len(pairs) == 442 * 8 and len({p.answer for p in pairs}) == len(pairs)
    assert pairs[8] == qa.Pair(concepts[1].question, concepts[1].answers[0], concepts[1].name)


def test_topic_files_are_utf_8_with_unix_line_ends_and_a_last_newline():
    for file in (paths.DATA / "qa").glob("*.jsonl"):
        content = file.read_bytes()
        assert content.decode("utf-8").endswith("}\n") and b"\r" not in content, file.name


def write(folder: Path, *rows: dict, name: str = "topic") -> Path:
    file = folder / f"{name}.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return file


def refusal(folder: Path) -> str:
    with pytest.raises(CourseError) as error:
        qa.load(folder)
    message = str(error.value)
    assert "\n" not in message and message.endswith(".")
    return message


def test_right_rows_are_read_as_they_stand(tmp_path):
    write(tmp_path, *RIGHT)
    first, second = qa.load(tmp_path)
    assert (first.name, first.topic, list(first.answers)) == (RIGHT[0]["concept"], "topic", RIGHT[0]["answers"])
    assert second.scenarios[2].question == RIGHT[1]["scenarios"][2]["question"]


LONG = "A very long text goes on and on without ever coming to its point. " * 12
NAME = re.escape(repr(RIGHT[1]["concept"]))
BROKEN = {  # (where in the row, what stands there) -> the sentence
    "a number for a text": (["question"], 7, r"question: Input should be a valid string; correct the row"),
    "a text for a list": (["aliases"], "acc", r"aliases: Input should be a valid list; correct"),
    "a number among the answers": (["answers", 3], None, r"answers\.3: Input should be a valid string; correct"),
    "a scenario that is a text": (["scenarios", 1], "Which one?", r"scenarios\.1: .*; correct"),
    "an unknown field": (["answer"], "yes", r"answer: Extra inputs are not permitted; correct"),
    "an empty question": (["question"], "  ", r"question: String should have at least 1 character; correct"),
    "an empty answer": (["answers", 7], "", r"answers\.7: String should have at least 1 character; correct"),
    "an empty scenario": (["scenarios", 0, "question"], "", r"scenarios\.0\.question: .* at least 1 character"),
    "too few answers": (["answers"], RIGHT[1]["answers"][:7], r"answers: List should have at least 8 items.* not 7"),
    "too many scenarios": (["scenarios"], RIGHT[1]["scenarios"] * 2, r"scenarios: List .* at most 3 items.* not 6"),
    "a long question": (["question"], LONG, r"question has \d+ tokens, not 7 to 19; rewrite it"),
    "a short question": (["question"], RIGHT[1]["concept"], r"question has \d tokens, not 7 to 19; rewrite it"),
    "a long answer": (["answers", 5], LONG, r"answers\.5 has \d+ tokens, not 20 to 110; rewrite it"),
    "a short answer": (["answers", 0], "It depends.", r"answers\.0 has 5 tokens, not 20 to 110; rewrite it"),
    "a short scenario": (["scenarios", 2, "question"], "Why?", r"scenarios\.2 has 4 tokens, not 14 to 60; rewrite it"),
    "a question about something else": (
        ["question"],
        "What is the name of this thing and what is it for?",
        rf"question does not name the concept {NAME}; use its name or an alias",
    ),
    "a scenario that names its concept": (
        ["scenarios", 1, "question"],
        f"On my desk lies a report in which {RIGHT[1]['concept'].upper()} is printed in bold. What is it?",
        rf"scenarios\.1 names its concept \({NAME}\); describe it without the name",
    ),
    "a scenario that uses an alias": (
        ["scenarios", 0, "question"],
        f"On my desk lies a report in which {RIGHT[1]['aliases'][0]} is printed in bold. What is it?",
        r"scenarios\.0 names its concept",
    ),
    "an unknown sibling": (["scenarios", 2, "also"], ["acuracy"], r"scenarios\.2\.also 'acuracy' is no other concept"),
    "itself as a sibling": (["scenarios", 0, "also"], [RIGHT[1]["concept"]], r"scenarios\.0\.also .* no other concept"),
}


@pytest.mark.parametrize(("place", "value", "sentence"), BROKEN.values(), ids=BROKEN)
def test_a_row_that_breaks_a_rule_is_named_by_file_line_field_and_remedy(tmp_path, place, value, sentence):
    row = inner = copy.deepcopy(RIGHT[1])
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    file = write(tmp_path, RIGHT[0], row)
    assert re.match(rf"{re.escape(str(file))}:2: {sentence}", refusal(tmp_path))


def test_a_missing_field_is_named(tmp_path):
    file = write(tmp_path, {key: value for key, value in RIGHT[0].items() if key != "family"})
    assert refusal(tmp_path) == f"{file}:1: family: Field required; correct the row."


def test_seven_answers_with_the_name_are_one_too_many(tmp_path):
    name = RIGHT[1]["concept"]
    answers = [f"Think of {name} here. {answer}" for answer in RIGHT[1]["answers"][:7]]
    file = write(tmp_path, RIGHT[0], RIGHT[1] | {"answers": [*answers, RIGHT[1]["answers"][7]]})
    assert refusal(tmp_path).startswith(f"{file}:2: fewer than 2 answers do without the concept's name; rewrite")


@pytest.mark.parametrize("line", ['{"concept": }', "concept: accuracy", "[1, 2]", "7"])
def test_a_line_that_is_no_json_object_is_named(tmp_path, line):
    file = write(tmp_path, RIGHT[0])
    file.write_text(file.read_text("utf-8") + line + "\n" + json.dumps(RIGHT[1]) + "\n", encoding="utf-8")
    message = refusal(tmp_path)
    assert message.startswith(f"{file}:2: ") and re.search(r"mend the line|correct the row", message)


def test_a_last_line_that_is_cut_off_is_called_that(tmp_path):
    file = write(tmp_path, *RIGHT)
    file.write_bytes(file.read_bytes()[:-200])
    assert refusal(tmp_path) == f"{file}:2: the last line is cut off; restore it or delete it."


@pytest.mark.parametrize("other", ["topic", "zoology"])
def test_a_concept_that_stands_twice_is_refused_in_one_file_and_in_two_whatever_its_case(tmp_path, other):
    twin = RIGHT[0] | {"concept": RIGHT[0]["concept"].upper(), "aliases": [RIGHT[0]["concept"]]}
    file = write(tmp_path, RIGHT[0])
    second = write(tmp_path, *([RIGHT[0], twin] if other == "topic" else [twin]), name=other)
    line = 2 if other == "topic" else 1
    message = refusal(tmp_path)
    assert message.startswith(f"{second}:{line}: concept {twin['concept']!r} stands already at {file}:1; merge them")


def reworded(answer: str) -> str:
    """Another first word and other small words: a near-duplicate."""
    return "Indeed: " + answer.replace(" the ", " a ").replace(" of ", " in ")


@pytest.mark.parametrize(("alter", "verb"), [(str, "repeats"), (str.upper, "repeats"), (reworded, "nearly repeats")])
@pytest.mark.parametrize("concept", [0, 1], ids=["one concept", "two concepts"])
def test_an_answer_that_stands_twice_or_nearly_twice_is_refused_with_both_places(tmp_path, alter, verb, concept):
    longest = max(range(8), key=lambda i: len(RIGHT[0]["answers"][i]))
    rows = copy.deepcopy(RIGHT)
    target = (longest + 1) % 8 if concept == 0 else 4
    rows[concept]["answers"][target] = alter(RIGHT[0]["answers"][longest])
    file = write(tmp_path, *rows)
    message = refusal(tmp_path)
    assert message.startswith(f"{file}:{concept + 1}: answers.") and f" {verb} answers." in message
    assert f"of {RIGHT[0]['concept']!r} at {file}:1; rewrite one of the two" in message


def test_half_of_the_content_4_grams_may_be_shared_and_no_more(tmp_path):
    text = (
        "apple river stone cloud horse table green music paper light ocean chair bread glass tower winter "
        "silver garden bridge forest engine window market letter mirror"
    ).split()
    others = "island castle pepper saddle ribbon planet candle copper marble basket ladder helmet".split()
    rows = copy.deepcopy(RIGHT)
    rows[0]["answers"][6] = " ".join(text[:24])  # 21 runs of four words
    rows[1]["answers"][6] = " ".join(text[:13] + others[:11])  # shares 10 of them
    write(tmp_path, *rows)
    assert len(qa.load(tmp_path)) == 2
    rows[1]["answers"][6] = " ".join(text[:14] + others[:10])  # shares 11
    write(tmp_path, *rows)
    assert " nearly repeats answers.6 of " in refusal(tmp_path)


def test_an_answer_of_small_words_alone_that_stands_twice_is_refused(tmp_path):
    rows = copy.deepcopy(RIGHT)
    for row in rows:
        row["answers"][6] = "It is what it is, and that is all there is to it: not more than this, not less than that."
    write(tmp_path, *rows)
    assert " repeats answers.6 of " in refusal(tmp_path)


def test_a_file_that_is_not_utf_8_is_named_with_its_line(tmp_path):
    file = write(tmp_path, *RIGHT)
    first, second = file.read_bytes().split(b"\n")[:2]
    file.write_bytes(first + b"\n" + second.replace(b"concept", b"conc\xe9pt", 1) + b"\n")
    assert re.fullmatch(
        rf"{re.escape(str(file))}:2: not UTF-8 at byte \d+; save the file as UTF-8\.", refusal(tmp_path)
    )


def test_windows_line_ends_a_byte_order_mark_and_blank_lines_change_nothing(tmp_path):
    file = write(tmp_path, *RIGHT)
    plain = qa.load(tmp_path)
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n\r\n"))
    assert qa.load(tmp_path) == plain


def test_a_folder_without_topic_files_says_so(tmp_path):
    assert refusal(tmp_path).startswith(f"{tmp_path}: holds no .jsonl file")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Random forests vote.", "random forest"),
        ("a random-forest model", "random forest"),
        ("RF is quick", "RF"),
        ("the rf band", None),  # acronyms are matched as written
        ("random foresters", None),
        ("a Random\nForest", "random forest"),
    ],
)
def test_a_name_is_found_in_plural_and_hyphenated_as_whole_words(text, found):
    concept = qa.Concept("random forest", "trees", "ensembles", ("RF",), "?", (), ())
    assert qa.names(concept, text) == found
