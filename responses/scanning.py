"""The virus scanner: a file waits until it was found clean, and nobody opens it before.

The row is the truth: a file with `screening` WAITING is scanned when `scan_due_at` has come. Taking one moves that
instant ahead, so what a dead worker had in hand is due again, and nothing that is sent or filed ever waits for it.
Where no scanner is set up, files wait for one to be, and may be read meanwhile.
"""

import logging
import socket
import time
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from accounts import record
from accounts.record import By
from notifications import clock
from notifications.refusal import Conflict
from responses import file_emails
from responses.file_models import Screening
from responses.models import Attachment, Submission

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 240  # after which a sweep leaves the rest to the next
CHUNK = 128 * 1024
FIRST_RETRY, LAST_RETRY = timedelta(minutes=2), timedelta(hours=1)
SCANNER = By(user=None, door="task")


class ScannerAway(Exception):  # noqa: N818 (it is not a fault of the program)
    """The scanner could not be asked, or (`answered`) did not scan what it was given. The file waits, and is tried
    again."""

    def __init__(self, why: str, *, answered: bool = False) -> None:
        super().__init__(why)
        self.answered = answered


def is_set_up() -> bool:
    return bool(settings.CLAMD_ADDRESS)


def may_be_read(attachment: Attachment) -> bool:
    """Whether anybody may open the file at all; who may is `visible_to`'s to say."""
    if attachment.screening == Screening.WAITING:
        return not is_set_up()
    return attachment.screening == Screening.CLEAN


def refuse_unclean(attachment: Attachment) -> None:
    """Raise Conflict, with why, for a file that may not be opened."""
    if may_be_read(attachment):
        return
    if attachment.screening == Screening.INFECTED:
        raise Conflict(f"“{attachment.name}” was {rejected_words(attachment)}. Nobody can open it.", code="infected")
    raise Conflict(f"“{attachment.name}” {WAITING_WORDS} Try again in some minutes.", code="quarantined")


WAITING_WORDS = "is kept, and cannot be opened until the virus scanner has found it clean."


def rejected_words(attachment: Attachment) -> str:
    return f"rejected by the virus scanner ({attachment.scan_note})"


def state_words(attachment: Attachment) -> str:
    """For a page, behind the file's name; "" where there is nothing to say."""
    if attachment.screening == Screening.INFECTED:
        return f"{rejected_words(attachment)}: nobody can open it. Remove it and attach a clean copy"
    if attachment.screening == Screening.WAITING and is_set_up():
        tried = f"; the last attempt failed: {attachment.scan_note}" if attachment.scan_note else ""
        return f"waiting for the virus scanner{tried}"
    return ""


def state(attachment: Attachment) -> str:
    """For programs: available, quarantined or rejected."""
    if attachment.screening == Screening.INFECTED:
        return "rejected"
    return "available" if may_be_read(attachment) else "quarantined"


def readable(files: "QuerySet[Attachment]") -> "QuerySet[Attachment]":
    """Those that may be opened."""
    if is_set_up():
        return files.filter(screening=Screening.CLEAN)
    return files.exclude(screening=Screening.INFECTED)


# --- The sweep --------------------------------------------------------------------------------------------------------
def scan_due(now: datetime) -> int:
    """Scan what is due, one after another; returns how many got a verdict. Ends early when the scanner is away."""
    if not is_set_up():
        return 0
    decided, ends = 0, time.monotonic() + SWEEP_SECONDS
    while time.monotonic() < ends and (attachment := _claim(now)):
        try:
            verdict = scan(attachment)
        except ScannerAway as away:
            _note(attachment, str(away))
            logger.warning("file not scanned: %s", away, extra={"attachment": attachment.code})
            if away.answered:
                continue
            break
        decided += _decide(attachment, verdict, now=clock.now())
    return decided


@transaction.atomic
def _claim(now: datetime) -> Attachment | None:
    """Take one: it is due again later, twice as late after each attempt, unless it gets its verdict first.

    What was filed comes before drafts: staff wait for it.
    """
    filed = Submission.attachments.through.objects.filter(attachment=OuterRef("pk"))
    due = Attachment.objects.filter(screening=Screening.WAITING, scan_due_at__lte=now)
    ordered = due.annotate(is_filed=Exists(filed)).order_by("-is_filed", "scan_due_at", "pk")
    attachment = ordered.select_for_update(skip_locked=True, of=("self",)).first()
    if attachment is None:
        return None
    wait = min(FIRST_RETRY * 2 ** min(attachment.scan_tries, 10), LAST_RETRY)
    Attachment.objects.filter(pk=attachment.pk).update(scan_due_at=clock.now() + wait, scan_tries=F("scan_tries") + 1)
    return attachment


def _note(attachment: Attachment, why: str) -> None:
    Attachment.objects.filter(pk=attachment.pk, screening=Screening.WAITING).update(scan_note=why[:300])


@transaction.atomic
def _decide(attachment: Attachment, threat: str, *, now: datetime) -> int:
    """Write the verdict once: `threat` is the scanner's name for what it found, "" for a clean file."""
    verdict = Screening.INFECTED if threat else Screening.CLEAN
    waiting = Attachment.objects.filter(pk=attachment.pk, screening=Screening.WAITING)
    if not waiting.update(screening=verdict, scan_note=threat[:300], scanned_at=now):
        return 0
    if threat:
        response = attachment.response
        record.write(
            by=SCANNER, verb="file rejected by the virus scanner", subject=f"response:{response.code}", at=now,
            consultation_code=response.consultation.code, organisation_code=response.organisation.code,
            file=attachment.code, threat=threat[:300],
        )  # fmt: skip
        file_emails.queue_rejected(attachment, now=now)
    return 1


# --- clamd's INSTREAM -------------------------------------------------------------------------------------------------
def scan(attachment: Attachment) -> str:
    """The scanner's name for what the file carries, "" for a clean one. Raises ScannerAway."""
    try:
        with attachment.file.open("rb") as content:
            return ask(iter(lambda: content.read(CHUNK), b""))
    except FileNotFoundError as error:
        raise ScannerAway("the stored file is missing", answered=True) from error


def ask(chunks: Iterable[bytes]) -> str:
    """As `scan`. Each chunk goes with its length before it, and a length of nought ends the file."""
    try:
        with _connected() as scanner:
            said = _sent(scanner, chunks)
    except OSError as error:
        raise ScannerAway(f"the virus scanner did not answer ({error or type(error).__name__})") from error
    words = said.rstrip(b"\0\n").decode(errors="replace").removeprefix("stream: ")
    if words == "OK":
        return ""
    if words.endswith(" FOUND"):
        return words.removesuffix(" FOUND")
    if words:
        raise ScannerAway(f"the virus scanner said “{words}”", answered=True)
    raise ScannerAway("the virus scanner hung up")


def _sent(scanner: socket.socket, chunks: Iterable[bytes]) -> bytes:
    try:
        scanner.sendall(b"zINSTREAM\0")
        for chunk in chunks:
            scanner.sendall(len(chunk).to_bytes(4, "big") + chunk)
        scanner.sendall(bytes(4))
    except (BrokenPipeError, ConnectionResetError):
        pass  # it says why before it hangs up: "INSTREAM size limit exceeded. ERROR"
    said = b""
    while not said.endswith(b"\0") and len(said) < 4096 and (more := scanner.recv(1024)):
        said += more
    return said


def _connected() -> socket.socket:
    address, timeout = settings.CLAMD_ADDRESS, float(settings.CLAMD_TIMEOUT)
    if address.startswith("/"):
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.settimeout(timeout)
        try:
            made.connect(address)
        except OSError:
            made.close()
            raise
        return made
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    if not port.isdigit():
        raise OSError(f"CLAMD_ADDRESS is “{address}”: write host:port or the path of a socket")
    return socket.create_connection((host.strip("[]") or "localhost", int(port)), timeout=timeout)
