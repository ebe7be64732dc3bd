"""Files given with a response: what is taken, how it is kept, and how it leaves a draft.

A file is taken when its name ends in an allowed way and its bytes are what that ending says. It is stored under a
name of our own, never served inline and never by a public address.
"""

import hashlib
import re
import zipfile
from datetime import datetime
from pathlib import PurePath

import puremagic
from django.conf import settings
from django.core.files.base import File
from django.db import transaction

from accounts.record import By
from consultations.models import Question, QuestionKind
from notifications import clock
from notifications.refusal import Conflict, Refusal
from responses.drafting import lock_for_drafting, write_act
from responses.models import Attachment, Response

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
}
TAKING_FILES = (QuestionKind.FILE, QuestionKind.TEXT, QuestionKind.YES_NO_PARTLY)
UNSAFE_IN_NAMES = r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\"<>|:*?]"
MAIN_PART = {".docx": "word/document.xml", ".xlsx": "xl/workbook.xml", ".pptx": "ppt/presentation.xml"}


def attach(
    *, response: Response, file: "File[bytes]", by: By, question: Question | None = None, now: datetime | None = None
) -> Attachment:
    """Add a file to the draft, for one question or for the whole. The file is on disk before the row is.

    Raises Refusal at `file` (type, size, count), Conflict when the question has closed.
    """
    now = now or clock.now()
    name, content_type = _checked(file)
    row = Attachment(
        question=question,
        name=name,
        content_type=content_type,
        size=file.size or 0,
        sha256=_sha256(file),
        uploaded_at=now,
    )
    with transaction.atomic():
        locked = lock_for_drafting(response, by=by, now=now)
        _refuse_question(locked, question, now)
        if Attachment.objects.filter(response=locked).current().count() >= settings.ATTACHMENT_MAX_COUNT:
            raise Refusal(
                f"A response has {settings.ATTACHMENT_MAX_COUNT} files at most. Remove one first.", field="file"
            )
        row.response, row.uploaded_by = locked, by.user
        row.file.save(name, file, save=False)
        try:
            row.save()
            Response.objects.filter(pk=locked.pk).update(edited_at=now)
            write_act(locked, by=by, now=now, verb="file attached", file=row.code, sha256=row.sha256)
        except BaseException:
            row.file.delete(save=False)
            raise
    return row


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
    if not question.section.is_open(now):
        raise Conflict(f"{question.section} has closed; its files can no longer change.", field="file")


def _checked(file: "File[bytes]") -> tuple[str, str]:
    """The file's clean name and content type. Raises Refusal at `file`."""
    name = clean_name(file.name or "")
    ending = PurePath(name).suffix.lower()
    if ending not in ALLOWED:
        kinds = ", ".join(sorted(known.strip(".").upper() for known in ALLOWED))
        raise Refusal(f"“{name}” is not a kind of file that is taken. Give one of: {kinds}.", field="file")
    size = file.size or 0
    if size == 0:
        raise Refusal(f"“{name}” is empty.", field="file")
    if size > settings.ATTACHMENT_MAX_BYTES:
        most = settings.ATTACHMENT_MAX_BYTES // (1024 * 1024)
        raise Refusal(f"“{name}” is larger than {most} MB, which is the most for one file.", field="file")
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
    """Why the bytes are not what the ending says; "" when they are."""
    if ending in MAIN_PART or ending in (".odt", ".ods"):
        return _office_mismatch(file, ending)
    file.seek(0)
    head = file.read(8192)
    if ending in (".txt", ".csv"):
        return "" if _is_text(head) else "is not plain text. Save it as text, or give a PDF."
    if ending == ".pdf":
        return "" if b"%PDF-" in head[:1024] else "is not a PDF, although its name says so."
    try:
        found = {match.extension for match in puremagic.magic_string(head)}
    except puremagic.PureError:
        found = set()
    expected = {".jpeg", ".jpg", ".jfif"} if ending in (".jpg", ".jpeg") else {ending}
    return "" if found & expected else f"is not a {ending.strip('.').upper()} file, although its name says so."


def _office_mismatch(file: "File[bytes]", ending: str) -> str:
    file.seek(0)
    kind = ending.strip(".").upper()
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
            mimetype = archive.open("mimetype").read(200).decode("ascii", "replace") if "mimetype" in names else ""
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, ValueError, EOFError):
        return f"is damaged, locked with a password or not a {kind} file. Save it anew and try again."
    if any(PurePath(part).name.lower() == "vbaproject.bin" for part in names):
        return "contains macros. Save it without them and try again."
    is_kind = MAIN_PART[ending] in names if ending in MAIN_PART else mimetype.strip() == ALLOWED[ending]
    return "" if is_kind else f"is not a {kind} file, although its name says so."


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
