import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.urls import reverse

from accounts import joining, tokens
from accounts.models import Act, User
from notifications.models import Notification, Priority
from tests.accounts.conftest import by, invitation_to
from tests.factories import PASSWORD, StaffFactory, UserFactory

SIGNUP = {"name": "Demonstration Person", "email": "New.Person@Example.org", "password1": "a long enough pass phrase"}


@pytest.fixture(autouse=True)
def database(db):
    """Every test here signs somebody in or tries to."""


def post(client, name, data, **query):
    address = reverse(name) + ("?" + "&".join(f"{key}={value}" for key, value in query.items()) if query else "")
    return client.post(address, data)


def sign_in(client, email, password=PASSWORD, **query):
    return post(client, "account_login", {"login": email, "password": password, **query})


def letters(address):
    return list(Notification.objects.filter(address=address).order_by("id"))


def link_in(letter):
    return re.search(r"https?://\S+", letter.payload["text"])[0]


def path_of(link):
    return "/" + link.split("://", 1)[1].partition("/")[2]


def is_signed_in(client):
    return "_auth_user_id" in client.session


# --- registering ------------------------------------------------------------------------------------------------------
def test_registering_makes_an_account_that_waits_for_its_address(client):
    response = post(client, "account_signup", SIGNUP)
    assert response["Location"] == reverse("account_email_verification_sent")
    made = User.objects.get()
    assert (made.email, made.name, made.is_staff, made.is_service) == (
        "new.person@example.org", "Demonstration Person", False, False,
    )  # fmt: skip
    assert not is_signed_in(client)
    assert list(EmailAddress.objects.values_list("email", "verified")) == [("new.person@example.org", False)]
    (letter,) = letters("new.person@example.org")
    assert (letter.kind, letter.priority, letter.payload["secret"]) == ("account_mail", Priority.ACCOUNT, True)
    assert mail.outbox == []
    assert list(Act.objects.values_list("verb", "actor")) == [("registered", "new.person@example.org")]


def test_confirming_the_address_and_signing_in(client):
    post(client, "account_signup", SIGNUP)
    (letter,) = letters("new.person@example.org")
    page = path_of(link_in(letter))
    client.get(page)
    assert not EmailAddress.objects.get().verified  # a mail scanner that opens links confirms nothing
    client.post(page)
    assert EmailAddress.objects.get().verified
    assert not is_signed_in(client)
    sign_in(client, "NEW.person@example.org", SIGNUP["password1"])
    assert is_signed_in(client)
    assert list(Act.objects.order_by("id").values_list("verb", flat=True)) == [
        "registered", "confirmed e-mail address", "signed in",
    ]  # fmt: skip


def test_signing_in_before_confirming_is_not_possible(client):
    post(client, "account_signup", SIGNUP)
    response = sign_in(client, "new.person@example.org", SIGNUP["password1"])
    assert response["Location"] == reverse("account_email_verification_sent")
    assert not is_signed_in(client)


def test_links_in_letters_lead_to_this_site_whatever_the_host_header_says(client, settings):
    settings.ALLOWED_HOSTS = ["*"]
    settings.SITE_URL = "https://soundings.example.org"
    client.post(reverse("account_signup"), SIGNUP, headers={"host": "evil.example.com"})
    UserFactory(email="known@example.org", confirmed=True)
    for name, address in [("reset", "known@example.org"), ("reset", "unknown@example.org")]:
        client.post(reverse(f"account_{name}_password"), {"email": address}, headers={"host": "evil.example.com"})
    post(client, "account_signup", {**SIGNUP, "email": "known@example.org"})
    texts = [letter.payload["text"] + letter.payload["subject"] for letter in Notification.objects.all()]
    assert len(texts) == 4
    assert not any("evil" in text for text in texts)
    assert all("https://soundings.example.org/" in text for text in texts)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "A\x0bReply-To: e@example.org"),
        ("name", "x" * 151),
        ("email", "nobody"),
        ("email", "token-x@service.invalid"),
        ("password1", "short"),
        ("password1", "password1234"),
    ],
)
def test_registering_refuses_bad_input_at_its_field_and_keeps_the_rest(client, field, value):
    response = post(client, "account_signup", {**SIGNUP, field: value})
    assert set(response.context["form"].errors) == {field}
    kept = "New.Person@Example.org" if field != "email" else "Demonstration Person"
    assert f'value="{kept}"' in response.content.decode()
    assert not User.objects.exists()
    assert not Notification.objects.exists()


def test_registering_a_known_address_looks_the_same_and_tells_its_owner(client):
    known = UserFactory(email="known@example.org", confirmed=True)
    response = post(client, "account_signup", {**SIGNUP, "email": "Known@example.org"})
    assert response["Location"] == reverse("account_email_verification_sent")
    assert list(User.objects.all()) == [known]
    (letter,) = letters("known@example.org")
    assert "already" in letter.payload["text"]


def test_two_registrations_of_one_address_at_once_end_as_one(client, monkeypatch):
    """The other one is stored between the check and the insert."""
    from accounts.adapter import AccountAdapter

    usual = AccountAdapter.save_user

    def late(self, request, user, form, commit=True):
        if not User.objects.exists():
            UserFactory(email="new.person@example.org")
        return usual(self, request, user, form, commit=commit)

    monkeypatch.setattr(AccountAdapter, "save_user", late)
    # The faster one is rolled back with the slower one's savepoint here, so what is left to see is the answer.
    response = post(client, "account_signup", SIGNUP)
    assert response["Location"] == reverse("account_email_verification_sent")
    assert not is_signed_in(client)


# --- signing in -------------------------------------------------------------------------------------------------------
def test_wrong_password_and_unknown_address_get_the_same_answer(client):
    UserFactory(email="known@example.org", confirmed=True)
    answers = []
    for email in ("known@example.org", "unknown@example.org"):
        response = sign_in(client, email, "wrong password")
        answers.append((response.status_code, str(response.context["form"].errors)))
        assert email in response.content.decode()
    assert answers[0] == answers[1]


def test_resetting_a_password_answers_the_same_for_known_and_unknown(client):
    UserFactory(email="known@example.org", confirmed=True)
    known = post(client, "account_reset_password", {"email": "known@example.org"})
    unknown = post(client, "account_reset_password", {"email": "unknown@example.org"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert len(letters("known@example.org")) == len(letters("unknown@example.org")) == 1


def test_resetting_a_password_by_the_link(client):
    user = UserFactory(email="known@example.org", confirmed=True)
    post(client, "account_reset_password", {"email": "known@example.org"})
    page = client.get(path_of(link_in(letters("known@example.org")[0])), follow=True)
    new = "another long pass phrase"
    client.post(page.redirect_chain[-1][0], {"password1": new, "password2": new})
    user.refresh_from_db()
    assert user.check_password(new)
    assert "reset password" in Act.objects.values_list("verb", flat=True)
    again = client.get(path_of(link_in(letters("known@example.org")[0])), follow=True)
    assert again.context["token_fail"]


def test_inactive_people_cannot_sign_in(client):
    UserFactory(email="known@example.org", confirmed=True, is_active=False)
    response = sign_in(client, "known@example.org")
    assert response["Location"] == reverse("account_inactive")
    assert not is_signed_in(client)


def test_deactivating_ends_the_session(client, drafter, firm):
    client.force_login(drafter)
    User.objects.filter(pk=drafter.pk).update(is_active=False)
    assert client.get(reverse("accounts:organisation")).status_code == 302


def test_service_accounts_cannot_sign_in_and_get_no_mail(client, admin, firm):
    token, secret = tokens.create(by=by(admin), organisation=firm, role="submitter", name="Filing", expires_in=None)
    for password in (secret, "", PASSWORD):
        sign_in(client, token.user.email, password)
        assert not is_signed_in(client)
    post(client, "account_reset_password", {"email": token.user.email})
    assert not Notification.objects.exists()
    token.user.set_password(PASSWORD)
    token.user.save()
    EmailAddress.objects.create(user=token.user, email=token.user.email, verified=True, primary=True)
    assert sign_in(client, token.user.email)["Location"] == reverse("account_inactive")
    assert not is_signed_in(client)


def test_guessing_is_stopped(client):
    UserFactory(email="known@example.org", confirmed=True)
    for _ in range(5):
        sign_in(client, "known@example.org", "wrong password")
    response = sign_in(client, "known@example.org")
    assert "Too many" in str(response.context["form"].errors)
    assert not is_signed_in(client)


def test_a_forged_address_does_not_dodge_the_limit(client, settings):
    settings.NUM_PROXIES = 0
    for number in range(21):
        response = client.post(reverse("account_signup"), {}, headers={"x-forwarded-for": f"10.0.0.{number}"})
    assert response.status_code == 429


@pytest.mark.parametrize(
    "target", ["https://evil.example.com/", "//evil.example.com/", "/\\evil.example.com", "javascript:alert(1)"]
)
def test_next_leads_to_this_site_or_nowhere(client, target):
    UserFactory(email="known@example.org", confirmed=True)
    response = sign_in(client, "known@example.org", next=target)
    assert response["Location"] == reverse("responses:list")


def test_next_leads_on(client):
    UserFactory(email="known@example.org", confirmed=True)
    assert sign_in(client, "known@example.org", next="/profile/")["Location"] == "/profile/"


def test_staff_sign_in_at_the_same_place(client):
    StaffFactory(email="staff@example.org", confirmed=True)
    sign_in(client, "staff@example.org")
    assert is_signed_in(client)


def test_signing_out_takes_a_post(client, drafter):
    client.force_login(drafter)
    client.get(reverse("account_logout"))
    assert is_signed_in(client)
    client.post(reverse("account_logout"))
    assert not is_signed_in(client)
    assert "signed out" in Act.objects.values_list("verb", flat=True)


@pytest.mark.parametrize(
    ("target", "expected"), [("/profile/", "/profile/"), ("https://evil.example.com/", "/responses/")]
)
def test_who_registers_on_the_way_to_a_page_gets_there(client, target, expected):
    post(client, "account_signup", {**SIGNUP, "next": target})
    client.post(path_of(link_in(letters("new.person@example.org")[0])))
    assert sign_in(client, "new.person@example.org", SIGNUP["password1"])["Location"] == expected
    client.post(reverse("account_logout"))
    assert sign_in(client, "new.person@example.org", SIGNUP["password1"])["Location"] == "/responses/"


# --- coming by an invitation ------------------------------------------------------------------------------------------
def address_of(invitation):
    return path_of(joining.link(invitation))


def test_invited_newcomer_registers_confirms_signs_in_and_is_back_at_the_invitation(client, firm, admin):
    offer = invitation_to(firm, "new.person@example.org", by=admin)
    client.get(address_of(offer))
    post(client, "account_signup", SIGNUP)
    client.post(path_of(link_in(letters("new.person@example.org")[0])))
    response = sign_in(client, "new.person@example.org", SIGNUP["password1"])
    assert response["Location"] == address_of(offer)
    assert client.post(address_of(offer))["Location"] == reverse("accounts:organisation_detail", args=[firm.code])
    assert firm.memberships.filter(user__email="new.person@example.org").exists()


def test_invitation_leads_the_way_once(client, firm, admin):
    user = UserFactory(email="guest@example.org", confirmed=True)
    offer = invitation_to(firm, user.email, by=admin)
    client.get(address_of(offer))
    assert sign_in(client, user.email)["Location"] == address_of(offer)
    client.get(address_of(offer))
    assert "invitation_page" not in client.session


def test_withdrawn_invitation_leads_nowhere(client, firm, admin, now):
    user = UserFactory(email="guest@example.org", confirmed=True)
    client.get(address_of(invitation_to(firm, user.email, by=admin, revoked_at=now)))
    assert sign_in(client, user.email)["Location"] == reverse("responses:list")
