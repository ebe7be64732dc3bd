"""Who gets in: no staff page opens for staff without the right. For the rest of us: tests/test_authorisation.py."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from responses.models import State
from tests.factories import (
    ConsultationFactory,
    DeadlineFactory,
    DocumentFactory,
    OutcomeFactory,
    QuestionFactory,
    ResponseFactory,
    StaffFactory,
    UserFactory,
    member,
    submit_row,
)

pytestmark = pytest.mark.long
NO_SECRET = {"login", "logout", "jsi18n"}  # the door itself, and words of Django's own scripts


def routes() -> Iterator[str]:
    """Every route of the staff site as an address, its parts filled with something."""
    staff = next(
        pattern
        for pattern in get_resolver().url_patterns
        if isinstance(pattern, URLResolver) and pattern.app_name == "admin"
    )
    yield from addresses(staff.url_patterns, "/admin/")


def addresses(patterns: list[Any], before: str) -> Iterator[str]:
    for pattern in patterns:
        route = str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, before + route)
        elif isinstance(pattern, URLPattern) and pattern.name not in NO_SECRET:
            yield before + filled(route)


def filled(route: str) -> str:
    for part, value in [
        ("<path:object_id>", "1"), ("<path:content_type_id>", "1"), ("<str:code>", "BCDFGHJKMN"), ("<id>", "1"),
        ("^(?P<app_label>consultations|responses|accounts|notifications|auth|account|mfa)/$", "consultations/"),
        ("(?P<url>.*)$", "nothing"),
    ]:  # fmt: skip
        route = route.replace(part, value)
    if route.startswith("^(?P<app_label>"):
        return "consultations/"
    return route.removeprefix("^")


def test_there_are_routes_to_try():
    found = set(routes())
    assert "/admin/consultations/consultation/1/publish/" in found
    assert "/admin/responses/response/1/change/" in found
    assert len(found) > 80
    assert not [address for address in found if "<" in address or "(" in address]


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
def test_every_route_but_the_front_page_refuses_staff_without_a_right(signed_in, method, everything):
    browser = signed_in(StaffFactory())
    for address in [*routes(), *everything]:
        answer = getattr(browser, method)(address)
        if answer.status_code == 302 and answer["Location"].startswith("/account/"):
            continue  # their own password
        if answer.status_code == 302 and answer["Location"] == f"{address}change/":
            continue  # Django's old addresses
        if address in ("/admin/", "/admin/r/1/1/", "/admin/autocomplete/"):
            continue
        assert answer.status_code in (403, 404), f"{address}: {answer.status_code}"


@pytest.fixture
def everything(db) -> list[str]:
    """The pages of things that are there."""
    paper = ConsultationFactory()
    response = ResponseFactory(consultation=paper)
    submit_row(response)
    rows = [
        paper, DeadlineFactory(consultation=paper), QuestionFactory(section__consultation=paper),
        DocumentFactory(consultation=paper), OutcomeFactory(consultations=[paper]), response,
    ]  # fmt: skip
    pages = []
    for row in rows:
        base = f"admin:{row._meta.app_label}_{row._meta.model_name}"
        pages += [reverse(f"{base}_{page}", args=[row.pk]) for page in ("change", "delete", "history")]
        pages += [reverse(f"{base}_{button.path}", args=[row.pk]) for button in admin.site._registry[type(row)].buttons]
    return [*pages, reverse("admin:consultations_consultation_paste", args=[paper.pk])]


@pytest.mark.django_db
def test_front_page_shows_nothing_to_staff_without_a_right(signed_in):
    ConsultationFactory(draft=True, title="A secret plan")
    answer = signed_in(StaffFactory()).get("/admin/")
    assert answer.status_code == 200
    assert b"A secret plan" not in answer.content
    assert b"Came in" not in answer.content
    assert b"Post</h2>" not in answer.content


@pytest.mark.django_db
def test_signing_in_is_allauths(client):
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/account/login/")
    assert "next" in answer.redirect_chain[-1][0]


@pytest.mark.django_db
def test_a_password_is_changed_at_allauths_page(admin_site):
    assert admin_site.get("/admin/password_change/")["Location"] == reverse("account_change_password")


@pytest.mark.django_db
def test_draft_of_a_firm_is_not_there_for_staff(admin_site):
    draft = ResponseFactory()
    answer = admin_site.get(reverse("admin:responses_response_change", args=[draft.pk]))
    assert answer.status_code == 302
    assert draft.organisation.name not in admin_site.get("/admin/responses/response/").content.decode()


@pytest.mark.django_db
def test_draft_of_ones_own_firm_is_not_there_for_staff_either(signed_in):
    """Somebody may be staff and a member of a firm: the staff pages show what was filed and nothing else."""
    draft = ResponseFactory(state=State.DRAFT)
    person = member(draft.organisation)
    person.is_staff = person.is_superuser = True
    person.save()
    answer = signed_in(person).get(reverse("admin:responses_response_change", args=[draft.pk]))
    assert answer.status_code == 302


@pytest.mark.django_db
def test_only_an_administrator_gives_rights(signed_in):
    staff = StaffFactory(rights=["accounts.view_user", "accounts.change_user", "accounts.add_user"])
    person = UserFactory(name="Demonstration Person")
    browser = signed_in(staff)
    page = reverse("admin:accounts_user_change", args=[person.pk])
    sent = {"name": "Renamed Person", "time_zone": "Europe/London", "is_active": "on"}
    browser.post(page, {**sent, "is_staff": "on", "is_superuser": "on"})
    person.refresh_from_db()
    assert (person.name, person.is_staff, person.is_superuser) == ("Renamed Person", False, False)
    new = {"email": "new@example.org", "name": "New", "time_zone": "Europe/London", "is_active": "on"}
    browser.post(reverse("admin:accounts_user_add"), {**new, "is_staff": "on", "is_superuser": "on"})
    made = type(person).objects.get(email="new@example.org")
    assert (made.is_staff, made.is_superuser, made.has_usable_password()) == (False, False, False)


@pytest.mark.django_db
def test_staff_change_neither_an_administrator_nor_themselves(signed_in):
    staff = StaffFactory(rights=["accounts.view_user", "accounts.change_user"])
    chief = StaffFactory(is_superuser=True, name="Demonstration Chief")
    for person in (chief, staff):
        page = reverse("admin:accounts_user_change", args=[person.pk])
        assert signed_in(staff).post(page, {"name": "x", "time_zone": "UTC"}).status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize("where", ["", "consultations/consultation/", "accounts/user/", "login/"])
def test_policy_allows_no_other_origin_and_no_script_in_the_page(admin_site, where):
    policy = admin_site.get(f"/admin/{where}")["Content-Security-Policy"]
    parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert parts["script-src"] == "'self' 'unsafe-eval'"
    assert parts["style-src"] == "'self' 'unsafe-inline'"
    assert parts["default-src"] == "'none'"
    assert "http" not in policy


@pytest.mark.django_db
def test_policy_elsewhere_is_as_strict_as_before(client):
    assert "unsafe" not in client.get("/account/login/")["Content-Security-Policy"]
