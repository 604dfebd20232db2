"""Exercises of notebook 03: pairs that are wrong negatives, a scenario that passes, a split by concept."""

from course_lib.course.exercises import WRONG_TYPE, Exercise
from course_lib.data import qa

OTHERS, PAIRS, ANSWERS = 15, 2764, 46  # other rows in a batch of 16, pairs, answers to each of 60 questions
WRONG_CHANCES = {
    (OTHERS + 1) * (ANSWERS - 1) / (PAIRS - 1): "A pair is no negative of its own: 15 other rows, not 16.",
    OTHERS * ANSWERS / PAIRS: "The pair itself is already drawn: 45 of the 2,763 that remain share its question.",
    OTHERS * ANSWERS / (PAIRS - 1): "Of the 46 answers one is the pair's own: 45 remain.",
    OTHERS / 60: "That draws each row anew, with replacement; a batch takes 16 different rows out of 2,764.",
    (ANSWERS - 1) / (PAIRS - 1): "That is the chance for one other row; a batch holds fifteen.",
}
SUBJECT = qa.Concept("early stopping", topic="", family="", aliases=(), question="", answers=(), scenarios=())
HELD = frozenset({"recall"})
ROWS = (
    qa.Pair("What is recall?", "The share of the sick that a test finds.", "recall"),
    qa.Pair("What is precision?", "Of the alarms, the share that is right; recall looks the other way.", "precision"),
    qa.Pair("What is dropout?", "Units are switched off at random in training.", "dropout"),
    qa.Pair("What is recall?", "Found positives over all positives.", "recall"),
    qa.Pair("What is precision?", "Correct alarms over all alarms.", "precision"),
)


def _same_question_rows(answer: object) -> str | None:
    for wrong, hint in WRONG_CHANCES.items():
        if abs(float(answer) - wrong) < 1e-6:
            return hint
    if abs(float(answer) - OTHERS * (ANSWERS - 1) / (PAIRS - 1)) < 2e-3:
        return None
    return "Ask for one other row first: how many of the remaining pairs share the question? Then take 15 such rows."


def _scenario(answer: object) -> str | None:
    if not isinstance(answer, str):
        return WRONG_TYPE
    if name := qa.names(SUBJECT, answer):
        return f"It says {name!r}: a query that names its concept can be answered by matching the string."
    low, high = qa.SCENARIO_TOKENS
    size = len(qa.tokenizer().encode(answer).ids)
    if size < low:
        return f"{size} tokens, fewer than {low}: too little is told to decide between this concept and its siblings."
    if size > high:
        return f"{size} tokens, more than {high}: a situation, not a story; keep what decides."
    return None if answer.rstrip().endswith("?") else "A scenario is a query: end it with the question that you ask."


def _split(answer: object) -> str | None:
    training, held_out = (list(part) for part in answer(list(ROWS), HELD))
    right = [pair for pair in ROWS if pair.concept in HELD]
    if sorted(map(str, training + held_out)) != sorted(map(str, ROWS)):
        return "Some pair is in neither part or in both: each belongs to exactly one."
    if sorted(map(str, training)) == sorted(map(str, right)):
        return "The parts are the wrong way round: training comes first."
    if any(pair not in held_out for pair in right):
        return "A held-out concept still has a pair in training: that is a split by row; go by `pair.concept`."
    if len(held_out) > len(right):
        return "Too much is held out: an answer may mention another concept; go by `pair.concept`, not by the text."
    return None


EXERCISES = {"03.1": Exercise(_same_question_rows), "03.2": Exercise(_scenario), "03.3": Exercise(_split)}
