"""responses/reminders.py: the right people, at the right hour where the deadline is, once, and nothing stale."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.models import Role
from accounts.record import By
from consultations import following, publishing
from notifications import outbox
from notifications.models import Notification
from responses import moments, reminders, reminding
from responses.models import Answer, Planning, State
from tests.factories import (
    AnswerFactory,
    AuthorityFactory,
    ConsultationFactory,
    DeadlineFactory,
    OrganisationFactory,
    QuestionFactory,
    ResponseFactory,
    SectionFactory,
    TopicFactory,
    UserFactory,
    member,
    paper,
    paper_with_two_deadlines,
    question,
    submit_row,
)
from tests.live import body_of

pytestmark = pytest.mark.django_db

LONDON = ZoneInfo("Europe/London")
SECOND = timedelta(seconds=1)
CLOSES = datetime(2025, 11, 12, 23, 59, 59, tzinfo=UTC)
WEEK_BEFORE = datetime(2025, 11, 5, 9, 0, tzinfo=UTC)


@pytest.fixture
def consultation(freeze):
    """Open since September; closes at the end of 12 November 2025 in London; three questions."""
    freeze(datetime(2025, 9, 17, 8, 0, tzinfo=UTC))
    return paper(closes_at=CLOSES, published_at=datetime(2025, 9, 17, 8, 0, tzinfo=UTC), reference="DEMO25/25")


def follower(consultation, **fields):
    user = UserFactory(confirmed=True, **fields)
    following.follow(user=user, target=consultation)
    return user


def owed() -> set[tuple[str, int]]:
    """Who is owed a reminder, and of which day."""
    rows = Notification.objects.filter(kind="deadline_coming").exclude(state="skipped")
    return {(row.address, int(row.payload["lead"].removesuffix("d"))) for row in rows}


def due(now: datetime) -> set[tuple[str, int]]:
    """What this sweep added."""
    before = owed()
    reminders.queue_due(now)
    return owed() - before


def deliver(now: datetime) -> None:
    outbox.deliver(now=now, worker="test")


# --- When -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("days", "moment"),
    [
        (14, datetime(2025, 10, 29, 9, 0, tzinfo=UTC)),
        (7, datetime(2025, 11, 5, 9, 0, tzinfo=UTC)),
        (2, datetime(2025, 11, 10, 9, 0, tzinfo=UTC)),
        (0, datetime(2025, 11, 12, 9, 0, tzinfo=UTC)),
    ],
)
def test_each_is_owed_at_its_moment_and_not_a_second_before(consultation, days, moment):
    user = follower(consultation, leads=[f"{days}d"])

    assert due(moment - SECOND) == set()
    assert due(moment) == {(user.email, days)}
    assert due(moment) == set()
    assert due(moment + timedelta(hours=5)) == set()


@pytest.mark.parametrize(
    ("zone", "closes", "days", "moment"),
    [
        # London left summer time on 26 October 2025, New York on 2 November.
        ("Europe/London", "2025-10-30 17:00:00", 7, datetime(2025, 10, 23, 8, 0, tzinfo=UTC)),
        ("Europe/London", "2025-10-30 17:00:00", 2, datetime(2025, 10, 28, 9, 0, tzinfo=UTC)),
        ("America/New_York", "2025-11-07 23:59:00", 7, datetime(2025, 10, 31, 13, 0, tzinfo=UTC)),
        ("America/New_York", "2025-11-07 23:59:00", 2, datetime(2025, 11, 5, 14, 0, tzinfo=UTC)),
    ],
)
def test_the_hour_is_nine_where_the_deadline_is_across_a_change_of_clocks(freeze, zone, closes, days, moment):
    freeze(datetime(2025, 9, 1, tzinfo=UTC))
    consultation = ConsultationFactory()
    instant = datetime.fromisoformat(closes).replace(tzinfo=ZoneInfo(zone))
    DeadlineFactory(consultation=consultation, closes_at=instant, time_zone=zone)
    user = follower(consultation, leads=[f"{days}d"], time_zone=zone)

    assert due(moment - SECOND) == set()
    assert due(moment) == {(user.email, days)}
    assert moment.astimezone(ZoneInfo(zone)).time() == time(9)


@pytest.mark.parametrize(
    ("closes", "last"),
    [
        ("2025-11-12 23:59:59", date(2025, 11, 12)),
        ("2025-11-12 17:00:00", date(2025, 11, 12)),
        ("2025-11-12 12:00:00", date(2025, 11, 12)),
        ("2025-11-12 11:59:00", date(2025, 11, 11)),
        ("2025-11-12 00:00:00", date(2025, 11, 11)),
    ],
)
def test_what_closes_in_the_morning_has_its_last_day_the_day_before(closes, last):
    instant = datetime.fromisoformat(closes).replace(tzinfo=LONDON)

    assert moments.last_day(instant, "Europe/London") == last
    assert instant - moments.base(closes_at=instant, time_zone="Europe/London", lead="0d") >= timedelta(hours=3)


@pytest.mark.parametrize(("after", "owes"), [(timedelta(0), True), (SECOND, False)])
def test_nothing_is_owed_once_the_deadline_has_passed(consultation, after, owes):
    user = follower(consultation)

    assert due(CLOSES + after) == ({(user.email, 0)} if owes else set())


def test_after_an_outage_only_the_nearest_goes(consultation):
    user = follower(consultation)
    assert due(datetime(2025, 10, 29, 9, 0, tzinfo=UTC)) == {(user.email, 14)}

    assert due(datetime(2025, 11, 11, 15, 0, tzinfo=UTC)) == {(user.email, 2)}
    assert due(datetime(2025, 11, 12, 9, 0, tzinfo=UTC)) == {(user.email, 0)}


def test_who_follows_late_gets_the_nearest_that_has_come(consultation):
    user = follower(consultation)

    assert due(datetime(2025, 11, 7, 15, 0, tzinfo=UTC)) == {(user.email, 7)}


def test_a_person_chooses_the_days(consultation):
    often, never = follower(consultation, leads=["30d", "1d"]), follower(consultation, leads=[])

    assert due(datetime(2025, 10, 13, 8, 0, tzinfo=UTC)) == {(often.email, 30)}
    assert due(datetime(2025, 11, 11, 9, 0, tzinfo=UTC)) == {(often.email, 1)}
    assert due(CLOSES) == set()
    assert not Notification.objects.filter(address=never.email).exists()


def test_the_news_of_an_opening_stands_for_the_reminders_before_it(freeze):
    opened = datetime(2025, 11, 7, 10, 0, tzinfo=UTC)
    freeze(opened)
    user = follower(paper(closes_at=CLOSES, published_at=opened))

    assert due(opened) == set()
    assert due(datetime(2025, 11, 10, 9, 0, tzinfo=UTC)) == {(user.email, 2)}


def test_a_moved_deadline_starts_afresh_and_the_old_reminder_is_passed_over(consultation, mailbox):
    user = follower(consultation)
    deadline = consultation.deadlines.get()
    assert due(WEEK_BEFORE) == {(user.email, 7)}

    later = datetime(2025, 11, 17, 23, 59, 59, tzinfo=UTC)
    publishing.extend_deadline(
        deadline=deadline,
        closes_at=later,
        reason="Requests for time.",
        by=By(user=None, door="command"),
        now=WEEK_BEFORE,
    )
    deliver(WEEK_BEFORE)
    moment = datetime(2025, 11, 10, 9, 0, tzinfo=UTC)
    assert reminders.queue_due(WEEK_BEFORE) == 0  # 14 days before the new date has passed: the news of the move said it
    assert reminders.queue_due(moment - SECOND) == 0
    assert reminders.queue_due(moment) == 1
    deliver(moment)

    assert [m["Subject"] for m in mailbox.messages()] == [
        "DEMO25/25: more time to respond",
        "DEMO25/25: 7 days left to respond",
    ]
    assert set(Notification.objects.values_list("payload__version", "state").filter(kind="deadline_coming")) == {
        (1, "skipped"),
        (2, "sent"),
    }


@pytest.mark.parametrize(
    "change",
    [
        {"withdrawn_at": WEEK_BEFORE, "withdrawal_reason": "Overtaken."},
        {"published_at": None},
        {"published_at": WEEK_BEFORE + SECOND},
        {"opens_at": WEEK_BEFORE + SECOND},
    ],
)
def test_a_paper_that_is_not_open_reminds_nobody(consultation, change):
    follower(consultation)
    type(consultation).objects.filter(pk=consultation.pk).update(**change)

    assert due(WEEK_BEFORE) == set()


def test_a_deadline_without_a_date_reminds_nobody(freeze):
    freeze(WEEK_BEFORE)
    consultation = ConsultationFactory()
    DeadlineFactory(consultation=consultation, closes_at=None)
    follower(consultation)

    assert due(WEEK_BEFORE) == set()


# --- Who --------------------------------------------------------------------------------------------------------------
def test_followers_of_paper_body_and_topic_and_members_who_may_draft_and_nobody_else(consultation):
    topic = TopicFactory()
    consultation.topics.add(topic)
    organisation = OrganisationFactory()
    ResponseFactory(consultation=consultation, organisation=organisation)
    expected = {follower(target).email for target in (consultation, consultation.authorities.get(), topic)}
    expected |= {
        member(organisation, role, confirmed=True).email for role in (Role.ADMIN, Role.DRAFTER, Role.SUBMITTER)
    }
    # and none of these
    member(organisation, Role.READER, confirmed=True)
    member(organisation, Role.ADMIN)  # has not confirmed the address
    member(organisation, Role.ADMIN, confirmed=True, is_active=False)
    member(organisation, Role.ADMIN, confirmed=True, is_service=True)
    member(OrganisationFactory(), Role.ADMIN, confirmed=True)  # an organisation without a response
    follower(AuthorityFactory())
    UserFactory(confirmed=True)
    for muted in (follower(consultation), member(organisation, Role.ADMIN, confirmed=True)):
        following.mute(user=muted, consultation=consultation)

    assert due(WEEK_BEFORE) == {(address, 7) for address in expected}


def test_a_rehearsal_reminds_only_who_follows_it_or_works_on_it(consultation):
    type(consultation).objects.filter(pk=consultation.pk).update(is_rehearsal=True)
    direct = follower(consultation)
    follower(consultation.authorities.get())

    assert due(WEEK_BEFORE) == {(direct.email, 7)}


def test_an_organisation_that_has_filed_is_left_in_peace_and_a_draft_or_withdrawn_one_is_not(consultation):
    filed, draft, withdrawn = (OrganisationFactory() for _ in range(3))
    in_filed = member(filed, confirmed=True)
    in_draft, in_withdrawn = member(draft, confirmed=True), member(withdrawn, confirmed=True)
    for organisation in (filed, withdrawn):
        submit_row(ResponseFactory(consultation=consultation, organisation=organisation))
    ResponseFactory(consultation=consultation, organisation=draft)
    withdrawn.responses.update(state=State.WITHDRAWN, withdrawn_at=WEEK_BEFORE, withdrawal_reason="Again later.")
    following.follow(user=in_filed, target=consultation)

    assert due(WEEK_BEFORE) == {(in_draft.email, 7), (in_withdrawn.email, 7)}


def test_who_works_for_two_organisations_is_reminded_until_both_have_filed(consultation):
    first, second = OrganisationFactory(), OrganisationFactory()
    user = member(first, confirmed=True)
    second.memberships.create(user=user, role=Role.DRAFTER)
    submit_row(ResponseFactory(consultation=consultation, organisation=first))
    response = ResponseFactory(consultation=consultation, organisation=second)
    assert due(WEEK_BEFORE) == {(user.email, 7)}

    submit_row(response)

    assert due(datetime(2025, 11, 10, 9, 0, tzinfo=UTC)) == set()


def two_deadlines(filed_sections: list[str], freeze):
    """A paper in the shape of CP25/25, and a member of a firm whose submission answers these sections."""
    freeze(datetime(2025, 9, 20, tzinfo=UTC))
    consultation = paper_with_two_deadlines()
    organisation = OrganisationFactory()
    user = member(organisation, confirmed=True)
    response = ResponseFactory(consultation=consultation, organisation=organisation)
    sections = [{"id": row.pk, "questions": []} for row in consultation.sections.filter(number__in=filed_sections)]
    submit_row(response, content={"sections": sections, "files": [], "left_out": []})
    return consultation, user


@pytest.mark.parametrize(
    ("filed", "discussion", "chapters"),
    [(["6"], False, True), (["2"], True, False), (["2", "7"], False, False), ([], True, True)],
)
def test_with_two_deadlines_what_counts_is_what_was_filed_under_each(freeze, filed, discussion, chapters):
    _, user = two_deadlines(filed, freeze)

    assert due(datetime(2025, 10, 8, 9, 0, tzinfo=UTC)) == ({(user.email, 7)} if discussion else set())
    Notification.objects.all().delete()
    assert due(WEEK_BEFORE) == ({(user.email, 7)} if chapters else set())


@pytest.mark.parametrize("filed", [["6"], ["2"], ["2", "7"], []])
def test_planning_and_sending_agree_on_what_is_covered(freeze, filed):
    consultation, user = two_deadlines(filed, freeze)
    for deadline in consultation.deadlines.all():
        planned = due(moments.base(closes_at=deadline.closes_at, time_zone=deadline.time_zone, lead="7d"))
        assert bool(planned) == bool(reminding.unfinished(deadline, user))
        Notification.objects.all().delete()


def test_any_submission_covers_a_deadline_that_has_no_questions(freeze):
    consultation, _ = two_deadlines(["2"], freeze)
    DeadlineFactory(consultation=consultation, label="Replies to the cost survey", closes_at=CLOSES)

    assert due(WEEK_BEFORE) == set()


# --- What it says -----------------------------------------------------------------------------------------------------
def test_a_follower_without_a_response_is_told_plainly(consultation, mailbox, settings):
    user = follower(consultation, time_zone="America/New_York")
    reminders.queue_due(WEEK_BEFORE)
    deliver(WEEK_BEFORE)

    (message,) = mailbox.wait_for(1)
    assert (message["To"], message["Subject"]) == (user.email, "DEMO25/25: 7 days left to respond")
    for kind in ("plain", "html"):
        text = body_of(message, kind)
        assert "11:59pm on 12 November 2025, UK time (6:59pm on 12 November 2025, Eastern Time)" in text
        assert "You have not started a response." in text
        assert f"{settings.SITE_URL}/consultations/{consultation.code}/" in text
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Auto-Submitted"] == "auto-generated"


def test_a_draft_is_told_how_far_it_is_under_this_deadline_and_no_word_of_it(freeze, mailbox):
    freeze(datetime(2025, 9, 20, tzinfo=UTC))
    consultation = paper_with_two_deadlines()
    response = ResponseFactory(consultation=consultation)
    user = member(response.organisation, Role.DRAFTER, confirmed=True)
    AnswerFactory(response=response, question=question(consultation, "2.1"), text="Very secret views")
    AnswerFactory(response=response, question=question(consultation, "3.1"), text="", selected=["Second"])
    AnswerFactory(response=response, question=question(consultation, "3.3"), text=" ")  # nothing yet
    AnswerFactory(response=response, question=question(consultation, "6.1"), text="Of the other deadline")
    reminders.queue_due(WEEK_BEFORE)
    deliver(WEEK_BEFORE)

    (message,) = mailbox.wait_for(1)
    assert message["To"] == user.email
    assert message["Subject"] == "DEMO25/25: 7 days left to respond (Consultation: chapters 1-5)"
    for kind in ("plain", "html"):
        text = body_of(message, kind)
        assert "2 of 6 questions answered, not submitted yet." in text  # 2.3 is asked only after a No to 2.2
        assert response.organisation.name in text
        assert "Very secret" not in text
        assert "Second" not in text


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (datetime(2025, 10, 29, 9, 0, tzinfo=UTC), "14 days left"),
        (datetime(2025, 11, 11, 9, 0, tzinfo=UTC), "One day left"),
        (datetime(2025, 11, 12, 9, 0, tzinfo=UTC), "Last day"),
    ],
)
def test_it_says_the_time_that_is_left_when_it_goes_out(consultation, now, words):
    assert reminding.time_left(consultation.deadlines.get(), now) == words


def test_two_reminders_held_up_by_an_outage_become_one(consultation, mailbox):
    user = follower(consultation)
    reminders.queue_due(WEEK_BEFORE)
    now = datetime(2025, 11, 10, 9, 30, tzinfo=UTC)
    reminders.queue_due(now)

    deliver(now)

    assert owed() == {(user.email, 2)}
    assert [m["Subject"] for m in mailbox.messages()] == ["DEMO25/25: 2 days left to respond"]


def submitted(consultation, user):
    submit_row(consultation.responses.get())


def muted(consultation, user):
    following.mute(user=user, consultation=consultation)


def withdrawn(consultation, user):
    publishing.withdraw(consultation=consultation, reason="Overtaken.", by=By(user=None, door="task"), now=WEEK_BEFORE)


def left(consultation, user):
    user.memberships.all().delete()


def made_a_reader(consultation, user):
    user.memberships.update(role=Role.READER)


def unconfirmed(consultation, user):
    user.emailaddress_set.update(verified=False)


def wants_none(consultation, user):
    user.leads = []
    user.save()


@pytest.mark.parametrize("event", [submitted, muted, withdrawn, left, made_a_reader, unconfirmed, wants_none])
def test_what_has_changed_since_it_was_queued_is_respected_as_it_goes_out(consultation, mailbox, event):
    response = ResponseFactory(consultation=consultation)
    user = member(response.organisation, confirmed=True)
    assert due(WEEK_BEFORE) == {(user.email, 7)}

    event(consultation, user)
    deliver(WEEK_BEFORE)

    row = Notification.objects.get(kind="deadline_coming")
    assert row.state == "skipped"
    assert row.reason
    assert not [m for m in mailbox.messages() if "left to respond" in m["Subject"]]


def test_a_reminder_held_up_past_the_deadline_is_not_sent(consultation, mailbox):
    follower(consultation)
    now = datetime(2025, 11, 12, 9, 0, tzinfo=UTC)
    reminders.queue_due(now)

    deliver(CLOSES + SECOND)

    assert Notification.objects.get().state == "skipped"
    assert mailbox.messages() == []


# --- Cost -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("count", [1, 3])
def test_any_number_of_people_and_deadlines_takes_as_many_statements(consultation, count, django_assert_num_queries):
    for _ in range(count):
        follower(consultation)
        organisation = OrganisationFactory()
        member(organisation, confirmed=True)
        ResponseFactory(consultation=consultation, organisation=organisation)
        other = SectionFactory(consultation=consultation, deadline__closes_at=CLOSES)
        QuestionFactory(section=other)

    # in a savepoint and its release: since when, the deadlines, what people and follows chose, what is owed, until when
    Planning.objects.create(of=Planning.REMINDERS, until=WEEK_BEFORE - SECOND)
    with django_assert_num_queries(8):
        reminders.queue_due(WEEK_BEFORE)
    assert Notification.objects.count() == 2 * count * (1 + count)
    assert not Answer.objects.exists()
