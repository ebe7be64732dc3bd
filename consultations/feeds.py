"""What the public feeds say: deadlines as a calendar, consultations and changes as Atom and JSON Feed 1.1.

Everybody reads the same: what is public, without rehearsals (except in the feed of a rehearsal itself). Each feed is
the newest hundred items in a number of queries that does not depend on how many there are. A feed that has not changed
is the same to the byte, so that a reader who has it is told so and gets no body.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid5

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Prefetch, QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import linebreaks

from consultations import calendars
from consultations.closing import closing, moment
from consultations.models import Authority, Consultation, Deadline, DeadlineChange, Jurisdiction, Kind, Outcome, Topic
from consultations.querysets import bodies_in_order
from notifications.message import CONTROL, one_line
from notifications.refusal import Refusal

NEWEST = 100
MOST_ENTRIES = 1_000
KEPT = timedelta(days=366)  # so long a deadline that has passed stays in a calendar
NOTHING_YET = datetime(1970, 1, 1, tzinfo=UTC)
BODIES = bodies_in_order()


# --- What a feed is about ---------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class About:
    """Everything, or what these narrow it to; all given must hold."""

    consultation: Consultation | None = None
    authority: Authority | None = None
    topic: Topic | None = None
    kind: str = ""
    jurisdiction: str = ""

    @property
    def words(self) -> str:
        """What it is about, for the title: "" for everything."""
        kind = Kind(self.kind).label if self.kind else ""
        jurisdiction = Jurisdiction(self.jurisdiction).label if self.jurisdiction else ""
        paper = (self.consultation.reference or self.consultation.name) if self.consultation else ""
        return ", ".join(str(part) for part in [paper, self.authority, self.topic, kind, jurisdiction] if part)

    def papers(self, now: datetime) -> QuerySet[Consultation]:
        """What is public of it. A rehearsal is told of only where it was asked for itself."""
        papers = Consultation.objects.visible_to(AnonymousUser(), now)
        papers = papers.filter(pk=self.consultation.pk) if self.consultation else papers.filter(is_rehearsal=False)
        if self.authority:
            papers = papers.filter(pk__in=self.authority.consultations.values("pk"))
        if self.topic:
            papers = papers.filter(pk__in=self.topic.consultations.values("pk"))
        if self.jurisdiction:
            papers = papers.filter(pk__in=Consultation.objects.filter(authorities__jurisdiction=self.jurisdiction))
        return papers.filter(kind=self.kind) if self.kind else papers


def about(asked: QueryDict, now: datetime) -> About:
    """Read the filters of an address. Raises Refusal at the one that names nothing: a feed is not silently wider."""
    public = Consultation.objects.visible_to(AnonymousUser(), now)
    return About(
        consultation=_named(public, "code", asked, "consultation"),
        authority=_named(Authority.objects.all(), "slug", asked, "authority"),
        topic=_named(Topic.objects.all(), "slug", asked, "topic"),
        kind=_chosen(Kind.values, asked, "kind"),
        jurisdiction=_chosen(Jurisdiction.values, asked, "jurisdiction"),
    )


def _named(rows: QuerySet[Any], key: str, asked: QueryDict, name: str) -> Any:
    wanted = one_line(asked.get(name, ""))
    if not wanted:
        return None
    found = rows.filter(**{key: wanted}).first()
    if found is None:
        raise Refusal(f"There is no {name} “{wanted[:60]}”.", field=name)
    return found


def _chosen(values: Iterable[str], asked: QueryDict, name: str) -> str:
    wanted = asked.get(name, "")
    if wanted and wanted not in values:
        raise Refusal(f"There is no {name} “{one_line(wanted)[:60]}”. Choose: {', '.join(values)}.", field=name)
    return wanted


# --- Deadlines as a calendar ------------------------------------------------------------------------------------------
def dated(papers: QuerySet[Consultation], now: datetime) -> list[Deadline]:
    """The deadlines that a calendar of these papers holds: those ahead and those of the last year."""
    rows = Deadline.objects.filter(consultation__in=papers.values("pk"), closes_at__gte=now - KEPT)
    return list(
        rows.select_related("consultation").prefetch_related("changes").order_by("-closes_at", "pk")[:MOST_ENTRIES]
    )


def changed_at(deadline: Deadline) -> datetime:
    """When its entry last changed: published, moved or withdrawn."""
    paper = deadline.consultation
    moves = [change.changed_at for change in deadline.changes.all()]
    return max(filter(None, [paper.published_at, paper.withdrawn_at, *moves]), default=NOTHING_YET)


def calendar(wanted: About, now: datetime) -> tuple[bytes, datetime]:
    """The calendar and when it last changed."""
    rows = dated(wanted.papers(now), now)
    entries = [calendars.entry(row, stamp=changed_at(row)) for row in rows]
    name = f"Soundings: deadlines of {wanted.words}" if wanted.words else "Soundings: deadlines of consultations"
    return calendars.calendar(name=name, entries=entries), max(map(changed_at, rows), default=NOTHING_YET)


# --- Items ------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Item:
    """One entry of a feed. `name` is what it is for ever; `detail` is for programs, in JSON Feed alone."""

    name: str
    url: str
    title: str
    text: str
    published_at: datetime
    updated_at: datetime
    bodies: list[str]
    topics: list[str]
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"urn:uuid:{uuid5(calendars.NAMES, self.name)}"


def consultations(wanted: About, now: datetime) -> list[Item]:
    """The newest consultations, each with when it closes as that stands now."""
    papers = wanted.papers(now).order_by("-published_at", "-pk")
    moves = Prefetch("deadlines", queryset=Deadline.objects.prefetch_related("changes"))
    rows = papers.prefetch_related(BODIES, "topics", moves, "outcomes")[:NEWEST]
    return [_consultation(paper, now) for paper in rows]


def _consultation(paper: Consultation, now: datetime) -> Item:
    deadlines = list(paper.deadlines.all())
    published = paper.published_at or NOTHING_YET
    outcomes = [row.published_at for row in paper.outcomes.all() if row.published_at and row.published_at <= now]
    moved = [changed_at(row) for row in deadlines]
    return _item(
        paper,
        name=f"consultation/{paper.code}",
        title=f"Withdrawn: {paper.name}" if paper.withdrawn_at else paper.name,
        lines=[
            paper.summary,
            *(f"{row.label}: {closing(row)}." for row in deadlines),
            f"It was withdrawn. {paper.withdrawal_reason}" if paper.withdrawn_at else "",
        ],
        at=published,
        updated_at=max(filter(None, [published, paper.withdrawn_at, *moved, *outcomes])),
        deadlines=[_deadline(row) for row in deadlines],
    )


def changes(wanted: About, now: datetime) -> list[Item]:
    """What happened, newest first: published, extended, withdrawn, outcome. A move of unknown date is not news."""
    papers = wanted.papers(now)
    mine = papers.values("pk")
    rehearsed = Prefetch("consultation", queryset=Consultation.objects.prefetch_related(BODIES, "topics"))
    published = papers.order_by("-published_at", "-pk").prefetch_related(BODIES, "topics")[:NEWEST]
    withdrawn = papers.filter(withdrawn_at__lte=now).order_by("-withdrawn_at").prefetch_related(BODIES, "topics")
    extended = DeadlineChange.objects.filter(deadline__consultation__in=mine, changed_at__lte=now)
    moves = Prefetch("deadline", queryset=Deadline.objects.prefetch_related(rehearsed))
    outcomes = Outcome.objects.published(now).filter(consultations__in=mine).distinct().order_by("-published_at", "-pk")
    answered = Prefetch("consultations", queryset=papers.prefetch_related(BODIES, "topics").order_by("pk"))
    items = [
        *map(_published, published),
        *map(_withdrawn, withdrawn[:NEWEST]),
        *map(_extended, extended.order_by("-changed_at", "-pk").prefetch_related(moves)[:NEWEST]),
        *map(_outcome, outcomes.prefetch_related(answered)[:NEWEST]),
    ]
    return sorted(items, key=lambda item: (item.updated_at, item.name), reverse=True)[:NEWEST]


def _published(paper: Consultation) -> Item:
    title, at = f"Published: {paper.name}", paper.published_at or NOTHING_YET
    return _item(paper, name=f"published/{paper.code}", title=title, lines=[paper.summary], at=at, event="published")


def _withdrawn(paper: Consultation) -> Item:
    title, at = f"Withdrawn: {paper.name}", paper.withdrawn_at or NOTHING_YET
    lines = [paper.withdrawal_reason]
    return _item(paper, name=f"withdrawn/{paper.code}", title=title, lines=lines, at=at, event="withdrawn")


def _extended(change: DeadlineChange) -> Item:
    deadline, paper, zone = change.deadline, change.deadline.consultation, change.deadline.time_zone
    was, becomes = change.old_closes_at, change.new_closes_at
    return _item(
        paper,
        name=f"extended/{paper.code}/{deadline.pk}/{change.version}",
        title=f"Deadline moved: {paper.name}",
        lines=[
            f"{deadline.label}: {moment(becomes, zone) if becomes else 'no closing date'}.",
            f"It was {moment(was, zone)}." if was else "",
            change.reason,
        ],
        at=change.changed_at or NOTHING_YET,
        event="extended",
        deadline={
            "label": deadline.label,
            "old_closes_at": _said(was),
            "new_closes_at": _said(becomes),
            "time_zone": zone,
        },
    )


def _outcome(outcome: Outcome) -> Item:
    papers = list(outcome.consultations.all())
    return _item(
        papers[0],
        name=f"outcome/{outcome.code}",
        title=f"Outcome: {outcome}",
        lines=[outcome.summary, *(f"It answers {paper.name}." for paper in papers)],
        at=outcome.published_at or NOTHING_YET,
        event="outcome",
        outcome={"kind": outcome.kind, "reference": outcome.reference, "url": outcome.url},
        answers=[paper.code for paper in papers],
    )


def _item(
    paper: Consultation,
    *,
    name: str,
    title: str,
    lines: Iterable[str],
    at: datetime,
    updated_at: datetime | None = None,
    **detail: Any,
) -> Item:
    return Item(
        name=name,
        url=f"{settings.SITE_URL}{reverse('consultations:detail', args=[paper.code])}",
        title=one_line(f"Rehearsal: {title}" if paper.is_rehearsal else title),
        text="\n\n".join(filter(None, (_clean(line) for line in lines))),
        published_at=at,
        updated_at=updated_at or at,
        bodies=[body.name for body in paper.authorities.all()],
        topics=[topic.name for topic in paper.topics.all()],
        detail={"consultation": paper.code, "reference": paper.reference, "kind": paper.kind, **detail},
    )


def _deadline(deadline: Deadline) -> dict[str, Any]:
    return {"label": deadline.label, "closes_at": _said(deadline.closes_at), "time_zone": deadline.time_zone,
            "time_assumed": deadline.time_assumed, "version": deadline.version}  # fmt: skip


def _said(instant: datetime | None) -> str | None:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z") if instant else None


def _clean(text: str) -> str:
    return "\n".join(CONTROL.sub(" ", line).rstrip() for line in text.splitlines()).strip()


# --- Two ways to write them -------------------------------------------------------------------------------------------
class Atom(Atom1Feed):
    """Django's, but an empty feed too is the same each time it is asked for."""

    def latest_post_date(self) -> datetime:
        return max((item["updateddate"] for item in self.items), default=NOTHING_YET)


def atom(items: Iterable[Item], *, title: str, url: str) -> bytes:
    feed = Atom(title=title, link=settings.SITE_URL + "/", description="", language="en-GB", feed_url=url,
                author_name="Soundings")  # fmt: skip
    for item in items:
        feed.add_item(
            title=item.title,
            link=item.url,
            description=linebreaks(item.text, autoescape=True),
            unique_id=item.id,
            pubdate=item.published_at,
            updateddate=item.updated_at,
            author_name=one_line(", ".join(item.bodies)) or None,
            categories=[one_line(topic) for topic in item.topics],
        )
    return feed.writeString("utf-8").encode()


def json_feed(items: Iterable[Item], *, title: str, url: str) -> bytes:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title,
        "home_page_url": settings.SITE_URL + "/",
        "feed_url": url,
        "language": "en-GB",
        "items": [_json_item(item) for item in items],
    }
    return json.dumps(feed, ensure_ascii=False).encode()


def _json_item(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "url": item.url,
        "title": item.title,
        "content_text": item.text,
        "date_published": _said(item.published_at),
        "date_modified": _said(item.updated_at),
        "authors": [{"name": name} for name in item.bodies],
        "tags": item.topics,
        "_soundings": item.detail,
    }
