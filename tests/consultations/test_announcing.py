"""consultations/announcing.py and trying.py: a note, a test to oneself, and what waits for a second person."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.alerts import Rhythm
from accounts.models import Act
from accounts.record import By
from consultations import announcing, emails, following, publishing
from consultations.models import Announcement, DeadlineChange, Follow, News
from notifications.models import Notification
from notifications.outbox import deliver
from notifications.refusal import Conflict, NotAllowed, Refusal
from responses import explaining
from tests.factories import AuthorityFactory, OutcomeFactory, StaffFactory, UserFactory, paper

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(days=60)
RIGHTS = [
    f"consultations.{name}"
    for name in (
        "view_consultation", "view_deadline", "view_outcome", "view_announcement", "publish_consultation",
        "withdraw_consultation", "extend_deadline", "publish_outcome",
    )
]  # fmt: skip


@pytest.fixture
def now(freeze):
    return freeze(NOW)


@pytest.fixture
def consultation(now):
    made = paper(
        reference="DEMO1/26", closes_at=NOW + timedelta(days=30), published_at=NOW - timedelta(days=3),
        announced_at=NOW - timedelta(days=3), authorities=[AuthorityFactory(name="Demonstration Authority")],
    )  # fmt: skip
    for _ in range(2):
        following.follow(user=UserFactory(confirmed=True), target=made)
    return made


@pytest.fixture
def staff(now):
    return StaffFactory(confirmed=True, rights=RIGHTS)


@pytest.fixture
def signed_in():
    def browser(user) -> Client:
        browser = Client()
        browser.force_login(user)
        return browser

    return browser


@pytest.fixture
def held(settings):
    settings.ALERT_HOLD_ABOVE = 1


def extend(consultation, by, **more):
    fields = {"closes_at": LATER, "reason": "Asked for.", "now": NOW, **more}
    return publishing.extend_deadline(deadline=consultation.deadlines.get(), by=By(user=by, door="admin"), **fields)


def told() -> set[str]:
    return set(Notification.objects.exclude(kind="preview").values_list("address", flat=True))


def test_a_note_is_in_both_parts_as_the_bodys_own(consultation, staff):
    extend(consultation, staff, note="Annex B was <missing>.")

    row = Notification.objects.first()
    message = emails.deadline_extended(row, NOW)
    assert "Note from Demonstration Authority: Annex B was <missing>." in message.text
    assert "<strong>Note from Demonstration Authority:</strong> Annex B was &lt;missing&gt;." in message.html
    assert row.payload["announcement"] == Announcement.objects.get().pk


@pytest.mark.parametrize("note", ["Two\nlines", "A bell \x07", "x" * 301])
def test_a_note_of_more_than_a_line_is_refused_and_nothing_changes(consultation, staff, note):
    with pytest.raises(Refusal) as refused:
        extend(consultation, staff, note=note)
    assert refused.value.field == "note"
    assert not DeadlineChange.objects.exists()
    assert not told()


def test_above_the_limit_the_deadline_moves_and_the_email_waits_for_somebody_else(consultation, staff, held):
    extend(consultation, staff)
    row = Announcement.objects.get()
    assert consultation.deadlines.get().closes_at == LATER
    assert row.is_waiting
    assert row.recipients == 2
    assert not told()

    with pytest.raises(NotAllowed, match="you caused it"):
        announcing.release(announcement=row, by=By(user=staff, door="admin"))
    with pytest.raises(NotAllowed):
        announcing.release(announcement=row, by=By(user=StaffFactory(), door="admin"))
    second = By(user=StaffFactory(rights=RIGHTS), door="admin")
    assert announcing.release(announcement=row, by=second) == 2
    with pytest.raises(Conflict):
        announcing.release(announcement=row, by=second)
    assert len(told()) == 2
    assert Act.objects.latest("pk").verb == "alert released"


def test_an_opening_by_the_clock_is_held_as_well_and_keeps_who_planned_it(consultation, staff, held):
    consultation.published_at = consultation.announced_at = None
    consultation.save()
    opens = NOW + timedelta(days=1)
    publishing.publish(consultation=consultation, by=By(user=staff, door="admin"), at=opens, note="Read it.")

    assert announcing.announce_due(opens) == 0
    row = Announcement.objects.get()
    assert (row.is_waiting, row.made_by, row.note) == (True, staff, "Read it.")
    assert announcing.announce_due(opens) == 0
    second = By(user=StaffFactory(rights=RIGHTS), door="admin")
    assert announcing.release(announcement=row, by=second, now=opens) == 2


@pytest.mark.parametrize("ends", ["withdrawn", "moved again", "passed"])
def test_what_waited_for_too_long_is_cancelled_with_the_reason(consultation, staff, held, ends):
    extend(consultation, staff)
    row, then = Announcement.objects.get(), NOW
    if ends == "withdrawn":
        publishing.withdraw(consultation=consultation, reason="Overtaken.", by=By(user=staff, door="admin"))
    elif ends == "moved again":
        extend(consultation, staff, closes_at=LATER + timedelta(days=1))
    else:
        then = LATER + timedelta(seconds=1)

    second = By(user=StaffFactory(rights=RIGHTS), door="admin")
    with pytest.raises(Conflict, match=ends):
        announcing.release(announcement=row, by=second, now=then)
    assert announcing.drop_stale(then) == 1
    row.refresh_from_db()
    assert ends in row.reason
    assert not told()


def test_why_nobody_got_it_is_explained(consultation, staff, held):
    extend(consultation, staff)
    reader = Follow.objects.first().user.email
    said = "\n".join(explaining.explain(address=reader, consultation=consultation, now=NOW))
    assert "Alert “Deadline extended”, caused 2026-03-02 09:30:00 UTC" in said
    assert "until a second person decides: 2 people" in said


def test_cancelling_needs_a_reason_and_is_recorded(consultation, staff, held):
    extend(consultation, staff)
    row, by = Announcement.objects.get(), By(user=staff, door="admin")
    with pytest.raises(Refusal):
        announcing.cancel(announcement=row, reason=" ", by=by)
    announcing.cancel(announcement=row, reason="The date was wrong.", by=by)
    assert Act.objects.latest("pk").detail["reason"] == "The date was wrong."
    with pytest.raises(Conflict, match="The date was wrong"):
        announcing.release(announcement=row, by=By(user=StaffFactory(rights=RIGHTS), door="admin"))


def test_an_outcome_counts_who_follows_two_of_its_papers_once(consultation, staff):
    both = UserFactory(confirmed=True)
    other = paper(reference="DEMO2/26", published_at=NOW - timedelta(days=1))
    for each in (consultation, other):
        following.follow(user=both, target=each)
    outcome = OutcomeFactory(published_at=None)
    outcome.consultations.set([consultation, other])

    publishing.publish_outcome(outcome=outcome, by=By(user=staff, door="admin"), note="At last.")

    assert Announcement.objects.get().recipients == Notification.objects.count() == 3
    message = emails.outcome_published(Notification.objects.get(address=both.email), NOW)
    assert "At last." in message.text


def test_who_wants_no_news_is_not_counted_and_who_has_a_digest_is(consultation):
    for rhythm in (Rhythm.NEVER, Rhythm.WEEKLY):
        following.follow(user=UserFactory(confirmed=True, rhythm=rhythm), target=consultation)
    assert announcing.audience(News.OPENED, [consultation]) == 3
    assert announcing.audience(News.EXTENDED, [consultation]) == 4


ACTS = {
    "extend": {
        "closes_at": "2026-05-01",
        "closes_time": "23:59",
        "which": "",
        "reason": "Asked for.",
        "note": "Sorry.",
    },
    "withdraw": {"reason": "Overtaken.", "note": "Sorry."},
    "publish": {"when": "later", "on": "2026-03-09", "at": "09:00", "time_zone": "Europe/London", "note": "Sorry."},
    "outcome": {"note": "Sorry."},
}


@pytest.mark.parametrize("act", ACTS)
def test_a_test_is_the_email_itself_and_nothing_else_happens(consultation, staff, client, mailbox, act):
    client.force_login(staff)
    if act == "publish":
        consultation.published_at = consultation.announced_at = None
        consultation.save()
    subject, page = consultation, "consultation_" + act
    if act == "extend":
        subject, page = consultation.deadlines.get(), "deadline_extend"
    if act == "outcome":
        subject, page = OutcomeFactory(published_at=None), "outcome_publish"
        subject.consultations.set([consultation])
    address = reverse(f"admin:consultations_{page}", args=[subject.pk])
    before = (Follow.objects.count(), Act.objects.count(), list(type(subject).objects.filter(pk=subject.pk).values()))
    page = client.get(address).content.decode()
    assert "This will be e-mailed to 2 people." in page
    assert 'name="send_test"' in page

    answer = client.post(address, {**ACTS[act], "send_test": "1"})

    assert answer.status_code == 200
    assert f"A test is on its way to {staff.email}" in answer.content.decode()
    assert b'value="Sorry."' in answer.content
    after = (Follow.objects.count(), Act.objects.count(), list(type(subject).objects.filter(pk=subject.pk).values()))
    assert after == before
    assert not Announcement.objects.exists()
    deliver(now=NOW)
    (sent,) = mailbox.messages()
    assert sent["To"] == staff.email
    assert sent["Subject"].startswith("Test: ")
    assert "Note from Demonstration Authority: Sorry." in sent.get_body(["plain"]).get_content()
    assert "message" not in Notification.objects.get().payload


def test_a_test_of_what_would_be_refused_says_so_at_the_field(consultation, staff, client):
    client.force_login(staff)
    address = reverse("admin:consultations_deadline_extend", args=[consultation.deadlines.get().pk])
    fields = {**ACTS["extend"], "closes_at": "2026-03-05", "send_test": "1"}
    answer = client.post(address, fields)
    assert answer.status_code == 400
    assert "must be later" in answer.content.decode()
    assert not Notification.objects.exists()


def test_the_waiting_alert_is_on_the_front_page_and_another_person_releases_it(consultation, staff, held, signed_in):
    extend(consultation, staff)
    row = Announcement.objects.get()
    address = reverse("admin:consultations_announcement_release", args=[row.pk])
    second = StaffFactory(confirmed=True, rights=RIGHTS)

    assert signed_in(staff).post(address).status_code == 403
    assert "Deadline extended: DEMO1/26" in signed_in(second).get(reverse("admin:index")).content.decode()
    assert "A test is on its way" in signed_in(second).post(address, {"send_test": "1"}).content.decode()
    assert not told()
    assert signed_in(second).post(address).status_code == 302
    assert len(told()) == 2
    row.refresh_from_db()
    assert (row.kind, row.released_by_name) == (News.EXTENDED, second.email)
