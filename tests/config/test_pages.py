"""The frame of every page, the error pages, and what leaves this site: nothing."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from notifications.refusal import Conflict

STATIC = Path(settings.BASE_DIR) / "config/static/soundings"
TEMPLATES = Path(settings.BASE_DIR) / "config/templates"
ROOMS = ("analysis", "responses", "consultations", "accounts", "notifications", "config")


def templates() -> list[Path]:
    found = [path for room in ROOMS for path in (Path(settings.BASE_DIR) / room / "templates").rglob("*.html")]
    return [
        path for path in found if "email" not in path.parts and "admin" not in path.parts and "unfold" not in path.parts
    ]


@pytest.mark.urls("tests.config.gallery")
def test_frame_names_itself_and_skips_to_the_content(client: Client) -> None:
    html = client.get("/widgets/").content.decode()
    assert html.startswith('<!DOCTYPE html>\n<html lang="en-GB"')
    assert "<title>Every widget – Soundings</title>" in html
    assert 'href="#main-content"' in html
    assert '<div id="main-content">' in html


@pytest.mark.urls("tests.config.gallery")
def test_title_says_that_there_is_an_error(client: Client) -> None:
    assert "<title>Error: Every widget – Soundings</title>" in client.post("/widgets/").content.decode()


@pytest.mark.urls("tests.config.gallery")
def test_navigation_marks_where_one_is(client: Client) -> None:
    assert re.search(r'href="/" aria-current="page"', client.get("/").content.decode())
    assert "aria-current" not in client.get("/widgets/").content.decode()


@pytest.mark.urls("tests.config.gallery")
def test_stranger_is_offered_to_sign_in_and_sees_no_menu_of_members(client: Client) -> None:
    html = client.get("/").content.decode()
    assert "Sign in" in html
    assert "Register" in html
    assert "My responses" not in html
    assert "Sign out" not in html
    assert "csrfmiddlewaretoken" not in html  # so that a stranger's page sets no cookie


@pytest.mark.urls("tests.config.gallery")
def test_member_signs_out_by_post(client: Client, django_user_model) -> None:  # type: ignore[no-untyped-def]
    user = django_user_model(email="demo@example.org", is_staff=False)
    request = RequestFactory().get("/somewhere/")
    request.user = user
    request.resolver_match = None
    html = render_to_string("soundings/header.html", {"user": user}, request=request)
    assert re.search(r'<form class="so-header__form" method="post" action="/account/logout/">', html)
    assert [*re.findall(r'__link" href="[^"]+">([^<]+)</a></li>', html)] == [
        "Consultations", "My responses", "Alerts", "Organisation", "API tokens",
    ]  # fmt: skip


@pytest.mark.urls("tests.config.gallery")
def test_rehearsal_is_announced(client: Client) -> None:
    assert "so-rehearsal" in client.get("/reading/").content.decode()
    assert "so-rehearsal" not in client.get("/widgets/").content.decode()


@pytest.mark.urls("tests.config.gallery")
def test_messages_are_banners(client: Client) -> None:
    html = client.get("/reading/").content.decode()
    assert "govuk-notification-banner--success" in html
    assert "so-banner--error" in html


@pytest.mark.parametrize("name", ["403", "404", "429", "403_csrf"])
def test_error_page_renders_for_a_stranger(name: str, settings) -> None:  # type: ignore[no-untyped-def]
    settings.ROOT_URLCONF = "tests.config.gallery"
    request = RequestFactory().get("/somewhere/?a=b&c=d")
    html = render_to_string(f"{name}.html", {}, request=request)
    assert "<h1" in html
    assert "Soundings</title>" in html


@pytest.mark.urls("tests.config.gallery")
def test_refusal_is_said_in_its_own_words() -> None:
    request = RequestFactory().get("/")
    html = render_to_string(
        "refused.html", {"refusal": Conflict("This response was submitted a moment ago.")}, request=request
    )
    assert "This response was submitted a moment ago." in html


@pytest.mark.parametrize("name", ["500", "400"])
def test_last_resort_pages_lean_on_nothing(name: str) -> None:
    source = (TEMPLATES / f"{name}.html").read_text()
    assert "{%" not in source
    assert "{{" not in source
    for asset in re.findall(r'"/static/soundings/([^"]+)"', source):
        assert (STATIC / asset).is_file()


def test_templates_obey_the_content_security_policy() -> None:
    """No script or style in the page, no handler in an attribute, nothing from another origin."""
    for path in templates():
        source = re.sub(r"{%\s*comment.*?endcomment\s*%}", "", path.read_text(), flags=re.S)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"|javascript:", source), path
        assert all(" src=" in tag for tag in re.findall(r"<script[^>]*>", source)), path
        assert not re.search(r'(?:src|srcset|action)="(?:https?:)?//', source), path
        assert not re.search(r"<(?:link|iframe|object|embed)[^>]+\"(?:https?:)?//", source), path


def test_shipped_css_and_scripts_ask_for_nothing_elsewhere() -> None:
    css = (STATIC / "govuk.css").read_text() + (STATIC / "soundings.css").read_text()
    for target in re.findall(r"url\(\"?([^\")]+)", css):
        assert (STATIC / target).is_file(), target
    assert "@import" not in css
    assert "GDS Transport" not in css
    for script in STATIC.glob("*.js"):
        assert "sourceMappingURL" not in script.read_text()
        assert not re.search(r"fetch\(.https?:|import\(|eval\(", script.read_text()), script.name


def test_licences_of_what_is_shipped_come_along() -> None:
    assert "MIT License" in (STATIC / "govuk-LICENCE.txt").read_text()
    assert "SIL Open Font License" in (STATIC / "source-serif-4-LICENCE.txt").read_text()


@pytest.mark.django_db
@pytest.mark.urls("tests.config.gallery")
@pytest.mark.parametrize(
    "path",
    [
        "login",
        "signup",
        "password/reset",
        "password/reset/done",
        "confirm-email",
        "confirm-email/x",
        "inactive",
    ],
)
def test_account_page_comes_in_our_frame(client: Client, path: str) -> None:
    response = client.get(f"/account/{path}/")
    assert response.status_code == 200
    assert 'class="so-header"' in response.content.decode()


@pytest.mark.parametrize(
    "name",
    [
        "consultations:list", "consultations:following", "responses:list", "accounts:organisation", "accounts:tokens",
        "accounts:profile", "account_login", "account_signup", "account_logout", "admin:index", "api-docs",
        "accessibility",
    ],
)  # fmt: skip
def test_link_of_the_frame_leads_somewhere(name: str) -> None:
    """The templates leave out a link whose page does not exist, so that only this tells."""
    from django.urls import reverse

    assert reverse(name)


@pytest.mark.parametrize("address", ["/organisation/%00/", "/consultations/a%00b/", "/api/v1/consultations/%00/"])
def test_an_address_that_no_database_can_look_up_is_a_bad_request(client: Client, address: str) -> None:
    assert client.get(address).status_code == 400


def test_a_form_in_another_encoding_is_a_bad_request(client: Client) -> None:
    answer = client.post(
        "/account/login/", b"login=+2AA-", content_type="application/x-www-form-urlencoded;charset=utf-7"
    )
    assert answer.status_code == 400
