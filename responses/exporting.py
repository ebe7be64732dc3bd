"""Exports of all that an organisation holds: asked for by an administrator, built in the background, kept for a week.

The row is the truth: an export without `built_at` is built when `due_at` has come. Taking one moves that instant ahead,
so what a dead worker had in hand is due again; after MOST_TRIES it says that it failed.
"""

import hashlib
import logging
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, cast

from celery import current_app
from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from accounts import permissions, record
from accounts.emails import reachable
from accounts.models import Organisation
from accounts.record import By
from notifications import clock, outbox
from notifications.models import Priority
from notifications.refusal import Conflict, NotAllowed
from notifications.waking import AWAY
from responses import archive
from responses.holding_models import Export, ExportQuerySet
from responses.models import Erasure, SentInput

logger = logging.getLogger(__name__)

KEPT = timedelta(days=7)
AGAIN_AFTER = timedelta(minutes=30)  # longer than the task may take
MOST_TRIES = 3
KIND = "export_ready"
GAVE_UP = "It could not be built. Ask for another, and tell the administrators of Soundings if that fails too."


@transaction.atomic
def ask(*, organisation: Organisation, by: By, now: datetime | None = None) -> Export:
    """Have an export built, or find the one that is being built. Raises NotAllowed but for an administrator."""
    now = now or clock.now()
    _refuse_others(organisation, by)
    export, is_new = Export.objects.get_or_create(
        organisation=organisation, built_at=None, failed="",
        defaults={"asked_by": by.user, "asked_at": now, "due_at": now},
    )  # fmt: skip
    if is_new:
        _write(export, by, "asked for an export", now)
        transaction.on_commit(_wake)
    return export


def open_built(*, export: Export, by: By, now: datetime) -> IO[bytes]:
    """The file, for an administrator: the one door to it, and each time is recorded.

    Raises NotAllowed, Conflict for one that has expired or is not built, FileNotFoundError where the store has lost it.
    """
    _refuse_others(export.organisation, by)
    if not export.file or export.expires_at is None or export.expires_at <= now:
        raise Conflict("This export is not here any more. Ask for another.", code="expired")
    content = cast("IO[bytes]", export.file.open("rb"))
    _write(export, by, "downloaded an export", now)
    return content


def under_way_or_kept(now: datetime) -> ExportQuerySet:
    """Those that a page shows: being built, failed, or to be had."""
    return Export.objects.exclude(expires_at__lte=now)


# --- The sweep --------------------------------------------------------------------------------------------------------
def build_due(now: datetime) -> int:
    """Build what is due, and let go of what has expired; returns how many were built."""
    built = 0
    while export := _claim(now):
        try:
            _build(export)
            built += 1
        except Exception:  # whatever it was, the row says that it is tried again, or that it failed
            logger.exception("export not built", extra={"export": export.code})
    forget_expired(now)
    return built


def forget_expired(now: datetime) -> None:
    """Delete the files of exports that nobody may download any more, and of those that hold what was erased since; the
    rows stay for the record."""
    erased = Erasure.objects.filter(
        submission__response__organisation=OuterRef("organisation"), at__gte=OuterRef("asked_at")
    )
    emptied = SentInput.objects.filter(erased_at__gte=OuterRef("asked_at")).filter(
        Q(contribution__organisation=OuterRef("organisation"))
        | Q(contribution__collection__response__organisation=OuterRef("organisation"))
    )
    Export.objects.filter(Exists(erased) | Exists(emptied), built_at__isnull=False, expires_at__gt=now).update(
        expires_at=now
    )
    for export in Export.objects.filter(expires_at__lte=now).exclude(file=""):
        export.file.delete(save=False)
        Export.objects.filter(pk=export.pk).update(file="")


@transaction.atomic
def _claim(now: datetime) -> Export | None:
    due = Export.objects.filter(built_at=None, failed="", due_at__lte=now).select_related("organisation")
    export = due.order_by("due_at").select_for_update(skip_locked=True, of=("self",)).first()
    if export is None:
        return None
    if export.tries >= MOST_TRIES:
        Export.objects.filter(pk=export.pk).update(failed=GAVE_UP, expires_at=now + KEPT)
        return _claim(now)
    Export.objects.filter(pk=export.pk).update(due_at=now + AGAIN_AFTER, tries=F("tries") + 1)
    return export


def _build(export: Export) -> None:
    """Write the archive beside the store, then move it there, and say so."""
    now = clock.now()
    with tempfile.NamedTemporaryFile(suffix=".zip") as made:
        archive.write(cast("IO[bytes]", made), export.organisation, now=now)
        made.flush()
        size, sha256 = made.tell(), _sha256(made.name)
        made.seek(0)
        export.file.save("export.zip", File(made), save=False)
    now = clock.now()
    try:
        with transaction.atomic():
            values = {"built_at": now, "expires_at": now + KEPT, "size": size, "sha256": sha256}
            unbuilt = Export.objects.filter(pk=export.pk, built_at=None, failed="")
            if not unbuilt.update(file=export.file.name, **values):
                raise Conflict("Another worker has built it.")
            _tell(export, now)
    except BaseException:
        export.file.delete(save=False)
        raise


def _tell(export: Export, now: datetime) -> None:
    reader = reachable().filter(pk=export.asked_by_id or 0).first()
    if reader is not None:
        outbox.queue(
            kind=KIND, key=f"{KIND}:{export.code}", address=reader.email, now=now, priority=Priority.RECEIPT,
            payload={"user": reader.pk, "export": export.pk},
        )  # fmt: skip


def _wake() -> None:
    """Have it built now. Never fails: the sweep comes to it anyway."""
    try:
        current_app.send_task("responses.tasks.build_exports", expires=settings.SWEEP_SECONDS)
    except AWAY as error:
        logger.warning("export not woken, the next sweep will find it: %s", error)


def _refuse_others(organisation: Organisation, by: By) -> None:
    if by.user is None or by.user.is_service or not permissions.can_manage(by.user, organisation):
        raise NotAllowed(f"Only an administrator of {organisation} can export what it holds.")


def _write(export: Export, by: By, verb: str, now: datetime) -> None:
    organisation = export.organisation
    record.write(
        by=by, verb=verb, subject=f"organisation:{organisation.code}", at=now, organisation_code=organisation.code,
        export=export.code,
    )  # fmt: skip


def _sha256(path: str) -> str:
    with Path(path).open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
