"""Digests: what waits, when it comes, and that each item comes once whatever people choose in between."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.alerts import Rhythm
from accounts.models import User
from accounts.record import By
from consultations import announcing, following, publishing, rhythms
from consultations.models import Follow
from notifications import outbox
from notifications.models import Notification, State
from notifications.refusal import NotAllowed, Refusal
from responses import digests, expecting, explaining, reconciling
from responses.models import Response
from tests.factories import (
    AuthorityFactory,
    OrganisationFactory,
    OutcomeFactory,
    ResponseFactory,
    TopicFactory,
    UserFactory,
    member,
    paper,
)

WEDNESDAY = datetime(2025, 10, 1, 12, 0, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
SOMEBODY = By(user=None, door="command")


def reader(rhythm=Rhythm.DAILY, **fields) -> User:
    return UserFactory(confirmed=True, rhythm=rhythm, **fields)


def following_body(rhythm=Rhythm.DAILY, **fields):
    body, person = AuthorityFactory(), reader(rhythm, **fields)
    following.follow(user=person, target=body, now=WEDNESDAY - timedelta(days=30))
    return body, person


def opening(body, now, **fields):
    made = paper(published_at=now, **{"closes_at": now + timedelta(days=90), **fields})
    made.consultationauthority_set.create(authority=body)
    announcing.announce_opening(consultation=made, now=now)
    return made


def outcome_of(papers, now, **fields):
    made = OutcomeFactory(published_at=now, **fields)
    made.consultations.set(papers)
    announcing.announce_outcome(outcome=made, now=now)
    return made


def post(kind, **of):
    return list(Notification.objects.filter(kind=kind, **of).order_by("pk"))


def at(day: int, hour: int, minute: int = 0, month: int = 10) -> datetime:
    return datetime(2025, month, day, hour, minute, tzinfo=LONDON).astimezone(UTC)


def sent(now) -> list:
    """The digests that go out now."""
    mail.outbox.clear()
    digests.queue_due(now)
    outbox.deliver(now=now)
    return [letter for letter in mail.outbox if letter.subject.startswith("Digest")]


# --- When -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("rhythm", "zone", "holidays", "now", "expected"),
    [
        (Rhythm.DAILY, "Europe/London", "", at(1, 8, 59), at(1, 9)),
        (Rhythm.DAILY, "Europe/London", "", at(1, 9), at(2, 9)),
        (Rhythm.DAILY, "Europe/London", "", at(3, 10), at(6, 9)),  # Friday: Monday
        (Rhythm.DAILY, "Europe/London", "", at(24, 10), datetime(2025, 10, 27, 9, tzinfo=UTC)),  # the clocks go back
        (Rhythm.WEEKLY, "Europe/London", "", at(1, 12), at(6, 9)),
        (Rhythm.WEEKLY, "Europe/London", "", at(6, 9), at(13, 9)),
        (Rhythm.WEEKLY, "America/New_York", "", at(6, 9), datetime(2025, 10, 6, 13, tzinfo=UTC)),
        (Rhythm.WEEKLY, "America/New_York", "", at(8, 9), datetime(2025, 10, 14, 13, tzinfo=UTC)),  # Columbus Day
        (Rhythm.WEEKLY, "America/New_York", "none", at(8, 9), datetime(2025, 10, 13, 13, tzinfo=UTC)),
        (Rhythm.DAILY, "Asia/Tokyo", "", at(2, 23), datetime(2025, 10, 3, 0, tzinfo=UTC)),
        (Rhythm.DAILY, "Europe/London", "", at(24, 12, month=12), at(29, 9, month=12)),
    ],
)  # fmt: skip
def test_a_digest_comes_at_nine_of_a_day_that_its_reader_works(rhythm, zone, holidays, now, expected):
    assert rhythms.moment_after(now, rhythm, zone, holidays) == expected


# --- What waits and what does not -------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_news_waits_for_the_digest_and_comes_together(freeze):
    freeze(WEDNESDAY)
    body, person = following_body()
    first = opening(body, WEDNESDAY, title="First paper")
    outcome_of([first], WEDNESDAY + timedelta(hours=1), reference="PS1")
    second = opening(body, WEDNESDAY + timedelta(hours=2), title="Second paper")
    soon = opening(body, WEDNESDAY + timedelta(hours=2), title="Closing soon", closes_at=at(9, 17))
    assert {row.state for row in Notification.objects.all()} == {State.KEPT}
    assert expecting.digests(person=person) == [(at(2, 9), 4)]
    assert sent(at(2, 8, 59)) == []

    (letter,) = sent(at(2, 9))

    assert letter.to == [person.email]
    assert letter.subject == "Digest of 2 October 2025: 3 opened, 1 outcome"
    for words in (first.title, second.title, soon.title, "PS1", "YOUR DEADLINES OF THE NEXT 14 DAYS"):
        assert words in letter.body
    assert letter.body.count("Closing soon") == 2
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert {row.state for row in post("consultation_opened")} == {State.SKIPPED}
    explained = "\n".join(explaining.explain(address=person.email, consultation=first, now=at(2, 10)))
    assert "It went into a digest." in explained
    assert letter.subject in explained
    assert sent(at(3, 9)) == []


@pytest.mark.django_db
def test_moved_deadlines_withdrawals_and_reminders_do_not_wait(freeze):
    freeze(WEDNESDAY)
    body, person = following_body(Rhythm.WEEKLY)
    made = opening(body, WEDNESDAY)
    publishing.extend_deadline(
        deadline=made.deadlines.get(), closes_at=WEDNESDAY + timedelta(days=99), reason="Asked for.", by=SOMEBODY
    )
    publishing.withdraw(consultation=made, reason="Not needed.", by=SOMEBODY)
    assert {row.state for row in post("deadline_extended") + post("consultation_withdrawn")} == {State.PENDING}
    (kept,) = post("consultation_opened")
    assert (kept.state, kept.due_at) == (State.KEPT, at(6, 9))
    assert sent(at(6, 9)) == []
    (digest,) = post("digest")
    assert (digest.state, digest.reason) == (
        State.SKIPPED,
        "Nothing that was kept for it is wanted or public any more.",
    )
    assert person.email == digest.address


@pytest.mark.django_db
def test_the_soonest_rhythm_of_what_brings_a_paper_holds(freeze):
    freeze(WEDNESDAY)
    body, topic = AuthorityFactory(), TopicFactory()
    people = {rhythm: reader(rhythm) for rhythm in Rhythm}
    mixed, silenced = reader(Rhythm.NEVER), reader(Rhythm.AT_ONCE)
    for person in (*people.values(), mixed, silenced):
        following.follow(user=person, target=body, now=WEDNESDAY)
    own = following.follow(user=mixed, target=topic, now=WEDNESDAY)
    rhythms.choose_for(follow=own, rhythm="daily", by=By(user=mixed, door="page"), now=WEDNESDAY)
    only = Follow.objects.get(user=silenced)
    rhythms.choose_for(follow=only, rhythm="never", by=By(user=silenced, door="page"), now=WEDNESDAY)
    made = paper(published_at=WEDNESDAY)
    made.consultationauthority_set.create(authority=body)
    made.topics.add(topic)
    announcing.announce_opening(consultation=made, now=WEDNESDAY)

    rows = {row.address: (row.state, row.due_at) for row in post("consultation_opened")}
    assert rows == {
        people[Rhythm.AT_ONCE].email: (State.PENDING, WEDNESDAY),
        people[Rhythm.DAILY].email: (State.KEPT, at(2, 9)),
        mixed.email: (State.KEPT, at(2, 9)),
        people[Rhythm.WEEKLY].email: (State.KEPT, at(6, 9)),
    }


@pytest.mark.django_db
def test_an_outcome_of_several_papers_comes_once_and_at_once_where_one_of_them_does(freeze):
    freeze(WEDNESDAY)
    body, person = following_body()
    first, second = (opening(body, WEDNESDAY) for _ in range(2))
    row = following.follow(user=person, target=second, now=WEDNESDAY)
    rhythms.choose_for(follow=row, rhythm="at_once", by=By(user=person, door="page"), now=WEDNESDAY)
    outcome_of([first, second], WEDNESDAY)
    assert [row.state for row in post("outcome_published")] == [State.PENDING]


# --- What is left of it when it goes ----------------------------------------------------------------------------------
@pytest.mark.django_db
def test_what_was_muted_or_refused_since_is_left_out_and_the_address_is_asked_again(freeze, client):
    freeze(WEDNESDAY)
    body, person = following_body()
    wanted, muted = opening(body, WEDNESDAY, title="Wanted"), opening(body, WEDNESDAY, title="Muted")
    following.mute(user=person, consultation=muted, now=WEDNESDAY)
    (letter,) = sent(at(2, 9))
    assert ("Wanted" in letter.body, "Muted" in letter.body) == (True, False)

    opening(body, at(2, 10))
    link = letter.extra_headers["List-Unsubscribe"].strip("<>")
    page = "/" + link.split("/", 3)[3]
    assert client.get(page).status_code == 200
    person.refresh_from_db()
    assert person.rhythm == Rhythm.DAILY
    assert [client.post(page).status_code for _ in range(2)] == [200, 200]
    person.refresh_from_db()
    assert (person.rhythm, following.hears(user=person, consultation=wanted)) == (Rhythm.NEVER, True)
    assert sent(at(3, 9)) == []
    for bad in ("x", following.unsubscribe_token(user=person, consultations=[wanted])):
        assert client.post(reverse("consultations:end_digests", args=[bad])).status_code == 400

    opening(body, at(3, 10))
    assert not post("consultation_opened", state=State.KEPT)


@pytest.mark.django_db
def test_somebody_who_is_gone_or_whose_address_changed_gets_no_digest(freeze):
    freeze(WEDNESDAY)
    body, gone = following_body()
    moved = reader()
    following.follow(user=moved, target=body, now=WEDNESDAY)
    opening(body, WEDNESDAY)
    gone.delete()
    User.objects.filter(pk=moved.pk).update(email="unconfirmed@example.org")
    assert sent(at(2, 9)) == []
    assert [row.state for row in post("digest")] == [State.SKIPPED, State.SKIPPED]


@pytest.mark.django_db
def test_deadlines_of_what_one_works_on_are_in_it_and_nobody_elses(freeze):
    freeze(WEDNESDAY)
    body, person = following_body()
    firm = OrganisationFactory()
    member(firm, "drafter")
    firm.memberships.create(user=person, role="drafter")
    mine, others = paper(title="Worked on", closes_at=at(7, 17)), paper(title="Another", closes_at=at(7, 17))
    ResponseFactory(organisation=firm, consultation=mine)
    ResponseFactory(consultation=others)
    opening(body, WEDNESDAY)
    (letter,) = sent(at(2, 9))
    assert ("Worked on" in letter.body, "Another" in letter.body) == (True, False)
    assert Response.objects.count() == 2


@pytest.mark.django_db
def test_a_digest_asks_as_often_for_three_items_as_for_one(freeze, django_assert_num_queries):
    freeze(WEDNESDAY)
    counts = []
    for items in (1, 3):
        body, _ = following_body()
        papers = [opening(body, WEDNESDAY, closes_at=at(9, 17)) for _ in range(items)]
        for made in papers:
            outcome_of([made], WEDNESDAY)
        digests.queue_due(at(2, 9))
        row = post("digest")[-1]
        with django_assert_num_queries(10) as asked:
            digests.digest(row, at(2, 9))
        counts.append(len(asked))
    assert counts[0] == counts[1]


@pytest.mark.django_db
def test_a_digest_that_planning_forgot_is_missing_to_the_comparison(freeze):
    freeze(WEDNESDAY)
    body, _ = following_body()
    opening(body, WEDNESDAY)
    found = reconciling.reconcile(at(2, 9, 30))
    assert [kind for kind, _, _ in found.missing] == ["digest"]
    assert [row.state for row in post("consultation_opened")] == [State.KEPT]


@pytest.mark.django_db
def test_nobody_chooses_for_another(freeze):
    freeze(WEDNESDAY)
    _, person = following_body()
    follow, other = Follow.objects.get(), reader()
    with pytest.raises(NotAllowed):
        rhythms.choose_for(follow=follow, rhythm="daily", by=By(user=other, door="page"), now=WEDNESDAY)
    for refused in ("hourly", "\x00"):
        with pytest.raises(Refusal):
            rhythms.choose(user=person, rhythm=refused, by=By(user=person, door="page"), now=WEDNESDAY)


# --- Nothing lost and nothing twice, whatever is chosen and whenever something runs -----------------------------------
STEPS = st.lists(
    st.tuples(st.integers(1, 70), st.sampled_from(["open", "outcome", "plan", "plan", *Rhythm.values])),
    min_size=4, max_size=10,
)  # fmt: skip


class TestOnce(TestCase):
    @settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
    @given(STEPS)
    def test_each_item_comes_once_and_not_before_its_moment(self, steps):
        now, self.seen = WEDNESDAY, 0
        body, person = following_body(Rhythm.AT_ONCE)
        by = By(user=person, door="page")
        chosen, due, told, answered = Rhythm.AT_ONCE, {}, [], paper(announced_at=now)
        answered.consultationauthority_set.create(authority=body)
        for hours, what in steps:
            now += timedelta(hours=hours)
            if what in Rhythm.values:
                chosen = Rhythm(what)
                rhythms.choose(user=person, rhythm=what, by=by, now=now)
            elif what == "plan":
                told += self.told(now)
            else:
                item = opening(body, now) if what == "open" else outcome_of([answered], now)
                due[item._meta.model_name, item.pk] = moment_of(chosen, now)
        for end in (now + timedelta(days=10), now + timedelta(days=20)):
            told += self.told(end)

        assert sorted(item for item, _ in told) == sorted(item for item, moment in due.items() if moment)
        assert all(moment >= due[item] for item, moment in told)

    def told(self, now):
        """What has come to be owed since, by itself or in a digest; two planners run."""
        for _ in range(2):
            digests.queue_due(now)
        new = Notification.objects.filter(pk__gt=self.seen, state=State.PENDING).order_by("pk")
        alone = [row for row in new if row.kind != digests.KIND]
        together = Notification.objects.filter(pk__in=[pk for row in new for pk in row.payload.get("rows", [])])
        assert sum(len(row.payload.get("rows", [])) for row in new) == together.count()
        self.seen = max([self.seen, *(row.pk for row in new)])
        return [(item_of(row), row.due_at) for row in alone] + [(item_of(row), now) for row in together]


def item_of(row):
    about = row.payload
    return ("outcome", about["outcome"]) if "outcome" in about else ("consultation", about["consultation"])


def moment_of(chosen: Rhythm, now: datetime) -> datetime | None:
    """Written apart from the code: look for the next nine o'clock that fits, hour by hour."""
    if chosen == Rhythm.AT_ONCE:
        return now
    if chosen == Rhythm.NEVER:
        return None
    day = now.astimezone(LONDON).date()
    while True:
        nine = datetime.combine(day, time(9), LONDON)
        if (
            nine > now
            and day.weekday() < 5
            and (chosen == Rhythm.DAILY or day.weekday() == 0)
            and day != date(2025, 12, 25)
        ):
            return nine.astimezone(UTC)
        day += timedelta(days=1)
