"""E-mails about consultations, one function each. What each says is looked up as it is sent: it is true then."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from accounts.models import User
from consultations import calendars, following, managing
from consultations.closing import closing, moment
from consultations.models import Announcement, Authority, Consultation, Deadline, DeadlineChange, Outcome
from notifications.message import Message, Skip, shortened, write
from notifications.models import Notification

SUMMARY_LENGTH = 700
WHY = "You get this e-mail because you follow this consultation, or a body or topic of it, on Soundings."
FALLEN_SILENT = Skip("This person no longer follows it, or no longer reads e-mail at this address.")


def consultation_opened(notification: Notification, now: datetime) -> Message | Skip:
    paper = paper_of(notification)
    reader = reader_of(notification, paper)
    if reader is None:
        return FALLEN_SILENT
    if paper.withdrawn_at:
        return Skip("The consultation was withdrawn.")
    deadlines = list(paper.deadlines.all())
    if deadlines and not any(deadline.is_open(now) for deadline in deadlines):
        return Skip("The consultation closed before this could be sent.")
    return news(
        "consultations/email/consultation_opened",
        paper=paper,
        reader=reader,
        note=note_of(notification),
        subject=f"Open for responses: {paper.name}",
        bodies=", ".join(body.name for body in paper.authorities.order_by("consultationauthority__position")),
        deadlines=[{"label": d.label, "words": said(d, paper, reader)} for d in deadlines],
        several=len(deadlines) > 1,
        summary=shortened(paper.summary, SUMMARY_LENGTH),
        attachments=calendars.attachments(deadlines, reader=reader.email, now=now),
    )


def deadline_extended(notification: Notification, now: datetime) -> Message | Skip:
    paper = paper_of(notification)
    reader = reader_of(notification, paper)
    if reader is None:
        return FALLEN_SILENT
    change = DeadlineChange.objects.select_related("deadline__consultation").get(pk=notification.payload["change"])
    deadline = change.deadline
    if paper.withdrawn_at:
        return Skip("The consultation was withdrawn.")
    if change.version != deadline.version:
        return Skip("The deadline was moved again; a newer message says so.")
    return news(
        "consultations/email/deadline_extended",
        paper=paper,
        reader=reader,
        note=note_of(notification),
        subject=f"More time to respond: {short_name(paper)}",
        change=change,
        deadline=deadline,
        new=said(deadline, paper, reader),
        old=moment(change.old_closes_at, deadline.time_zone) if change.old_closes_at else "no closing date",
        several=paper.deadlines.count() > 1,
        attachments=calendars.attachments([deadline], reader=reader.email, now=now),
    )


def consultation_withdrawn(notification: Notification, now: datetime) -> Message | Skip:
    paper = paper_of(notification)
    reader = reader_of(notification, paper)
    if reader is None:
        return FALLEN_SILENT
    if paper.withdrawn_at is None:
        return Skip("The consultation is no longer withdrawn.")
    zone = zones_of(paper, reader)[0]
    return news(
        "consultations/email/consultation_withdrawn",
        paper=paper,
        reader=reader,
        note=note_of(notification),
        subject=f"Withdrawn: {short_name(paper)}",
        withdrawn=moment(paper.withdrawn_at, zone),
        attachments=calendars.attachments(paper.deadlines.all(), reader=reader.email, now=now),
    )


def outcome_published(notification: Notification, now: datetime) -> Message | Skip:
    """Names every consultation of the outcome's that the person follows, and its link stops news of them all."""
    outcome = Outcome.objects.published(now).filter(pk=notification.payload["outcome"]).first()
    if outcome is None:
        return Skip("The outcome is not public.")
    reader = User.objects.filter(pk=notification.payload["user"]).first()
    papers = [
        paper
        for paper in outcome.consultations.order_by("pk")
        if reader and following.hears(user=reader, consultation=paper)
    ]
    if reader is None or not papers or reader.email != notification.address:
        return FALLEN_SILENT
    return news(
        "consultations/email/outcome_published",
        paper=papers[0],
        reader=reader,
        about=papers,
        note=note_of(notification),
        subject=f"Outcome: {outcome}",
        outcome=outcome,
        papers=[{"name": paper.name, "url": url_of(paper)} for paper in papers],
    )


# --- What they share, and what reminders of deadlines use too ---------------------------------------------------------
def news(
    template: str,
    *,
    paper: Consultation,
    reader: User,
    subject: str,
    about: Sequence[Consultation] = (),
    why: str = WHY,
    **context: Any,
) -> Message:
    """A message about a paper to somebody who may stop such news by one click, without signing in."""
    token = following.unsubscribe_token(user=reader, consultations=about or [paper])
    return write(
        template,
        subject=marked(subject, paper),
        why=why,
        unsubscribe_url=settings.SITE_URL + reverse("consultations:unsubscribe", args=[token]),
        manage_url=managing.link(reader),
        rehearsal=paper.is_rehearsal,
        paper=paper,
        url=url_of(paper),
        **context,
    )


def paper_of(notification: Notification) -> Consultation:
    return Consultation.objects.get(pk=notification.payload["consultation"])


def reader_of(notification: Notification, paper: Consultation) -> User | None:
    """The person, if the paper's news still goes to them at this address."""
    return following.followers_of(paper).filter(pk=notification.payload["user"], email=notification.address).first()


def short_name(paper: Consultation) -> str:
def note_of(notification: Notification) -> dict[str, str] | None:
    """What the body added to this alert, and which body; None where it added nothing."""
    if not notification.payload.get("noted"):
        return None
    row = Announcement.objects.get(pk=notification.payload["announcement"])
    bodies = Authority.objects.filter(consultations__in=row.papers).order_by("consultationauthority__position", "pk")
    return {"words": row.note, "bodies": " and ".join(dict.fromkeys(body.name for body in bodies)) or "the body"}


    """What fits into a subject beside other words."""
    return paper.reference or paper.name


def marked(subject: str, paper: Consultation) -> str:
    """An exercise says so before anything else."""
    return f"Rehearsal: {subject}" if paper.is_rehearsal else subject


def url_of(paper: Consultation) -> str:
    return f"{settings.SITE_URL}{reverse('consultations:detail', args=[paper.code])}"


def zones_of(paper: Consultation, reader: User) -> list[str]:
    """The zones of the bodies, the leading one first, then the reader's."""
    bodies = paper.authorities.order_by("consultationauthority__position").values_list("time_zone", flat=True)
    return list(dict.fromkeys([*bodies, reader.time_zone]))


def said(deadline: Deadline, paper: Consultation, reader: User) -> str:
    """When the deadline closes: in its own zone, in those of the bodies and in the reader's."""
    return closing(deadline, zones=zones_of(paper, reader))
