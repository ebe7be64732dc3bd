"""E-mails as they are saved: .eml, and Outlook's .msg. Their own attachments are named, not opened."""

import email
import html
import re
from collections.abc import Iterator
from email.message import EmailMessage, Message
from email.policy import default
from pathlib import PurePath
from typing import IO, Any

import nh3
import olefile

from responses.texts.reading import BROKEN, Found, Unreadable, decoded, tool

HEADERS = ("From", "To", "Cc", "Date", "Subject")
NAMED = ("0C1A", "0E04", "0E03", "0037")  # sender, to, cc, subject as a .msg numbers them
PLAIN_BODY, HTML_BODY, FILE_NAME, SHORT_NAME = "1000", "1013", "3707", "3704"
MOST_PARTS = 1_000


def eml(file: IO[bytes]) -> Found:
    message = _parsed(file)
    headers = [f"{name}: {value}" for name in HEADERS if (value := _header(message, name))]
    bodies, files = [], []
    for part in _parts(message):
        if name := _name(part):
            files.append(name)
        elif part.get_content_maintype() == "text":
            bodies.append(part)
    plain = [part for part in bodies if part.get_content_subtype() == "plain"] or bodies
    text = "\n\n".join(_body(part) for part in plain)
    return Found(pages=["\n".join(headers) + "\n\n" + text], tool="built in", notes=_notes(files))


def look_eml(file: IO[bytes], taken: set[str]) -> None:
    """Raise Unreadable for one that is no e-mail, or that carries a file whose ending is not among `taken`."""
    message = _parsed(file)
    if not any(message.get(name) for name in ("From", "Date", "Subject", "Received", "To")):
        raise Unreadable(BROKEN, "is not an e-mail, although its name says so.")
    _refuse_files((_name(part) for part in _parts(message)), taken)


def msg(file: IO[bytes]) -> Found:
    with _compound(file) as compound:
        named = [value for number in NAMED if (value := _property(compound, number))]
        body = _property(compound, PLAIN_BODY) or _without_markup(_property(compound, HTML_BODY))
        files = list(_files_of(compound))
    return Found(pages=["\n".join(named) + "\n\n" + body], tool=tool("olefile"), notes=_notes(files))


def look_msg(file: IO[bytes], taken: set[str]) -> None:
    with _compound(file) as compound:
        if not any(str(path[0]).startswith("__") for path in compound.listdir()):
            raise Unreadable(BROKEN, "is not an e-mail, although its name says so.")
        _refuse_files(_files_of(compound), taken)


def _refuse_files(names: Iterator[str], taken: set[str]) -> None:
    for name in filter(None, names):
        if PurePath(name).suffix.lower() not in taken:
            raise Unreadable(BROKEN, f"carries “{name[:100]}”, which is not a kind of file that is taken.")


def _notes(files: list[str]) -> list[str]:
    names = ", ".join(name[:60] for name in files[:10])
    return [f"carries {len(files)} file{'s' if len(files) > 1 else ''}, not read here: {names}"] if files else []


# --- .eml -------------------------------------------------------------------------------------------------------------
def _parsed(file: IO[bytes]) -> EmailMessage:
    made: Any = email.message_from_binary_file(file, policy=default)
    return made  # type: ignore[no-any-return]


def _parts(message: Message) -> Iterator[Any]:
    for count, part in enumerate(message.walk()):
        if count >= MOST_PARTS:
            raise Unreadable(BROKEN, f"has more than {MOST_PARTS:,} parts, and is not read.")
        yield part


def _header(message: Message, name: str) -> str:
    """A header as text; what is written against the rules is given as it stands rather than lost."""
    try:
        return str(message.get(name) or "")
    except Exception:
        return next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")


def _name(part: Any) -> str:
    try:
        name = part.get_filename() or ""
    except Exception:
        name = "a file without a readable name"
    return re.sub(r"[\x00-\x1f]", "", str(name))


def _body(part: Any) -> str:
    try:
        text = str(part.get_content())
    except Exception:
        payload = part.get_payload(decode=True)
        text = decoded(payload) if isinstance(payload, bytes) else str(part.get_payload())
    return _without_markup(text) if part.get_content_subtype() == "html" else text


def _without_markup(text: str) -> str:
    broken = re.sub(r"(?i)<(?:br|/p|/div|/tr|/h\d|/li)\b[^>]*>", "\n", text)
    return html.unescape(nh3.clean(broken, tags=set(), clean_content_tags={"script", "style", "head"}))


# --- .msg -------------------------------------------------------------------------------------------------------------
def _compound(file: IO[bytes]) -> Any:
    try:
        return olefile.OleFileIO(file)
    except Exception as error:
        raise Unreadable(BROKEN, "is damaged or not an Outlook e-mail. Save it anew and try again.") from error


def _property(compound: Any, number: str, folder: str = "") -> str:
    for kind in ("001F", "001E", "0102"):
        path = f"{folder}__substg1.0_{number}{kind}"
        try:
            content = compound.openstream(path).read() if compound.exists(path) else b""
        except OSError as error:
            raise Unreadable(BROKEN, "is damaged. Save it anew and try again.") from error
        if content:
            return content.decode("utf-16-le", errors="replace") if kind == "001F" else decoded(content)
    return ""


def _files_of(compound: Any) -> Iterator[str]:
    folders = {path[0] for path in compound.listdir() if str(path[0]).startswith("__attach")}
    for folder in sorted(folders):
        yield _property(compound, FILE_NAME, f"{folder}/") or _property(compound, SHORT_NAME, f"{folder}/")
