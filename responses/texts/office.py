"""Office files: the text of DOCX, PPTX, ODT and ODS by their markup, of XLSX by openpyxl."""

import re
import zipfile
from collections.abc import Iterable, Mapping
from typing import IO
from xml.parsers import expat

import openpyxl

from responses.texts import archives
from responses.texts.archives import Budget, Unsafe
from responses.texts.reading import ACTIVE, BROKEN, LOCKED, TOO_LARGE, Found, Unreadable, tool

MOST_CELLS = 2_000_000
BUILT_IN = "built in"


def word(file: IO[bytes]) -> Found:
    """With tracked changes as if accepted, then the footnotes and endnotes."""
    return _found(
        file,
        r"word/(document\d*|footnotes|endnotes)\.xml",
        within={"t"},
        ends={"p": "\n", "tc": "\t"},
        marks={"tab": "\t", "br": "\n", "cr": "\n", "lastRenderedPageBreak": "\f"},
        without={"Fallback", "moveFrom"},
    )


def slides(file: IO[bytes]) -> Found:
    return _found(
        file, r"ppt/slides/slide\d+\.xml", within={"t"}, ends={"p": "\n"}, marks={"br": "\n"}, without={"Fallback"}
    )


def document(file: IO[bytes]) -> Found:
    """ODT and ODS."""
    return _found(
        file,
        r"content\.xml",
        within={"p", "h"},
        ends={"p": "\n", "h": "\n", "table": "\f"},
        marks={"tab": "\t", "line-break": "\n", "s": " ", "soft-page-break": "\f"},
        without={"tracked-changes"},
    )


def sheets(file: IO[bytes]) -> Found:
    notes = _looked(file)
    file.seek(0)
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        pages, cells = [], 0
        for sheet in book.worksheets:
            lines = [sheet.title]
            for row in sheet.iter_rows(values_only=True):
                cells += len(row) or 1
                if cells > MOST_CELLS:
                    raise Unreadable(TOO_LARGE, f"has more than {MOST_CELLS:,} cells; its text is not read.")
                if any(value is not None for value in row):
                    lines.append("\t".join("" if value is None else str(value) for value in row).rstrip("\t"))
            pages.append("\n".join(lines))
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(BROKEN, "is damaged. Open it, save it anew and try again.") from error
    return Found(pages=pages, tool=tool("openpyxl"), notes=notes)


def _looked(file: IO[bytes]) -> list[str]:
    """The notes on the archive. Raises Unreadable for what is not opened."""
    try:
        return archives.office(file)[1]
    except Unsafe as unsafe:
        outcome = {"locked": LOCKED, "bomb": TOO_LARGE, "active": ACTIVE}.get(unsafe.kind, BROKEN)
        raise Unreadable(outcome, str(unsafe)) from unsafe


def _found(
    file: IO[bytes], parts: str, *, within: set[str], ends: Mapping[str, str], marks: Mapping[str, str],
    without: set[str],
) -> Found:  # fmt: skip
    notes = _looked(file)
    budget = Budget(archives.MOST_INFLATED)
    pages: list[str] = []
    try:
        with archives.opened(file, budget) as archive:
            for name in sorted(filter(re.compile(parts).fullmatch, archive.namelist()), key=_by_number):
                words = Words(within=within, ends=ends, marks=marks, without=without)
                pages += words.of(archives.inflated(archive, name, budget)).split("\f")
    except (*archives.BROKEN, zipfile.BadZipFile, expat.ExpatError) as error:
        raise Unreadable(BROKEN, "is damaged. Open it, save it anew and try again.") from error
    if not pages:
        raise Unreadable(BROKEN, "is damaged: it has no text part. Open it, save it anew and try again.")
    return Found(pages=pages, tool=BUILT_IN, notes=notes)


def _by_number(name: str) -> tuple[bool, int, str]:
    """document before footnotes, slide2 before slide10."""
    number = re.search(r"(\d+)\.xml$", name)
    return ("notes" in name, int(number[1]) if number else 0, name)


class Words:
    """The text of one part of markup, read as a stream: `within` which elements text counts, what stands for the end
    of an element (`ends`) and for an empty one (`marks`), and `without` which ones. Names without their namespace."""

    def __init__(
        self, *, within: set[str], ends: Mapping[str, str], marks: Mapping[str, str], without: set[str]
    ) -> None:
        self.within, self.ends, self.marks, self.without = within, ends, marks, without
        self.inside = self.skipped = 0
        self.words: list[str] = []

    def of(self, chunks: Iterable[bytes]) -> str:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._text
        for chunk in chunks:
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
        return "".join(self.words)

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:  # noqa: ARG002 (expat gives it)
        local = name.rpartition(" ")[2]
        self.skipped += local in self.without
        self.inside += local in self.within
        if not self.skipped and (mark := self.marks.get(local)):
            self.words.append(mark)

    def _end(self, name: str) -> None:
        local = name.rpartition(" ")[2]
        if not self.skipped and (end := self.ends.get(local)):
            self.words.append(end)
        self.skipped -= local in self.without
        self.inside -= local in self.within

    def _text(self, text: str) -> None:
        if self.inside and not self.skipped:
            self.words.append(text)
