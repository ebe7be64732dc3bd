"""A Word form that came back: what stands in each frame, and what stands outside of them."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import docx
from docx.opc.exceptions import OpcError
from docx.oxml.ns import qn
from lxml import etree

from notifications.refusal import Refusal
from responses.texts import archives
from responses.wordform import marks
from responses.wordform.content import Reader
from responses.wordform.marks import Mark

MOST_INFLATED = 60 * 1024 * 1024
MOST_BYTES = 10 * 1024 * 1024
NOT_A_FORM = "This is not the Word form of this response. Download the form, write in it and give that file."


@dataclass(kw_only=True)
class Frame:
    """What stands in one frame, as Markdown, and what of it could not be taken over."""

    mark: Mark
    text: str
    notes: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Form:
    frames: list[Frame]
    outside: list[str] = field(default_factory=list)


def read(content: bytes) -> Form:
    """Raises Refusal at `file` for what is no form, and for a file that is not opened."""
    document = _opened(content)
    reader = Reader(document)
    frames, outside = _divided(list(_flat(document.element.body)))
    if not frames:
        raise Refusal(NOT_A_FORM, field="file")
    made = []
    for mark, elements in frames.items():
        text, notes = reader.markdown(elements)
        made.append(Frame(mark=mark, text=text, notes=notes))
    return Form(frames=made, outside=[text for text in (reader.plain(element) for element in outside) if text])


def _opened(content: bytes) -> Any:
    if len(content) > MOST_BYTES:
        raise Refusal(f"A form has {MOST_BYTES // 1_048_576} MB at most. Attach large files apart.", field="file")
    try:
        archives.office(io.BytesIO(content), most=MOST_INFLATED)
        return docx.Document(io.BytesIO(content))
    except archives.Unsafe as unsafe:
        raise Refusal(f"The file {unsafe}", field="file") from unsafe
    except (OpcError, KeyError, ValueError, etree.LxmlError, *archives.BROKEN) as error:
        raise Refusal("The file is not a Word document (.docx), or is damaged.", field="file") from error


def _flat(body: Any) -> Iterator[tuple[Any, Mark | None]]:
    """The body's paragraphs and tables in order, each with the content control of ours that it is in."""
    for element in body:
        if element.tag == qn("w:sdt"):
            tag = element.find(f"{qn('w:sdtPr')}/{qn('w:tag')}")
            key = marks.read(tag.get(qn("w:val"), "") if tag is not None else "")
            content = element.find(qn("w:sdtContent"))
            for inner, deeper in _flat(content if content is not None else ()):
                yield inner, deeper or key
        elif element.tag in (qn("w:ins"), qn("w:moveTo"), qn("w:customXml"), qn("w:smartTag")):
            yield from _flat(element)
        else:
            yield element, None


def _divided(elements: list[tuple[Any, Mark | None]]) -> tuple[dict[Mark, list[Any]], list[Any]]:
    """Frame → its elements, by the bookmarks before and behind it or, where one is gone, by its content control; and
    the rest.

    The bookmarks come first: what was written just outside the control, but still in its place, belongs to the answer.
    """
    frames: dict[Mark, list[Any]] = {}
    outside: list[Any] = []
    names = [_names(element) for element, _ in elements]
    last = {name: at for at, there in enumerate(names) for name in there}
    opened, closes_at = None, -1
    for at, (element, control) in enumerate(elements):
        if opened is not None and at < closes_at:
            frames[opened].append(element)
        elif control is not None:
            frames.setdefault(control, []).append(element)
        else:
            outside.append(element)
        for name in names[at] if at >= closes_at else []:
            mark, end = marks.read(name), last.get(marks.ending(name), -1)
            if mark is not None and end > at:
                opened, closes_at = mark, end
                frames.setdefault(mark, [])
    return frames, outside


def _names(element: Any) -> list[str]:
    return [start.get(qn("w:name"), "") for start in element.iter(qn("w:bookmarkStart"))]
