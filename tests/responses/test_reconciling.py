"""responses/reconciling.py and explain_notice: what is missing, and why somebody did or did not get something."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Act
from consultations import announcing, following
from consultations.models import Consultation, Follow
from notifications import suppressing
from notifications.models import Notification, SuppressionReason
from responses import reconciling, reminders
from tests.factories import DeadlineChangeFactory, UserFactory, paper

pytestmark = pytest.mark.django_db
CLOSES = datetime(2025, 11, 12, 23, 59, 59, tzinfo=UTC)
OPENED = datetime(2025, 9, 17, 8, 0, tzinfo=UTC)
MOMENT = datetime(2025, 11, 5, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def consultation(freeze):
    freeze(OPENED)
    return paper(closes_at=CLOSES, published_at=OPENED, announced_at=OPENED, reference="DEMO25/25")


def follower(consultation):
    user = UserFactory(confirmed=True, leads=["7d"])
    following.follow(user=user, target=consultation)
    return user


def missing(now: datetime) -> set[str]:
    return {address for _, address, _ in reconciling.reconcile(now).missing}


def test_what_planning_left_out_is_named_and_nothing_is_added(consultation):
    planned, forgotten = follower(consultation), follower(consultation)
    reminders.queue_due(MOMENT)
    Notification.objects.filter(address=forgotten.email).delete()

    assert missing(MOMENT + 6 * MINUTE) == {forgotten.email}
    assert [row.address for row in Notification.objects.all()] == [planned.email]
    act = Act.objects.get(subject=reconciling.SUBJECT)
    assert act.detail["missing"] == 1


def test_five_minutes_are_given_and_who_follows_since_is_not_missing(consultation):
    follower(consultation)
    assert missing(MOMENT + 4 * MINUTE) == set()
    Follow.objects.update(since=MOMENT + 3 * MINUTE)
    assert missing(MOMENT + 7 * MINUTE) == set()
    assert len(missing(MOMENT + 9 * MINUTE)) == 1


def test_who_was_not_told_of_a_moved_deadline_is_missing(consultation):
    told, forgotten = follower(consultation), follower(consultation)
    mover = UserFactory()
    deadline = consultation.deadlines.get()
    deadline.version, deadline.closes_at = 2, CLOSES + timedelta(days=14)
    deadline.save()
    moved = datetime(2025, 10, 1, tzinfo=UTC)
    change = DeadlineChangeFactory(deadline=deadline, version=2, changed_at=moved, changed_by=mover)
    announcing.announce_extension(change=change, now=moved)
    Notification.objects.filter(address=forgotten.email).delete()

    assert missing(moved + timedelta(hours=1)) == {forgotten.email}
    assert missing(moved + timedelta(days=2)) == set()
    assert Notification.objects.get().address == told.email


def test_an_opening_that_nobody_announced_is_named(consultation):
    Consultation.objects.update(announced_at=None)

    assert reconciling.reconcile(OPENED + 6 * MINUTE).unannounced == [consultation.code]


def test_the_command_ends_with_an_error_where_something_is_missing(consultation, freeze):
    user = follower(consultation)
    freeze(MOMENT + 10 * MINUTE)
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("reconcile_post", stdout=out)
    assert user.email in out.getvalue()

    Notification.objects.all().delete()
    reminders.queue_due(MOMENT + 10 * MINUTE)
    out = StringIO()
    call_command("reconcile_post", stdout=out)
    assert "nothing is late" in out.getvalue()


def explained(address: str, consultation: str = "demo25/25") -> str:
    out = StringIO()
    call_command("explain_notice", address, consultation, stdout=out)
    return out.getvalue()


def test_why_somebody_got_it_or_did_not(consultation, freeze, mailbox):
    from notifications import outbox

    reader, muted, gone = follower(consultation), follower(consultation), follower(consultation)
    stranger = UserFactory(confirmed=True)
    freeze(MOMENT)
    reminders.queue_due(MOMENT)
    following.mute(user=muted, consultation=consultation)
    suppressing.suppress(address=gone.email, reason=SuppressionReason.BOUNCED, said="550 no", now=MOMENT)
    outbox.deliver(now=MOMENT, worker="test")

    said = explained(reader.email.upper())
    assert "hears of the consultation" in said
    assert "Sent: deadline_coming" in said
    assert "the mail server took it 2025-11-05 09:00:00 UTC" in said
    assert "This person wants no e-mails about this consultation." in explained(muted.email)
    assert "nothing is sent to it" in explained(gone.email)
    assert "The address is suppressed" in explained(gone.email)
    said = explained(stranger.email)
    assert "does not hear" in said
    assert "Messages about it: none" in said
    assert "No account has this address." in explained("nobody@example.org", consultation.code)
    with pytest.raises(CommandError):
        explained(reader.email, "NO/1")
