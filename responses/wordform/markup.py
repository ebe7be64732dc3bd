"""Markdown as blocks, and blocks as Markdown: what Word and Markdown both can hold.

Paragraphs, headings, quotes, lists within lists, tables; bold, italics, struck through, links, line breaks.
Other Markdown (code, rules, images, HTML) is kept as the characters that it is written with.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

# What Word has no like of stays as it is written.
_PLAIN = [
    "code", "fence", "html_block", "reference", "hr", "lheading", "backticks", "image", "autolink", "html_inline",
    "entity",
]  # fmt: skip
_markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable(_PLAIN)
SPECIAL = re.compile(r"([\\`*_\[\]<>|~])")
PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
EDGES = re.compile(r"([\W_]*)(.*?[^\W_])([\W_]*)", re.DOTALL)
AT_START = re.compile(r"(?m)^(\s*)([#+\-=>]|\d{1,9}[.)])")


@dataclass(frozen=True)
class Span:
    """Characters of one look; a line break is a newline."""

    text: str
    bold: bool = False
    italic: bool = False
    strike: bool = False
    href: str = ""


@dataclass
class Paragraph:
    """`level`: 1 to 6 of a heading, 0 for a paragraph."""

    spans: list[Span]
    level: int = 0


@dataclass
class Bullets:
    items: list[list["Block"]]
    ordered: bool = False
    start: int = 1


@dataclass
class Table:
    """Its first row is the head."""

    rows: list[list[list[Span]]] = field(default_factory=list)


@dataclass
class Quote:
    blocks: list["Block"]


Block = Paragraph | Bullets | Table | Quote


# --- From Markdown ----------------------------------------------------------------------------------------------------
def parse(text: str) -> list[Block]:
    return _blocks(SyntaxTreeNode(_markdown.parse(text)).children)


def _blocks(nodes: Iterable[SyntaxTreeNode]) -> list[Block]:
    made: list[Block] = []
    for node in nodes:
        if node.type in ("bullet_list", "ordered_list"):
            start = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else 1
            items = [_blocks(item.children) for item in node.children]
            made.append(Bullets(items, ordered=node.type == "ordered_list", start=start))
        elif node.type == "blockquote":
            made.append(Quote(_blocks(node.children)))
        elif node.type == "table":
            rows = [row for part in node.children for row in part.children]
            made.append(Table([[_inline(cell) for cell in row.children] for row in rows]))
        elif node.type == "heading":
            made.append(Paragraph(_inline(node), level=int(node.tag[1:])))
        elif node.children:
            made.append(Paragraph(_inline(node)))
    return normal(made)


def _inline(node: SyntaxTreeNode) -> list[Span]:
    spans: list[Span] = []
    for inline in node.children:
        _spans(inline.children, Span(""), spans)
    return tidy(spans)


def _spans(nodes: Iterable[SyntaxTreeNode], look: Span, spans: list[Span]) -> None:
    for node in nodes:
        if node.type in ("softbreak", "hardbreak"):
            spans.append(replace(look, text="\n"))
        elif node.type == "strong":
            _spans(node.children, replace(look, bold=True), spans)
        elif node.type == "em":
            _spans(node.children, replace(look, italic=True), spans)
        elif node.type == "s":
            _spans(node.children, replace(look, strike=True), spans)
        elif node.type == "link":
            _spans(node.children, replace(look, href=str(node.attrs.get("href", ""))), spans)
        else:
            spans.append(replace(look, text=node.content))


# --- One form for what says the same ----------------------------------------------------------------------------------
def tidy(spans: Iterable[Span]) -> list[Span]:
    """Neighbours of one look as one span; spaces at the edge of a look outside it, where Markdown can keep them."""
    parts: list[Span] = []
    for span in spans:
        text = re.sub(r"[^\S\n]+", " ", span.text.replace("\xa0", " "))
        if not (span.bold or span.italic or span.strike or span.href):
            parts.append(Span(text))
            continue
        core = text.strip()
        before, _, after = text.partition(core) if core else (text, "", "")
        parts += [Span(before), replace(span, text=core), Span(after)]
    joined: list[Span] = []
    for part in parts:
        if not part.text:
            continue
        if joined and replace(joined[-1], text="") == replace(part, text=""):
            joined[-1] = replace(part, text=joined[-1].text + part.text)
        elif len(joined) > 1 and not joined[-1].text.strip() and _look(joined[-2]) == _look(part) != Span(""):
            # two words of one look with a bare space between them: one span, and the space in it
            joined[-2:] = [replace(part, text=joined[-2].text + joined[-1].text + part.text)]
        else:
            joined.append(part)
    return _trimmed(joined)


def _look(span: Span) -> Span:
    return replace(span, text="")


def _trimmed(spans: list[Span]) -> list[Span]:
    """No space at the ends of lines: Markdown keeps none there."""
    made = [replace(span, text=re.sub(r" *\n *", "\n", re.sub(r"\n{2,}", "\n", span.text))) for span in spans]
    for at, span in enumerate(made):
        text = span.text
        if at == 0 or made[at - 1].text.endswith("\n"):
            text = text.lstrip(" ")
        if at == len(made) - 1 or made[at + 1].text.startswith("\n"):
            text = text.rstrip(" ")
        if at == 0 or made[at - 1].text.endswith("\n"):
            text = text.lstrip("\n ") if at == 0 or text.startswith("\n") else text
        made[at] = replace(span, text=text)
    if made:
        made[-1] = replace(made[-1], text=made[-1].text.rstrip())
    kept = [span for span in made if span.text]
    return kept if kept == spans else tidy(kept)


def normal(blocks: Iterable[Block]) -> list[Block]:
    """Without what is empty, lists of one kind that follow each other as one."""
    made: list[Block] = []
    for block in blocks:
        if isinstance(block, Paragraph) and not block.spans:
            continue
        if isinstance(block, Bullets):
            block = Bullets([item for item in block.items if item], block.ordered, block.start)
            last = made[-1] if made else None
            if isinstance(last, Bullets) and last.ordered == block.ordered:
                last.items += block.items
                continue
            if not block.items:
                continue
        if isinstance(block, Quote):
            if not block.blocks:
                continue
            if made and isinstance(made[-1], Quote):
                made[-1].blocks = normal([*made[-1].blocks, *block.blocks])
                continue
        if isinstance(block, Table) and not any(cell for row in block.rows for cell in row):
            continue
        made.append(block)
    return made


# --- To Markdown ------------------------------------------------------------------------------------------------------
def write(blocks: Iterable[Block]) -> str:
    return "\n\n".join(filter(None, (_written(block) for block in normal(blocks))))


def _written(block: Block) -> str:
    if isinstance(block, Paragraph):
        return _paragraph(block)
    if isinstance(block, Quote):
        return "\n".join(f"> {line}".rstrip() for line in write(block.blocks).split("\n"))
    if isinstance(block, Table):
        return _table(block)
    written = []
    for number, item in enumerate(block.items, start=block.start):
        mark = f"{number}. " if block.ordered else "- "
        blocks = normal(item)
        text = "\n".join(_written(part) for part in blocks) if _is_tight(blocks) else write(blocks)
        written.append(mark + text.replace("\n", "\n" + " " * len(mark)))
    loose = any(len(normal(item)) > 1 and not _is_tight(normal(item)) for item in block.items)
    return re.sub(r"(?m)^ +$", "", ("\n\n" if loose else "\n").join(written))


def _is_tight(item: list[Block]) -> bool:
    return len(item) == 2 and isinstance(item[1], Bullets)


def _paragraph(block: Paragraph) -> str:
    mark = "#" * min(block.level, 6) + " " if block.level else ""
    spans = tidy(replace(span, text=span.text.replace("\n", " ")) for span in block.spans) if mark else block.spans

    def read(text: str) -> list[Span] | None:
        found = parse(mark + text)
        first = found[0] if len(found) == 1 else None
        return first.spans if isinstance(first, Paragraph) and first.level == block.level else None

    return mark + _best(spans, read)


def _table(block: Table) -> str:
    width = max(len(row) for row in block.rows)
    lines = []
    for number, row in enumerate(block.rows):
        cells = [_best(cell, _read_cell) if cell else "" for cell in [*row, *([[]] * (width - len(row)))]]
        lines.append("| " + " | ".join(cells) + " |")
        if number == 0:
            lines.append("|" + " --- |" * width)
    return "\n".join(lines)


def _read_cell(text: str) -> list[Span] | None:
    found = parse(f"| {text} |\n| --- |")
    first = found[0] if len(found) == 1 else None
    return first.rows[0][0] if isinstance(first, Table) else None


def _best(spans: list[Span], read: Callable[[str], list[Span] | None]) -> str:
    """The plainest Markdown that is read as these spans. Where Markdown cannot hold their looks (its marks are none
    beside punctuation), first the punctuation loses its look and then the rest; never a character."""
    for kept, escape in (
        (spans, _bare),
        (spans, _escaped),
        (_softened(spans), _escaped),
        (tidy(Span(span.text, href=span.href) for span in spans), _escaped),
    ):
        text = _line(kept, escape)
        if read(text) == kept:
            return text
    return PUNCTUATION.sub(r"\\\1", "".join(span.text for span in spans))


def _softened(spans: Iterable[Span]) -> list[Span]:
    """Looks begin and end at letters and digits."""
    made: list[Span] = []
    for span in spans:
        match = EDGES.fullmatch(span.text)
        if match is None or not (span.bold or span.italic or span.strike):
            bare = Span(span.text, href=span.href)
            made.append(span if span.text.isalnum() else bare)
            continue
        bare = Span("", href=span.href)
        made += [replace(bare, text=match[1]), replace(span, text=match[2]), replace(bare, text=match[3])]
    return tidy(made)


def _line(spans: Iterable[Span], escape: Callable[[str], str]) -> str:
    made = []
    for span in spans:
        text = escape(span.text)
        if span.strike:
            text = f"~~{text}~~"
        if span.italic:
            text = f"*{text}*"
        if span.bold:
            text = f"**{text}**"
        if span.href:
            text = f"[{text}](<{span.href}>)" if re.search(r"[\s()<>]", span.href) else f"[{text}]({span.href})"
        made.append(text)
    line = "".join(made)
    return AT_START.sub(_escape_start, line) if escape is _escaped else line


def _escape_start(match: re.Match[str]) -> str:
    mark = match[2]
    return match[1] + (f"{mark[:-1]}\\{mark[-1]}" if mark[0].isdigit() else f"\\{mark}")


def _bare(text: str) -> str:
    return text


def _escaped(text: str) -> str:
    return SPECIAL.sub(r"\\\1", text)
