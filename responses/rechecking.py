"""What reminders are written from, looked up for a batch just before it goes: who still wants which, and their drafts.

It is the planning's own rule (responses/reminders.py), asked of these people alone. Where it says no,
reminding.why_not says why.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection
from django.db.models import Q

from accounts.emails import reachable
from accounts.models import Membership, User
from accounts.permissions import MAY_DRAFT
from consultations.emails import Facts as PaperFacts
from consultations.models import Deadline, Follow
from notifications.models import Notification
from responses import reminders, reminding
from responses.models import Response

# The nearest whose moment has come, of each of these people for each of these deadlines, where there is something left.
WANTED = f"""
{reminders.HEARD.format(only="WHERE user_id = ANY(%(people)s)")}, fresh AS MATERIALIZED (
    SELECT l.deadline_id, l.user_id, (array_agg(come.lead ORDER BY come.place))[1] AS lead
    FROM listening l
    JOIN near n ON n.id = l.deadline_id
    JOIN accounts_user u ON u.id = l.user_id
    JOIN come ON come.deadline_id = l.deadline_id AND come.time_zone = u.time_zone AND come.holidays = u.holidays
             AND come.lead = ANY(COALESCE(l.leads, u.leads))
    WHERE NOT EXISTS (SELECT FROM consultations_follow f
                      WHERE f.user_id = u.id AND f.consultation_id = n.consultation_id AND f.muted)
    GROUP BY l.deadline_id, l.user_id
){reminders.FINISHED}
SELECT deadline_id, user_id, lead FROM fresh
WHERE (deadline_id, user_id) NOT IN (SELECT deadline_id, user_id FROM finished)
"""  # noqa: S608 (of our own text)


@dataclass
class Facts(PaperFacts):
    deadlines: dict[int, Deadline] = field(default_factory=dict)
    readers: dict[int, User] = field(default_factory=dict)
    wanted: dict[tuple[int, int], str] = field(default_factory=dict)  # (deadline, person) → lead time
    working_on: dict[tuple[int, int], list[int]] = field(default_factory=dict)  # (consultation, person) → responses

    def unfinished(self, deadline: Deadline, reader: User) -> list[Response]:
        """The responses that the reader works on, with something still to file for this deadline."""
        numbers = self.working_on.get((deadline.consultation_id, reader.pk), [])
        return [response for number in numbers if (response := self._unfinished(deadline, number))]

    def _unfinished(self, deadline: Deadline, number: int) -> Response | None:
        related = Response.objects.select_related("organisation", "consultation", "latest")
        response = self.once(("response", number), lambda: related.get(pk=number))
        covered = self.once(("covers", number, deadline.pk), lambda: reminding.covers(response, deadline))
        return None if covered else response


def look_up(rows: Sequence[Notification], now: datetime) -> Facts:
    """Seven queries, however many rows; and some more for each draft that is told of."""
    people = list({row.payload["user"] for row in rows})
    numbers = {row.payload["deadline"] for row in rows}
    deadlines = Deadline.objects.select_related("consultation").in_bulk(numbers)
    readers = reachable().in_bulk(people)
    return Facts(
        now=now,
        people=people,
        deadlines=deadlines,
        readers=readers,
        wanted=_wanted(deadlines, readers, now),
        working_on=_working_on(deadlines, people),
    )


def _wanted(deadlines: dict[int, Deadline], readers: dict[int, User], now: datetime) -> dict[tuple[int, int], str]:
    follows = Follow.objects.filter(Q(user__in=readers) | Q(organisation__isnull=False), leads__isnull=False).order_by()
    leads = {lead for reader in readers.values() for lead in reader.leads}
    leads.update(lead for chosen in follows.values_list("leads", flat=True).distinct() for lead in chosen or [])
    zones = {(reader.time_zone, reader.holidays) for reader in readers.values()}
    about = reminders.with_news(now).filter(pk__in=deadlines)
    come = reminders.worked_out(about, zones, leads, until=now)
    with connection.cursor() as cursor:
        cursor.execute(WANTED, {**reminders.parameters(come, now), "people": list(readers)})
        return {(deadline, person): lead for deadline, person, lead in cursor.fetchall()}


def _working_on(deadlines: dict[int, Deadline], people: list[int]) -> dict[tuple[int, int], list[int]]:
    papers = {deadline.consultation_id for deadline in deadlines.values()}
    mine = Membership.objects.filter(user__in=people, role__in=MAY_DRAFT).values_list("user", "organisation")
    members: dict[int, list[int]] = {}
    for person, organisation in mine:
        members.setdefault(organisation, []).append(person)
    found: dict[tuple[int, int], list[int]] = {}
    theirs = Response.objects.filter(consultation__in=papers, organisation__in=members).order_by("pk")
    for paper, organisation, number in theirs.values_list("consultation", "organisation", "pk"):
        for person in members[organisation]:
            found.setdefault((paper, person), []).append(number)
    return found
