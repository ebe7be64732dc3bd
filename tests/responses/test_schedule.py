"""The schedule as a property: whatever deadlines, moves, zones, holidays, lead times, follows and outages there are,
each person gets each reminder that was due while it was the nearest exactly once, nothing after it stopped being
useful, and what an outage passed over is written down.

The real planning and the real writing, on a clock that the test turns. An oracle that shares no code with them says
what should come: it walks along the clock by quarters of an hour.
"""

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import Role
from accounts.record import By
from consultations import following
from consultations.models import Consultation, Deadline, DeadlineChange, Follow
from notifications.message import Message
from notifications.models import Notification
from responses import reminders
from tests.factories import AuthorityFactory, ConsultationFactory, OrganisationFactory, UserFactory, member

pytestmark = pytest.mark.django_db
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)
# Over Columbus Day; both changes of clocks; Thanksgiving and St Andrew's Day; Christmas.
OPENINGS = [datetime(2025, *day, 6, tzinfo=UTC) for day in ((10, 6), (10, 23), (11, 24), (12, 18))]
HOLIDAYS = {
    "GB-ENG": {date(2025, 12, 25), date(2025, 12, 26), date(2026, 1, 1)},
    "GB-SCT": {date(2025, 12, 1), date(2025, 12, 25), date(2025, 12, 26), date(2026, 1, 1), date(2026, 1, 2)},
    "US": {date(2025, 10, 13), date(2025, 11, 11), date(2025, 11, 27), date(2025, 12, 25), date(2026, 1, 1)},
    "none": set(),
}
OF_ZONE = {"Europe/London": "GB-ENG", "America/New_York": "US", "Pacific/Auckland": "none", "Asia/Kolkata": "none"}
LEADS = ["9d", "6d", "3d", "2d", "1d", "0d", "6w", "4w", "2w", "1w", "40h", "20h", "5h", "2h"]
WAYS = ["paper", "body", "words", "organisation"]


class Oracle:
    """One person, and what they should be reminded of."""

    def __init__(self, zone: str, holidays: str) -> None:
        self.zone, self.holidays = ZoneInfo(zone), HOLIDAYS[holidays or OF_ZONE[zone]]
        self.ways: dict[str, tuple[list[str], datetime]] = {}  # lead times, and since when
        self.silent = False
        self.had: dict[int, list[datetime]] = defaultdict(list)  # by version of the deadline

    def works(self, at: datetime) -> bool:
        local = at.astimezone(self.zone)
        return local.weekday() < 5 and local.date() not in self.holidays and 9 <= local.hour < 17

    def moment(self, lead: str, closes_at: datetime, zone: str, news_at: datetime) -> datetime:
        base = self.base(lead, closes_at, zone)
        at = base
        while at <= base + 25 * HOUR:
            if self.works(at) and (at == base or at <= closes_at - 3 * HOUR):
                return at
            at += QUARTER
        if lead.endswith("h"):
            return base
        at = base
        while not (self.works(at) and at.astimezone(self.zone).time() == time(16)):
            at -= QUARTER
        return at if at > news_at else base

    @staticmethod
    def base(lead: str, closes_at: datetime, zone: str) -> datetime:
        count, unit = int(lead[:-1]), lead[-1]
        if unit == "h":
            return closes_at - count * HOUR
        local = closes_at.astimezone(ZoneInfo(zone))
        day = local.date() if local.hour >= 12 else local.date() - timedelta(days=1)
        while count:
            day -= timedelta(days=1)
            count -= unit == "d" or (day.weekday() < 5 and day not in HOLIDAYS[OF_ZONE[zone]])
        return datetime.combine(day, time(9), ZoneInfo(zone)).astimezone(UTC)

    def moments(self, **deadline) -> dict[str, tuple[datetime, datetime]]:
        """By lead time: when, and since when it is wanted."""
        found: dict[str, tuple[datetime, datetime]] = {}
        for leads, since in self.ways.values():
            for lead in leads:
                earliest = min(since, found[lead][1]) if lead in found else since
                found[lead] = (self.moment(lead, **deadline), earliest)
        return {lead: pair for lead, pair in found.items() if pair[0] > deadline["news_at"]}

    def wanted(self, version: int, now: datetime, **deadline) -> bool:
        """Whether a sweep now should bring a reminder: the nearest that has come, unless it or a nearer one came."""
        come = [at for at, _ in self.moments(**deadline).values() if at <= now]
        if self.silent or now > deadline["closes_at"] or not come or max(come) <= max(self.had[version], default=OLD):
            return False
        self.had[version].append(max(come))
        return True

    def missed(self, planned: datetime, now: datetime, **deadline) -> set[datetime]:
        """What fell due while nothing ran, after the person began to follow, and before the nearest that has come."""
        if self.silent or now > deadline["closes_at"]:
            return set()
        moments = self.moments(**deadline).values()
        nearest = max((at for at, _ in moments if at <= now), default=OLD)
        return {at for at, since in moments if max(planned, since) < at < nearest}


OLD = datetime(2000, 1, 1, tzinfo=UTC)
hours = st.integers(1, 290)
some_leads = st.lists(st.sampled_from(LEADS), min_size=4, max_size=8, unique=True)
person = st.fixed_dictionaries(
    {
        "zone": st.sampled_from(list(OF_ZONE)),
        "holidays": st.sampled_from(["", "GB-SCT", "US", "none"]),
        "leads": some_leads,
        "ways": st.dictionaries(st.sampled_from(WAYS), st.one_of(st.none(), some_leads), min_size=1, max_size=3),
        "joins": st.one_of(st.just(0), st.just(0), st.just(0), hours),
        "drops": st.one_of(st.none(), hours),
        "mutes": st.one_of(st.none(), st.none(), st.none(), hours),
    }
)


@hypothesis_settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
    phases=[Phase.generate],
)
@given(
    opened=st.sampled_from(OPENINGS),
    zone=st.sampled_from(list(OF_ZONE)),
    closes_in=st.integers(5 * 24, 12 * 24),
    moves=st.lists(st.tuples(hours, st.integers(1, 5 * 24)), max_size=2, unique_by=lambda it: it[0]),
    people=st.lists(person, min_size=1, max_size=2),
    withdrawn=st.one_of(st.none(), st.none(), hours),
    at=st.lists(hours, min_size=5, max_size=7, unique=True),
    down=st.lists(hours, max_size=2, unique=True),
)  # fmt: skip
def test_each_due_reminder_comes_once_and_none_that_is_stale(
    opened, zone, closes_in, moves, people, withdrawn, at, down
):
    """`at`: hours of sweeps, an outage between each two. `down`: hours at which planning ran and sending did not."""
    with transaction.atomic():
        play(opened, zone, closes_in, people, events_of(moves, people, withdrawn, at, down))
        transaction.set_rollback(True)


def events_of(moves, people, withdrawn, at, down) -> list[tuple[int, str, int]]:
    found = [(hour, "sweep", 0) for hour in at] + [(hour, "plan", 0) for hour in set(down) - set(at)]
    found += [(hour, "move", by) for hour, by in moves] + [(hour, "withdraw", 0) for hour in [withdrawn] if hour]
    for number, one in enumerate(people):
        found += [(one[what], what, number) for what in ("joins", "drops", "mutes") if one[what] is not None]
    return sorted(found, key=lambda event: (event[0], event[1] in ("sweep", "plan"), event[1], event[2]))


def play(opened: datetime, zone: str, closes_in: int, people: list[dict], events: list[tuple[int, str, int]]) -> None:
    body = AuthorityFactory(slug="one")
    paper = ConsultationFactory(published_at=opened, announced_at=opened, authorities=[body], title="On tallow candles")
    deadline = {"closes_at": opened + closes_in * HOUR, "zone": zone, "news_at": opened}
    row = Deadline.objects.create(consultation=paper, label="All", closes_at=deadline["closes_at"], time_zone=zone)
    rows = [
        UserFactory(confirmed=True, leads=one["leads"], time_zone=one["zone"], holidays=one["holidays"])
        for one in people
    ]
    oracles = [Oracle(one["zone"], one["holidays"]) for one in people]
    firms = [OrganisationFactory() for _ in people]
    version, planned = 1, None
    for hour, what, which in events:
        now = opened + hour * HOUR
        match what:
            case "joins":
                for way, leads in people[which]["ways"].items():
                    begin(way, leads, rows[which], firms[which], paper, body, now)
                    oracles[which].ways[way] = (people[which]["leads"] if leads is None else leads, now)
            case "drops":
                way = next(iter(people[which]["ways"]))
                if way in oracles[which].ways and way != "paper":
                    drop(way, rows[which], firms[which])
                    del oracles[which].ways[way]
            case "mutes":
                following.mute(user=rows[which], consultation=paper, now=now)
                oracles[which].silent = True
            case "move":
                old, version = deadline["closes_at"], version + 1
                deadline |= {"closes_at": old + which * HOUR, "news_at": now}
                Deadline.objects.filter(pk=row.pk).update(closes_at=deadline["closes_at"], version=version)
                DeadlineChange.objects.create(
                    deadline=row, old_closes_at=old, new_closes_at=deadline["closes_at"], reason="More time.",
                    version=version, changed_at=now,
                )  # fmt: skip
            case "withdraw":
                Consultation.objects.filter(pk=paper.pk).update(withdrawn_at=now, withdrawal_reason="Overtaken.")
                for oracle in oracles:
                    oracle.silent = True
            case _:
                before = passed_over()
                reminders.queue_due(now)
                if what == "plan":
                    assert reminders.queue_due(now) == 0, "planning again adds nothing"
                expected = {
                    (user.email, at)
                    for user, oracle in zip(rows, oracles, strict=True)
                    for at in oracle.missed(planned or now, now, **deadline)
                }
                assert passed_over() - before == expected
                planned = now
                if what == "sweep":
                    got = sweep(now)
                    due = [
                        user.email
                        for user, oracle in zip(rows, oracles, strict=True)
                        if oracle.wanted(version, now, **deadline)
                    ]
                    assert sorted(got) == sorted(due), now
                    if not got:
                        assert reminders.queue_due(now) == 0, "planning again adds nothing"


def begin(way: str, leads, user, firm, paper, body, now: datetime) -> None:
    if way == "organisation":
        member(firm, Role.READER, confirmed=True)  # of it, and never to hear
        firm.memberships.create(user=user, role=Role.DRAFTER)
        firm.memberships.update(since=now)
        row = following.follow_for(organisation=firm, target=body, by=By(user=user, door="page"), now=now)
    else:
        target = {"paper": paper, "body": body, "words": Follow(words="tallow", jurisdiction=body.jurisdiction)}[way]
        row = following.follow(user=user, target=target, now=now)
    following.choose_leads(follow=row, leads=leads, by=By(user=user, door="page"))


def drop(way: str, user, firm) -> None:
    if way == "organisation":
        firm.memberships.filter(user=user).delete()
    else:
        Follow.objects.filter(
            user=user, **{"body": {"authority__isnull": False, "words": ""}, "words": {"words": "tallow"}}[way]
        ).delete()


def passed_over() -> set[tuple[str, datetime]]:
    """What was written down as fallen due in an outage: for whom, and its moment."""
    return set(Notification.objects.filter(reason=reminders.OUTAGE).values_list("address", "due_at"))


def sweep(now: datetime) -> list[str]:
    """Each message that is owed is written, as it is when it goes out; the addresses of those that went."""
    write = import_string(settings.NOTIFICATION_KINDS["deadline_coming"])
    went = []
    for row in Notification.objects.filter(state="pending"):
        if isinstance(write(row, now), Message):
            went.append(row.address)
            Notification.objects.filter(pk=row.pk).update(state="sent", sent_at=now)
        else:
            Notification.objects.filter(pk=row.pk).update(state="skipped", reason="Not wanted.")
    return went
