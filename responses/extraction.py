"""The text of files, so that staff can search and quote it: read when due, in a process with limits, stored apart.

A file is read once the scanner has found it clean, or at once where there is none. As with scanning, the row is the
truth and taking one moves its `due_at` ahead.
"""

import json
import os
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import IO, Any

from django.conf import settings
from django.contrib.postgres.search import SearchVector
from django.db import DataError, OperationalError, transaction
from django.db.models import F, Value
from django.db.models.functions import Left

from notifications import clock
from responses import scanning
from responses.file_models import AttachmentText, Outcome
from responses.models import Attachment

BATCH = 100
SWEEP_SECONDS = 240  # after which a sweep leaves the rest to the next
RETRY = timedelta(minutes=15)  # longer than reading may take
MOST_TRIES = 3
SEARCHED = (1_000_000, 200_000)  # characters; PostgreSQL's index of a text has room for 1 MB of words
DIED: dict[str, Any] = {
    "outcome": Outcome.TOO_LARGE,
    "pages": [],
    "notes": [],
    "tool": "",
    "why": "needs more time or memory than is given to one file.",
}


def extract_due(now: datetime) -> int:
    """Read the text of what is due, one after another; returns how many."""
    _begin(now)
    read, ends = 0, time.monotonic() + SWEEP_SECONDS
    while time.monotonic() < ends and (waiting := _claim(now)):
        _read(waiting)
        read += 1
    return read


def _begin(now: datetime) -> None:
    """A row for each file that may be read and has none."""
    new = scanning.readable(Attachment.objects.filter(extracted__isnull=True)).order_by("pk")[:BATCH]
    AttachmentText.objects.bulk_create(
        [AttachmentText(attachment=attachment, due_at=now) for attachment in new], ignore_conflicts=True
    )


@transaction.atomic
def _claim(now: datetime) -> AttachmentText | None:
    due = AttachmentText.objects.filter(outcome=Outcome.WAITING, due_at__lte=now).order_by("due_at", "pk")
    waiting = due.select_related("attachment").select_for_update(skip_locked=True, of=("self",)).first()
    if waiting is not None:
        AttachmentText.objects.filter(pk=waiting.pk).update(due_at=clock.now() + RETRY, tries=F("tries") + 1)
    return waiting


def _read(waiting: AttachmentText) -> None:
    attachment = waiting.attachment
    if not scanning.may_be_read(attachment):  # a scanner was set up meanwhile
        return
    if waiting.tries >= MOST_TRIES:
        _store(waiting, DIED)
        return
    try:
        with attachment.file.open("rb") as content:
            found = read_file(content, PurePath(attachment.name).suffix.lower())
    except FileNotFoundError:
        found = {**DIED, "outcome": Outcome.BROKEN, "why": "is missing from the store."}
    _store(waiting, found)


def _store(waiting: AttachmentText, found: dict[str, Any]) -> None:
    notes = [*found["notes"], *([found["why"]] if found["why"] else [])]
    rows = AttachmentText.objects.filter(pk=waiting.pk)
    rows.update(
        outcome=found["outcome"], text="\f".join(found["pages"]), pages=len(found["pages"]), notes=notes,
        tool=found["tool"][:200], read_at=clock.now(),
    )  # fmt: skip
    for most in SEARCHED:
        try:
            with transaction.atomic():
                rows.update(search=SearchVector(Left(F("text"), Value(most)), config="english"))
        except (DataError, OperationalError):  # more words than the index of one text can hold
            continue
        break


# --- The process ------------------------------------------------------------------------------------------------------
def read_file(content: IO[bytes], ending: str) -> dict[str, Any]:
    """{"outcome", "pages", "notes", "tool", "why"} of a stored file."""
    return in_child("read", content, ending, seconds=settings.READING_SECONDS)


def in_child(
    verb: str, content: IO[bytes], ending: str, *, seconds: int, taken: tuple[str, ...] = ()
) -> dict[str, Any]:
    """What responses/texts/child.py says of the file; DIED when it had to be ended."""
    command = [
        sys.executable, "-m", "responses.texts.child", verb, ending, str(seconds), str(settings.READING_MEGABYTES),
        *taken,
    ]  # fmt: skip
    content.seek(0)
    try:
        done = subprocess.run(
            command, stdin=content, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=3 * seconds,
            cwd=settings.BASE_DIR, check=False,
            env={"PATH": os.environ.get("PATH", os.defpath), "OMP_THREAD_LIMIT": "1", "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        found: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return dict(DIED)
    return found
