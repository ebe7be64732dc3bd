"""The e-mail that says that the virus scanner rejected a file: which one, what became of it, and what to do."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse

from accounts import permissions
from accounts.emails import reachable
from accounts.models import Membership, User
from accounts.permissions import MAY_SUBMIT
from consultations.emails import marked
from notifications import outbox
from notifications.message import Message, Skip, write
from notifications.models import Notification, Priority
from notifications.outbox import Post
from responses import progress
from responses.forms import name_of
from responses.models import Attachment, Response, Submission
from responses.pages import until
from responses.querysets import State

WHY = "You get this e-mail because you gave the file, or submit the responses of {organisation} on Soundings."
GONE = Skip("This person may no longer see the file, or has another address or no account.")


def queue_rejected(attachment: Attachment, *, now: datetime) -> int:
    """Tell who gave the file and who may submit, once for each file; in the caller's transaction."""
    may = Membership.objects.filter(organisation=attachment.response.organisation_id, role__in=MAY_SUBMIT)
    people = reachable().filter(pk__in=[attachment.uploaded_by_id, *may.values_list("user", flat=True)])
    return outbox.queue_many(
        Post(
            kind="file_rejected",
            key=f"file_rejected:{attachment.pk}:{person.pk}",
            address=person.email,
            due_at=now,
            payload={"user": person.pk, "file": attachment.pk},
            priority=Priority.RECEIPT,
        )
        for person in people
    )


def file_rejected(notification: Notification, now: datetime) -> Message | Skip:
    """Asked again as it goes out: is the file still there, or filed, and is this person still concerned?"""
    rows = Attachment.objects.select_related("question", "response__consultation", "response__organisation")
    attachment = rows.select_related("response__latest").get(pk=notification.payload["file"])
    response = attachment.response
    reader = reachable().filter(pk=notification.payload["user"], email=notification.address).first()
    if reader is None or not _is_concerned(reader, attachment):
        return GONE
    filed = _filed_in(attachment)
    if attachment.removed_at and filed is None:
        return Skip("The file has been removed, and is not in what was filed.")
    parts = progress.parts(response, now)
    mine = [part for part in parts if attachment.question is None or part.section.pk == attachment.question.section_id]
    is_open = response.consultation.withdrawn_at is None and any(part.is_open for part in mine)
    if not is_open and filed is None:
        return Skip("It was not filed, and can no longer be.")
    where = "attachments" if is_open else "more_time"
    return write(
        "responses/email/file_rejected",
        subject=marked(f"a file cannot be opened: {attachment.name}", response.consultation),
        why=WHY.format(organisation=response.organisation),
        rehearsal=response.consultation.is_rehearsal,
        paper=response.consultation,
        organisation=response.organisation,
        file=attachment,
        of=name_of(attachment.question) if attachment.question else "the whole response",
        filed=filed,
        is_open=is_open,
        until=until(mine, now),
        url=settings.SITE_URL + reverse(f"responses:{where}", args=[response.code]),
    )


def _is_concerned(reader: User, attachment: Attachment) -> bool:
    response = attachment.response
    gave = attachment.uploaded_by_id == reader.pk and Response.objects.of(reader).filter(pk=response.pk).exists()
    return gave or permissions.can_submit(reader, response.organisation)


def _filed_in(attachment: Attachment) -> Submission | None:
    """The version that stands, where it holds the file."""
    response = attachment.response
    if response.state != State.SUBMITTED or response.latest is None:
        return None
    return response.latest if attachment.submitted_in.filter(pk=response.latest.pk).exists() else None
