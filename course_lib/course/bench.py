"""How fast the course trains and encodes, beside the library used as its documentation shows: two sides, in turns."""

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import numpy as np

from course_lib import encoders, paths, precision
from course_lib.data import passages, qa, splits, tables, terms, triplets
from course_lib.errors import CourseError
from course_lib.evaluation.metrics import HEADLINE, score
from course_lib.evaluation.retrievers import rank_by_similarity
from course_lib.evaluation.tasks import RetrievalTask
from course_lib.files import write_atomically
from course_lib.training import runs
from course_lib.training.batches import GroupedBatchSampler
from course_lib.training.recipes import MINILM_AS_PRINTED

SIDES = ("stock", "ours")
WARM_UP = 1  # steps that are not counted
PARTS = 4  # into which the passages are divided, so that the sides take turns
SEED = 42


def training(steps: int, count: int) -> Iterator[dict]:
    """One result each for training MiniLM, training MPNet and encoding `count` passages with MPNet.

    A result holds a row for each side and `ratio`, the seconds of stock over ours. Raises CourseError when a side ends.
    """
    yield run("minilm", pairs(steps + WARM_UP), steps, [])["training"]
    corpus = passages.load()[:count]
    strong = triplets.strong_pairs(corpus, terms.load())
    asked = list(dict.fromkeys(pair.term.name for pair in strong))
    texts = [part.tolist() for part in np.array_split([p.text for p in corpus], PARTS)] if corpus else []
    found = run("mpnet", _triplets(steps + WARM_UP), steps, [*texts, asked] if texts else [])
    yield found["training"]
    if texts:
        qrels = {name: frozenset(p.passage.id for p in strong if p.term.name == name) for name in asked}
        own = {name: name for name in asked}
        task = RetrievalTask("term -> passages, all documents", own, {p.id: p.text for p in corpus}, qrels, own)
        yield found["encoding"] | _agreement(task, found["vectors"])


def pairs(steps: int) -> dict[str, list[str]]:
    """As many rows of the course's pairs as the steps need, drawn evenly."""
    rows = tables.to_dataset(splits.training_pairs(qa.load(), splits.load())).shuffle(seed=SEED)
    return rows[: steps * MINILM_AS_PRINTED.batch_size]


def _triplets(steps: int) -> dict[str, list[str]]:
    """Whole groups of the course's triplets: those of the sampler's first batches."""
    inventory, heldout = terms.load(), splits.load()
    pairs = splits.training_strong_pairs(triplets.strong_pairs(passages.load(), inventory), heldout)
    rows = tables.to_dataset(triplets.build(pairs, inventory, SEED, withheld=heldout.term))
    batches = iter(GroupedBatchSampler(rows, batch_size=16, drop_last=True, seed=SEED))
    return rows[[row for _ in range(steps) for row in next(batches)]]


def run(encoder: str, rows: dict, steps: int, texts: list[list[str]]) -> dict:
    """Both sides on the same rows and parts of texts, in turns: what each of them answered, summed up, and the vectors.

    The last part is left out of the count of passages: it holds the queries.
    """
    tokenizer = encoders.load(encoder, device="cpu").model.tokenizer
    real = sum(len(ids) for column in rows.values() for ids in tokenizer(column, truncation=True)["input_ids"])
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        output = {side: str(Path(scratch, f"{side}.npy")) for side in SIDES}
        plan = Path(scratch, "plan.json")
        content = {"rows": rows, "steps": steps + WARM_UP, "texts": texts, "output": output}
        plan.write_text(json.dumps(content), encoding="utf-8")
        worker = [sys.executable, "-m", "course_lib.course.bench_worker"]
        sides = {side: stack.enter_context(start([*worker, side, encoder, str(plan)])) for side in SIDES}
        rounds = [{side: ask(sides[side], side) for side in SIDES} for _ in range(steps + WARM_UP)][WARM_UP:]
        parts = [{side: ask(sides[side], side) for side in SIDES} for _ in texts]
        for process in sides.values():
            process.wait()
        vectors = {side: np.load(file) for side, file in output.items()} if texts else {}
    tokens = real / (steps + WARM_UP)  # of the rows of a step, each counted, without padding
    found = {"training": _summary(f"train {encoder}", rounds, tokens), "vectors": vectors}
    if texts:
        found["encoding"] = _summary(f"encode with {encoder}, {sum(map(len, texts[:-1])):,} passages", parts)
    return found


def start(command: list[str]) -> subprocess.Popen:
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, encoding="utf-8")


def ask(process: subprocess.Popen, side: str) -> dict:
    """One round. Raises CourseError when the side fails."""
    with suppress(BrokenPipeError):  # it is gone: the answer below says so
        os.write(process.stdin.fileno(), b"go\n")  # past the buffer, which would be flushed into nowhere at the end
    while line := process.stdout.readline():
        if line.startswith("{"):
            answer = json.loads(line)
            if "error" not in answer:
                return answer
            raise CourseError(f"The {side} side of the benchmark failed: {answer['error']}")
    raise CourseError(f"The {side} side of the benchmark ended early (exit code {process.wait()}); is memory short?")


def _summary(name: str, rounds: list[dict], tokens: float | None = None) -> dict:
    """Seconds of each side: a mean over steps with its standard deviation, or the sum over parts."""
    peaks = precision.choose("cpu")
    product = 2 * precision.ROWS * precision.SIZE**2  # operations of the matrix product that `choose` times
    rows = []
    for side in SIDES:
        seconds = np.array([answers[side]["seconds"] for answers in rounds])
        row = {"side": side, "memory_mb": max(answers[side]["memory_mb"] for answers in rounds)}
        if tokens is None:
            rows.append(row | {"seconds": float(seconds.sum())})
            continue
        bf16 = side == "ours" and peaks.name == "bf16"
        peak = product / (peaks.bf16_seconds if bf16 else peaks.fp32_seconds)
        through = np.array([answers[side]["tokens"] for answers in rounds])
        speed = 6 * rounds[0][side]["parameters"] * through.sum() / seconds.sum()  # forward 2, backward 4 a parameter
        row |= {
            "seconds": float(seconds.mean()),
            "deviation": float(seconds.std(ddof=min(1, len(seconds) - 1))),
            "steps": len(seconds),
        }
        row |= {"precision": "bf16" if bf16 else "fp32", "tokens_a_second": tokens / float(seconds.mean())}
        rows.append(row | {"tokens_through_model": float(through.mean()), "share_of_peak": float(speed / peak)})
    stock, ours = rows
    return {"what": name, "rows": rows, "ratio": stock["seconds"] / ours["seconds"]}


def _agreement(task: RetrievalTask, vectors: dict[str, np.ndarray]) -> dict:
    """Largest difference in the cosine of a text's two embeddings from 1, and nDCG@10 of each side."""
    found = {"largest_cosine_difference": float((1 - (vectors["stock"] * vectors["ours"]).sum(1)).max())}
    for side, both in vectors.items():
        documents, queries = np.split(both, [len(task.corpus)])
        rankings = rank_by_similarity(task, queries, documents)
        found[f"ndcg_{side}"] = float(np.mean([score(rankings[q], task.qrels[q])[HEADLINE] for q in task.queries]))
    return found


def save(results: list[dict]) -> Path:
    """Where `course report --save` finds them; returns the file."""
    file = paths.outputs("full") / "results" / "bench.json"
    content = {"processor": platform.processor() or platform.machine(), **runs.surroundings(), "results": results}
    write_atomically(file, (json.dumps(content, indent=1) + "\n").encode())
    return file


def lines(result: dict) -> Iterator[str]:
    """A result for the terminal."""
    yield result["what"]
    for row in result["rows"]:
        line = f"  {row['side']:<6} {row['seconds']:8.2f} s"
        if "steps" in row:
            line += f" a step (sd {row['deviation']:.2f}, {row['steps']} steps), {row['precision']}, "
            line += f"{row['tokens_a_second']:,.0f} tokens a second, {row['tokens_through_model']:,.0f} a step through "
            line += f"the model, {row['share_of_peak']:.0%} of the peak"
        yield f"{line}, at most {row['memory_mb']:,} MB"
    yield f"  ratio  {result['ratio']:8.2f}"
    if "ndcg_ours" in result:
        yield f"  largest difference of a cosine from 1: {result['largest_cosine_difference']:.1e}"
        yield f"  nDCG@10 {result['ndcg_stock']:.4f} stock, {result['ndcg_ours']:.4f} ours"
