"""The facts of the datasheet, `data/README.md`: counted from the data, so that the page cannot drift from it."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

from tokenizers import Tokenizer

from course_lib import paths
from course_lib.data import passages, qa, splits, terms, triplets
from course_lib.errors import CourseError

PAGE = paths.DATA / "README.md"
START, END = "<!-- facts: written by `course report --save` -->", "<!-- end of facts -->"


def write(page: Path = PAGE) -> Path:
    """Put the facts between the two marks of the page."""
    text = page.read_text(encoding="utf-8")
    if START not in text or END not in text:
        raise CourseError(f"{page}: the two comments that mark the facts are missing; restore them.")
    pattern = f"{re.escape(START)}.*{re.escape(END)}"
    block = f"{START}\n\n{table(facts())}\n\n{END}"
    page.write_text(re.sub(pattern, lambda _: block, text, flags=re.S), encoding="utf-8")
    return page


def table(rows: dict[str, str]) -> str:
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())])


def facts() -> dict[str, str]:
    """Every count and statistic of both datasets, as the datasheet prints them."""
    heldout = splits.load()
    counted = _pairs(qa.load(), heldout) | _triplets(passages.load(), terms.load(), heldout)
    return counted | _reviews() | _siblings() | _judgements()


def _pairs(concepts: Sequence[qa.Concept], heldout: splits.Heldout) -> dict[str, str]:
    counter = qa.tokenizer()
    sizes = [len(heldout.concepts(concepts, split)) for split in splits.SPLITS]
    pairs = splits.training_pairs(concepts, heldout)
    return {
        "concepts, topics, families": f"{len(concepts)}, {len({c.topic for c in concepts})}, "
        f"{len({(c.topic, c.family) for c in concepts})}",
        "answers, scenarios": f"{sum(len(c.answers) for c in concepts)}, {sum(len(c.scenarios) for c in concepts)}",
        "concepts for train, dev, test": ", ".join(map(str, sizes)),
        "training pairs": f"{len(pairs):,}",
        "tokens of a training question": _spread(counter, [p.question for p in pairs]),
        "tokens of a training answer": _spread(counter, [p.answer for p in pairs]),
    }


def _triplets(corpus: Sequence[passages.Passage], inventory: Sequence[terms.Term], heldout) -> dict[str, str]:
    counter = passages.tokenizer()
    strong = triplets.strong_pairs(corpus, inventory)
    rows = triplets.build(splits.training_strong_pairs(strong, heldout), inventory, seed=42, withheld=heldout.term)
    sizes = [len(heldout.passages(corpus, split)) for split in splits.SPLITS]
    columns = {"passage": "anchor", "positive": "positive", "negative": "negative"}
    return {
        "documents, passages": f"{len({p.document for p in corpus})}, {len(corpus)}",
        "SHA-256 of the passages": passages.SHA256,
        "passages for train, dev, test": ", ".join(map(str, sizes)),
        "terms, of them withheld from training": f"{len(inventory)}, {len(heldout.term)}",
        "strong pairs": f"{len(strong):,}",
        "training triplets": f"{len(rows):,}",
    } | {
        f"tokens of a training {name}": _spread(counter, [getattr(row, field) for row in rows])
        for name, field in columns.items()
    }


def _reviews() -> dict[str, str]:
    rows = _jsonl(paths.DATA / "reviews.jsonl")
    reasons = Counter(change["why"] for row in rows for change in row["changes"])
    return {
        "second review: texts read": f"{sum(row['texts_read'] for row in rows):,}",
        "second review: changes": f"{sum(reasons.values())} ("
        + ", ".join(f"{why} {count}" for why, count in reasons.most_common())
        + ")",
    }


def _judgements() -> dict[str, str]:
    rows = _jsonl(paths.DATA / "judgements.jsonl")
    counts = Counter((row["kind"], row["judgement"]) for row in rows)
    return {
        "judged training positives: about, mentions, wrong sense": ", ".join(
            str(counts["positive", judgement]) for judgement in ("about", "mentions", "wrong sense")
        ),
        "judged training negatives: true, false": f"{counts['negative', 'true']}, {counts['negative', 'false']}",
    }


def _siblings() -> dict[str, str]:
    rows = _jsonl(paths.DATA / "sibling_test.jsonl")
    right = sum(row["picked"] == row["concept"] for row in rows)
    return {"sibling test: right concept picked by its answers alone, of five": f"{right} of {len(rows)}"}


def _jsonl(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _spread(counter: Tokenizer, texts: Sequence[str]) -> str:
    size = {text: len(counter.encode(text).ids) for text in set(texts)}
    lengths = [size[text] for text in texts]
    return f"mean {mean(lengths):.2f}, {min(lengths)} to {max(lengths)}"
