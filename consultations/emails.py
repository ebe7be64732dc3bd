"""E-mails about consultations, one function each. What each says is looked up as it is sent: it is true then.

A hundred thousand people are told the same. So what a kind says is written once in a batch for all who read the same,
by a function of its own (`_opened`, …), and only the reader's own links are filled in (notifications/circular.py).
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.conf import settings
from django.urls import reverse

from accounts.models import User
from consultations import calendars, following, links, managing
from consultations.closing import closing, moment
from consultations.models import Announcement, Authority, Consultation, Deadline, DeadlineChange, Outcome
from notifications.circular import UNSUBSCRIBE, Circular
from notifications.message import Message, Skip, shortened, write
from notifications.models import Notification
from notifications.writing import in_batches

SUMMARY_LENGTH = 700
NAME_LENGTH = 80  # in a subject, so that what happened is never cut off
WHY = "You get this e-mail because you or your organisation follow this consultation, or what it fits, on Soundings."
MANAGE = "https://x0manage0x"  # stands for each reader's own link
FALLEN_SILENT = Skip("This person no longer follows it, or no longer reads e-mail at this address.")

Found = TypeVar("Found")


# --- What is looked up for a batch ------------------------------------------------------------------------------------
@dataclass
class Facts:
    """What the e-mails of a batch are written from: each question asked once, for all the people in it."""

    now: datetime
    people: list[int]
    _known: dict[Hashable, Any] = field(default_factory=dict)

    def once(self, what: Hashable, find: Callable[[], Found]) -> Found:
        """What `find` finds, found once for the batch. `what` names it."""
        if what not in self._known:
            self._known[what] = find()
        found: Found = self._known[what]
        return found

    def paper(self, row: Notification) -> Consultation:
        number = row.payload["consultation"]
        return self.once(("paper", number), lambda: Consultation.objects.get(pk=number))

    def reader(self, row: Notification, paper: Consultation) -> User | None:
        """The person, if the paper's news still goes to them at this address."""
        hearing = self.once(("hearing", paper.pk), lambda: following.followers_of(paper).in_bulk(self.people))
        reader = hearing.get(row.payload["user"])
        return reader if reader and reader.email == row.address else None


def look_up(rows: Sequence[Notification], now: datetime) -> Facts:
    return Facts(now, [row.payload["user"] for row in rows])


Told = Circular | Skip
Writer = Callable[[Notification, Consultation, str, datetime], Told]


def _told(row: Notification, facts: Facts, write: Writer) -> Message | Skip:
    """What `write` writes for all who are told the same about the paper and keep the same zone."""
    paper = facts.paper(row)
    reader = facts.reader(row, paper)
    if reader is None:
        return FALLEN_SILENT
    zone = reader.time_zone
    same = tuple((name, row.payload[name]) for name in sorted(row.payload.keys() - {"user"}))
    written = facts.once((row.kind, zone, same), lambda: write(row, paper, zone, facts.now))
    return written if isinstance(written, Skip) else addressed(written, reader, [paper])


# --- The e-mails ------------------------------------------------------------------------------------------------------
@in_batches(look_up)
def consultation_opened(row: Notification, facts: Facts) -> Message | Skip:
    return _told(row, facts, _opened)


def _opened(row: Notification, paper: Consultation, zone: str, now: datetime) -> Told:
    if paper.withdrawn_at:
        return Skip("The consultation was withdrawn.")
    deadlines = list(paper.deadlines.all())
    if deadlines and not any(deadline.is_open(now) for deadline in deadlines):
        return Skip("The consultation closed before this could be sent.")
    return news(
        "consultations/email/consultation_opened",
        paper=paper,
        note=note_of(row),
        subject="open for responses" + (f". {paper.title}" if paper.reference and paper.title else ""),
        bodies=", ".join(body.name for body in paper.authorities.order_by("consultationauthority__position")),
        deadlines=[{"label": d.label, "words": said(d, paper, zone)} for d in deadlines],
        several=len(deadlines) > 1,
        summary=shortened(paper.summary, SUMMARY_LENGTH),
        attachments=calendars.attachments(deadlines, now=now),
    )


@in_batches(look_up)
def deadline_extended(row: Notification, facts: Facts) -> Message | Skip:
    return _told(row, facts, _extended)


def _extended(row: Notification, paper: Consultation, zone: str, now: datetime) -> Told:
    change = DeadlineChange.objects.select_related("deadline__consultation").get(pk=row.payload["change"])
    deadline = change.deadline
    if paper.withdrawn_at:
        return Skip("The consultation was withdrawn.")
    if change.version != deadline.version:
        return Skip("The deadline was moved again; a newer message says so.")
    return news(
        "consultations/email/deadline_extended",
        paper=paper,
        note=note_of(row),
        subject="more time to respond",
        change=change,
        deadline=deadline,
        new=said(deadline, paper, zone),
        old=said(Deadline(closes_at=change.old_closes_at, time_zone=deadline.time_zone), paper, zone),
        several=paper.deadlines.count() > 1,
        attachments=calendars.attachments([deadline], now=now),
    )


@in_batches(look_up)
def consultation_withdrawn(row: Notification, facts: Facts) -> Message | Skip:
    return _told(row, facts, _withdrawn)


def _withdrawn(row: Notification, paper: Consultation, zone: str, now: datetime) -> Told:
    if paper.withdrawn_at is None:
        return Skip("The consultation is no longer withdrawn.")
    return news(
        "consultations/email/consultation_withdrawn",
        paper=paper,
        note=note_of(row),
        subject="withdrawn",
        withdrawn=moment(paper.withdrawn_at, zones_of(paper, zone)[0]),
        attachments=calendars.attachments(paper.deadlines.all(), now=now),
    )


@in_batches(look_up)
def outcome_published(row: Notification, facts: Facts) -> Message | Skip:
    """Names every consultation of the outcome's that the person follows, and its link stops news of them all."""
    number = row.payload["outcome"]
    outcome = facts.once(("outcome", number), lambda: Outcome.objects.published(facts.now).filter(pk=number).first())
    if outcome is None:
        return Skip("The outcome is not public.")
    answered = facts.once(("answered", number), lambda: list(outcome.consultations.order_by("pk")))
    heard = [(paper, reader) for paper in answered if (reader := facts.reader(row, paper))]
    if not heard:
        return FALLEN_SILENT
    papers = [paper for paper, _ in heard]
    same = (row.kind, number, row.payload.get("announcement"), *(paper.pk for paper in papers))
    return addressed(facts.once(same, lambda: _outcome(row, outcome, papers)), heard[0][1], papers)


def _outcome(row: Notification, outcome: Outcome, papers: Sequence[Consultation]) -> Circular:
    return news(
        "consultations/email/outcome_published",
        paper=papers[0],
        note=note_of(row),
        subject=f"outcome published. {outcome}",
        outcome=outcome,
        papers=[{"name": paper.name, "url": url_of(paper)} for paper in papers],
    )


# --- What they share, and what reminders of deadlines use too ---------------------------------------------------------
def news(template: str, *, paper: Consultation, subject: str, why: str = WHY, **context: Any) -> Circular:
    """A message about a paper, the same for all but for their own links. `subject`: what follows the paper's name."""
    return Circular(
        write(
            template,
            subject=marked(subject, paper),
            why=why,
            unsubscribe_url=UNSUBSCRIBE,
            manage_url=MANAGE,
            rehearsal=paper.is_rehearsal,
            paper=paper,
            url=url_of(paper),
            **context,
        )
    )


def addressed(circular: Circular, reader: User, about: Sequence[Consultation]) -> Message:
    """The reader's own, who may stop news of these consultations by one click, without signing in."""
    token = following.unsubscribe_token(user=reader, consultations=about)
    return circular.to(
        {
            UNSUBSCRIBE: links.address("consultations:unsubscribe", token),
            MANAGE: managing.link(reader),
            calendars.ATTENDEE: calendars.attendee(reader.email),
        }
    )


def note_of(notification: Notification) -> dict[str, str] | None:
    """What the body added to this alert, and which body; None where it added nothing."""
    if not notification.payload.get("noted"):
        return None
    row = Announcement.objects.get(pk=notification.payload["announcement"])
    bodies = Authority.objects.filter(consultations__in=row.papers).order_by("consultationauthority__position", "pk")
    return {"words": row.note, "bodies": " and ".join(dict.fromkeys(body.name for body in bodies)) or "the body"}


def short_name(paper: Consultation) -> str:
    """What fits into a subject beside other words."""
    return paper.reference or paper.name


def marked(subject: str, paper: Consultation) -> str:
    """ "CP25/25: more time to respond": sorted by subject, what is about one paper lies together.

    An exercise says so before anything else, and once: its reference and its title say it too (rehearsing.py).
    """
    name = short_name(paper)
    if paper.is_rehearsal:
        name = name.removeprefix("Rehearsal: ").removesuffix(" (rehearsal)")
    subject = f"{shortened(name, NAME_LENGTH)}: {subject}"
    return f"Rehearsal: {subject}" if paper.is_rehearsal else subject


def url_of(paper: Consultation) -> str:
    return f"{settings.SITE_URL}{reverse('consultations:detail', args=[paper.code])}"


def zones_of(paper: Consultation, zone: str) -> list[str]:
    """The zones of the bodies, the leading one first, then the reader's."""
    bodies = paper.authorities.order_by("consultationauthority__position").values_list("time_zone", flat=True)
    return list(dict.fromkeys([*bodies, zone]))


def said(deadline: Deadline, paper: Consultation, zone: str) -> str:
    """When the deadline closes: in its own zone, in those of the bodies and in the reader's."""
    return closing(deadline, zones=zones_of(paper, zone))
