"""Office files are ZIP archives: opened with limits that are counted while inflating, and looked at for what is active.

What an archive says of its own sizes is never believed.
"""

import re
import zipfile
from collections.abc import Iterator
from pathlib import PurePath
from typing import IO

MOST_ENTRIES = 5_000
MOST_DIRECTORY = 2 * 1024 * 1024  # bytes of the central directory, which zipfile reads before it can be asked anything
MOST_INFLATED = 200 * 1024 * 1024
DEPTH = 4  # how deep office files may hold office files; all of them share one budget
CHUNK = 256 * 1024
ENDING = b"PK\x05\x06"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
LOCKED_OFFICE = "EncryptedPackage".encode("utf-16-le")
BROKEN = (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, EOFError, KeyError, RuntimeError)
MACRO_PARTS = re.compile(r"(^|/)(vbaproject\.bin|vbadata\.xml)$|^xl/macrosheets/|^(basic|scripts)/.+", re.IGNORECASE)
OBJECT_PARTS = re.compile(r"(^|/)(oleobject[^/]*\.bin|activex[^/]*)$|^objectreplacements/", re.IGNORECASE)
RELATION = re.compile(rb"<Relationship\b[^>]*>")
DDE = re.compile(rb"<(?:\w+:)?ddeLink\b|>\s*DDE(?:AUTO)?\s|w:instr=\"\s*DDE(?:AUTO)?\s")
# Fields of Word, and frames, that fetch something when the file is opened.
ELSEWHERE = re.compile(
    rb">\s*(?:INCLUDEPICTURE|INCLUDETEXT|IMPORT|LINK)\s[^<]*(?:https?:|file:|\\\\)|<(?:\w+:)?sourceFileName\b"
)
ENTITIES = (b"<!ENTITY", "<!ENTITY".encode("utf-16-le"), "<!ENTITY".encode("utf-16-be"))


class Unsafe(Exception):  # noqa: N818 (it is the file's fault)
    """Why an archive is not taken: `kind` for programs (locked, broken, bomb, active), `args[0]` a phrase that goes on
    from the file's name."""

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(why)
        self.kind = kind


def office(file: IO[bytes], *, most: int = 0) -> tuple[dict[str, int], list[str]]:
    """The parts of an office file with their sizes, and notes on what a reader should know of it.

    Reads every part to its end, `most` bytes in all or else MOST_INFLATED. Raises Unsafe for one that is locked,
    damaged, too large inside or active.
    """
    file.seek(0)
    if file.read(8) == OLE:
        raise _ole(file)
    budget = Budget(most or MOST_INFLATED)
    try:
        return _looked_through(file, budget, depth=1)
    except BROKEN as error:
        raise Unsafe("broken", "is damaged. Open it, save it anew and try again.") from error


class Budget:
    """How much may still be inflated, over an archive and all that are in it."""

    def __init__(self, most: int) -> None:
        self.left, self.entries = most, MOST_ENTRIES

    def spend(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise Unsafe("bomb", "holds far more than its size says (a “zip bomb”), and is not opened.")

    def enter(self, count: int) -> None:
        self.entries -= count
        if self.entries < 0:
            raise Unsafe("bomb", f"holds more than {MOST_ENTRIES:,} parts, and is not opened.")


def opened(file: IO[bytes], budget: Budget) -> zipfile.ZipFile:
    """The archive, once its directory is known to be of a size that can be read. Raises Unsafe, BadZipFile."""
    file.seek(0, 2)
    tail = min(file.tell(), 65_557)
    file.seek(-tail, 2)
    end = file.read(tail)
    at = end.rfind(ENDING)
    if at < 0 or len(end) < at + 20:
        raise zipfile.BadZipFile
    if int.from_bytes(end[at + 12 : at + 16], "little") > MOST_DIRECTORY:
        raise Unsafe("bomb", f"holds more than {MOST_ENTRIES:,} parts, and is not opened.")
    file.seek(0)
    archive = zipfile.ZipFile(file)
    budget.enter(len(archive.infolist()))
    if any(entry.flag_bits & 1 for entry in archive.infolist()):
        raise Unsafe("locked", "is locked with a password. Save it without one and try again.")
    return archive


def inflated(archive: zipfile.ZipFile, name: str, budget: Budget) -> Iterator[bytes]:
    """A part, chunk by chunk, each counted before the next is made."""
    with archive.open(name) as part:
        while chunk := part.read(CHUNK):
            budget.spend(len(chunk))
            yield chunk


def part(archive: zipfile.ZipFile, name: str, budget: Budget) -> bytes:
    return b"".join(inflated(archive, name, budget))


def _looked_through(file: IO[bytes], budget: Budget, *, depth: int) -> tuple[dict[str, int], list[str]]:
    sizes: dict[str, int] = {}
    notes: set[str] = set()
    with opened(file, budget) as archive:
        names = archive.namelist()
        if any(MACRO_PARTS.search(name) for name in names):
            raise Unsafe("active", "contains macros. Save it without them and try again.")
        if any(OBJECT_PARTS.search(name) for name in names):
            notes.add("contains embedded objects of other programs")
        for name in names:
            sizes[name] = _look_at(archive, name, budget, notes, depth)
    return sizes, sorted(notes)


def _look_at(archive: zipfile.ZipFile, name: str, budget: Budget, notes: set[str], depth: int) -> int:
    """Read one part to its end, for its size and for what it asks a program to do."""
    is_markup = name.lower().endswith((".xml", ".rels", ".vml"))
    size, before = 0, b""
    for chunk in inflated(archive, name, budget):
        size += len(chunk)
        if is_markup:
            _refuse_markup(name, before + chunk, notes)
            before = chunk[-512:]
    if PurePath(name).suffix.lower() in (".docx", ".xlsx", ".pptx", ".zip", ".docm", ".xlsm") and size:
        _look_inside(part(archive, name, budget), budget, notes, depth)
    return size


def _look_inside(content: bytes, budget: Budget, notes: set[str], depth: int) -> None:
    import io

    if depth >= DEPTH:
        raise Unsafe("bomb", "holds archives within archives, and is not opened.")
    try:
        notes.update(_looked_through(io.BytesIO(content), budget, depth=depth + 1)[1])
    except BROKEN:
        notes.add("contains an embedded file that is damaged")


def _refuse_markup(name: str, text: bytes, notes: set[str]) -> None:
    if any(mark in text for mark in ENTITIES):
        raise Unsafe("active", "declares XML entities, which office programs never write, and is not opened.")
    if DDE.search(text):
        raise Unsafe("active", "contains a link that starts another program (DDE). Remove it and try again.")
    if b"encryption-data" in text and name == "META-INF/manifest.xml":
        raise Unsafe("locked", "is locked with a password. Save it without one and try again.")
    if b"macroEnabled" in text and name == "[Content_Types].xml":
        raise Unsafe("active", "is of a kind that carries macros. Save it as an ordinary file and try again.")
    if ELSEWHERE.search(text):
        notes.add("refers to content kept elsewhere")
    for relation in RELATION.findall(text) if name.endswith(".rels") else []:
        if b'TargetMode="External"' not in relation or b"/hyperlink" in relation or b"/externalLink" in relation:
            continue
        if b"/attachedTemplate" in relation and not _is_local(relation):
            raise Unsafe("active", "loads a template from elsewhere. Attach the template “Normal” and try again.")
        notes.add("refers to content kept elsewhere")


def _is_local(relation: bytes) -> bool:
    """A template on the writer's own disk, as Word notes it for every letter written with one."""
    target = re.search(rb'Target="([^"]*)"', relation)
    where = target[1].lower() if target else b""
    return (
        where.startswith(b"file:///") and not where.startswith(b"file:////") and not where.startswith(b"file:///\\\\")
    )


def _ole(file: IO[bytes]) -> Unsafe:
    """A compound file where a ZIP was to be: a locked office file, or one of the old formats under a new name."""
    file.seek(0)
    before = b""
    while chunk := file.read(CHUNK):
        if LOCKED_OFFICE in before + chunk:
            return Unsafe("locked", "is locked with a password. Save it without one and try again.")
        before = chunk[-64:]
    return Unsafe("broken", "is a file of an old Office version under a new name. Save it in the new format.")
