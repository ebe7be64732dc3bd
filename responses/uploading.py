"""Large files come in pieces: begun, carried on from where the connection broke, and attached once whole.

What tus 1.0 calls core, creation and termination (docs/decisions/uploads-in-pieces.md); responses/api/uploads.py speaks
it. A piece is received before the row is locked, and written where the row says that the last one ended.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction

from accounts.record import By
from consultations.models import Question
from notifications import clock
from notifications.refusal import Conflict, NotAllowed, Refusal
from responses import attaching
from responses.drafting import lock_for_drafting
from responses.file_models import Upload
from responses.models import Attachment, Response

COPIED = 1024 * 1024
AT_ONCE = 5  # unfinished uploads of one response


class TooLarge(Refusal):
    status = 413
    code = "too_large"


def begin(*, response: Response, question: Question | None, name: str, length: int, by: By) -> Upload:
    """A place for a file of `length` bytes. Raises Refusal at `file` for what would not be taken when it is whole."""
    now = clock.now()
    name = attaching.clean_name(name)
    if length > settings.UPLOAD_MAX_BYTES:
        raise TooLarge(f"“{name}” is larger than {_megabytes(settings.UPLOAD_MAX_BYTES)} MB.", field="file")
    with transaction.atomic():
        locked = lock_for_drafting(response, by=by, now=now)
        attaching.refuse_early(locked, question, name=name, size=length, now=now)
        if by.user is None:
            raise NotAllowed("Sign in to attach a file.")
        if Upload.objects.filter(response=locked, expires_at__gt=now).count() >= AT_ONCE:
            raise Conflict(f"{AT_ONCE} files are on their way already. Finish or cancel one first.", code="busy")
        upload = Upload.objects.create(
            response=locked, question=question, user=by.user, name=name, length=length, started_at=now,
            expires_at=now + timedelta(hours=settings.UPLOAD_KEPT_HOURS),
        )  # fmt: skip
        default_storage.save(upload.path, ContentFile(b""))
    return upload


def carry_on(*, upload: Upload, at: int, piece: IO[bytes], by: By) -> tuple[Upload, Attachment | None]:
    """Write a piece that was received whole; the last one attaches the file and ends the upload.

    Raises Conflict unless the piece begins where the last one ended, Refusal when the whole file is not taken: then
    the upload is gone.
    """
    with transaction.atomic():
        locked = Upload.objects.select_for_update(of=("self",)).filter(pk=upload.pk, expires_at__gt=clock.now()).first()
        if locked is None:
            raise Conflict("This upload has ended. Begin again.", code="ended")
        if locked.received != at:
            raise Conflict(f"{locked.received} bytes are here: carry on from there.", code="offset")
        locked.received += _append(locked, piece)
        locked.save(update_fields=["received"])
    return locked, _finish(locked, by=by) if locked.received == locked.length else None


def cancel(upload: Upload) -> None:
    Upload.objects.filter(pk=upload.pk).delete()
    default_storage.delete(upload.path)


def forget_old(now: datetime) -> int:
    """Let go of what never came whole; returns how many."""
    old = list(Upload.objects.filter(expires_at__lte=now)[:1000])
    for upload in old:
        cancel(upload)
    return len(old)


def _append(upload: Upload, piece: IO[bytes]) -> int:
    """Bytes written. What a process that died had written beyond `received` is written over."""
    written = 0
    with Path(default_storage.path(upload.path)).open("r+b") as store:
        store.seek(upload.received)
        while chunk := piece.read(COPIED):
            written += len(chunk)
            if upload.received + written > upload.length:
                raise Refusal("This is more than was announced.", field="file")
            store.write(chunk)
        store.truncate()
    return written


def _finish(upload: Upload, *, by: By) -> Attachment:
    """Attach it. Taken or refused, the pieces are let go of."""
    try:
        with Path(default_storage.path(upload.path)).open("rb") as whole:
            return attaching.attach(
                response=upload.response, question=upload.question, file=File(whole, name=upload.name), by=by,
                most=settings.UPLOAD_MAX_BYTES,
            )  # fmt: skip
    finally:
        cancel(upload)


def _megabytes(size: int) -> int:
    return int(size // (1024 * 1024))
