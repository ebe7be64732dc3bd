"""consultations/following.py: who hears of what, and that each hears it once."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from accounts.record import By
from consultations import announcing, following, publishing
from consultations.models import Consultation, Follow
from notifications import outbox
from notifications.models import Notification, State
from notifications.refusal import Refusal
from tests.factories import (
    AuthorityFactory,
    ConsultationFactory,
    DeadlineChangeFactory,
    DeadlineFactory,
    FollowFactory,
    OutcomeFactory,
    StaffFactory,
    TopicFactory,
    UserFactory,
    paper,
)
from tests.live import body_of

pytestmark = pytest.mark.django_db

NOW = datetime(2025, 10, 1, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def today(freeze):
    return freeze(NOW)


def person(**fields):
    return UserFactory(confirmed=True, **fields)


def told(kind: str) -> set[str]:
    return set(Notification.objects.filter(kind=kind).values_list("address", flat=True))


# --- Who hears --------------------------------------------------------------------------------------------------------
def test_followers_are_those_of_the_paper_its_bodies_and_its_topics_less_the_muted():
    body, topic = AuthorityFactory(), TopicFactory()
    consultation = ConsultationFactory(authorities=[body])
    consultation.topics.add(topic)
    direct, by_body, by_topic, twice, muted, stranger = (person() for _ in range(6))
    following.follow(user=direct, target=consultation)
    following.follow(user=by_body, target=body)
    following.follow(user=by_topic, target=topic)
    following.follow(user=twice, target=body)
    following.follow(user=twice, target=consultation)
    following.follow(user=muted, target=body)
    following.mute(user=muted, consultation=consultation)
    following.follow(user=stranger, target=ConsultationFactory())
    following.follow(user=stranger, target=TopicFactory())

    found = list(following.followers_of(consultation))

    assert {user.pk for user in found} == {direct.pk, by_body.pk, by_topic.pk, twice.pk}
    assert len(found) == 4


def test_no_mail_to_the_unconfirmed_the_inactive_and_service_accounts():
    consultation = ConsultationFactory()
    unconfirmed = UserFactory()
    changed = person()
    changed.email = "moved@example.org"
    changed.save()
    for user in (unconfirmed, changed, person(is_active=False), person(is_service=True)):
        following.follow(user=user, target=consultation)

    assert not following.followers_of(consultation).exists()


def test_a_rehearsal_is_told_only_to_those_who_follow_it_itself():
    body = AuthorityFactory()
    rehearsal = ConsultationFactory(authorities=[body], is_rehearsal=True)
    direct, by_body = person(), person()
    following.follow(user=direct, target=rehearsal)
    following.follow(user=by_body, target=body)

    assert set(following.followers_of(rehearsal)) == {direct}


def test_unfollowing_a_paper_silences_it_even_for_who_follows_its_body():
    body = AuthorityFactory()
    consultation = ConsultationFactory(authorities=[body])
    user = person()
    following.follow(user=user, target=body)
    following.unfollow(user=user, target=consultation)
    assert not following.hears(user=user, consultation=consultation)

    following.follow_all(users=[user], consultation=consultation)
    assert not following.hears(user=user, consultation=consultation)

    following.follow(user=user, target=consultation)
    assert following.hears(user=user, consultation=consultation)
    assert Follow.objects.filter(user=user, consultation=consultation, muted=False).exists()


def test_following_twice_and_unfollowing_a_body_twice_change_nothing():
    body, user = AuthorityFactory(), person()
    following.follow(user=user, target=body)
    following.follow(user=user, target=body)
    assert Follow.objects.count() == 1
    following.unfollow(user=user, target=body)
    following.unfollow(user=user, target=body)
    assert not Follow.objects.exists()


# --- Telling ----------------------------------------------------------------------------------------------------------
def test_an_opening_is_told_once_to_each_follower():
    consultation = ConsultationFactory(published_at=NOW)
    first, second, stranger = person(), person(), person()
    following.follow(user=first, target=consultation)
    following.follow(user=second, target=consultation)
    following.follow(user=stranger, target=ConsultationFactory(published_at=NOW, announced_at=NOW))

    assert announcing.announce_opening(consultation=consultation, now=NOW) == 2
    assert announcing.announce_opening(consultation=consultation, now=NOW) == 0
    assert announcing.announce_due(NOW) == 0
    assert told("consultation_opened") == {first.email, second.email}


@pytest.mark.parametrize("field", ["published_at", "opens_at"])
def test_an_opening_is_told_when_it_opens_and_not_a_second_before(field):
    moment = NOW + timedelta(hours=2)
    consultation = ConsultationFactory(**{"published_at": NOW, field: moment})
    following.follow(user=person(), target=consultation)

    assert announcing.announce_due(moment - timedelta(seconds=1)) == 0
    assert announcing.announce_due(moment) == 1


def test_an_opening_missed_in_an_outage_is_told_afterwards():
    consultation = ConsultationFactory(published_at=NOW - timedelta(days=3))
    following.follow(user=person(), target=consultation)

    assert announcing.announce_due(NOW) == 1


def test_a_withdrawn_or_unpublished_paper_is_never_announced():
    for consultation in (
        ConsultationFactory(published_at=NOW, withdrawn_at=NOW, withdrawal_reason="Overtaken."),
        ConsultationFactory(draft=True),
    ):
        following.follow(user=person(), target=consultation)

    assert announcing.announce_due(NOW) == 0


@pytest.mark.parametrize("count", [1, 3])
def test_telling_takes_the_same_number_of_statements_for_any_number_of_followers(count, django_assert_num_queries):
    consultation = ConsultationFactory(published_at=NOW)
    for _ in range(count):
        following.follow(user=person(), target=consultation)

    # a savepoint and its release, the claim, who and how many (found, made, counted, kept), what programs are owed, and
    # what people are owed at once and for either digest
    with django_assert_num_queries(11):
        assert announcing.announce_opening(consultation=consultation, now=NOW) == count


def test_publishing_tells_the_followers_in_its_own_transaction(mailbox):
    body = AuthorityFactory(name="Demonstration Authority")
    consultation = paper(
        authorities=[body],
        published_at=None,
        reference="DEMO1/25",
        closes_at=datetime(2025, 11, 12, 23, 59, tzinfo=UTC),
    )
    follower = person(time_zone="America/New_York")
    following.follow(user=follower, target=body)
    staff = StaffFactory(rights=["consultations.publish_consultation"])

    publishing.publish(consultation=consultation, by=By(user=staff, door="admin"), now=NOW)
    outbox.deliver(now=NOW, worker="test")

    (message,) = mailbox.wait_for(1)
    assert message["To"] == follower.email
    assert message["Subject"] == f"{consultation.reference}: open for responses. {consultation.title}"
    for kind in ("plain", "html"):
        body_text = body_of(message, kind)
        assert "11:59pm on 12 November 2025, UK time (6:59pm on 12 November 2025, Eastern Time)" in body_text
        assert reverse("consultations:detail", args=[consultation.code]) in body_text
        assert "Demonstration Authority" in body_text


def test_an_extension_says_both_dates_and_why_and_a_second_one_replaces_it(mailbox):
    consultation = ConsultationFactory()
    deadline = DeadlineFactory(consultation=consultation, closes_at=datetime(2026, 2, 17, 22, 0, tzinfo=UTC))
    follower = person()
    following.follow(user=follower, target=consultation)
    by = By(user=None, door="command")
    first, second = datetime(2026, 4, 1, 22, 59, tzinfo=UTC), datetime(2026, 5, 18, 22, 59, tzinfo=UTC)

    publishing.extend_deadline(deadline=deadline, closes_at=first, reason="Requests for time.", by=by, now=NOW)
    publishing.extend_deadline(deadline=deadline, closes_at=second, reason="More requests.", by=by, now=NOW)
    outbox.deliver(now=NOW, worker="test")

    assert dict(Notification.objects.values_list("key", "state")) == {
        f"deadline_extended:{deadline.pk}:2:{follower.pk}": State.SKIPPED,
        f"deadline_extended:{deadline.pk}:3:{follower.pk}": State.SENT,
    }
    text = body_of(mailbox.wait_for(1)[0])
    assert "Closes now: 11:59pm on 18 May 2026, UK time" in text
    assert "Was: 11:59pm on 1 April 2026, UK time" in text
    assert "Why: More requests." in text


def test_a_withdrawal_is_told_with_its_reason(mailbox):
    consultation = ConsultationFactory()
    following.follow(user=person(), target=consultation)
    publishing.withdraw(
        consultation=consultation, reason="Overtaken by <b>law</b>.", by=By(user=None, door="command"), now=NOW
    )
    outbox.deliver(now=NOW, worker="test")

    (message,) = mailbox.wait_for(1)
    assert "Why: Overtaken by <b>law</b>." in body_of(message)
    assert "Overtaken by &lt;b&gt;law&lt;/b&gt;." in body_of(message, "html")


def test_an_outcome_of_several_papers_is_one_message_that_names_those_one_follows(mailbox):
    papers = [ConsultationFactory(reference=f"DEMO{n}/25") for n in range(3)]
    one, two, stranger = person(), person(), person()
    following.follow(user=one, target=papers[0])
    following.follow(user=two, target=papers[0])
    following.follow(user=two, target=papers[2])
    following.follow(user=stranger, target=ConsultationFactory())
    outcome = OutcomeFactory(consultations=papers, published_at=None)

    publishing.publish_outcome(outcome=outcome, by=By(user=None, door="command"), now=NOW)
    outbox.deliver(now=NOW, worker="test")

    assert told("outcome_published") == {one.email, two.email}
    assert len(mailbox.messages()) == 2
    (message,) = mailbox.messages(to=two.email)
    assert "DEMO0/25" in body_of(message)
    assert "DEMO1/25" not in body_of(message)
    assert "DEMO2/25" in body_of(message)


def test_who_stops_following_before_the_message_goes_out_does_not_get_it(mailbox):
    consultation = ConsultationFactory(published_at=NOW)
    muted, left, stays = person(), person(), person()
    for user in (muted, left, stays):
        following.follow(user=user, target=consultation)
    announcing.announce_opening(consultation=consultation, now=NOW)

    following.mute(user=muted, consultation=consultation)
    left.is_active = False
    left.save()
    outbox.deliver(now=NOW, worker="test")

    assert [message["To"] for message in mailbox.wait_for(1)] == [stays.email]
    assert set(Notification.objects.values_list("address", "state")) == {
        (muted.email, "skipped"),
        (left.email, "skipped"),
        (stays.email, "sent"),
    }


def test_an_opening_of_what_has_closed_since_is_not_told(mailbox):
    consultation = paper(published_at=NOW, closes_at=NOW + timedelta(hours=1))
    following.follow(user=person(), target=consultation)
    announcing.announce_opening(consultation=consultation, now=NOW)

    outbox.deliver(now=NOW + timedelta(hours=1, seconds=1), worker="test")

    assert Notification.objects.get().state == State.SKIPPED


@pytest.mark.parametrize(
    ("reference", "title"), [("CP25/25 (rehearsal)", "Rehearsal: a paper"), ("", "Rehearsal: CP25/25")]
)
def test_a_rehearsal_says_so_first_and_once(mailbox, reference, title):
    consultation = ConsultationFactory(published_at=NOW, is_rehearsal=True, reference=reference, title=title)
    following.follow(user=person(), target=consultation)
    announcing.announce_opening(consultation=consultation, now=NOW)
    outbox.deliver(now=NOW, worker="test")

    (message,) = mailbox.wait_for(1)
    assert message["Subject"].startswith("Rehearsal: CP25/25: ")
    assert body_of(message).startswith("REHEARSAL")
    assert "Rehearsal." in body_of(message, "html")


# --- One click --------------------------------------------------------------------------------------------------------
def unsubscribe_link(mailbox, settings) -> str:
    (message,) = mailbox.wait_for(1)
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = message["List-Unsubscribe"].strip(" <>")
    assert link in body_of(message)
    return link.removeprefix(settings.SITE_URL)


@pytest.fixture
def reader(mailbox):
    consultation = ConsultationFactory(published_at=NOW)
    user = person()
    following.follow(user=user, target=consultation)
    announcing.announce_opening(consultation=consultation, now=NOW)
    outbox.deliver(now=NOW, worker="test")
    return user


def test_one_click_unsubscribes_without_signing_in_and_without_a_page_of_ours(reader, mailbox, settings, client):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    link = unsubscribe_link(mailbox, settings)

    for _ in range(2):
        answer = strict.post(link, {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        assert "no more e-mails" in answer.content.decode()

    assert list(Follow.objects.values_list("user", "muted")) == [(reader.pk, True)]


def test_opening_the_link_only_asks(reader, mailbox, settings, client):
    answer = client.get(unsubscribe_link(mailbox, settings))

    assert answer.status_code == 200
    assert 'method="post"' in answer.content.decode()
    assert list(Follow.objects.values_list("muted", flat=True)) == [False]


def test_a_damaged_link_changes_nothing_and_says_so(reader, mailbox, settings, client):
    link = unsubscribe_link(mailbox, settings)
    damaged = link[:-3] + ("x" if link[-3] != "x" else "y") + link[-2:]

    for answer in (client.get(damaged), client.post(damaged)):
        assert answer.status_code == 400
        assert "damaged" in answer.content.decode()
    assert not Follow.objects.filter(muted=True).exists()


def test_a_token_of_one_person_silences_nobody_else():
    consultation = ConsultationFactory()
    one, other = person(), person()
    for user in (one, other):
        following.follow(user=user, target=consultation)

    following.unsubscribe(following.unsubscribe_token(user=one, consultations=[consultation]))

    assert set(following.followers_of(consultation)) == {other}


def test_a_token_for_somebody_who_is_gone_is_refused():
    user = person()
    token = following.unsubscribe_token(user=user, consultations=[ConsultationFactory()])
    user.delete()

    with pytest.raises(Refusal):
        following.unsubscribe(token)


def test_announcements_and_changes_share_no_key():
    """The two kinds of news about one deadline and one paper with equal ids are different messages."""
    consultation = ConsultationFactory(published_at=NOW)
    following.follow(user=person(), target=consultation)
    change = DeadlineChangeFactory(deadline__consultation=consultation)
    announcing.announce_opening(consultation=consultation, now=NOW)
    announcing.announce_extension(change=change, now=NOW)
    announcing.announce_withdrawal(consultation=Consultation.objects.get(pk=consultation.pk), now=NOW)

    assert Notification.objects.count() == 3


def test_follow_rows_are_for_their_owner_alone():
    mine, other = person(), person()
    row = FollowFactory(user=mine, consultation=ConsultationFactory())
    FollowFactory(user=other, consultation=ConsultationFactory())

    assert set(Follow.objects.visible_to(mine)) == {row}
