"""The spreadsheet of short answers: one row a question, its mark in the first column."""

import io
from typing import Any

import openpyxl
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils.exceptions import InvalidFileException

from consultations.models import QuestionKind
from notifications.refusal import Refusal
from responses.models import Response
from responses.progress import Item, Part
from responses.texts import archives
from responses.wordform import marks
from responses.wordform.marks import CHOICE, NUMBER, WORDS
from responses.wordform.reading import MOST_BYTES, MOST_INFLATED, Form, Frame
from responses.wordform.writing import content_of, frames_of, hints

HEADS = ("Mark (leave as it is)", "Section", "Question", "Asked", "How to answer", "Choice or number", "Words")
WIDTHS = (12, 24, 10, 60, 40, 24, 80)
LONGEST = 32_000  # a cell holds 32,767 characters
TOO_LONG = "[This answer is too long for a cell. Change it in Word or on its page]"
MOST_ROWS = 5_000
NOT_A_FORM = "This is not the spreadsheet of this response. Download it, write in it and give that file."


def form(response: Response, parts: list[Part]) -> bytes:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = "Answers"
    sheet.append(list(HEADS))
    for cell, width in zip(sheet[1], WIDTHS, strict=True):
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="DDE7EA")
        sheet.column_dimensions[cell.column_letter].width = width
    sheet.column_dimensions["A"].hidden = True
    sheet.freeze_panes = "E2"
    for part in parts:
        for item in part.everything if part.is_open else []:
            if item.question.kind != QuestionKind.FILE:
                _row(sheet, response, part, item)
    stored = io.BytesIO()
    book.save(stored)
    return stored.getvalue()


def read(content: bytes) -> Form:
    """Raises Refusal at `file` for what is no such spreadsheet, and for a file that is not opened."""
    frames, outside = [], []
    for number, row in enumerate(_rows(content)):
        cells = [_words(value) for value in (*row[:7], *[None] * (7 - len(row)))]
        mark = marks.read(cells[0])
        if mark is None:
            if number and any(cells[5:]):
                outside.append(" ".join(filter(None, cells)))
            continue
        for part, text in ((CHOICE, cells[5]), (WORDS, cells[6])):
            frames += _frame(mark, part, text)
        outside += [_words(value) for value in row[7:] if value is not None]
    if not frames:
        raise Refusal(NOT_A_FORM, field="file")
    return Form(frames=frames, outside=outside)


def _row(sheet: Any, response: Response, part: Part, item: Item) -> None:
    question = item.question
    there = frames_of(question)
    version = item.answer.version if item.answer else 0
    short = next((content_of(item, each) for each in there if each in (CHOICE, NUMBER)), "")
    words = content_of(item, WORDS) if WORDS in there else ""
    values = (
        marks.mark(response.code, question.code, version, "".join(there)[:1]),
        str(part.section), question.number, question.text, "\n".join(hints(question)), short.replace("\n\n", "\n"),
        TOO_LONG if len(words) > LONGEST else words,
    )  # fmt: skip
    at = sheet.max_row + 1
    for column, value in enumerate(values, start=1):
        cell = sheet.cell(row=at, column=column)
        cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)[:LONGEST]
        cell.data_type = "s"  # never a formula, whatever it begins with
        cell.alignment = Alignment(wrap_text=True, vertical="top")


def _frame(mark: marks.Mark, part: str, text: str) -> list[Frame]:
    """What a cell says for one part of the answer. `mark.part` is the first part that the question has."""
    if part == WORDS:
        has = mark.part == WORDS or mark.part == CHOICE
        return [Frame(mark=mark._replace(part=WORDS), text=text)] if has and text != TOO_LONG else []
    if mark.part == WORDS:
        return []
    return [Frame(mark=mark, text=text)]


def _rows(content: bytes) -> list[tuple[Any, ...]]:
    if len(content) > MOST_BYTES:
        raise Refusal(f"A spreadsheet has {MOST_BYTES // 1_048_576} MB at most.", field="file")
    try:
        archives.office(io.BytesIO(content), most=MOST_INFLATED)
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        return list(sheet.iter_rows(max_row=MOST_ROWS, max_col=20, values_only=True))
    except archives.Unsafe as unsafe:
        raise Refusal(f"The file {unsafe}", field="file") from unsafe
    except (InvalidFileException, IndexError, TypeError, AttributeError, *archives.BROKEN, SyntaxError) as error:
        raise Refusal("The file is not a spreadsheet (.xlsx), or is damaged.", field="file") from error


def _words(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value).replace("_x000D_", "").replace("\r\n", "\n").strip()
