"""From reStructuredText to prose: docutils does the parsing, this module says what of it is prose.

Kept: paragraphs, list items, notes, warnings, inline headings. Left out: code, display formulas, tables, figures,
references, and sentences that a removed formula or code block leaves hanging.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import Directive, directives, roles

KEPT_BODIES = ("dropdown", "tab-item", "tab-set", "div", "glossary")
DROPPED_BODIES = (
    "autosummary centered code-block contents currentmodule deprecated figure grid image include jupyterlite "
    "literalinclude math minigallery only plot prompt raw rst-class seealso tabularcolumns toctree versionadded "
    "versionchanged"
).split()
TEXT_ROLES = "any attr class data doc download exc file func meth mod obj option program samp term user".split()
DROPPED_ROLES = "arxiv doi issue pr pep".split()
DROPPED_HEADINGS = {"references", "examples", "see also", "footnotes", "bibliography"}
SETTINGS = {
    "report_level": 5,
    "halt_level": 5,
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "line_length_limit": 1_000_000,
    "_disable_config": True,  # a docutils.conf of the user would change the corpus
}


@dataclass(frozen=True)
class Block:
    """A heading (level >= 1) or a paragraph (level 0) of prose."""

    level: int
    text: str


class KeptBody(Directive):
    has_content, optional_arguments, final_argument_whitespace = True, 9, True

    def run(self) -> list[nodes.Node]:
        box = nodes.container()
        if self.name == "dropdown" and self.arguments:
            title, _ = self.state.inline_text(" ".join(self.arguments), self.lineno)
            box += nodes.rubric("", "", *title)
        self.state.nested_parse(self.content, self.content_offset, box)
        return [box]


class DroppedBody(Directive):
    """What is dropped leaves an empty mark, so that the sentences around it can be judged."""

    has_content, optional_arguments, final_argument_whitespace = True, 9, True

    def run(self) -> list[nodes.Node]:
        return [nodes.literal_block()]


def _text_role(name, rawtext, text, lineno, inliner, options=None, content=None):
    shown = re.sub(r"\s*<[^<>]*>$", "", text)
    if shown == text and re.fullmatch(r"[~!]?[\w.]+", text):
        shown = text.lstrip("~!").split(".")[-1]
    return [nodes.inline(text=shown)], []


def _dropped_role(name, rawtext, text, lineno, inliner, options=None, content=None):
    return [], []


def _register() -> None:
    for name in KEPT_BODIES:
        directives.register_directive(name, KeptBody)
    for name in DROPPED_BODIES:
        directives.register_directive(name, DroppedBody)
    for name in TEXT_ROLES:
        for prefix in ("", "py:"):
            roles.register_local_role(prefix + name, _text_role)
    for name in DROPPED_ROLES:
        roles.register_local_role(name, _dropped_role)


_register()

TITLE = r"(?:[=\-~^*#\"']{3,}\n)?(\S.*)\n[=\-~^*#\"'`+]{3,}$"
HEADING = re.compile(rf"^{TITLE}", re.M)
LABEL = re.compile(rf"^\.\. _([^:`]+):[ ]*\n(?:\s*\n|\.\. .*\n)*{TITLE}", re.M)
REFERENCE = re.compile(r":ref:`([^`<]*?)\s*(?:<([^`>]*)>)?`")


def labels(source: str) -> dict[str, str]:
    """Label -> title of the section it stands before, for :ref: to be read aloud."""
    return {label.strip().lower(): title.strip() for label, title in LABEL.findall(source)}


def headings(source: str) -> Iterator[str]:
    return (match[1].strip() for match in HEADING.finditer(source))


def resolve_references(source: str, titles: dict[str, str]) -> str:
    """Replace each :ref: by its own text, or by the title of what it points to."""

    def shown(match: re.Match) -> str:
        text, target = " ".join(match[1].split()), match[2]
        return text if target else titles.get(text.lower(), text.replace("_", " "))

    return REFERENCE.sub(shown, source)


def prose(source: str) -> list[Block]:
    """The headings and paragraphs of one document, in reading order."""
    blocks: list[Block] = []
    _walk(publish_doctree(source, settings_overrides=SETTINGS), 0, blocks)
    return [b for b in blocks if b.text]


def _walk(node: nodes.Element, level: int, blocks: list[Block]) -> None:
    skipping = False
    for position, child in enumerate(node.children):
        heading = isinstance(child, nodes.title | nodes.rubric)
        if heading:
            skipping = child.astext().strip().lower() in DROPPED_HEADINGS
            if not skipping:
                blocks.append(Block(max(level, 1), _clean(child)))
        elif isinstance(child, nodes.section):
            skipping = False
            title = child.next_node(nodes.title)
            if title is None or title.astext().strip().lower() not in DROPPED_HEADINGS:
                _walk(child, level + 1, blocks)
        elif skipping:
            continue
        elif isinstance(child, nodes.paragraph):
            around = [node.children[i] if 0 <= i < len(node.children) else None for i in (position - 1, position + 1)]
            blocks.append(Block(0, _without_hanging_sentences(_clean(child), *around)))
        elif isinstance(child, nodes.bullet_list | nodes.enumerated_list | nodes.definition_list):
            for item in child.children:
                _item(item, blocks)
        elif isinstance(child, nodes.Admonition | nodes.topic | nodes.container | nodes.block_quote | nodes.definition):
            _walk(child, level + 1, blocks)


def _item(item: nodes.Element, blocks: list[Block]) -> None:
    """A list item is one paragraph: its term, if it has one, and its text."""
    inner: list[Block] = []
    _walk(item, 1, inner)
    terms = [_clean(c) for c in item.children if isinstance(c, nodes.term)]
    blocks.append(Block(0, " ".join([f"{t}:" for t in terms] + [b.text for b in inner if b.text])))


TEX_MARKS = re.compile(
    r"\\(?:mathbf|mathbb|mathcal|mathrm|boldsymbol|operatorname|text|hat|bar|left|right|,|;|!)|[\\{}$]"
)


def _clean(node: nodes.Element) -> str:
    """Plain text of one paragraph: footnote marks dropped, inline formulas without their TeX marks."""
    parts = []
    for leaf in node.findall(lambda n: isinstance(n, nodes.Text | nodes.math)):
        if isinstance(leaf, nodes.math):
            formula = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"(\1)/(\2)", leaf.astext())
            parts.append(TEX_MARKS.sub("", formula))
        elif not isinstance(leaf.parent, nodes.footnote_reference | nodes.citation_reference | nodes.math):
            parts.append(leaf.astext())
    text = " ".join("".join(parts).split())
    text = re.sub(r"\s*\[[A-Z][\w+]*\d{2,4}\w?\]_?|\s*\[#?\d+\]_", "", text)
    text = re.sub(r"\(\s*(?:see|cf\.?)?[\s,;]*\)", "", text, flags=re.I)
    text = re.sub(r"(?:(?<=[.!?] )|^)See (?:also )?(?:for [^.]*)?\.", "", text)
    return re.sub(r"\s+([,.;:)])", r"\1", text.replace("\x00", ""))


REMOVED = nodes.literal_block | nodes.doctest_block
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'(])")


def sentences(text: str) -> list[str]:
    """Split at a full stop before a capital; abbreviations such as `e.g. The` are rare enough to bear."""
    return SENTENCE_END.split(text)


def _without_hanging_sentences(text: str, before: nodes.Node | None, after: nodes.Node | None) -> str:
    """Drop a last sentence that announces a removed block, and a first one that only continues it."""
    parts = sentences(text)
    opens = isinstance(after, REMOVED) and not parts[-1].endswith((".", "!", "?"))
    if parts and (opens or (parts[-1].endswith(":") and isinstance(after, REMOVED | None))):
        parts = parts[:-1]
    if parts and isinstance(before, REMOVED) and re.match(r"(?:where|with|and|or|for|if)\b|[a-z(]", parts[0]):
        parts = parts[1:]
    return " ".join(parts)
