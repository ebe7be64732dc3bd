"""Word's paragraphs, runs, lists and tables as blocks. Tracked changes are taken as accepted."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from docx.oxml.ns import qn

from responses.wordform import markup
from responses.wordform.marks import LABEL
from responses.wordform.markup import Block, Bullets, Paragraph, Quote, Span, Table

DELETED = {qn("w:del"), qn("w:moveFrom")}
THROUGH = {qn(f"w:{tag}") for tag in ("ins", "moveTo", "smartTag", "customXml", "sdtContent", "sdt", "fldSimple")}
LEFT_OUT = {
    qn("w:drawing"): "picture or drawing", qn("w:pict"): "picture or drawing", qn("w:object"): "embedded object",
    qn("w:footnoteReference"): "footnote", qn("w:endnoteReference"): "endnote", qn("m:oMath"): "formula",
}  # fmt: skip
HEADING_IN_FORM = 2  # the form itself uses the first two
INDENT = 720


@dataclass(frozen=True)
class Place:
    """Where a paragraph stands in lists: `depth` −1 is outside; `kind` 0 continues the item above."""

    depth: int = -1
    kind: int = 0
    ordered: bool = False
    start: int = 1


class Reader:
    def __init__(self, document: Any) -> None:
        self.document = document
        self.styles = {style.style_id: style for style in document.styles if style.style_id}
        self.comments = _comments(document)
        self.lists = _Lists(document)
        self.noted: Counter[str] = Counter()
        self.remarks: list[str] = []

    def markdown(self, elements: Iterable[Any]) -> tuple[str, list[str]]:
        self.noted, self.remarks = Counter(), []
        blocks = self._blocks(list(elements))
        notes = [f"{count} {what}{'s' if count > 1 else ''} left out" for what, count in sorted(self.noted.items())]
        changes = notes.pop(at) if (at := _index(notes, "tracked change")) is not None else ""
        if changes:
            notes.append(changes.replace("left out", "taken as accepted"))
        return markup.write(_without_label(blocks)), [*notes, *self.remarks]

    def plain(self, element: Any) -> str:
        """All text of an element, for what is outside of the frames."""
        if element.tag == qn("w:tbl"):
            rows = self._table(element).rows
            return " ".join(" ".join("".join(span.text for span in cell) for cell in row) for row in rows).strip()
        return "".join(span.text for span in self._spans(element)).strip() if element.tag == qn("w:p") else ""

    # --- blocks ---
    def _blocks(self, elements: list[Any]) -> list[Block]:
        made: list[Block] = []
        before: list[Span] = []  # of a paragraph whose end was deleted: it goes on in the next
        for element in elements:
            if element.tag == qn("w:tbl"):
                made.append(self._table(element))
            if element.tag != qn("w:p"):
                continue
            spans = [*before, *self._spans(element)]
            before = []
            if element.find(f"{qn('w:pPr')}/{qn('w:rPr')}/{qn('w:del')}") is not None:
                before = spans
                continue
            self._add(made, element, Paragraph(markup.tidy(spans), level=self._level(element)))
        if before:
            made.append(Paragraph(markup.tidy(before)))
        return markup.normal(made)

    def _add(self, made: list[Block], element: Any, paragraph: Paragraph) -> None:
        place = self.lists.place(element, self.styles)
        if place.depth < 0:
            name = self._style_name(element)
            made.append(Quote([paragraph]) if "quote" in name else paragraph)
            return
        here = made
        for _ in range(place.depth):
            last = here[-1] if here else None
            if not isinstance(last, Bullets) or not last.items:
                break
            here = last.items[-1]
        last = here[-1] if here else None
        if not place.kind:  # indented, without a mark of its own
            target = last.items[-1] if isinstance(last, Bullets) and last.items else here
            target.append(paragraph)
        elif isinstance(last, Bullets) and last.ordered == place.ordered:
            last.items.append([paragraph])
        else:
            here.append(Bullets([[paragraph]], ordered=place.ordered, start=place.start))

    def _table(self, table: Any) -> Table:
        rows = []
        for row in table.iter(qn("w:tr")):
            if row.find(f"{qn('w:trPr')}/{qn('w:del')}") is not None:
                continue
            cells = []
            for cell in row.iter(qn("w:tc")):
                spans: list[Span] = []
                for paragraph in cell.iter(qn("w:p")):
                    spans += [*([Span(" ")] if spans else []), *self._spans(paragraph)]
                wide = cell.find(f"{qn('w:tcPr')}/{qn('w:gridSpan')}")
                cells.append(markup.tidy(replace(span, text=span.text.replace("\n", " ")) for span in spans))
                cells += [[] for _ in range(int(wide.get(qn("w:val"), "1")) - 1 if wide is not None else 0)]
            rows.append(cells)
        return Table(rows)

    def _level(self, paragraph: Any) -> int:
        found = re.match(r"heading (\d)", self._style_name(paragraph))
        return min(max(int(found[1]) - HEADING_IN_FORM, 1), 6) if found else 0

    def _style_name(self, paragraph: Any) -> str:
        style = paragraph.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
        found = self.styles.get(style.get(qn("w:val"))) if style is not None else None
        return (found.name or "").lower() if found is not None else ""

    # --- runs ---
    def _spans(self, paragraph: Any) -> list[Span]:
        spans: list[Span] = []
        self._inside(paragraph, "", spans, _Field())
        return spans

    def _inside(self, parent: Any, href: str, spans: list[Span], fields: "_Field") -> None:
        for element in parent:
            tag = element.tag
            if tag in DELETED:
                self.noted["tracked change"] += 1
            elif tag == qn("w:hyperlink"):
                self._inside(element, self._target(element) or href, spans, fields)
            elif tag in THROUGH:
                if tag == qn("w:ins"):
                    self.noted["tracked change"] += 1
                link = _href_in(element.get(qn("w:instr"), "")) if tag == qn("w:fldSimple") else ""
                self._inside(element, link or href, spans, fields)
            elif tag == qn("w:commentRangeStart") or tag == qn("w:commentReference"):
                self._remark(element)
            elif tag == qn("w:r"):
                self._run(element, href, spans, fields)
            elif tag in LEFT_OUT:
                self.noted[LEFT_OUT[tag]] += 1

    def _run(self, run: Any, href: str, spans: list[Span], fields: "_Field") -> None:
        look = self._look(run)
        for element in run:
            fields.meet(element)
            if element.tag in LEFT_OUT:
                self.noted[LEFT_OUT[element.tag]] += 1
            elif element.tag == qn("w:commentReference"):
                self._remark(element)
            if text := _text(element):
                spans.append(Span(text, *look, href or fields.href))

    def _look(self, run: Any) -> tuple[bool, bool, bool]:
        properties = run.find(qn("w:rPr"))
        if properties is None:
            return (False, False, False)
        style = properties.find(qn("w:rStyle"))
        name = (style.get(qn("w:val")) or "").lower() if style is not None else ""
        bold, italic = "strong" in name, "emphasis" in name
        return (
            _is_on(properties, "w:b", bold), _is_on(properties, "w:i", italic), _is_on(properties, "w:strike", False),
        )  # fmt: skip

    def _target(self, link: Any) -> str:
        relation = self.document.part.rels.get(link.get(qn("r:id"), ""))
        return str(relation.target_ref) if relation is not None and relation.is_external else ""

    def _remark(self, element: Any) -> None:
        number = element.get(qn("w:id"), "")
        words = self.comments.get(number)
        if words and words not in self.remarks:
            self.remarks.append(words)


def _without_label(blocks: list[Block]) -> list[Block]:
    """What somebody wrote behind the label is theirs."""
    first = blocks[0] if blocks else None
    if not isinstance(first, Paragraph) or not first.spans or not first.spans[0].text.startswith(LABEL):
        return blocks
    rest = replace(first.spans[0], text=first.spans[0].text.removeprefix(LABEL))
    return markup.normal([Paragraph(markup.tidy([rest, *first.spans[1:]])), *blocks[1:]])


class _Field:
    """Where a paragraph is in a field written out: HYPERLINK "…", then the words that it shows."""

    def __init__(self) -> None:
        self.code, self.href, self.is_code = "", "", False

    def meet(self, element: Any) -> None:
        if element.tag == qn("w:instrText"):
            self.code += element.text or ""
        if element.tag != qn("w:fldChar"):
            return
        kind = element.get(qn("w:fldCharType"))
        if kind == "begin":
            self.code, self.href = "", ""
        elif kind == "separate":
            self.href = _href_in(self.code)
        else:
            self.href = ""


def _href_in(code: str) -> str:
    match = re.match(r'\s*HYPERLINK\s+"([^"]+)"', code)
    return match[1] if match else ""


def _text(element: Any) -> str:
    if element.tag == qn("w:t"):
        return element.text or ""
    if element.tag == qn("w:tab"):
        return " "
    if element.tag in (qn("w:br"), qn("w:cr")):
        return "" if element.get(qn("w:type")) in ("page", "column") else "\n"
    return "-" if element.tag == qn("w:noBreakHyphen") else ""


def _is_on(properties: Any, tag: str, otherwise: bool) -> bool:
    element = properties.find(qn(tag))
    if element is None:
        return otherwise
    return element.get(qn("w:val"), "1") not in ("0", "false", "off", "none")


def _index(notes: list[str], words: str) -> int | None:
    return next((at for at, note in enumerate(notes) if words in note), None)


def _comments(document: Any) -> dict[str, str]:
    """Comment id → who said what."""
    try:
        found = list(document.comments)
    except (AttributeError, KeyError, ValueError):
        return {}
    return {
        str(
            comment.comment_id
        ): f"A comment by {comment.author or 'somebody'}, not taken over: “{comment.text.strip()[:500]}”"
        for comment in found
    }


class _Lists:
    """What kind of list a paragraph is in."""

    def __init__(self, document: Any) -> None:
        try:
            numbering = document.part.numbering_part.element
        except (KeyError, NotImplementedError):
            self.kinds: dict[str, Any] = {}
            self.numbers: dict[str, Any] = {}
            return
        self.kinds = {each.get(qn("w:abstractNumId")): each for each in numbering.findall(qn("w:abstractNum"))}
        self.numbers = {each.get(qn("w:numId")): each for each in numbering.findall(qn("w:num"))}

    def place(self, paragraph: Any, styles: dict[str, Any]) -> Place:
        properties = paragraph.find(qn("w:pPr"))
        if properties is None:
            return Place()
        numbering = properties.find(qn("w:numPr"))
        if numbering is None:
            numbering = self._of_style(properties, styles)
        number = _value(numbering, "w:numId") if numbering is not None else ""
        if number and number != "0" and number in self.numbers:
            level = int(_value(numbering, "w:ilvl") or 0)
            ordered, start = self._form(number, level)
            return Place(depth=level, kind=int(number), ordered=ordered, start=start)
        indent = properties.find(qn("w:ind"))
        left = indent.get(qn("w:left"), indent.get(qn("w:start"), "0")) if indent is not None else "0"
        depth = int(float(left)) // INDENT - 1 if re.fullmatch(r"-?\d+(\.\d+)?", left) else -1
        return Place(depth=max(depth, -1))

    def _of_style(self, properties: Any, styles: dict[str, Any]) -> Any:
        style = styles.get(_value(properties, "w:pStyle"))
        for _ in range(10):
            if style is None:
                return None
            found = style.element.find(f"{qn('w:pPr')}/{qn('w:numPr')}")
            if found is not None:
                return found
            style = getattr(style, "base_style", None)
        return None

    def _form(self, number: str, level: int) -> tuple[bool, int]:
        made = self.numbers[number]
        kind = self.kinds.get(_value(made, "w:abstractNumId"))
        levels = {each.get(qn("w:ilvl")): each for each in (kind.findall(qn("w:lvl")) if kind is not None else [])}
        about = levels.get(str(level))
        start = _value(about, "w:start") if about is not None else "1"
        for override in made.findall(qn("w:lvlOverride")):
            if override.get(qn("w:ilvl")) == str(level):
                start = _value(override, "w:startOverride") or start
        is_ordered = about is not None and _value(about, "w:numFmt") not in ("bullet", "none", "")
        return is_ordered, int(start) if start and start.isdigit() else 1


def _value(element: Any, tag: str) -> str:
    found = element.find(qn(tag)) if element is not None else None
    return found.get(qn("w:val"), "") if found is not None else ""
