"""The Word form: questions and guidance to be read, each answer in a frame of its own to be written in.

A frame is marked twice, since programs differ in what they keep: a content control (Word) and a bookmark around it
(LibreOffice). Both carry the response, the question, the version of the answer that was in it, and which part it is.
"""

import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

import docx
from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from consultations.models import Question, QuestionKind
from responses.emptiness import PLACEHOLDER
from responses.models import Response
from responses.progress import Item, Part
from responses.wordform import marks, markup
from responses.wordform.marks import CHOICE, END, LABEL, NUMBER, WORDS, mark
from responses.wordform.markup import Block, Bullets, Paragraph, Quote, Span, Table

BULLETS, NUMBERS = 90, 91  # the two kinds of list, as the form numbers them
QUOTE = "Quote"
CONTROL = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML cannot hold
HOW_TO = (
    "Write in the frames below, each under its question. Headings, lists, tables, bold, italics, struck out text "
    "and links come back; pictures, footnotes, colours and fonts do not. What is written outside the frames is not "
    "taken over, but is shown to you when you upload the form. Tracked changes come back as if accepted."
)


def form(response: Response, parts: list[Part]) -> bytes:
    """The whole form as a file. Sections that have closed are not in it."""
    document = begun(title=str(response.consultation), author=response.organisation.name)
    counter = iter(range(1, 1_000_000))
    document.add_paragraph(_clean(f"Response of {response.organisation.name}. {HOW_TO}"))
    for part in parts:
        if not part.is_open or not part.everything:
            continue
        document.add_heading(_clean(str(part.section)), 1)
        for item in part.everything:
            _question(document, response, item, counter)
    stored = io.BytesIO()
    document.save(stored)
    return stored.getvalue()


def begun(*, title: str, author: str) -> Document:
    """A document with its title, in which `add_markdown` can write lists."""
    document = docx.Document()
    document.core_properties.title = _clean(f"Response to {title}")[:255]
    document.core_properties.author = _clean(author)[:255]
    _lists(document)
    document.add_heading(_clean(title), 0)
    return document


def add_markdown(document: Document, text: str) -> None:
    """Write Markdown at the document's end, its headings beneath those of the second level."""
    for element in _elements(document, markup.parse(text)):
        document.element.body.insert(len(document.element.body) - 1, element)
        if element.tag == qn("w:tbl"):
            document.add_paragraph()  # two tables in a row would become one


def frames_of(question: Question) -> list[str]:
    """Which parts an answer of its kind has."""
    return {
        QuestionKind.TEXT: [WORDS],
        QuestionKind.NUMBER: [NUMBER],
        QuestionKind.SINGLE: [CHOICE],
        QuestionKind.MULTIPLE: [CHOICE],
        QuestionKind.YES_NO_PARTLY: [CHOICE, WORDS],
    }.get(QuestionKind(question.kind), [])


def content_of(item: Item, part: str) -> str:
    """What the draft says there, as Markdown."""
    answer = item.answer
    if answer is None:
        return ""
    if part == CHOICE:
        return "\n\n".join(markup.write([Paragraph([Span(choice)])]) for choice in answer.selected)
    if part == NUMBER:
        return f"{answer.number.normalize():f}" if answer.number is not None else ""
    return answer.text


def _question(document: Document, response: Response, item: Item, counter: Any) -> None:
    question = item.question
    number = f"Question {question.number}: " if question.number else ""
    document.add_heading(_clean(f"{number}{question.text}"), 2)
    for line in hints(question):
        document.add_paragraph(_clean(line), style="Intense Quote" if line == question.guidance else None)
    for part in frames_of(question):
        version = item.answer.version if item.answer else 0
        name = mark(response.code, question.code, version, part)
        blocks = markup.parse(content_of(item, part)) or [Paragraph([Span(PLACEHOLDER)])]
        _frame(document, name, f"Answer to {question.number or 'this question'}"[:64], blocks, next(counter))


def hints(question: Question) -> list[str]:
    """What stands between a question and its frames."""
    lines = [question.guidance] if question.guidance else []
    if question.kind == QuestionKind.FILE:
        lines.append("Answer with a file, on the response’s page.")
    elif question.kind == QuestionKind.MULTIPLE:
        lines.append(f"Write those that apply, one on each line: {'; '.join(question.choices)}.")
    elif question.choices:
        lines.append(f"Write one: {'; '.join(question.choices)}.")
    elif question.kind == QuestionKind.NUMBER:
        lines.append("Write a number.")
    if question.word_limit:
        lines.append(f"At most {question.word_limit:,} words.")
    return lines


# --- Frames -----------------------------------------------------------------------------------------------------------
def _frame(document: Document, name: str, title: str, blocks: Sequence[Block], number: int) -> None:
    """One bookmark in the line before the content control, and one in the line after it, where nobody writes.

    Neither one bookmark around it all nor what is in a control’s first paragraph survives LibreOffice whole: so there
    are two, and the control begins with a label.
    """
    _bookmark(document.paragraphs[-1] if document.paragraphs else document.add_paragraph(), 2 * number, name)
    label = document.add_paragraph(LABEL)
    control, content = OxmlElement("w:sdt"), OxmlElement("w:sdtContent")
    about = OxmlElement("w:sdtPr")
    for tag, value in (("w:alias", title), ("w:tag", name), ("w:id", str(7_000_000 + number)), ("w:lock", "sdtLocked")):
        each = OxmlElement(tag)
        each.set(qn("w:val"), _clean(value))
        about.append(each)
    control.append(about)
    control.append(content)
    for element in [_taken(label._p), *_elements(document, blocks)]:
        content.append(element)
    if content[-1].tag == qn("w:tbl"):
        content.append(OxmlElement("w:p"))  # Word wants a paragraph after a table
    document.element.body.insert(len(document.element.body) - 1, control)
    _bookmark(document.add_paragraph(END), 2 * number + 1, marks.ending(name))


def _bookmark(paragraph: Any, number: int, name: str) -> None:
    for tag in ("bookmarkStart", "bookmarkEnd"):
        element = OxmlElement(f"w:{tag}")
        element.set(qn("w:id"), str(number))
        if tag == "bookmarkStart":
            element.set(qn("w:name"), name)
        paragraph._p.append(element)


# --- Blocks -----------------------------------------------------------------------------------------------------------
def _elements(document: Document, blocks: Iterable[Block], *, depth: int = -1, style: str = "") -> list[Any]:
    """The blocks as elements, which are made at the document's end and then taken from there."""
    made: list[Any] = []
    for block in blocks:
        if isinstance(block, Paragraph):
            made.append(_paragraph(document, block, style=style, indent=depth))
        elif isinstance(block, Quote):
            made += _elements(document, block.blocks, depth=depth, style=QUOTE)
        elif isinstance(block, Table):
            made.append(_table(document, block))
        else:
            made += _list(document, block, depth + 1)
    return made


def _paragraph(document: Document, block: Paragraph, *, style: str = "", indent: int = -1) -> Any:
    """`indent`: how deep in lists it stands; as a list's item it gets its mark from `_list`."""
    name = f"Heading {block.level + 2}" if block.level else style
    paragraph = document.add_paragraph(style=name or None)
    _runs(document, paragraph, block.spans)
    if indent >= 0:
        properties = paragraph._p.get_or_add_pPr()
        left = OxmlElement("w:ind")
        left.set(qn("w:left"), str(720 * (indent + 1)))
        properties.append(left)
    return _taken(paragraph._p)


def _taken(element: Any) -> Any:
    element.getparent().remove(element)
    return element


def _list(document: Document, block: Bullets, depth: int) -> list[Any]:
    kind = _list_number(document, block)
    made: list[Any] = []
    for item in block.items:
        elements = _elements(document, item, depth=depth)
        if not elements or elements[0].tag != qn("w:p") or isinstance(item[0], Bullets):
            elements.insert(0, _paragraph(document, Paragraph([]), indent=depth))
        _number(elements[0], kind, depth)
        made += elements
    return made


def _number(paragraph: Any, kind: int, depth: int) -> None:
    properties = paragraph.get_or_add_pPr()
    for old in properties.findall(qn("w:ind")):
        properties.remove(old)
    numbering = properties.get_or_add_numPr()
    numbering.get_or_add_ilvl().val = min(depth, 8)
    numbering.get_or_add_numId().val = kind


def _table(document: Document, block: Table) -> Any:
    width = max(len(row) for row in block.rows)
    table = document.add_table(rows=len(block.rows), cols=width, style="Table Grid")
    for row, cells in zip(block.rows, table.rows, strict=True):
        for spans, cell in zip(row, cells.cells, strict=False):
            _runs(document, cell.paragraphs[0], spans)
    return _taken(table._tbl)


def _runs(document: Document, paragraph: Any, spans: Iterable[Span]) -> None:
    for span in spans:
        run = paragraph.add_run(_clean(span.text))
        run.bold, run.italic, run.font.strike = span.bold or None, span.italic or None, span.strike or None
        if span.href:
            run.font.underline = True
            link = OxmlElement("w:hyperlink")
            link.set(
                qn("r:id"), document.part.relate_to(_clean(span.href), RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
            )
            paragraph._p.replace(run._r, link)
            link.append(run._r)


def _clean(text: str) -> str:
    return CONTROL.sub("", text)


# --- Lists as Word numbers them ---------------------------------------------------------------------------------------
def _lists(document: Document) -> None:
    """Our own two kinds of list, of nine levels each, before the first w:num as the format wants it."""
    numbering = document.part.numbering_part.element
    first = numbering.find(qn("w:num"))
    for kind, form in ((BULLETS, "bullet"), (NUMBERS, "decimal")):
        abstract = OxmlElement("w:abstractNum")
        abstract.set(qn("w:abstractNumId"), str(kind))
        many = OxmlElement("w:multiLevelType")
        many.set(qn("w:val"), "hybridMultilevel")
        abstract.append(many)
        for level in range(9):
            abstract.append(_level(level, form))
        first.addprevious(abstract) if first is not None else numbering.append(abstract)


def _level(level: int, form: str) -> Any:
    made = OxmlElement("w:lvl")
    made.set(qn("w:ilvl"), str(level))
    text = "•" if form == "bullet" else f"%{level + 1}."
    for tag, value in (("w:start", "1"), ("w:numFmt", form), ("w:lvlText", text), ("w:lvlJc", "left")):
        each = OxmlElement(tag)
        each.set(qn("w:val"), value)
        made.append(each)
    properties, indent = OxmlElement("w:pPr"), OxmlElement("w:ind")
    indent.set(qn("w:left"), str(720 * (level + 1)))
    indent.set(qn("w:hanging"), "360")
    properties.append(indent)
    made.append(properties)
    return made


def _list_number(document: Document, block: Bullets) -> int:
    """A number of its own for each list, so that each begins where it should."""
    numbering = document.part.numbering_part.element
    made = numbering.add_num(NUMBERS if block.ordered else BULLETS)
    for level in range(9):
        made.add_lvlOverride(ilvl=level).add_startOverride(block.start)
    return int(made.numId)
