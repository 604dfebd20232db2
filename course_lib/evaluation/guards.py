"""What would make a score mean less than it says: answers learnt by heart, and questions that are not read to the end.

What a task itself can show (empty queries, wrong qrels, duplicates) is refused when it is made.
"""

import math
from collections.abc import Iterable

from sentence_transformers import SentenceTransformer

from course_lib.data.splits import SHINGLE_LIMIT, SHINGLE_WORDS, LeakageError, overlap
from course_lib.data.text import shingles
from course_lib.errors import CourseError
from course_lib.evaluation.tasks import RetrievalTask


def assert_untrained(task: RetrievalTask, training: Iterable[str]) -> None:
    """Raise LeakageError for a query that is nearly a training text, or whose every right answer stands in them.

    Nearly the same are two texts that share more than SHINGLE_LIMIT of all their shingles; a text that merely quotes a
    query is another text. Texts shorter than a shingle are not compared: a term may be known, its passages may not.
    """
    texts = [shingles(text, SHINGLE_WORDS) for text in dict.fromkeys(training)]
    known = set().union(*texts)
    for query, text in task.queries.items():
        own = shingles(text, SHINGLE_WORDS)
        asked = own & known and any(len(own & other) > SHINGLE_LIMIT * len(own | other) for other in texts)
        if asked or all(overlap(task.corpus[document], known) > SHINGLE_LIMIT for document in task.qrels[query]):
            raise LeakageError(
                f"Task {task.name!r}: {'query' if asked else 'every right answer to'} {query!r} stands in the training "
                "texts; train without it, or judge on other data."
            )


def assert_queries_fit(task: RetrievalTask, model: SentenceTransformer) -> None:
    """Raise CourseError for a query of more tokens than the model reads: the library cuts it without a word."""
    limit = model.max_seq_length
    if limit in (None, math.inf):
        return
    for query, text in task.queries.items():
        if (size := len(model.tokenizer(text, verbose=False)["input_ids"])) > limit:
            raise CourseError(
                f"Task {task.name!r}: query {query!r} has {size} tokens, and the model would silently read the first "
                f"{limit}; shorten it, raise max_seq_length, or leave the task out."
            )
