"""Following as a bare address: asked, confirmed by whoever reads its post, changed and deleted by a link."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.signing import dumps
from django.urls import reverse

from accounts import addresses, joining
from accounts.admin import KindOfPersonFilter
from accounts.models import Act, Membership, Role, User
from accounts.record import By
from consultations import announcing, by_email, following, managing, opting_in
from consultations.models import Consultation, Follow
from notifications import outbox, suppressing
from notifications.models import Notification, State, SuppressionReason
from notifications.refusal import Refusal
from tests import factories
from tests.factories import PASSWORD, UserFactory, paper

pytestmark = pytest.mark.django_db

NOW = datetime(2025, 10, 1, 9, 0, tzinfo=UTC)
ADDRESS = "reader@example.org"
NOBODY = By(user=None, door="page")


@pytest.fixture(autouse=True)
def today(freeze):
    return freeze(NOW)


def follow_of(consultation: Consultation) -> Follow:
    return Follow(consultation=consultation)


def ask_page(client, consultation, email=ADDRESS):
    return client.post(reverse("consultations:follow_by_email"), {"email": email, "consultation": consultation.code})


def letters(kind=opting_in.KIND, **of):
    return list(Notification.objects.filter(kind=kind, **of).order_by("pk"))


def token_for(consultation, address=ADDRESS, now=NOW):
    opting_in.ask(address=address, wanted=follow_of(consultation), now=now)
    return opting_in.link(letters(address=address)[-1]).rstrip("/").rsplit("/", 1)[-1]


def confirm_page(token):
    return reverse("consultations:confirm_follow", args=[token])


def bare(consultation=None, address=ADDRESS) -> User:
    consultation = consultation or paper()
    person, _ = opting_in.confirm(token=token_for(consultation, address), by=NOBODY, now=NOW)
    return person


def manage_page(person):
    return reverse("consultations:manage", args=[managing.token(person)])


# --- The whole way ----------------------------------------------------------------------------------------------------
def test_an_address_follows_once_its_reader_has_confirmed_and_not_a_moment_before(client):
    consultation = paper(title="Rules for custody")
    assert ask_page(client, consultation)["Location"] == reverse("consultations:follow_asked")
    assert not User.objects.exists()
    outbox.deliver(now=NOW)
    (letter,) = mail.outbox
    assert (letter.to, "Rules for custody" in letter.subject) == ([ADDRESS], True)
    link = re.search(r"https?://\S+/alerts/confirm/\S+", letter.body)[0]
    page = "/" + link.split("/", 3)[3]

    for _ in range(2):  # scanners of mail open every link
        assert b"Confirm" in client.get(page).content
        assert client.head(page).status_code == 200
    assert not User.objects.exists()
    assert not Follow.objects.exists()
    answers = [client.post(page) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    (person,) = User.objects.all()
    assert (person.email, person.has_usable_password(), addresses.is_bare(person)) == (ADDRESS, False, True)
    assert following.hears(user=person, consultation=consultation)
    acts = [("confirmed e-mail address", ADDRESS), ("followed", ADDRESS)]
    assert list(Act.objects.order_by("pk").values_list("verb", "actor")) == acts
    assert manage_page(person) in answers[0].content.decode()


def test_the_answer_and_the_mail_do_not_tell_a_known_address_from_an_unknown_one(client):
    consultation, known = paper(), UserFactory(confirmed=True)
    suppressing.suppress(address="gone@example.org", reason=SuppressionReason.BOUNCED, now=NOW)
    closed = UserFactory(confirmed=True, is_active=False)
    answers = [
        (answer.status_code, answer["Location"])
        for address in ("new@example.org", known.email, "gone@example.org", closed.email)
        for answer in [ask_page(client, consultation, address)]
    ]
    assert len(set(answers)) == 1
    assert {letter.address for letter in letters()} == {"new@example.org", known.email}
    assert len({str(sorted(letter.payload)) for letter in letters()}) == 1


def test_an_address_is_asked_once_an_hour_until_it_answers(client, freeze):
    first, second = paper(), paper()
    token = token_for(first)
    assert ask_page(client, second, ADDRESS.upper()).status_code == 302
    assert len(letters()) == 1
    freeze(NOW + opting_in.PAUSE)
    ask_page(client, second)
    assert len(letters()) == 2

    opting_in.confirm(token=token, by=NOBODY, now=NOW)
    Follow.objects.update(since=NOW + opting_in.PAUSE)
    for _ in range(opting_in.MOST_A_DAY + 3):
        opting_in.ask(address=ADDRESS, wanted=follow_of(second), now=NOW + opting_in.PAUSE)
        Follow.objects.update(since=NOW + opting_in.PAUSE * 2)
    assert len(letters()) == opting_in.MOST_A_DAY


def test_one_caller_can_not_have_e_mails_sent_to_many(client, monkeypatch):
    monkeypatch.setattr(by_email, "MOST_AN_HOUR", 2)
    consultation = paper()
    answers = [ask_page(client, consultation, f"person-{n}@example.org").status_code for n in range(4)]
    assert answers == [302, 302, 400, 400]
    assert len(letters()) == 2


@pytest.mark.parametrize(
    "typed",
    ["", "nobody", "a@example.org\r\nBcc: b@example.org", "a@example.org,b@example.org", "token-x@service.invalid",
     "a\x00@example.org", f"{'a' * 260}@example.org"],
)  # fmt: skip
def test_what_is_no_address_is_said_at_its_field_and_sends_nothing(client, typed):
    answer = ask_page(client, paper(), typed)
    assert answer.status_code == 400
    assert b"error-summary" in answer.content
    assert not letters()


def test_words_that_somebody_typed_are_not_mailed_to_a_stranger(client):
    wanted = {"q": "BUY https://example.org/pills\r\nBcc: c@example.org", "kind": "call_for_input", "email": ADDRESS}
    assert client.post(reverse("consultations:follow_by_email"), wanted).status_code == 302
    outbox.deliver(now=NOW)
    (letter,) = mail.outbox
    assert "pills" not in letter.subject + letter.body
    assert "Bcc" not in letter.message().as_string()
    token = opting_in.link(letters()[0]).rstrip("/").rsplit("/", 1)[-1]
    assert "BUY" in client.get(confirm_page(token)).content.decode()
    client.post(confirm_page(token))
    assert Follow.objects.get().kind == "call_for_input"


@pytest.mark.parametrize("asked", [{}, {"body": "nothing"}, {"consultation": "ABC"}, {"kind": "x"}, {"q": "\x00"}])
def test_what_is_not_there_can_not_be_followed(client, asked):
    assert client.get(reverse("consultations:follow_by_email"), asked).status_code == 400
    assert client.post(reverse("consultations:follow_by_email"), {"email": ADDRESS, **asked}).status_code == 400
    assert not letters()


def test_a_paper_that_is_not_public_can_not_be_followed_by_address(client):
    draft = factories.ConsultationFactory(draft=True)
    assert ask_page(client, draft).status_code == 400


# --- Links ------------------------------------------------------------------------------------------------------------
def test_damaged_expired_and_foreign_links_open_nothing(client, freeze):
    consultation = paper()
    token = token_for(consultation)
    person = UserFactory(confirmed=True)
    foreign = following.unsubscribe_token(user=person, consultations=[consultation])
    wrong_shape = dumps("something else", salt=opting_in.PURPOSE, compress=True)
    for bad in (token[:-1] + ("A" if token[-1] != "A" else "B"), "x", foreign, wrong_shape, managing.token(person)):
        assert [client.get(confirm_page(bad)).status_code, client.post(confirm_page(bad)).status_code] == [400, 400]
    salt = managing.PURPOSE
    for bad in (token, foreign, dumps(person.pk), dumps([1], salt=salt), dumps(10**9, salt=salt)):
        page = reverse("consultations:manage", args=[bad])
        assert [client.get(page).status_code, client.post(page).status_code] == [400, 400]

    freeze(NOW + opting_in.LASTS + timedelta(seconds=1))
    assert b"run out" in client.post(confirm_page(token)).content
    freeze(NOW + opting_in.LASTS)
    consultation.delete()
    assert b"no longer here" in client.post(confirm_page(token)).content
    assert not Follow.objects.exists()


def test_an_e_mail_that_waited_for_longer_than_its_link_is_not_sent():
    token_for(paper())
    outbox.deliver(now=NOW + opting_in.LASTS + timedelta(minutes=1))
    assert (letters()[0].state, mail.outbox) == (State.SKIPPED, [])
    assert opting_in.forget_old(NOW + opting_in.KEPT) == 0
    assert opting_in.forget_old(NOW + opting_in.KEPT + timedelta(seconds=1)) == 1
    assert not letters()


def test_an_account_is_asked_to_sign_in_and_then_follows(client):
    consultation, owner, other = paper(), UserFactory(confirmed=True), UserFactory(confirmed=True)
    token = token_for(consultation, owner.email)
    outbox.deliver(now=NOW)
    assert "sign in" in mail.outbox[0].body
    for answer in (client.get(confirm_page(token)), client.post(confirm_page(token))):
        assert answer["Location"].startswith(reverse("account_login"))
    client.force_login(other)
    assert client.post(confirm_page(token)).status_code == 400
    with pytest.raises(Refusal):
        opting_in.confirm(token=token, by=NOBODY, now=NOW)
    assert not Follow.objects.exists()

    client.force_login(owner)
    client.post(confirm_page(token))
    assert following.hears(user=owner, consultation=consultation)
    assert User.objects.count() == 2


# --- Choosing ---------------------------------------------------------------------------------------------------------
def test_the_page_changes_nothing_when_it_is_looked_at_and_shows_only_ones_own(client):
    mine, others = paper(title="Mine"), paper(title="Another's")
    person = bare(mine)
    bare(others, "other@example.org")
    page = client.get(manage_page(person))
    assert page.status_code == 200
    said = page.content.decode()
    assert ("Mine" in said, "Another" in said, ADDRESS in said, "other@" in said) == (True, False, False, False)
    assert "no-store" in page["Cache-Control"]
    coming = client.get(reverse("responses:expected_by_link", args=[managing.token(person)]))
    assert ("Mine" in coming.content.decode(), "Another" in coming.content.decode()) == (True, False)
    assert "no-store" in coming["Cache-Control"]
    account = managing.token(UserFactory(confirmed=True))
    moved = client.get(reverse("responses:expected_by_link", args=[account]))
    assert moved["Location"] == reverse("responses:expected")
    assert client.get(reverse("responses:expected_by_link", args=["x"])).status_code == 400


def test_single_follows_and_all_are_stopped_and_heard_again(client):
    first, second = paper(title="First"), paper(title="Second")
    person, other = bare(first), bare(second, "other@example.org")
    body = factories.AuthorityFactory()
    following.follow(user=person, target=body)
    own, foreign = Follow.objects.get(consultation=first), Follow.objects.get(consultation=second)

    for number in (own.pk, foreign.pk, "", "x", "9" * 30, "²"):
        assert client.post(manage_page(person), {"do": "stop", "follow": number}).status_code == 302
    assert not following.hears(user=person, consultation=first)
    assert following.hears(user=other, consultation=second)
    client.post(manage_page(person), {"do": "hear", "follow": own.pk})
    assert following.hears(user=person, consultation=first)
    client.post(manage_page(person), {"do": "stop_all"})
    assert not Follow.objects.filter(user=person).exists()
    assert Follow.objects.filter(user=other).exists()


def test_how_soon_news_comes_is_chosen_by_link_and_signed_in_alike(client):
    person, account = bare(), UserFactory(confirmed=True)
    following.follow(user=account, target=paper())
    client.force_login(account)
    pages = {person: (manage_page(person), {"do": "rhythm"}), account: (reverse("consultations:choose_rhythm"), {})}
    for who, (page, more) in pages.items():
        row = Follow.objects.get(user=who)
        assert b"always come at once" in client.get(page).content
        for wrong in ({"rhythm": "daily", f"follow_{row.pk}": "x"},):
            assert client.post(page, {**more, **wrong}).status_code == 400
        foreign = Follow.objects.exclude(user=who).get()
        chosen = {"rhythm": "weekly", f"follow_{row.pk}": "at_once", f"follow_{foreign.pk}": "never"}
        assert client.post(page, {**more, **chosen}).status_code == 302
        who.refresh_from_db()
        row.refresh_from_db()
        foreign.refresh_from_db()
        assert (who.rhythm, row.rhythm, foreign.rhythm == "never") == ("weekly", "at_once", False)


def test_reminders_are_chosen_by_link(client):
    person = bare()
    assert client.post(manage_page(person), {"leads": ["7d"], "time_zone": "Mars/Olympus"}).status_code == 400
    assert client.post(manage_page(person), {"leads": ["7d"], "time_zone": "UTC"}).status_code == 302
    person.refresh_from_db()
    assert (person.leads, person.time_zone) == (["7d"], "UTC")
    act = Act.objects.get(verb="changed reminders")
    assert (act.actor, act.door, act.detail) == (ADDRESS, "link", {"fields": ["leads", "time_zone"]})


def test_deleting_takes_a_tick_and_leaves_only_the_record(client):
    person = bare()
    page = manage_page(person)
    assert client.post(page, {"do": "delete"}).status_code == 400
    assert User.objects.filter(pk=person.pk).exists()

    assert client.post(page, {"do": "delete", "sure": "on"}).status_code == 200
    assert not User.objects.exists()
    assert not Follow.objects.exists()
    assert not EmailAddress.objects.exists()
    assert Act.objects.filter(verb="deleted e-mail address", subject=f"user:{person.pk}").exists()
    assert client.get(page).status_code == 400


def test_the_link_opens_no_account(client):
    owner = UserFactory(confirmed=True)
    following.follow(user=owner, target=paper())
    answer = client.post(manage_page(owner), {"do": "delete", "sure": "on"})
    assert answer["Location"] == reverse("consultations:following")
    assert Follow.objects.filter(user=owner, muted=False).exists()
    for person in (owner, factories.member(factories.OrganisationFactory(), Role.READER), factories.StaffFactory()):
        with pytest.raises(Refusal):
            addresses.forget(person=person, by=NOBODY, now=NOW)


def test_who_is_in_an_organisation_or_has_signed_in_has_an_account():
    person = bare()
    assert list(addresses.bare()) == [person]
    membership = Membership.objects.create(organisation=factories.OrganisationFactory(), user=person, role=Role.READER)
    assert not addresses.is_bare(person)
    membership.delete()
    User.objects.update(last_login=NOW)
    assert not addresses.is_bare(person)


def test_an_address_is_no_colleague_and_staff_see_what_it_is(client):
    person = bare()
    firm = factories.OrganisationFactory()
    admin = factories.member(firm, Role.ADMIN, confirmed=True)
    offer = joining.invite(by=By(user=admin, door="page"), organisation=firm, email=ADDRESS, role=Role.DRAFTER, now=NOW)
    assert not firm.memberships.filter(user=person).exists()
    page = "/" + joining.link(offer).split("/", 3)[3]
    assert b"Sign in" in client.get(page).content
    client.post(page)
    assert not firm.memberships.filter(user=person).exists()

    narrow = KindOfPersonFilter.narrow
    shown = {state: set(narrow(None, None, User.objects.all(), state)) for state in ("address", "active")}
    assert shown == {"address": {person}, "active": {admin}}


# --- Becoming an account ----------------------------------------------------------------------------------------------
def test_an_address_that_registers_or_chooses_a_password_keeps_what_it_follows(client):
    consultation = paper()
    person = bare(consultation)
    assert client.post(reverse("account_login"), {"login": ADDRESS, "password": ""}).status_code == 200
    client.post(reverse("account_signup"), {"name": "Demonstration Person", "email": ADDRESS, "password1": PASSWORD})
    (letter,) = letters("account_mail")
    assert "gets e-mails about consultations already" in letter.payload["text"]
    assert not User.objects.get().has_usable_password()

    client.post(reverse("account_reset_password"), {"email": ADDRESS})
    link = re.search(r"https?://\S+", letters("account_mail")[-1].payload["text"])[0]
    page = client.get("/" + link.split("/", 3)[3], follow=True).redirect_chain[-1][0]
    client.post(page, {"password1": PASSWORD, "password2": PASSWORD})
    signed_in = client.post(reverse("account_login"), {"login": ADDRESS, "password": PASSWORD})

    assert signed_in.status_code == 302
    assert client.session["_auth_user_id"] == str(person.pk)
    person.refresh_from_db()
    assert (person.has_usable_password(), addresses.is_bare(person)) == (True, False)
    assert following.hears(user=person, consultation=consultation)


# --- Alerts to such addresses -----------------------------------------------------------------------------------------
def test_alerts_carry_the_link_to_choose_and_a_bounce_ends_them():
    consultation = paper(published_at=NOW)
    person, other = bare(consultation), bare(consultation, "other@example.org")
    announcing.announce_opening(consultation=consultation, now=NOW)
    outbox.deliver(now=NOW)
    said = {letter.to[0]: letter.message().as_string() for letter in mail.outbox if "open for" in letter.subject}
    pages = {each.email: managing.token(each) for each in (person, other)}
    for address, text in said.items():  # each their own, and nobody's else, however many are written at once
        assert {each for each, token in pages.items() if token in text.replace("=\n", "")} == {address}
    assert set(said) == set(pages)

    suppressing.suppress(address=ADDRESS, reason=SuppressionReason.BOUNCED, now=NOW)
    announcing.announce_withdrawal(consultation=consultation, now=NOW)
    outbox.deliver(now=NOW)
    (letter,) = letters("consultation_withdrawn", address=ADDRESS)
    assert (letter.state, "suppressed" in letter.reason) == (State.SKIPPED, True)
