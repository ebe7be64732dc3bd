"""What reading a file gives, and the plain formats: text, CSV, RTF, pictures."""

import re
import shutil
import subprocess
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import IO

MOST_TEXT = 5_000_000  # characters kept of one file
COMMAND = re.compile(r"(?:^|[,;\t\n\"])[=+@-][^,;\n]*\|[^\n]*!")  # in a CSV: =cmd|'/c calc'!A0
READ, EMPTY, SCANNED, LOCKED, BROKEN, ACTIVE, TOO_LARGE, NOT_READ = (
    "read", "empty", "scanned", "locked", "broken", "active", "too_large", "not_read",
)  # fmt: skip


class Unreadable(Exception):  # noqa: N818 (it is the file's fault)
    """The file cannot be read: `outcome` is LOCKED, BROKEN, ACTIVE or TOO_LARGE; `args[0]` says why, going on from its
    name."""

    def __init__(self, outcome: str, why: str) -> None:
        super().__init__(why)
        self.outcome = outcome


@dataclass(kw_only=True)
class Found:
    """The text page by page (a sheet or a slide counts as one), notes for the reader, and what read it."""

    pages: list[str]
    tool: str
    notes: list[str] = field(default_factory=list)
    outcome: str = READ

    def bounded(self) -> "Found":
        """At most MOST_TEXT characters, without what PostgreSQL cannot hold; EMPTY where there are none."""
        left, kept = MOST_TEXT, []
        for page in self.pages:
            page = page.replace("\x00", "").encode(errors="replace").decode()
            kept.append(page[:left])
            left -= len(kept[-1])
        if left <= 0 and sum(map(len, self.pages)) > MOST_TEXT:
            self.notes.append(f"only the first {MOST_TEXT:,} characters are kept")
        self.pages = kept
        if self.outcome == READ and not any(page.strip() for page in kept):
            self.outcome = EMPTY
        return self


def tool(*packages: str) -> str:
    return ", ".join(f"{package} {version(package)}" for package in packages)


def plain(file: IO[bytes]) -> Found:
    text = decoded(file.read())
    notes = ["carries formulas that could start a program"] if COMMAND.search(text) else []
    return Found(pages=text.split("\f"), tool="built in", notes=notes)


def decoded(content: bytes) -> str:
    """Text as its first bytes say, as UTF-8, or as Windows writes it."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def rich(file: IO[bytes]) -> Found:
    from striprtf.striprtf import rtf_to_text  # here, since no other kind needs it

    text = rtf_to_text(file.read().decode("latin-1"), errors="ignore")  # type: ignore[no-untyped-call]
    return Found(pages=[text], tool=tool("striprtf"))


def picture(file: IO[bytes]) -> Found:
    return ocr([file.read()])


def ocr(pictures: list[bytes]) -> Found:
    """The words in pictures, where Tesseract is installed; otherwise SCANNED."""
    program = shutil.which("tesseract")
    if program is None:
        note = "is a picture: its text is read where Tesseract is installed"
        return Found(pages=["" for _ in pictures], tool="", outcome=SCANNED, notes=[note])
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    pages = [_recognised(program, picture) for picture in pictures]
    return Found(pages=pages, tool=(said.stdout or said.stderr).partition("\n")[0].strip())


def _recognised(program: str, picture: bytes) -> str:
    command = [program, "stdin", "stdout", "-l", "eng"]
    done = subprocess.run(command, input=picture, capture_output=True, check=False)
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""
