"""Signed-in account pages: each in our frame, through the real sign-in, with two-step sign-in set up on the way."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.test import Client

from accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.config.gallery")]
PASSWORD = "a demonstration passphrase"


@pytest.fixture
def member(client: Client) -> User:
    user = User.objects.create_user(email="demo-firm@example.org", password=PASSWORD, name="Demonstration Person")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    reply = client.post("/account/login/", {"login": user.email, "password": PASSWORD})
    assert reply.status_code == 302
    return user


def shown(client: Client, path: str) -> str:
    reply = client.get(f"/account/{path}/")
    assert reply.status_code == 200, reply
    html = reply.content.decode()
    assert 'class="so-header"' in html
    assert html.count("<h1") == 1
    return html


@pytest.mark.parametrize("path", ["email", "password/change", "2fa", "logout", "reauthenticate"])
def test_page_comes_in_our_frame(client: Client, member: User, path: str) -> None:
    shown(client, path)


def test_main_address_offers_no_removal(client: Client, member: User) -> None:
    EmailAddress.objects.create(user=member, email="second@example.org")
    html = shown(client, "email")
    assert html.count('name="action_remove"') == 1
    assert 'value="second@example.org"' in html
    assert client.post("/account/email/", {"action_remove": "", "email": "second@example.org"}).status_code == 302
    assert [*EmailAddress.objects.values_list("email", flat=True)] == [member.email]


def code_for(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time())))))


@pytest.mark.django_db(transaction=True)  # the message waits for the commit
def test_two_step_sign_in_from_switching_on_to_signing_in(client: Client, member: User) -> None:
    assert client.get("/account/2fa/totp/activate/").status_code == 302  # the password is asked for first
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    html = shown(client, "2fa/totp/activate")
    found = re.search(r'class="so-secret">([A-Z2-7]+)<', html)
    assert found
    reply: Any = client.post("/account/2fa/totp/activate/", {"code": code_for(found[1])}, follow=True)
    assert "Two-step sign-in is on." in reply.content.decode()
    assert "10 left" in shown(client, "2fa")
    codes = shown(client, "2fa/recovery-codes")
    assert "10 of 10 are left" in codes
    shown(client, "2fa/recovery-codes/generate")
    shown(client, "2fa/totp/deactivate")
    client.post("/account/logout/")
    reply = client.post("/account/login/", {"login": member.email, "password": PASSWORD}, follow=True)
    assert "Enter your code" in reply.content.decode()
    code = re.search(r"(?m)^(?:<pre[^>]*>)?(\w{8})$", codes[codes.index("<pre") :])
    assert code
    reply = client.post("/account/2fa/authenticate/", {"code": code[1]}, follow=True)
    assert member.email in reply.content.decode()


def test_too_many_tries_are_answered_with_a_page(client: Client, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}
    client.post("/account/login/", {"login": "demo@example.org", "password": "x"})
    reply = client.post("/account/login/", {"login": "demo@example.org", "password": "x"})
    assert reply.status_code == 429
    assert "Too many tries" in reply.content.decode()


@pytest.mark.parametrize(
    "kind", ["account_already_exists", "email_confirmation", "password_reset_key", "unknown_account"]
)
def test_mail_says_who_it_is_from_and_holds_the_link(kind: str) -> None:
    from django.template.loader import render_to_string

    links = {
        f"{name}_url": f"https://soundings.example/{name}" for name in ("activate", "password_reset", "signup", "site")
    }
    text = render_to_string(f"account/email/{kind}_message.txt", {"email": "a&b@example.org", **links})
    assert re.search(r"https://soundings\.example/(activate|password_reset|signup)\n", text)
    assert "Soundings\nhttps://soundings.example/site" in text
    assert "&amp;" not in text
    assert "Soundings" in render_to_string(f"account/email/{kind}_subject.txt")
