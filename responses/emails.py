"""E-mails about an organisation's own response, and reminders of what it has yet to file."""

from datetime import UTC, datetime
from typing import Any, Literal

from django.conf import settings
from django.urls import reverse

from accounts.models import User
from accounts.permissions import MAY_DRAFT
from consultations import calendars
from consultations.closing import moment, zone_of
from consultations.emails import FALLEN_SILENT, addressed, marked, news, said
from consultations.models import Consultation, Deadline
from notifications import outbox
from notifications.circular import Circular
from notifications.message import Message, Skip, write
from notifications.models import Notification, Priority
from notifications.writing import in_batches
from responses import progress, rechecking, reminding
from responses.models import Response, Submission
from responses.querysets import State

Filed = Literal["response_submitted", "response_amended", "response_withdrawn"]
WHY_FILED = "You get this e-mail because you work on the responses of {organisation} on Soundings."
WHY_REMINDED = (
    "You get this e-mail because you or your organisation follow this consultation on Soundings, or answer it. "
    "Under “Your alerts” you choose when you are reminded."
)


# In SQL and not by the ORM, which takes longer to put this together than PostgreSQL to answer: it is asked in every
# submission. Its condition on the person is that of accounts.emails.reachable.
TOLD = """
SELECT %(kind)s AS kind,
       %(kind)s || ':' || %(submission)s || ':' || u.id AS key,
       u.email AS address,
       jsonb_build_object('user', u.id, 'submission', %(submission)s::bigint) AS payload,
       %(priority)s AS priority,
       %(now)s AS due_at
FROM accounts_user u
WHERE u.is_active AND NOT u.is_service
  AND (u.id = %(filer)s OR u.id IN (SELECT m.user_id FROM accounts_membership m
                                    WHERE m.organisation_id = %(organisation)s AND m.role = ANY(%(may_draft)s)))
  AND EXISTS (SELECT FROM account_emailaddress e
              WHERE e.user_id = u.id AND e.verified AND lower(e.email) = lower(u.email))
"""


def queue_filed(*, kind: Filed, submission: Submission, now: datetime) -> int:
    """Tell those of the organisation who may draft or submit, and who filed it; returns how many messages are owed.

    `submission` is the version that was filed or, for a withdrawal, the last one. Once for each version and person,
    in the caller's transaction, by one statement.
    """
    params = {
        "kind": kind,
        "submission": submission.pk,
        "filer": submission.submitted_by_id,
        "organisation": submission.response.organisation_id,
        "may_draft": [str(role) for role in MAY_DRAFT],
        "priority": int(Priority.RECEIPT),
        "now": now,
    }
    return outbox.queue_selected(kind=kind, select=TOLD, params=params, prepared=True)


# --- What was filed ---------------------------------------------------------------------------------------------------
def response_submitted(notification: Notification, now: datetime) -> Message | Skip:
    submission = _submission(notification)
    return _filed(
        notification,
        submission,
        now,
        headline="Response submitted",
        happened="Your organisation's response was submitted. This is what was filed; keep the receipt as proof.",
    )


def response_amended(notification: Notification, now: datetime) -> Message | Skip:
    submission = _submission(notification)
    return _filed(
        notification,
        submission,
        now,
        headline="Response amended",
        happened=f"Your organisation filed version {submission.version} of its response, in place of the one before.",
    )


def response_withdrawn(notification: Notification, now: datetime) -> Message | Skip:
    submission = _submission(notification)
    response = submission.response
    if response.withdrawn_at is None or response.latest_id != submission.pk:
        return Skip("The response has been submitted again since; a newer message says so.")
    return _filed(
        notification,
        submission,
        now,
        headline="Response withdrawn",
        happened="Your organisation's response was withdrawn.",
        withdrawn=moment(response.withdrawn_at, zone_of(response.consultation)),
        reason=response.withdrawal_reason,
    )


def _submission(notification: Notification) -> Submission:
    return Submission.objects.select_related(
        "response__consultation", "response__organisation", "submitted_by", "receipt"
    ).get(pk=notification.payload["submission"])


def _filed(
    notification: Notification, submission: Submission, now: datetime, *, headline: str, happened: str, **context: Any
) -> Message:
    """What was filed and when it was received; never a word of what it says."""
    response = submission.response
    paper, organisation = response.consultation, response.organisation
    reader = User.objects.filter(pk=notification.payload["user"]).first()
    return write(
        "responses/email/filed",
        subject=marked(f"{headline[0].lower()}{headline[1:]}, {submission.reference}", paper),
        why=WHY_FILED.format(organisation=organisation),
        headline=headline,
        happened=happened,
        rehearsal=paper.is_rehearsal,
        paper=paper,
        organisation=organisation,
        submission=submission,
        answered=f"{submission.answer_count} of {questions(submission.question_count)}",
        received=to_the_second(submission.received_at, zone_of(paper)),
        open_until=_open_until(paper, now, reader.time_zone if reader else zone_of(paper)),
        url=url_of(response),
        receipt_url=settings.SITE_URL + reverse("responses:receipt", args=[submission.receipt.code]),
        **context,
    )


def to_the_second(instant: datetime, zone: str) -> str:
    """A receipt may be wanted to the second, and in a zone that nobody disputes."""
    return f"{moment(instant, zone)} ({instant.astimezone(UTC):%H:%M:%S} UTC)"


def _open_until(paper: Consultation, now: datetime, zone: str) -> str:
    """The last moment at which something may still be filed, in the reader's zone too; "" when there is none."""
    if not paper.is_taking(now):
        return ""
    ahead = list(paper.deadlines.filter(closes_at__gte=now).order_by("closes_at"))
    several = paper.deadlines.count() > 1
    return "; ".join(said(row, paper, zone) + (f" ({row.label})" if several else "") for row in ahead)


# --- What is yet to be filed ------------------------------------------------------------------------------------------
@in_batches(rechecking.look_up)
def deadline_coming(row: Notification, facts: rechecking.Facts) -> Message | Skip:
    """A reminder, if it is still the nearest one wanted and there is still something to file."""
    payload, reader = row.payload, facts.readers.get(row.payload["user"])
    if reader is None or reader.email != row.address:
        return FALLEN_SILENT
    deadline = facts.deadlines.get(payload["deadline"])
    if deadline is None or deadline.version != payload["version"] or deadline.closes_at is None:
        return Skip("The deadline was moved.")
    if facts.wanted.get((deadline.pk, reader.pk)) != payload["lead"]:
        reason = reminding.why_not(deadline, reader, lead=payload["lead"], now=facts.now)
        if reason:
            return Skip(reason)
    zone, drafts = reader.time_zone, facts.unfinished(deadline, reader)
    same = (row.kind, deadline.pk, zone, *(response.pk for response in drafts))
    circular = facts.once(same, lambda: _reminder(deadline, drafts, zone, facts.now))
    return addressed(circular, reader, [deadline.consultation])


def _reminder(deadline: Deadline, drafts: list[Response], zone: str, now: datetime) -> Circular:
    paper = deadline.consultation
    left = reminding.time_left(deadline, now)
    several = paper.deadlines.count() > 1
    return news(
        "responses/email/deadline_coming",
        paper=paper,
        why=WHY_REMINDED,
        subject=f"{left[0].lower()}{left[1:]} to respond" + (f" ({deadline.label})" if several else ""),
        left=left,
        deadline=deadline,
        closes=said(deadline, paper, zone),
        several=several,
        drafts=[_standing(response, deadline, now) for response in drafts],
        attachments=calendars.attachments([deadline], now=now),
    )


def _standing(response: Response, deadline: Deadline, now: datetime) -> dict[str, str]:
    """How far the draft is under this deadline, in numbers only."""
    mine = [part for part in progress.parts(response, now) if part.section.deadline_id == deadline.pk]
    answered, total = sum(part.answered for part in mine), sum(part.total for part in mine)
    words = f"{answered} of {questions(total)} answered" if total else "a response has been started"
    state = {State.WITHDRAWN: "withdrawn", State.SUBMITTED: "nothing filed for this deadline yet"}.get(
        State(response.state), "not submitted yet"
    )
    return {"organisation": str(response.organisation), "words": f"{words}, {state}.", "url": url_of(response)}


def questions(count: int) -> str:
    return f"{count} question{'' if count == 1 else 's'}"


def url_of(response: Response) -> str:
    return f"{settings.SITE_URL}{reverse('responses:detail', args=[response.code])}"
