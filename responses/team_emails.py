"""E-mails between colleagues: sign-off is asked for and given, questions are shared out, comments are made. None says a
word of what the response, or a comment, says."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from accounts import permissions
from accounts.emails import reachable
from accounts.models import Membership, User
from consultations.closing import moment, zone_of
from consultations.emails import marked, said
from consultations.models import Question
from notifications.message import Message, Skip, write
from notifications.models import Notification
from responses import signing, teamwork
from responses.models import Comment, QuestionWork, Response, SignOff
from responses.pages import next_deadline

WHY = "You get this e-mail because you work on the responses of {organisation} on Soundings."
GONE = Skip("This person is no longer asked: another right, another address or no account.")


def sign_off_wanted(notification: Notification, now: datetime) -> Message | Skip:
    """Asked again as it goes out: is it still to be signed, and by this person?"""
    payload = notification.payload
    response = Response.objects.select_related("consultation", "organisation", "latest").get(pk=payload["response"])
    reader = reachable().filter(pk=payload["user"], email=notification.address).first()
    if reader is None or not permissions.can_sign_off(reader, response.organisation):
        return GONE
    ready = signing.look(response, now)
    if ready.approval.given:
        return Skip("It has been signed off.")
    if not ready.prepared.is_open:
        return Skip("It has closed.")
    deadline = next_deadline(ready.prepared.parts, now)
    asker = User.objects.filter(pk=payload["by"]).first()
    return _about(
        response,
        "responses/email/sign_off_wanted",
        subject="sign-off wanted",
        asker=str(asker or "A colleague"),
        answered=ready.prepared.answer_count,
        deadline=deadline,
        closes=said(deadline, response.consultation, reader.time_zone) if deadline else "",
    )


def signed_off(notification: Notification, now: datetime) -> Message | Skip:
    made = SignOff.objects.select_related("response__consultation", "response__organisation", "by").get(
        pk=notification.payload["sign_off"]
    )
    response = made.response
    reader = reachable().filter(pk=notification.payload["user"], email=notification.address).first()
    if reader is None or not Membership.objects.filter(user=reader, organisation=response.organisation_id).exists():
        return GONE
    ready = signing.look(response, now)
    if ready.approval.given is None:
        return Skip("The response has changed since, or the rule has: the sign-off does not hold.")
    return _about(
        response,
        "responses/email/signed_off",
        subject="signed off",
        signed=made,
        at=moment(made.at, zone_of(response.consultation)),
    )


def _about(response: Response, template: str, *, subject: str, **context: Any) -> Message:
    where = {"signed_off": "check", "work_assigned": "work", "comments_made": "work"}.get(
        template.rpartition("/")[2], "sign_off"
    )
    return write(
        template,
        subject=marked(subject, response.consultation),
        why=WHY.format(organisation=response.organisation),
        rehearsal=response.consultation.is_rehearsal,
        paper=response.consultation,
        organisation=response.organisation,
        url=settings.SITE_URL + reverse(f"responses:{where}", args=[response.code]),
        **context,
    )


def work_assigned(notification: Notification, now: datetime) -> Message | Skip:  # noqa: ARG001 (one shape for all)
    """Questions were given to somebody: those that are still theirs."""
    payload = notification.payload
    response = Response.objects.select_related("consultation", "organisation").get(pk=payload["response"])
    reader = reachable().filter(pk=payload["user"], email=notification.address).first()
    if reader is None or not permissions.can_draft(reader, response.organisation):
        return GONE
    theirs = QuestionWork.objects.filter(response=response, owner=reader, question__in=payload["questions"])
    rows = list(
        theirs.select_related("question__section").order_by("question__section__position", "question__position")
    )
    if not rows:
        return Skip("They have been given to somebody else since.")
    giver = User.objects.filter(pk=payload["by"]).first()
    return _about(
        response,
        "responses/email/work_assigned",
        subject=f"{len(rows)} question{'' if len(rows) == 1 else 's'} for you",
        giver=str(giver or "A colleague"),
        rows=rows[:50],
        more=max(len(rows) - 50, 0),
    )


def comments_made(notification: Notification, now: datetime) -> Message | Skip:  # noqa: ARG001 (one shape for all)
    """What colleagues said, in the quarter of an hour that is told of, about questions that are the reader's or that
    the reader commented on; what was settled since is left out."""
    payload = notification.payload
    response = Response.objects.select_related("consultation", "organisation").get(pk=payload["response"])
    reader = reachable().filter(pk=payload["user"], email=notification.address).first()
    if reader is None:
        return GONE
    since = datetime.fromisoformat(payload["since"])
    seen = Comment.objects.visible_to(reader).filter(response=response)
    theirs = [
        *QuestionWork.objects.filter(response=response, owner=reader).values_list("question", flat=True),
        *seen.filter(by=reader).values_list("question", flat=True),
    ]
    said = seen.filter(at__gte=since, at__lt=since + teamwork.GATHERED, settled_at=None, question__in=theirs)
    rows = list(said.exclude(by=reader).select_related("question__section", "by"))
    if not rows:
        return Skip("They have been settled, or are not this person's to read any more.")
    questions = {row.question: None for row in rows}  # each once, in the order in which they were commented on
    return _about(
        response,
        "responses/email/comments_made",
        subject=f"{len(rows)} new comment{'' if len(rows) == 1 else 's'}",
        count=len(rows),
        people=", ".join({str(row.by or "a colleague who has left"): None for row in rows}),
        rows=[(question, _comments_url(response, question)) for question in questions],
    )


def _comments_url(response: Response, question: Question) -> str:
    return f"{settings.SITE_URL}{reverse('responses:comments', args=[response.code, question.code])}"
