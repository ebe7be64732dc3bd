"""Deadline to reminder through the real beat, worker and mail server, while workers are killed and Redis is emptied."""

from collections import Counter
from datetime import timedelta

import pytest
import redis
from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.models import Role, User
from consultations import following
from consultations.models import Consultation, Follow
from notifications.models import Notification
from tests.factories import (
    AnswerFactory,
    OrganisationFactory,
    ResponseFactory,
    UserFactory,
    member,
    paper,
    submit_row,
)
from tests.live import Soundings, body_of, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]


def crowd(consultation: Consultation, count: int) -> set[str]:
    """So many people with confirmed addresses who follow the paper."""
    stem = consultation.code.lower()
    users = User.objects.bulk_create(
        User(email=f"follower-{n}-{stem}@example.org", name=f"Demonstration Follower {n}", password="!")
        for n in range(count)
    )
    EmailAddress.objects.bulk_create(
        EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in users
    )
    Follow.objects.bulk_create(Follow(user=user, consultation=consultation) for user in users)
    return {user.email for user in users}


def open_paper(**fields) -> Consultation:
    """Opened a month ago and closing in five days: the reminder of seven days is due, the one of two is not."""
    now = timezone.now()
    return paper(
        published_at=now - timedelta(days=30), announced_at=now - timedelta(days=30), closes_at=now + timedelta(days=5)
    )


def empty_redis(soundings: Soundings) -> None:
    with redis.Redis.from_url(soundings.redis_url) as client:
        client.flushdb()


def arrived(soundings: Soundings, consultation: Consultation) -> Counter[str]:
    """How often each address got a reminder of this paper."""
    return Counter(
        str(address)
        for summary in soundings.mailbox.summaries()
        if consultation.reference in str(summary["subject"])
        for address in summary["recipients"]  # type: ignore[attr-defined]
    )


def test_every_reminder_arrives_once_though_workers_are_killed_and_redis_is_emptied(live_soundings):
    consultation = open_paper()
    expected = crowd(consultation, 80)

    drafting = ResponseFactory(consultation=consultation)
    AnswerFactory(response=drafting, text="Not a word of this goes out")
    drafter = member(drafting.organisation, Role.DRAFTER, confirmed=True)
    filed = OrganisationFactory()
    submit_row(ResponseFactory(consultation=consultation, organisation=filed))
    in_peace = [member(filed, Role.ADMIN, confirmed=True), UserFactory(confirmed=True)]
    muted = UserFactory(confirmed=True)
    following.mute(user=muted, consultation=consultation)
    expected |= {drafter.email}

    for _ in range(2):
        before = len(arrived(live_soundings, consultation))
        wait_until("some reminders", lambda before=before: len(arrived(live_soundings, consultation)) > before)
        live_soundings.worker.kill()
        empty_redis(live_soundings)
        live_soundings.worker.start()
    assert Notification.objects.unfinished().exists(), "the kills came too late to prove anything"
    live_soundings.beat.kill()
    live_soundings.beat.start()

    def all_there() -> bool:
        """Nothing unfinished alone is not enough: the drafter may be reminded by a later sweep than the followers."""
        return expected <= set(arrived(live_soundings, consultation)) and not Notification.objects.unfinished().exists()

    wait_until("all reminders", all_there, seconds=120)
    assert arrived(live_soundings, consultation) == Counter(expected)
    assert not {user.email for user in [*in_peace, muted]} & set(arrived(live_soundings, consultation))
    (message,) = live_soundings.mailbox.messages(to=drafter.email)
    assert "1 of 3 questions answered, not submitted yet." in body_of(message)
    assert "Not a word" not in message.as_string()


def test_an_emptied_redis_stops_neither_beat_nor_worker_that_run_on(live_soundings):
    empty_redis(live_soundings)
    consultation = open_paper()
    expected = crowd(consultation, 3)

    wait_until("the reminders", lambda: len(arrived(live_soundings, consultation)) == 3)

    assert arrived(live_soundings, consultation) == Counter(expected)


def test_two_beats_send_nothing_twice(live_soundings):
    second = live_soundings._process("beat-2", live_soundings.beat.command, live_soundings.beat.is_ready)
    second.start()
    try:
        consultation = open_paper()
        expected = crowd(consultation, 20)
        wait_until("the reminders", lambda: len(arrived(live_soundings, consultation)) == 20)
        sweeps = live_soundings.worker.said().count("responses.tasks.queue_due_reminders")
        wait_until(
            "more sweeps",
            lambda: live_soundings.worker.said().count("responses.tasks.queue_due_reminders") > sweeps + 4,
        )
    finally:
        second.stop()

    assert arrived(live_soundings, consultation) == Counter(expected)
