"""Digests: openings and outcomes that waited, put together into one e-mail, with the deadlines of the next two weeks.

What goes into one was written down as it happened (consultations/rhythms.py): each message that waits is a row of the
ledger, `kept` until the digest whose moment it names. Planning takes the rows whose moment has come and writes one
digest for each person, in one statement, so a row is in exactly one digest whatever happens in between; after an outage
one digest holds the whole gap. Who has nothing that waits gets none. What it says is looked up as it is sent.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Prefetch, Q
from django.urls import reverse

from accounts.emails import reachable
from accounts.models import User
from consultations import following, managing, rhythms
from consultations.closing import closing, moment
from consultations.emails import FALLEN_SILENT, note_of, url_of
from consultations.models import Consultation, Deadline, News, Outcome
from consultations.querysets import bodies_in_order
from notifications import outbox
from notifications.message import Message, Skip, shortened, write
from notifications.models import Notification, Priority
from responses.models import Response

KIND = "digest"
PLANNING = 7_236_403  # one planner at a time, on any number of hosts
COMING = timedelta(days=14)
MOST_DEADLINES = 50
SUMMARY_LENGTH = 300
WHY = "You get this e-mail because you follow these consultations on Soundings and chose to hear of them in a digest."
BODIES = bodies_in_order()

TAKING = """
WITH come AS (
    SELECT id, concat_ws(':', 'digest', payload ->> 'user', min(id) OVER (PARTITION BY payload ->> 'user')) AS key
    FROM notifications_notification
    WHERE state = 'kept' AND due_at <= %(now)s
), taken AS (
    UPDATE notifications_notification AS n
    SET state = 'skipped', finished_at = clock_timestamp(), reason = 'It went into a digest.',
        payload = n.payload || jsonb_build_object('digest', come.key)
    FROM come
    WHERE n.id = come.id AND n.state = 'kept'
    RETURNING n.id, come.key, n.address, n.due_at, (n.payload ->> 'user')::bigint AS user_id
)
"""
# Of somebody who is gone, the digest is written all the same, and says itself why it is not sent.
DUE = """
SELECT 'digest' AS kind, t.key, COALESCE(max(u.email), max(t.address)) AS address,
       jsonb_build_object('user', t.user_id, 'until', max(t.due_at), 'rows', jsonb_agg(t.id ORDER BY t.id)) AS payload,
       %(priority)s AS priority, %(now)s AS due_at
FROM taken t LEFT JOIN accounts_user u ON u.id = t.user_id
GROUP BY t.key, t.user_id
"""


@transaction.atomic
def queue_due(now: datetime) -> int:
    """Owe every digest whose moment has come; returns how many. A second planner finds the first at it: 0."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [PLANNING])
        if not cursor.fetchone()[0]:
            return 0
    params = {"now": now, "priority": int(Priority.NEWS)}
    return outbox.queue_selected(kind=KIND, select=DUE, params=params, taking=TAKING)


# --- What it says -----------------------------------------------------------------------------------------------------
def digest(notification: Notification, now: datetime) -> Message | Skip:
    """Of what waited, what the reader still wants and is still true; and what closes within two weeks."""
    reader = reachable().filter(pk=notification.payload["user"], email=notification.address).first()
    if reader is None:
        return FALLEN_SILENT
    rows = list(Notification.objects.filter(pk__in=notification.payload["rows"]).order_by("pk"))
    opened, outcomes = _opened(rows, reader, now), _outcomes(rows, reader, now)
    if not opened and not outcomes:
        return Skip("Nothing that was kept for it is wanted or public any more.")
    return write(
        "responses/email/digest",
        subject=_subject(len(opened), len(outcomes), reader, now),
        why=WHY,
        unsubscribe_url=settings.SITE_URL + reverse("consultations:end_digests", args=[rhythms.token_to_end(reader)]),
        manage_url=managing.link(reader),
        opened=opened,
        outcomes=outcomes,
        coming=_coming(reader, now),
    )


def _subject(opened: int, outcomes: int, reader: User, now: datetime) -> str:
    day = moment(now, reader.time_zone).split(" on ")[1].partition(",")[0]
    parts = [f"{opened} opened"] if opened else []
    parts += [f"{outcomes} outcome{'' if outcomes == 1 else 's'}"] if outcomes else []
    return f"Digest of {day}: {', '.join(parts)}"


def _opened(rows: Iterable[Notification], reader: User, now: datetime) -> list[dict[str, Any]]:
    kept = {row.payload["consultation"]: row for row in rows if row.kind == News.OPENED}
    wanted = Consultation.objects.filter(rhythms.wanted_by(reader), pk__in=kept, published_at__lte=now)
    papers = wanted.filter(withdrawn_at=None).prefetch_related(BODIES, "deadlines").order_by("published_at", "pk")
    return [
        {
            "name": _named(paper),
            "url": url_of(paper),
            "bodies": ", ".join(body.name for body in paper.authorities.all()),
            "deadlines": [_said(row, paper, reader, now) for row in paper.deadlines.all()],
            "summary": shortened(paper.summary, SUMMARY_LENGTH),
            "note": note_of(kept[paper.pk]),
        }
        for paper in papers
    ]


def _outcomes(rows: Iterable[Notification], reader: User, now: datetime) -> list[dict[str, Any]]:
    kept = {row.payload["outcome"]: row for row in rows if row.kind == News.ANSWERED}
    wanted = Consultation.objects.filter(rhythms.wanted_by(reader), published_at__lte=now).order_by("pk")
    found = Outcome.objects.published(now).filter(pk__in=kept).order_by("published_at", "pk")
    answered = found.prefetch_related(Prefetch("consultations", queryset=wanted))
    return [
        {
            "name": str(outcome),
            "kind": outcome.kind,
            "url": outcome.url,
            "summary": shortened(outcome.summary, SUMMARY_LENGTH),
            "papers": [{"name": _named(paper), "url": url_of(paper)} for paper in outcome.consultations.all()],
            "note": note_of(kept[outcome.pk]),
        }
        for outcome in answered
        if outcome.consultations.all()
    ]


def _coming(reader: User, now: datetime) -> list[dict[str, str]]:
    """The deadlines within two weeks of what the reader hears of and works on, the soonest first."""
    own = Response.objects.of(reader).values("consultation")
    mine = Consultation.objects.filter(following.heard_by(reader) | Q(pk__in=own))
    ahead = Deadline.objects.ahead(now).filter(closes_at__lte=now + COMING, consultation__in=mine.values("pk"))
    papers = Prefetch("consultation", queryset=Consultation.objects.prefetch_related(BODIES))
    rows = ahead.prefetch_related(papers).order_by("closes_at", "pk")[:MOST_DEADLINES]
    return [
        {"name": _named(row.consultation), "url": url_of(row.consultation), "label": row.label,
         "words": _when(row, row.consultation, reader)}
        for row in rows
    ]  # fmt: skip


def _named(paper: Consultation) -> str:
    return f"Rehearsal: {paper.name}" if paper.is_rehearsal else paper.name


def _said(deadline: Deadline, paper: Consultation, reader: User, now: datetime) -> dict[str, str]:
    return {
        "label": deadline.label,
        "words": _when(deadline, paper, reader),
        "what": "Closes" if deadline.is_open(now) else "Closed",
    }


def _when(deadline: Deadline, paper: Consultation, reader: User) -> str:
    """In the deadline's own zone, those of the bodies and the reader's."""
    return closing(deadline, zones=[*(body.time_zone for body in paper.authorities.all()), reader.time_zone])
