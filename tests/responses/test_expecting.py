"""The page of what will come says exactly what then comes."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from accounts.models import Role
from accounts.record import By
from consultations import following
from consultations.models import DeadlineChange, Follow
from notifications.models import Notification
from responses import expecting, reminders
from tests.factories import (
    AuthorityFactory,
    DeadlineFactory,
    OrganisationFactory,
    ResponseFactory,
    UserFactory,
    member,
    paper,
    submit_row,
)
from tests.responses.pages import signed_in

pytestmark = pytest.mark.django_db
NOW = datetime(2025, 10, 20, 10, 7, tzinfo=UTC)
OPENED = datetime(2025, 10, 1, 8, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def world(freeze):
    """A drafter of a firm in New York who follows in four ways, and papers that close over two changes of clocks."""
    freeze(NOW)
    body = AuthorityFactory(slug="one")
    firm = OrganisationFactory()
    user = member(
        firm, Role.DRAFTER, confirmed=True, leads=["14d", "5w", "1d", "0d", "3h"], time_zone="America/New_York"
    )
    by = By(user=user, door="page")
    fields = {"published_at": OPENED, "announced_at": OPENED}
    first = paper(authorities=[body], closes_at=datetime(2025, 10, 27, 23, 59, 59, tzinfo=UTC), **fields)
    DeadlineFactory(consultation=first, label="Discussion", closes_at=datetime(2025, 11, 9, 23, 59, tzinfo=UTC))
    second = paper(closes_at=datetime(2025, 11, 4, 17, 0, tzinfo=UTC), title="On tallow candles", **fields)
    filed = paper(closes_at=datetime(2025, 10, 31, 17, 0, tzinfo=UTC), **fields)
    muted = paper(authorities=[body], closes_at=datetime(2025, 10, 30, 17, 0, tzinfo=UTC), **fields)
    paper(closes_at=datetime(2025, 10, 30, 17, 0, tzinfo=UTC), **fields)  # nobody's
    following.follow_for(organisation=firm, target=body, by=by, now=NOW)
    row = following.follow(user=user, target=first, now=OPENED)
    following.choose_leads(follow=row, leads=["2d", "10h"], by=by)
    following.follow(user=user, target=Follow(words="tallow", kind=second.kind), now=NOW)
    submit_row(ResponseFactory(consultation=filed, organisation=firm))
    following.mute(user=user, consultation=muted, now=NOW)
    return user, first, second, filed


def test_what_it_says_is_what_comes_to_the_minute(world, freeze):
    user, first, second, filed = world
    listed = expecting.expected(person=user, now=NOW)
    assert [(row.deadline.consultation, row.finished, bool(row.reminders)) for row in listed] == [
        (first, False, True), (filed, True, False), (second, False, True), (first, False, True),
    ]  # fmt: skip
    said = {(row.deadline.pk, max(each.at, NOW)) for row in listed for each in row.reminders}
    assert len(said) > 10
    assert (first.deadlines.get(label="Responses").pk, datetime(2025, 10, 27, 13, 0, tzinfo=UTC)) in said  # 0d: 9am

    came = set()
    for step in sorted({NOW, *(at + by for _, at in said for by in (-MINUTE, timedelta(0))),
                        *(NOW + n * 60 * HOUR for n in range(9))}):  # fmt: skip
        if step >= NOW:
            reminders.queue_due(step)
    for row in Notification.objects.filter(address=user.email):
        came.add((row.payload["deadline"], row.due_at))
        assert row.state == "pending"
    assert came == said


def test_it_says_what_became_of_those_before(world, freeze):
    user, *_ = world
    freeze(datetime(2025, 10, 28, 14, 0, tzinfo=UTC))
    reminders.queue_due(datetime(2025, 10, 27, 18, 0, tzinfo=UTC))
    Notification.objects.filter(address=user.email).update(state="sent", sent_at=NOW)
    reminders.queue_due(datetime(2025, 10, 30, 12, 0, tzinfo=UTC))

    later = paper(
        closes_at=None, published_at=OPENED, opens_at=datetime(2025, 11, 20, 9, 0, tzinfo=UTC), title="Tallow"
    )
    following.follow(user=user, target=later)

    page = signed_in(user).get(reverse("responses:expected"))
    assert 'href="/alerts/" aria-current="true"' in page.content.decode()
    text = page.content.decode()
    assert "4:00am on 20 November 2025, Eastern Time" in text
    assert "Sent 6:07am on 20 October 2025, Eastern Time" in text
    assert "Will come" in text
    assert f"(for {user.organisations.get()})" in text

    Notification.objects.update(state="skipped", reason="A trial reason.")
    assert "Not sent. A trial reason." in signed_in(user).get(reverse("responses:expected")).content.decode()


def test_an_outage_is_written_down_for_whom_it_touched(world):
    user, _, second, _ = world
    late = UserFactory(confirmed=True, leads=["5w", "1d"])
    before, after = datetime(2025, 10, 27, 8, 0, tzinfo=UTC), datetime(2025, 11, 3, 15, 0, tzinfo=UTC)
    reminders.queue_due(before)
    following.follow(user=late, target=second, now=after - HOUR)
    reminders.queue_due(after)

    of_second = Notification.objects.filter(payload__deadline=second.deadlines.get().pk, created_at__isnull=False)
    assert {(r.address, r.payload["lead"], r.state) for r in of_second if r.due_at > before} == {
        (user.email, "5w", "skipped"), (user.email, "1d", "pending"), (late.email, "1d", "pending"),
    }  # fmt: skip
    row = of_second.get(address=user.email, state="skipped")
    assert (row.due_at, row.reason) == (datetime(2025, 10, 28, 13, 0, tzinfo=UTC), reminders.OUTAGE)
    assert reminders.queue_due(after + MINUTE) == 0


def test_a_nearer_one_that_came_is_not_followed_by_a_longer_one(world):
    _, _, second, _ = world
    after = datetime(2025, 11, 3, 15, 0, tzinfo=UTC)
    other = UserFactory(confirmed=True, leads=["5w", "1d"])
    following.follow(user=other, target=second, now=after)
    reminders.queue_due(after)
    other.leads = ["5w"]
    other.save()

    assert reminders.queue_due(after + MINUTE) == 0
    (line,) = expecting.expected(person=other, now=after + MINUTE)
    assert line.reminders == []


def test_a_move_starts_afresh(world):
    user, _, second, _ = world
    deadline = second.deadlines.get()
    old, deadline.version, deadline.closes_at = deadline.closes_at, 2, datetime(2025, 12, 12, 17, 0, tzinfo=UTC)
    deadline.save()
    DeadlineChange.objects.create(
        deadline=deadline, old_closes_at=old, new_closes_at=deadline.closes_at, reason="Time.", version=2,
        changed_at=NOW - HOUR,
    )  # fmt: skip
    (line,) = [row for row in expecting.expected(person=user, now=NOW) if row.deadline == deadline]
    assert [each.at for each in line.reminders][:1] == [datetime(2025, 11, 28, 14, 0, tzinfo=UTC)]


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_asks_as_often_for_any_number_of_rows(world, count, django_assert_num_queries):
    user, *_ = world
    for _ in range(count):
        following.follow(user=user, target=paper(published_at=OPENED, closes_at=NOW + timedelta(days=20)))
    client = signed_in(user)
    client.get(reverse("responses:expected"))
    with django_assert_num_queries(9):
        client.get(reverse("responses:expected"))


def test_who_never_confirmed_the_address_is_told_so(world):
    user, *_ = world
    user.emailaddress_set.update(verified=False)
    text = signed_in(user).get(reverse("responses:expected")).content.decode()
    assert "confirm the address first" in text
    assert "Will come" not in text
