"""What each e-mail would say now, filled from real rows and addressed to the member of staff who looks.

Everything that a preview needs besides (that the reader follows the paper, say) is made in a transaction that is undone
once the e-mail is written. So a preview shows nobody else's links, changes nothing, and is written by the very function
that writes the e-mail itself. What staff may not read is not in it: submissions are those visible to the reader.
"""

import dataclasses
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import Permission
from django.db import transaction
from django.utils.module_loading import import_string

from accounts.alerts import Rhythm
from accounts.models import Invitation, Membership, Organisation, OrganisationKind, Role, User
from consultations import duties, opting_in
from consultations.models import Announcement, Consultation, Deadline, DeadlineChange, Follow, News, Outcome
from notifications import outbox
from notifications.message import Attachment, Message, Skip
from notifications.models import Notification, Priority
from notifications.models import State as PostState
from notifications.refusal import Refusal
from responses import reminding
from responses.file_models import Screening
from responses.models import (
    Allowance,
    Collection,
    Decision,
    Guest,
    May,
    MemberInvitation,
    Response,
    Submission,
    TimeRequest,
)
from responses.querysets import State

logger = logging.getLogger(__name__)

KIND = "preview"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
Payload = dict[str, Any] | None
NO_ROW = Skip("There is nothing yet that such an e-mail could be about.")
NO_SAMPLE = Skip("No preview is made of this kind.")


def kinds() -> list[str]:
    return [kind for kind in settings.NOTIFICATION_KINDS if kind != KIND]


def preview(kind: str, *, reader: User, now: datetime) -> Message | Skip:
    """The e-mail as `reader` would get it now, or why there is none. Changes nothing."""
    with transaction.atomic():
        written = _written(kind, reader, now)
        transaction.set_rollback(True)
    return written


def _written(kind: str, reader: User, now: datetime) -> Message | Skip:
    sample = SAMPLES.get(kind)
    if sample is None:
        return NO_SAMPLE
    EmailAddress.objects.update_or_create(user=reader, email=reader.email, defaults={"verified": True})
    try:
        with transaction.atomic():
            payload = sample(reader, now)
            if payload is None:
                return NO_ROW
            row = Notification(kind=kind, address=reader.email, payload={"user": reader.pk, **payload}, due_at=now)
            written: Message | Skip = import_string(settings.NOTIFICATION_KINDS[kind])(row, now)
    except Exception as error:  # a template that is being written is what this page is for
        logger.exception("the preview of %s could not be written", kind)
        return Skip(f"It could not be written: {type(error).__name__}: {error}")
    return written


def send_test(kind: str, *, reader: User, now: datetime) -> None:
    """Owe the reader this e-mail, marked as a test. Raises Refusal where there is nothing to send."""
    found = preview(kind, reader=reader, now=now)
    if isinstance(found, Skip):
        raise Refusal(f"There is nothing to send. {found.reason}")
    outbox.queue(
        kind=KIND,
        key=f"{KIND}:{kind}:{reader.pk}:{now.isoformat()}",
        address=reader.email,
        payload={"user": reader.pk, "of": kind},
        now=now,
        priority=Priority.ACCOUNT,
    )


def as_test(notification: Notification, now: datetime) -> Message | Skip:
    """A test that staff sent to themselves. It offers no way to unsubscribe: it is not news."""
    reader = User.objects.filter(pk=notification.payload["user"], email=notification.address, is_staff=True).first()
    if reader is None:
        return Skip("This person is no longer on the staff, or has another address.")
    if notification.payload.get("secret"):
        found = _as_written(notification.payload.get("message"))
    else:
        found = preview(notification.payload["of"], reader=reader, now=now)
    if isinstance(found, Skip):
        return found
    return dataclasses.replace(found, subject=f"Test: {found.subject}", unsubscribe_url="")


def _as_written(message: dict[str, Any] | None) -> Message | Skip:
    """What consultations/trying.py wrote when the test was asked for: it was of something that has not happened."""
    if message is None:
        return Skip("Its text is not kept once it has been sent.")
    attachments = tuple(
        Attachment(**{**each, "parameters": tuple(tuple(pair) for pair in each["parameters"])})
        for each in message["attachments"]
    )
    return Message(**{**message, "attachments": attachments})


# --- Real rows to write about: what goes into the payload, or None ----------------------------------------------------
def _following(reader: User, paper: Consultation | None) -> Payload:
    if paper is None:
        return None
    Follow.objects.update_or_create(user=reader, consultation=paper, defaults={"muted": False})
    return {"consultation": paper.pk}


def _public(now: datetime) -> Any:
    return Consultation.objects.filter(published_at__lte=now)


def _taking(now: datetime) -> Any:
    return Consultation.objects.taking_responses(now).filter(published_at__lte=now)


def _opened(reader: User, now: datetime) -> Payload:
    return _following(reader, _taking(now).order_by("is_rehearsal", "-published_at", "-pk").first())


def _extended(reader: User, now: datetime) -> Payload:
    rows = DeadlineChange.objects.filter(deadline__consultation__in=_public(now).filter(withdrawn_at__isnull=True))
    newest = rows.select_related("deadline__consultation").order_by("-pk")[:50]
    change = next((row for row in newest if row.version == row.deadline.version), None)
    followed = _following(reader, change.deadline.consultation) if change else None
    return {**followed, "change": change.pk} if change and followed else None


def _withdrawn(reader: User, now: datetime) -> Payload:
    return _following(reader, _public(now).filter(withdrawn_at__lte=now).order_by("-withdrawn_at").first())


def _outcome(reader: User, now: datetime) -> Payload:
    row = Outcome.objects.published(now).filter(consultations__in=_public(now)).order_by("-published_at", "-pk").first()
    followed = _following(reader, row.consultations.filter(published_at__lte=now).first()) if row else None
    return {**followed, "outcome": row.pk} if row and followed else None


def _digest(reader: User, now: datetime) -> Payload:
    User.objects.filter(pk=reader.pk).update(rhythm=Rhythm.DAILY)
    Follow.objects.filter(user=reader).update(rhythm=None)
    kept = {kind: sample(reader, now) for kind, sample in ((News.OPENED, _opened), (News.ANSWERED, _outcome))}
    rows = [
        Notification.objects.create(
            kind=kind, key=f"{KIND}:{kind}:{reader.pk}", address=reader.email, payload=payload, due_at=now,
            state=PostState.KEPT,
        ).pk
        for kind, payload in kept.items()
        if payload
    ]  # fmt: skip
    return {"rows": rows} if rows else None


def _asked(_reader: User, now: datetime) -> Payload:
    paper = _public(now).order_by("is_rehearsal", "-published_at", "-pk").first()
    return {"wanted": opting_in.packed(Follow(consultation=paper))} if paper else None


def _coming(reader: User, now: datetime) -> Payload:
    ahead = Deadline.objects.ahead(now).filter(consultation__takes_responses=True).select_related("consultation")
    deadline = ahead.order_by("closes_at", "pk").first()
    if deadline is None or deadline.closes_at is None:
        return None
    _following(reader, deadline.consultation)
    lead = reminding.nearest(deadline, reader, now)
    if lead is None:  # none has come: as if they had chosen a longer one, and the news were old
        Consultation.objects.filter(pk=deadline.consultation_id).update(published_at=LONG_AGO, opens_at=None)
        deadline.changes.update(changed_at=LONG_AGO)
        days = min((deadline.closes_at - now).days + 14, 366)
        reader.leads = [lead := f"{days}d"]
        reader.save(update_fields=["leads"])
    return {"consultation": deadline.consultation_id, "deadline": deadline.pk, "version": deadline.version,
            "lead": lead}  # fmt: skip


def _filed(**of: Any) -> Callable[[User, datetime], Payload]:
    def sample(reader: User, _now: datetime) -> Payload:
        row = Submission.objects.visible_to(reader).filter(**of).order_by("-pk").first()
        return {"submission": row.pk} if row else None

    return sample


def _invitation(reader: User, now: datetime) -> Payload:
    organisation = Organisation.objects.order_by("-pk").first()
    if organisation is None:
        return None
    # The row is undone, and its number is not given again: the link in the preview opens nothing.
    made = Invitation.objects.create(
        organisation=organisation, email=reader.email, role=Role.READER, invited_by=reader,
        expires_at=now + timedelta(days=7),
    )  # fmt: skip
    return {"invitation": made.pk}


def _guest(**became: Any) -> Callable[[User, datetime], Payload]:
    """An invitation to the newest response that was filed, made up and undone."""

    def sample(reader: User, now: datetime) -> Payload:
        row = Submission.objects.visible_to(reader).order_by("-pk").first()
        if row is None:
            return None
        firm = row.response.organisation
        Membership.objects.update_or_create(organisation=firm, user=reader, defaults={"role": Role.SUBMITTER})
        times = {"invited_at": now, "expires_at": now + timedelta(days=14)}
        invited = {"email": reader.email, "whole": True, "may": May.DRAFT, "invited_by": reader}
        return {"guest": Guest.objects.create(response=row.response, **invited, **times, **became).pk}

    return sample


def _account_mail(_reader: User, _now: datetime) -> Payload:
    text = "What the sign-in pages say stands here: a link to confirm an address or to choose a new password."
    return {"subject": "An e-mail from the sign-in pages", "text": text}


def _outcome_to_come(reader: User, now: datetime) -> int | None:
    without = _public(now).filter(withdrawn_at=None, is_rehearsal=False).exclude(outcomes__is_final=True)
    paper = without.order_by("-published_at", "-pk").first()
    if paper is None:
        return None
    Consultation.objects.filter(pk=paper.pk).update(owner=reader, outcome_due_on=(now + timedelta(days=7)).date())
    return int(paper.pk)


def _held(_reader: User, now: datetime) -> int | None:
    row = Announcement.objects.order_by("-pk").first()
    paper = None if row else _public(now).order_by("-published_at", "-pk").first()
    if paper is not None:
        row = Announcement.objects.create(kind=News.OPENED, consultation=paper, made_at=now)
    if row is None:
        return None
    waiting = {"held_at": now - timedelta(days=1), "sent_at": None, "cancelled_at": None}
    Announcement.objects.filter(pk=row.pk).update(made_by=None, made_by_name="another member of staff", **waiting)
    return row.pk


def _closing_soon(reader: User, now: datetime) -> int | None:
    real = Deadline.objects.ahead(now).filter(consultation__takes_responses=True, consultation__is_rehearsal=False)
    deadline = real.order_by("closes_at", "pk").first()
    if deadline is None:
        return None
    Deadline.objects.filter(pk=deadline.pk).update(closes_at=now + timedelta(days=2))
    Consultation.objects.filter(pk=deadline.consultation_id).update(owner=reader)
    return deadline.pk


def _duty(kind: str, arrange: Callable[[User, datetime], int | None]) -> Callable[[User, datetime], Payload]:
    """A reminder of a duty that is made the reader's."""

    def sample(reader: User, now: datetime) -> Payload:
        reader.user_permissions.add(Permission.objects.get(codename="publish_consultation"))
        subject = arrange(reader, now)
        mine = duties.of(reader, now, duties=[duty for duty in duties.every_duty() if duty.kind == kind])
        due = next((due for due in mine if due.subject_id == subject), None)
        return {"subject": due.subject_id, "due_on": due.due_on.isoformat(), "step": due.step} if due else None

    return sample


def _more_time(reader: User, now: datetime) -> TimeRequest | None:
    """A request of the newest firm that filed, made up and undone."""
    row = Submission.objects.visible_to(reader).order_by("-pk").first()
    closing = row.response.consultation.deadlines.filter(closes_at__isnull=False).first() if row else None
    if row is None or closing is None:
        return None
    made, _ = TimeRequest.objects.update_or_create(  # one that waits already is the only one there may be
        organisation=row.response.organisation, deadline=closing, decision=Decision.ASKED,
        defaults={"closes_at": closing.closes_at or now, "reason": "What the firm wrote stands here.", "asked_at": now},
    )  # fmt: skip
    return made


def _time_asked(reader: User, now: datetime) -> Payload:
    made = _more_time(reader, now)
    if made is None:
        return None
    Consultation.objects.filter(pk=made.deadline.consultation_id).update(owner=reader)
    return {"request": made.pk}


def _time_decided(reader: User, now: datetime) -> Payload:
    made = _more_time(reader, now)
    if made is None:
        return None
    made.decision, made.decided_at = Decision.GRANTED, now
    made.decision_reason = "The reason of the decision stands here."
    made.save()
    until = max(now, made.closes_at) + timedelta(days=7)
    Allowance.objects.create(request=made, organisation=made.organisation, deadline=made.deadline, until=until)
    Membership.objects.update_or_create(organisation=made.organisation, user=reader, defaults={"role": Role.SUBMITTER})
    return {"request": made.pk}


def _rejected(reader: User, now: datetime) -> Payload:
    """A file that the newest firm that filed, and can still change it, might have given; made up and undone."""
    filed = Submission.objects.visible_to(reader).filter(response__consultation__in=_taking(now))
    row = filed.select_related("response__organisation").order_by("-pk").first()
    if row is None:
        return None
    Membership.objects.update_or_create(
        organisation=row.response.organisation, user=reader, defaults={"role": Role.SUBMITTER}
    )
    made = row.response.attachments.create(
        name="evidence.pdf", size=0, uploaded_by=reader, uploaded_at=now, scanned_at=now,
        screening=Screening.INFECTED, scan_note="What the scanner said stands here",
    )  # fmt: skip
    return {"file": made.pk}


def _collection(reader: User, now: datetime) -> Payload:
    """Of a body that is made up, and undone."""
    paper = Consultation.objects.taking_responses(now).filter(published_at__lte=now).order_by("-pk").first()
    if paper is None:
        return None
    body = Organisation.objects.create(name="Demonstration Trade Body", kind=OrganisationKind.TRADE_BODY)
    response = Response.objects.create(consultation=paper, organisation=body, started_at=now, edited_at=now)
    collection = Collection.objects.create(
        response=response, title="The collection’s title stands here", note="What the trade body tells its members.",
        closes_at=now + timedelta(days=7), time_zone="Europe/London", code_expires_at=now, opened_at=now,
    )  # fmt: skip
    made = MemberInvitation.objects.create(
        collection=collection, email=reader.email, invited_by=reader, invited_at=now, expires_at=now + timedelta(days=7)
    )
    return {"invitation": made.pk}


SAMPLES: dict[str, Callable[[User, datetime], Payload]] = {
    "account_mail": _account_mail,
    "invitation": _invitation,
    "consultation_opened": _opened,
    "deadline_extended": _extended,
    "consultation_withdrawn": _withdrawn,
    "outcome_published": _outcome,
    "follow_requested": _asked,
    "digest": _digest,
    "deadline_coming": _coming,
    "response_submitted": _filed(version=1),
    "response_amended": _filed(version__gt=1),
    "response_withdrawn": _filed(response__state=State.WITHDRAWN),
    "more_time_asked": _time_asked,
    "more_time_decided": _time_decided,
    "file_rejected": _rejected,
    "guest_invited": _guest(),
    "guest_answered": _guest(declined_at=LONG_AGO),
    "outcome_due": _duty("outcome_due", _outcome_to_come),
    "alert_held": _duty("alert_held", _held),
    "collection_invitation": _collection,
    "few_responses": _duty("few_responses", _closing_soon),
}
