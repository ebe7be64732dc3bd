"""What Soundings will send a person, and when: worked out by the very code that plans it, for this person alone.

It says what comes if nothing changes: a deadline that moves, a response that is filed and a follow that is taken back
all change it.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Q

from accounts import alerts
from accounts.emails import reachable
from accounts.models import User
from consultations import following, rhythms
from consultations.models import Consultation, Deadline, Follow
from notifications.models import Notification, State
from responses import reminders
from responses.models import Response

MOST = 100  # deadlines on the page, the soonest first
ROWS = f"""
{reminders.HEARD.format(only="WHERE user_id = %(user)s")}, fresh AS MATERIALIZED (
    SELECT DISTINCT deadline_id, user_id FROM listening
){reminders.FINISHED}
SELECT come.deadline_id, come.lead, come.at, come.place,
       array_remove(array_agg(DISTINCT l.follow_id), NULL) AS follows, bool_or(l.follow_id IS NULL) AS working,
       (come.deadline_id, u.id) IN (SELECT deadline_id, user_id FROM finished) AS finished,
       o.state, o.reason, o.sent_at,
       EXISTS (SELECT FROM notifications_notification later
               WHERE later.address = u.email AND later.kind = 'deadline_coming' AND later.due_at >= come.at
                 AND later.payload @> jsonb_build_object('deadline', come.deadline_id, 'version', come.version))
           AS overtaken
FROM listening l
JOIN accounts_user u ON u.id = l.user_id
JOIN come ON come.deadline_id = l.deadline_id AND come.lead = ANY(COALESCE(l.leads, u.leads))
LEFT JOIN notifications_notification o
       ON o.key = {reminders.KEY.format(of="come", user="u.id")}
GROUP BY come.deadline_id, come.version, come.lead, come.at, come.place, u.id, o.id
ORDER BY come.deadline_id, come.place DESC
"""  # noqa: S608 (of our own text)


@dataclass(kw_only=True)
class Coming:
    """One reminder. `state` None: it is still to come; otherwise what became of it, and why it was not sent."""

    at: datetime
    leads: list[str]
    follows: list[Follow] = field(default_factory=list)
    working: bool = False
    state: State | None = None
    reason: str = ""
    sent_at: datetime | None = None

    @property
    def words(self) -> str:
        """ "7 days before and 5 working days before": those that come to the same moment are one reminder."""
        return " and ".join(map(alerts.words, self.leads))


@dataclass(kw_only=True)
class Expected:
    """A deadline of a paper that the person hears of. `finished`: there is nothing left to file, so nothing comes."""

    deadline: Deadline
    finished: bool
    reminders: list[Coming]


def expected(*, person: User, now: datetime) -> list[Expected]:
    """Every deadline ahead that concerns the person, soonest first, in a number of queries that does not grow."""
    deadlines = {row.pk: row for row in _deadlines(person, now)}
    follows = {row.pk: row for row in Follow.objects.visible_to(person).select_related(
        "user", "organisation", "consultation", "authority", "topic")}  # fmt: skip
    found = defaultdict(list)
    for row in _rows(person, list(deadlines), follows.values(), now):
        found[row["deadline_id"]].append(row)
    can_come = reachable().filter(pk=person.pk).exists()
    return [
        Expected(
            deadline=deadline,
            finished=any(row["finished"] for row in found[pk]),
            reminders=_reminders(found[pk], follows, now) if can_come else [],
        )
        for pk, deadline in deadlines.items()
    ]


def openings(*, person: User, now: datetime) -> list[Consultation]:
    """What is public already, opens later, and is then told to the person: the soonest first."""
    papers = Consultation.objects.filter(rhythms.wanted_by(person), published_at__lte=now, opens_at__gt=now)
    return list(papers.filter(withdrawn_at=None, announced_at=None).order_by("opens_at", "pk")[:MOST])


def digests(*, person: User) -> list[tuple[datetime, int]]:
    """When a digest comes of what waits already, and how many things wait for it; the soonest first."""
    waiting = Notification.objects.filter(state=State.KEPT, address=person.email, payload__user=person.pk)
    return list(
        waiting.values("due_at").annotate(things=Count("pk")).order_by("due_at").values_list("due_at", "things")
    )


def _deadlines(person: User, now: datetime) -> list[Deadline]:
    muted = Follow.objects.filter(user=person, muted=True).values("consultation")
    theirs = Response.objects.filter(organisation__in=following.drafted_for(person)).values("consultation")
    papers = Consultation.objects.filter(following.heard_by(person) | Q(pk__in=theirs)).exclude(pk__in=muted)
    ahead = Deadline.objects.ahead(now).filter(consultation__in=papers.values("pk"))
    return list(ahead.select_related("consultation").order_by("closes_at", "pk")[:MOST])


def _rows(person: User, deadlines: list[int], follows: Any, now: datetime) -> list[dict[str, Any]]:
    """Each reminder of each deadline, in the planning's own words."""
    leads = {lead for chosen in (person.leads, *(row.leads or [] for row in follows)) for lead in chosen}
    ahead = list(reminders.with_news(now).filter(pk__in=deadlines))
    if not ahead:
        return []
    until = max(row["closes_at"] for row in ahead)
    come = reminders.worked_out(ahead, [(person.time_zone, person.holidays)], leads, until=until)
    with connection.cursor() as cursor:
        cursor.execute(ROWS, {**reminders.parameters(come, now), "user": person.pk})
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _reminders(rows: list[dict[str, Any]], follows: dict[int, Follow], now: datetime) -> list[Coming]:
    """In order of time. What had come before the person followed, and never was owed, is left out."""
    nearest = min((row["place"] for row in rows if row["at"] <= now), default=None)
    made: dict[datetime, Coming] = {}
    for row in rows:
        is_due = row["at"] > now or (row["place"] == nearest and not row["overtaken"])
        if row["state"] is None and (row["finished"] or not is_due):
            continue
        coming = made.setdefault(row["at"], Coming(at=row["at"], leads=[]))
        coming.leads.append(row["lead"])
        coming.follows += [follows[pk] for pk in row["follows"] if pk in follows and follows[pk] not in coming.follows]
        coming.working = coming.working or row["working"]
        if row["state"] is not None:
            coming.state, coming.reason, coming.sent_at = State(row["state"]), row["reason"], row["sent_at"]
    return list(made.values())
