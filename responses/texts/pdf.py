"""PDF, through pdfium: the engine that browsers open the file with."""

import re
from typing import IO

import pypdfium2
from pypdfium2 import PdfiumError, raw

from responses.texts.reading import BROKEN, LOCKED, READ, SCANNED, TOO_LARGE, Found, Unreadable, ocr, tool

MOST_PAGES = 3_000
MOST_SCANNED = 60  # pages that are recognised: each takes seconds
WORDS_OF_A_PAGE = 8  # a page with fewer characters than this may be a picture
DOTS = 200 / 72  # 200 dots an inch
MARKS = {
    rb"/(?:JavaScript|JS)\b": "carries JavaScript, which is not run",
    rb"/EmbeddedFiles?\b": "carries embedded files",
    rb"/(?:RichMedia|Movie|Sound|Screen)\b": "carries sound or film",
    rb"/Launch\b": "asks to start another program",
}


def look(file: IO[bytes]) -> None:
    """Raise Unreadable for one that nobody could open."""
    _opened(file).close()


def read(file: IO[bytes]) -> Found:
    document = _opened(file)
    notes = _notes(document, file)
    count = len(document)
    if count > MOST_PAGES:
        raise Unreadable(TOO_LARGE, f"has {count:,} pages; text is read of {MOST_PAGES:,} at most.")
    pages = [_text(document, number) for number in range(count)]
    found = Found(pages=pages, tool=tool("pypdfium2"), notes=notes)
    bare = [number for number, text in enumerate(pages) if len(text.strip()) < WORDS_OF_A_PAGE]
    if bare and len(bare) == count:
        return _recognised(document, found, bare)
    return found


def _opened(file: IO[bytes]) -> pypdfium2.PdfDocument:
    try:
        document = pypdfium2.PdfDocument(file)
        if len(document) == 0:
            raise Unreadable(BROKEN, "is damaged: it has no pages. Make the PDF anew and try again.")
        return document
    except PdfiumError as error:
        if "password" in str(error).lower():
            raise Unreadable(LOCKED, "is locked with a password. Save it without one and try again.") from error
        raise Unreadable(BROKEN, "is damaged and cannot be opened. Make the PDF anew and try again.") from error


def _text(document: pypdfium2.PdfDocument, number: int) -> str:
    """A page's text; "" for a page that is damaged, which must not hide the others."""
    try:
        page = document[number]
        text: str = page.get_textpage().get_text_bounded(errors="ignore")
        page.close()
    except PdfiumError:
        return ""
    return text.replace("\r\n", "\n").replace("￾", "")


def _notes(document: pypdfium2.PdfDocument, file: IO[bytes]) -> list[str]:
    """What it carries besides text. In a file whose objects are compressed, only what pdfium counts is seen."""
    file.seek(0)
    content = file.read()
    notes = {words for mark, words in MARKS.items() if re.search(mark, content)}
    if raw.FPDFDoc_GetJavaScriptActionCount(document) > 0:
        notes.add(MARKS[rb"/(?:JavaScript|JS)\b"])
    if raw.FPDFDoc_GetAttachmentCount(document) > 0:
        notes.add(MARKS[rb"/EmbeddedFiles?\b"])
    if raw.FPDF_GetSecurityHandlerRevision(document) > 0:
        notes.add("is encrypted, and opens without a password; its writer restricts what may be done with it")
    return sorted(notes)


def _recognised(document: pypdfium2.PdfDocument, found: Found, bare: list[int]) -> Found:
    seen = ocr([_drawn(document, number) for number in bare[:MOST_SCANNED]])
    if seen.outcome == READ and len(bare) > MOST_SCANNED:
        found.notes.append(f"is a scan; the first {MOST_SCANNED} of {len(bare)} pages were recognised")
    for number, text in zip(bare, seen.pages, strict=False):
        found.pages[number] = text
    found.outcome = SCANNED if seen.outcome == SCANNED and _has_pictures(document) else READ
    found.notes += seen.notes if found.outcome == SCANNED else []
    found.tool = f"{found.tool}, {seen.tool}" if seen.tool else found.tool
    return found


def _has_pictures(document: pypdfium2.PdfDocument) -> bool:
    """A blank page is not a scan."""
    try:
        return any(next(iter(document[number].get_objects()), None) for number in range(min(len(document), 10)))
    except PdfiumError:
        return False


def _drawn(document: pypdfium2.PdfDocument, number: int) -> bytes:
    """The page in grey, as a PGM picture."""
    try:
        page = document[number]
        scale = min(DOTS, 4_000 / max(page.get_size()))
        bitmap = page.render(scale=scale, grayscale=True)
    except PdfiumError:
        return b""
    lines = bytes(bitmap.buffer)
    rows = [lines[at * bitmap.stride : at * bitmap.stride + bitmap.width] for at in range(bitmap.height)]
    return b"P5\n%d %d\n255\n" % (bitmap.width, bitmap.height) + b"".join(rows)
