"""A model card read back into facts: the README.md that SentenceTransformer.save_pretrained writes, of any version.

Sections bear the names of their headings. What a card holds in HTML comments is not there for a reader, and not here.
"""

import itertools
import json
import re
from collections.abc import Sequence

import yaml
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode as Node

from course_lib.training.cards import Card, Value
from course_lib.training.runs import LOGGED_STEPS

FRONT_MATTER = re.compile(r"\A\s*---\n(.*?)\n---\n", re.S)
NUMBER = re.compile(r"-?\d[\d,]*(\.\d+)?(e-?\d+)?")
ARXIV = re.compile(r"\b\d{4}\.\d{5}\b")
HYPERPARAMETERS = ("Non-Default Hyperparameters", "All Hyperparameters")
NAMES = {"Direct Usage (Sentence Transformers)": "Usage", "BibTeX": "Citation"}


def read(text: str) -> Card:
    """Every section that stands in the card with the facts in it; a text without any is a card without sections."""
    text = text.replace("\r\n", "\n")
    front = FRONT_MATTER.match(text)
    body = text[front.end() :] if front else text
    sections = {"Metadata": _metadata(yaml.safe_load(front[1]) or {})} if front else {}
    for name, nodes in _sections(Node(MarkdownIt("commonmark").enable("table").parse(body))).items():
        sections[name] = READERS.get(name, _bullets)(nodes)
    return Card(sections)


def _sections(root: Node) -> dict[str, list[Node]]:
    """The blocks under each heading. A heading that only holds other headings is no section of its own."""
    found: dict[str, list[Node]] = {}
    current = ""
    for node in root.children:
        if node.type == "heading" and (node.tag <= "h3" or _text(node) in HYPERPARAMETERS):
            current = NAMES.get(_text(node), _text(node)) if node.tag != "h1" else ""
        elif node.type != "html_block" and current:
            found.setdefault(current, []).append(node)
    return found


def _text(node: Node) -> str:
    """What a reader sees of a node, without its nested lists and blocks."""
    if node.type in ("text", "code_inline"):
        return node.content
    if node.type in ("softbreak", "hardbreak"):
        return " "
    return "".join(_text(child) for child in node.children if child.type not in ("bullet_list", "fence", "table"))


def _value(text: str) -> Value:
    """2,764 and 5e-05 as numbers; anything else as it is."""
    if not NUMBER.fullmatch(text):
        return text
    number = float(text.replace(",", ""))
    return int(number) if number.is_integer() and "e" not in text else number


def _items(nodes: Sequence[Node]) -> list[Node]:
    return [item for node in nodes if node.type == "bullet_list" for item in node.children]


def _inside(nodes: Sequence[Node], kind: str) -> list[Node]:
    return [found for node in nodes for found in node.walk() if found.type == kind]


def _printed(nodes: Sequence[Node]) -> dict[str, str]:
    """The items of a list that read `name: value`; a value may be a list of its own."""
    facts = {}
    for item in _items(nodes):
        name, colon, value = _text(item).partition(":")
        inner = ", ".join(_text(entry).strip() for entry in _items(item.children))
        if colon:
            facts[name.strip()] = value.strip() or inner
    return facts


def _bullets(nodes: Sequence[Node]) -> dict[str, Value]:
    return {name: _value(text) for name, text in _printed(nodes).items()}


def _metadata(data: dict) -> dict[str, Value]:
    facts = {key: data[key] for key in ("library_name", "pipeline_tag") if key in data}
    if data.get("tags"):
        facts["tags"] = ", ".join(data["tags"])
    if data.get("widget"):
        facts["widget"] = f"{len(data['widget'])} examples of {len(data['widget'][0]['sentences'])} sentences"
    return facts


def _description(nodes: Sequence[Node]) -> dict[str, Value]:
    facts = _bullets(nodes)
    comments = [node.content for node in _inside(nodes, "html_inline")]
    revision = next((found[1] for text in comments if (found := re.search(r"at revision (.+?) -->", text))), None)
    return facts | ({"Base model revision": revision} if revision else {})


def _links(nodes: Sequence[Node]) -> dict[str, Value]:
    return {name: str(link.attrs["href"]) for name, link in zip(_printed(nodes), _inside(nodes, "link"), strict=False)}


def _architecture(nodes: Sequence[Node]) -> dict[str, Value]:
    printed = "".join(node.content for node in _inside(nodes, "fence"))
    patterns = {
        "Transformer": r"with Transformer model: (\w+)|'architecture': '(\w+)'",
        "Pooling": r"'pooling_mode_(\w+?)_tokens': True|'pooling_mode': '(\w+)'",
        "Pooled dimensions": r"embedding_dimension': (\d+)",
        "max_seq_length": r"'max_seq_length': (\d+)",
        "do_lower_case": r"'do_lower_case': (\w+)",
    }
    facts: dict[str, Value] = {"Modules": ", ".join(re.findall(r"^ *\(\d+\): (\w+)\(", printed, re.M))}
    for name, pattern in patterns.items():
        if found := re.search(pattern, printed):
            facts[name] = _value(next(group for group in found.groups() if group))
    return facts


def _usage(nodes: Sequence[Node]) -> dict[str, Value]:
    """The shapes of what the example prints. Newer cards show similarities themselves, older ones their shape."""
    printed = "".join(node.content for node in _inside(nodes, "fence") if node.info == "python")
    shapes = re.findall(r"^# (\[\d+, \d+\])$", printed, re.M)
    if rows := re.findall(r"^#[ a-z(]*\[+([\d., -]+)\]", printed.partition("print(similarities)")[2], re.M):
        shapes.append(f"[{len(rows)}, {len(rows[0].split(','))}]")
    return dict(zip(("Embeddings", "Similarities"), shapes, strict=False))


def _dataset(nodes: Sequence[Node]) -> dict[str, Value]:
    printed, facts = _printed(nodes), {}
    if "Size" in printed:
        facts["Size"] = _value(printed["Size"].split()[0])
    if "Columns" in printed:
        facts["Columns"] = ", ".join(re.split(r",? and |, ", printed["Columns"]))
    if first := re.search(r"first (\d+) samples", " ".join(printed)):
        facts["Rows in the statistics"] = int(first[1])
    for table in map(_rows, _inside(nodes, "table")):
        facts |= _statistics(table) if "" in table[0] else {"Rows shown": len(table)}
    if "Loss" in printed:
        facts["Loss"] = printed["Loss"].split()[0]
        for fence in _inside(nodes, "fence"):
            facts |= {f"Loss, {name}": _plain(value) for name, value in json.loads(fence.content).items()}
    return facts


def _plain(value: object) -> Value:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _rows(table: Node) -> list[dict[str, str]]:
    head, *body = [[_text(cell).strip() for cell in row.children] for row in _inside([table], "tr")]
    return [dict(zip(head, row, strict=True)) for row in body]


def _statistics(table: list[dict[str, str]]) -> dict[str, Value]:
    """Tokens of each column: the row `details` of the table holds `min: 7 tokens`, mean and max."""
    (details,) = [row for row in table if row[""] == "details"]
    found = {column: re.findall(r"(min|mean|max): ([\d.]+)", text) for column, text in details.items()}
    return {f"{column}, {kind} tokens": _value(value) for column, pairs in found.items() for kind, value in pairs}


def _hyperparameters(nodes: Sequence[Node]) -> dict[str, Value]:
    return {"Listed": len(_items(nodes))} | _bullets(nodes)


def _logs(nodes: Sequence[Node]) -> dict[str, Value]:
    """One row's loss is the mean over the steps since the row before it."""
    rows = [row for table in _inside(nodes, "table") for row in _rows(table)]
    epochs, losses = {}, {}
    for row in rows:
        if row.get("Step", "").isdigit() and row.get("Training Loss", "-") != "-":
            epochs[int(row["Step"])], losses[int(row["Step"])] = float(row["Epoch"]), float(row["Training Loss"])
    if not losses:
        return {}
    facts: dict[str, Value] = {"Rows": len(losses), "Last step": max(losses)}
    if LOGGED_STEPS in epochs:
        facts[f"Epoch at step {LOGGED_STEPS}"] = epochs[LOGGED_STEPS]
    first = {step: step - before for before, step in itertools.pairwise([0, *losses]) if step <= LOGGED_STEPS}
    if first:
        mean = sum(losses[step] * steps for step, steps in first.items()) / sum(first.values())
        facts[f"Mean loss, at most {LOGGED_STEPS} steps"] = round(mean, 4)
    return facts


def _citations(nodes: Sequence[Node]) -> dict[str, Value]:
    """What is cited for which part -> the arXiv number of the paper."""
    facts: dict[str, Value] = {}
    name = ""
    for node in nodes:
        if node.type == "heading":
            name = _text(node)
        elif node.type == "fence" and (found := ARXIV.search(node.content)):
            facts[name] = f"arXiv:{found[0]}"
    return facts


def _evaluation(nodes: Sequence[Node]) -> dict[str, Value]:
    """First column of each table -> second."""
    rows = [list(row.values()) for table in _inside(nodes, "table") for row in _rows(table)]
    return {row[0]: row[1] for row in rows}


READERS = {
    "Model Description": _description,
    "Model Sources": _links,
    "Full Model Architecture": _architecture,
    "Usage": _usage,
    "Evaluation": _evaluation,
    "Training Dataset": _dataset,
    "Non-Default Hyperparameters": _bullets,
    "All Hyperparameters": _hyperparameters,
    "Training Logs": _logs,
    "Framework Versions": _printed,
    "Additional Resources": lambda nodes: {"Links": len(_items(nodes))},
    "Citation": _citations,
}
