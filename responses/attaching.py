"""Files given with a response: what is taken, how it is kept, and how it leaves a draft.

A file is taken when its name ends in an allowed way and its bytes are what that ending says, and when it is neither
locked, nor damaged, nor full of macros. It is stored under a name of our own, never served inline and never by a public
address; whether it may be opened is the virus scanner's to say (scanning.py).
"""

import hashlib
import logging
import re
import shutil
import tempfile
from datetime import datetime
from pathlib import PurePath
from typing import IO, cast

import puremagic
from celery import current_app
from django.conf import settings
from django.core.files.base import File
from django.db import transaction

from accounts.record import By
from consultations.models import Question, QuestionKind
from notifications import clock
from notifications.refusal import Conflict, Refusal
from notifications.waking import AWAY
from responses import allowances, extraction, scanning
from responses.drafting import lock_for_drafting, write_act
from responses.models import Attachment, Response
from responses.texts import archives
from responses.texts.reading import NOT_READ, READ

logger = logging.getLogger(__name__)

OOXML = "application/vnd.openxmlformats-officedocument."
ODF = "application/vnd.oasis.opendocument."
# The name's ending → the content type. Formats that can carry macros (.doc, .docm, .xls, .xlsm) are not taken.
ALLOWED = {
    ".pdf": "application/pdf",
    ".docx": OOXML + "wordprocessingml.document",
    ".xlsx": OOXML + "spreadsheetml.sheet",
    ".pptx": OOXML + "presentationml.presentation",
    ".odt": ODF + "text",
    ".ods": ODF + "spreadsheet",
    ".rtf": "application/rtf",
    ".txt": "text/plain",
    ".csv": "text/csv",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".eml": "message/rfc822",
    ".msg": "application/vnd.ms-outlook",
}
ODF_ENDINGS = (".odt", ".ods")
LOOKED_AT = (".pdf", ".eml", ".msg")  # in a process of their own, before they are taken
WITH_MAIL = (".p7s", ".asc", ".ics")  # signatures and invitations, as mail programs put them beside a letter
LOOKING_SECONDS = 10
TAKING_FILES = (QuestionKind.FILE, QuestionKind.TEXT, QuestionKind.YES_NO_PARTLY)
MAIN_PART = {".docx": "word/document.xml", ".xlsx": "xl/workbook.xml", ".pptx": "ppt/presentation.xml"}


def attach(
    *, response: Response, file: "File[bytes]", by: By, question: Question | None = None,
    now: datetime | None = None, most: int | None = None,
) -> Attachment:  # fmt: skip
    """Add a file of at most `most` bytes to the draft, for one question or for the whole. It is on disk before the row
    is, and waits for the virus scanner where there is one.

    Raises Refusal at `file` (type, size, count, what is inside), Conflict when the question has closed.
    """
    now = now or clock.now()
    name, content_type = checked(file, most or settings.ATTACHMENT_MAX_BYTES)
    row = Attachment(
        question=question,
        name=name,
        content_type=content_type,
        size=file.size or 0,
        sha256=_sha256(file),
        uploaded_at=now,
        scan_due_at=now,
    )
    with transaction.atomic():
        locked = lock_for_drafting(response, by=by, now=now)
        _refuse_question(locked, question, now)
        _refuse_count(locked)
        row.response, row.uploaded_by = locked, by.user
        row.file.save(name, file, save=False)
        try:
            row.save()
            Response.objects.filter(pk=locked.pk).update(edited_at=now)
            write_act(locked, by=by, now=now, verb="file attached", file=row.code)
        except BaseException:
            row.file.delete(save=False)
            raise
        transaction.on_commit(wake)
    return row


def refuse_early(response: Response, question: Question | None, *, name: str, size: int, now: datetime) -> None:
    """Raise what `attach` would, as far as it can be known before the file is here."""
    _ending_of(name)
    if size == 0:
        raise Refusal(f"“{name}” is empty.", field="file")
    _refuse_question(response, question, now)
    _refuse_count(response)


def wake() -> None:
    """Have the file looked at now. Never fails: the sweeps come to it anyway."""
    task = "responses.tasks.scan_files" if scanning.is_set_up() else "responses.tasks.extract_texts"
    try:
        current_app.send_task(task, expires=settings.SWEEP_SECONDS)
    except AWAY as error:
        logger.warning("scan not woken, the next sweep will find the file: %s", error)


def open_stored(attachment: Attachment) -> IO[bytes]:
    """The file's content, for who may see it: the one door to it. Raises Conflict for a file that was not found clean,
    FileNotFoundError for one that the store has lost."""
    scanning.refuse_unclean(attachment)
    return cast("IO[bytes]", attachment.file.open("rb"))


@transaction.atomic
def remove(*, attachment: Attachment, by: By, now: datetime | None = None) -> None:
    """Take a file out of the draft. Where a submission holds it, that submission still does."""
    now = now or clock.now()
    locked = lock_for_drafting(attachment.response, by=by, now=now)
    _refuse_question(locked, attachment.question, now)
    if Attachment.objects.filter(pk=attachment.pk, removed_at__isnull=True).update(removed_at=now):
        Response.objects.filter(pk=locked.pk).update(edited_at=now)
        write_act(locked, by=by, now=now, verb="file removed", file=attachment.code)


def _refuse_question(response: Response, question: Question | None, now: datetime) -> None:
    if question is None:
        return
    if question.section.consultation_id != response.consultation_id:
        raise Refusal("This question belongs to another consultation.", field="question")
    if question.kind not in TAKING_FILES:
        raise Refusal("This question does not take a file.", field="question")
    if not allowances.is_open(question.section, response, now):
        raise Conflict(f"{question.section} has closed; its files can no longer change.", field="file")


def _refuse_count(response: Response) -> None:
    if Attachment.objects.filter(response=response).current().count() >= settings.ATTACHMENT_MAX_COUNT:
        raise Refusal(f"A response has {settings.ATTACHMENT_MAX_COUNT} files at most. Remove one first.", field="file")


def _ending_of(name: str) -> str:
    ending = PurePath(name).suffix.lower()
    if ending not in ALLOWED:
        kinds = ", ".join(sorted(known.strip(".").upper() for known in ALLOWED))
        raise Refusal(f"“{name}” is not a kind of file that is taken. Give one of: {kinds}.", field="file")
    return ending


def checked(file: "File[bytes]", most: int) -> tuple[str, str]:
    """The file's clean name and content type. Raises Refusal at `file`."""
    name = clean_name(file.name or "")
    ending = _ending_of(name)
    size = file.size or 0
    if size == 0:
        raise Refusal(f"“{name}” is empty.", field="file")
    if size > most:
        raise Refusal(
            f"“{name}” is larger than {most // (1024 * 1024)} MB, which is the most for one file.", field="file"
        )
    if why := _mismatch(file, ending):
        raise Refusal(f"“{name}” {why}", field="file")
    file.seek(0)
    return name, ALLOWED[ending]


def clean_name(name: str) -> str:
    """The last part of the name, without characters that a header or a file system could trip over."""
    last = re.sub(
        r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\"<>|:*?]", "", name.replace("\\", "/").rsplit("/", 1)[-1]
    )
    last = last.encode(errors="ignore").decode().strip(" .") or "file"
    stem, ending = PurePath(last).stem, PurePath(last).suffix
    return f"{stem[: 200 - len(ending)]}{ending}"


def _mismatch(file: "File[bytes]", ending: str) -> str:
    """Why the bytes are not what the ending says, or what is wrong with them; "" when nothing is."""
    if ending in MAIN_PART or ending in ODF_ENDINGS:
        return _office_mismatch(file, ending)
    file.seek(0)
    head = file.read(8192)
    if ending in (".txt", ".csv"):
        return "" if _is_text(head) else "is not plain text. Save it as text, or give a PDF."
    if ending == ".pdf" and b"%PDF-" not in head[:1024]:
        return "is not a PDF, although its name says so."
    if ending in LOOKED_AT:
        return _looked_at(file, ending)
    try:
        found = {match.extension for match in puremagic.magic_string(head)}
    except puremagic.PureError:
        found = set()
    expected = {".jpeg", ".jpg", ".jfif"} if ending in (".jpg", ".jpeg") else {ending}
    return "" if found & expected else f"is not a {ending.strip('.').upper()} file, although its name says so."


def _office_mismatch(file: "File[bytes]", ending: str) -> str:
    kind = ending.strip(".").upper()
    try:
        parts, _notes = archives.office(cast("IO[bytes]", file))
        if ending in MAIN_PART:
            is_kind = MAIN_PART[ending] in parts
        else:
            is_kind = "mimetype" in parts and _mimetype(file) == ALLOWED[ending]
    except archives.Unsafe as unsafe:
        return f"{unsafe}" if unsafe.kind != "broken" else f"is not a {kind} file that can be opened: it {unsafe}"
    return "" if is_kind else f"is not a {kind} file, although its name says so."


def _mimetype(file: "File[bytes]") -> str:
    with archives.opened(cast("IO[bytes]", file), archives.Budget(4096)) as archive:
        return archive.open("mimetype").read(200).decode("ascii", "replace").strip()


def _looked_at(file: "File[bytes]", ending: str) -> str:
    """What the process says that opens it in our place; "" also where it took too long, since nobody is to miss a
    deadline over that: reading the text will say so."""
    file.seek(0)
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(cast("IO[bytes]", file), copy)
        copy.flush()
        taken = (*(kind for kind in ALLOWED if kind != ".msg"), *WITH_MAIL)
        found = extraction.in_child("look", copy, ending, seconds=LOOKING_SECONDS, taken=taken)
    return "" if found["outcome"] in (READ, NOT_READ) or found == extraction.DIED else str(found["why"])


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return not any(byte < 9 or 13 < byte < 32 for byte in head)


def _sha256(file: "File[bytes]") -> str:
    file.seek(0)
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
