"""consultations/duties.py and the duties themselves: who is reminded of what, when, once, and no longer than needed."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils.module_loading import import_string

from accounts.record import By
from consultations import announcing, duties, publishing
from consultations.models import Announcement, News
from notifications.message import Skip
from notifications.models import Notification
from tests.factories import AuthorityFactory, OutcomeFactory, StaffFactory, UserFactory, paper

pytestmark = pytest.mark.django_db

DUE = date(2026, 4, 30)
PUBLISH = "consultations.publish_consultation"


def at(day: int, month: int = 4, hour: int = 8) -> datetime:
    """So many hours of the day, UTC: eight is nine in the morning in London by then."""
    return datetime(2026, month, day, hour, tzinfo=UTC)


def write(row, now):
    return import_string(settings.NOTIFICATION_KINDS[row.kind])(row, now)


@pytest.fixture
def owner():
    return StaffFactory(confirmed=True)


@pytest.fixture
def publisher():
    return StaffFactory(confirmed=True, rights=[PUBLISH])


@pytest.fixture
def consultation():
    return paper(
        reference="DEMO1/26", published_at=at(1, 1), announced_at=at(1, 1), closes_at=at(1, 2),
        authorities=[AuthorityFactory(time_zone="Europe/London")],
    )  # fmt: skip


def set_due(consultation, owner=None):
    consultation.owner, consultation.outcome_due_on = owner, DUE
    consultation.save()


def owed() -> list[tuple[str, int]]:
    return [(row.address, row.payload["step"]) for row in Notification.objects.order_by("pk")]


def test_an_owner_is_reminded_14_7_and_1_days_before_the_day_after_and_weekly(consultation, owner, publisher):
    set_due(consultation, owner)
    moments = [at(16) - timedelta(seconds=1), at(16), at(17), at(23), at(29), at(30), at(1, 5), at(6, 5), at(7, 5),
               at(14, 5)]  # fmt: skip
    for moment in moments:
        duties.queue_due(moment)
        duties.queue_due(moment)
    assert owed() == [(owner.email, step) for step in (-14, -7, -1, 1, 7, 14)]


def test_after_an_outage_only_the_nearest_comes_and_a_moved_day_starts_afresh(consultation, owner):
    set_due(consultation, owner)
    assert duties.queue_due(at(24)) == 1
    consultation.outcome_due_on = DUE + timedelta(days=7)
    consultation.save()
    assert duties.queue_due(at(24)) == 1
    assert owed() == [(owner.email, -7), (owner.email, -14)]
    assert isinstance(write(Notification.objects.earliest("pk"), at(24)), Skip)


@pytest.mark.parametrize("ends", ["outcome", "withdrawn", "other owner"])
def test_what_is_done_is_not_sent(consultation, owner, publisher, ends):
    set_due(consultation, owner)
    duties.queue_due(at(23))
    row = Notification.objects.get()
    assert write(row, at(23)).subject == "DEMO1/26: outcome due in 7 days"
    if ends == "outcome":
        OutcomeFactory(published_at=at(23)).consultations.set([consultation])
    elif ends == "withdrawn":
        publishing.withdraw(consultation=consultation, reason="Gone.", by=By(user=None, door="task"), now=at(23))
    else:
        set_due(consultation, publisher)
    assert isinstance(write(row, at(23, hour=9)), Skip)


def test_without_an_owner_or_with_one_who_left_everybody_who_may_publish_is_reminded(consultation, owner, publisher):
    UserFactory(confirmed=True)
    set_due(consultation, owner)
    owner.is_staff = False
    owner.save()
    duties.queue_due(at(23))
    assert owed() == [(publisher.email, -7)]


def test_a_held_alert_reminds_those_who_may_release_it_at_once_and_daily(consultation, publisher):
    second = StaffFactory(confirmed=True, rights=[PUBLISH])
    row = Announcement.objects.create(
        kind=News.WITHDRAWN, consultation=consultation, made_by=publisher, made_at=at(2), held_at=at(2, hour=15),
        recipients=9_000,
    )  # fmt: skip
    for moment in (at(2, hour=15), at(3, hour=7), at(3)):
        duties.queue_due(moment)
    assert owed() == [(second.email, 0), (second.email, 1)]
    message = write(Notification.objects.latest("pk"), at(3))
    assert "9,000" in message.text
    assert reverse("admin:consultations_announcement_change", args=[row.pk]) in message.html
    announcing.cancel(announcement=row, reason="No.", by=By(user=publisher, door="admin"))
    assert isinstance(write(Notification.objects.latest("pk"), at(3)), Skip)


def test_every_kind_of_duty_has_its_email_and_its_preview(settings):
    from responses import previewing

    kinds = {duty.kind for duty in duties.every_duty()}
    assert kinds <= settings.NOTIFICATION_KINDS.keys()
    assert kinds <= previewing.SAMPLES.keys()


def test_the_front_page_shows_the_owners_dates_and_nobody_elses(consultation, freeze, client):
    freeze(at(24))
    mine, other = (StaffFactory(rights=["consultations.view_consultation"]) for _ in range(2))
    set_due(consultation, mine)
    for person, shown in ((mine, True), (other, False)):
        client.force_login(person)
        page = client.get(reverse("admin:index")).content.decode()
        assert ("Due in 6 days" in page) is shown
