"""The schedule as a property: whatever deadlines, moves, zones, lead days, follows and outages there are, each person
gets each reminder that was due while it was the nearest exactly once, and nothing after it stopped being useful.

The real planning and the real sending, on a clock that the test turns. An oracle of a few lines says what should come.
"""

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from consultations import following
from consultations.models import Consultation, Deadline, DeadlineChange
from notifications import delivery
from notifications.fate import Fate
from notifications.models import Notification
from responses import reminders
from tests.factories import AuthorityFactory, ConsultationFactory, UserFactory

pytestmark = pytest.mark.django_db
OPENED = datetime(2025, 10, 1, 6, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ZONES = ["Europe/London", "America/New_York", "Pacific/Auckland", "Asia/Kolkata"]
PEOPLE = 2


class Tray:
    """In place of the mail server: takes everything, and when."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []

    def __enter__(self) -> "Tray":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def hand_over(self, mail: Any) -> tuple[Fate, str]:
        self.taken.append((mail.to[0], mail.subject))
        return Fate.ACCEPTED, ""


class Oracle:
    """What one person should be reminded of, worked out apart from the program."""

    def __init__(self, zone: str, days: list[int]) -> None:
        self.zone, self.days = ZoneInfo(zone), days
        self.had: set[tuple[int, int]] = set()

    def wanted(self, *, closes_at: datetime, version: int, news_at: datetime, now: datetime) -> int | None:
        """The day count of the reminder that a sweep at `now` should bring; None if none."""
        if now > closes_at:
            return None
        last_day = (closes_at.astimezone(self.zone).replace(tzinfo=None) - timedelta(hours=12)).date()
        come = []
        for days in self.days:
            moment = datetime.combine(last_day - timedelta(days=days), time(9), self.zone).astimezone(UTC)
            if news_at < moment <= now:
                come.append(days)
        if not come or (version, min(come)) in self.had:
            return None
        self.had.add((version, min(come)))
        return min(come)


END = 300  # hours after the opening
hours = st.integers(1, END)


@hypothesis_settings(
    max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    zone=st.sampled_from(ZONES),
    closes_in=st.integers(48, 9 * 24),
    moves=st.lists(st.tuples(hours, st.integers(1, 5 * 24)), max_size=2, unique_by=lambda it: it[0]),
    lead=st.lists(st.lists(st.integers(0, 8), min_size=1, max_size=4, unique=True), min_size=PEOPLE, max_size=PEOPLE),
    mutes_at=st.one_of(st.none(), st.none(), hours),
    withdrawn_at=st.one_of(st.none(), st.none(), hours),
    at=st.lists(hours, min_size=8, max_size=14, unique=True),
    down=st.lists(hours, max_size=4, unique=True),
)  # fmt: skip
def test_each_due_reminder_comes_once_and_none_that_is_stale(
    monkeypatch, zone, closes_in, moves, lead, mutes_at, withdrawn_at, at, down
):
    """`at`: hours of sweeps, an outage between each two. `down`: hours at which planning ran and sending did not."""
    tray = Tray()
    monkeypatch.setattr(delivery, "Courier", lambda: tray)
    with transaction.atomic():
        paper = ConsultationFactory(
            published_at=OPENED, announced_at=OPENED, authorities=[AuthorityFactory(slug="one")]
        )
        closes_at, version, news_at = OPENED + closes_in * HOUR, 1, OPENED
        deadline = Deadline.objects.create(consultation=paper, label="All", closes_at=closes_at, time_zone=zone)
        people = [UserFactory(confirmed=True, lead_days=sorted(days)) for days in lead]
        for person in people:
            following.follow(user=person, target=paper)
        oracles = {person.email: Oracle(zone, person.lead_days) for person in people}
        expected: Counter[str] = Counter()
        events = sorted(
            [(hour, "sweep", 0) for hour in at]
            + [(hour, "plan", 0) for hour in set(down) - set(at)]
            + [(hour, "move", by) for hour, by in moves]
            + [(hour, "mute", 0) for hour in [mutes_at] if hour]
            + [(hour, "withdraw", 0) for hour in [withdrawn_at] if hour]
        )
        silent: set[str] = set()
        for hour, what, by in events:
            now = OPENED + hour * HOUR
            if what == "move":
                old, closes_at, version, news_at = closes_at, closes_at + by * HOUR, version + 1, now
                Deadline.objects.filter(pk=deadline.pk).update(closes_at=closes_at, version=version)
                DeadlineChange.objects.create(
                    deadline=deadline, old_closes_at=old, new_closes_at=closes_at, reason="More time.", version=version,
                    changed_at=now,
                )  # fmt: skip
            elif what == "mute":
                following.mute(user=people[0], consultation=paper)
                silent.add(people[0].email)
            elif what == "withdraw":
                Consultation.objects.filter(pk=paper.pk).update(withdrawn_at=now, withdrawal_reason="Overtaken.")
                silent |= set(oracles)
            else:
                before = len(tray.taken)
                assert reminders.queue_due(now) >= 0
                assert reminders.queue_due(now) == 0, "planning again adds nothing"
                if what == "plan":
                    continue
                sweep(now)
                due = {
                    email
                    for email, oracle in oracles.items()
                    if email not in silent
                    and oracle.wanted(closes_at=closes_at, version=version, news_at=news_at, now=now) is not None
                }
                assert {to for to, _ in tray.taken[before:]} == due
                expected.update(due)
                sweep(now)

        assert Counter(to for to, _ in tray.taken) == expected
        assert not Notification.objects.filter(state="sent").exclude(address__in=expected).exists()
        transaction.set_rollback(True)


def sweep(now: datetime) -> None:
    """As notifications.outbox.deliver does, inside the test's transaction."""
    delivery.Run(now=now, worker="test", seconds=50, limit=None).go()
