"""Our pages in a real browser: accessible by axe, no sideways scrolling at 320 pixels, and without JavaScript too."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts import joining, tokens, webhooks
from accounts.models import Membership, Organisation, Role, User, WebhookEvent
from notifications import clock
from tests.accounts.conftest import by, invitation_to
from tests.config.test_browser import check, follow, visit  # noqa: F401 (a fixture)
from tests.factories import MembershipFactory, OrganisationFactory, UserFactory, member

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def sign_in(context: Any, live_server: Any, user: User) -> None:
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])


@pytest.fixture
def places(firm: Organisation, admin: User, drafter: User, stranger: User) -> dict[str, list[str]]:
    """Who opens which pages, each with something on it; "" is nobody in particular."""
    firm.frn, firm.lei, firm.company_number = "122702", "2138004DEMONSTRATI77", "01234567"
    firm.save()
    offer = invitation_to(firm, "a.rather.long.address.of.a.colleague@department.example.org", by=admin)
    member(firm, Role.READER, name="Demonstration Person With A Rather Long Name")
    own, _ = tokens.create(by=by(admin), user=admin, name="Filing system, test", expires_in=None)
    tokens.create(by=by(admin), organisation=firm, role="submitter", name="Filing system", expires_in=None)
    other = MembershipFactory(user=drafter, organisation=OrganisationFactory(name="Demonstration Trade Body"))
    invitation_to(OrganisationFactory(name="Demonstration Law Firm"), drafter.email, by=admin)
    hook, _ = webhooks.create(
        by=by(admin), organisation=firm, url="https://93.184.216.34/hooks", events=["consultation.opened"]
    )
    webhooks.owe(event=WebhookEvent.CONSULTATION_OPENED, key="1", data={}, now=clock.now())
    hook.deliveries.update(state="failed", attempts=10, said="It said 500", tried_at=clock.now())
    pk = Membership.objects.get(user=drafter, organisation=firm).pk
    return {
        "admin": [
            reverse("accounts:organisation_detail", args=[firm.code]),
            reverse("accounts:create_organisation"),
            reverse("accounts:edit_organisation", args=[firm.code]),
            reverse("accounts:invite", args=[firm.code]),
            reverse("accounts:change_role", args=[firm.code, pk]),
            reverse("accounts:remove_member", args=[firm.code, pk]),
            reverse("accounts:tokens"),
            reverse("accounts:create_token"),
            reverse("accounts:revoke_token", args=[own.prefix]),
            reverse("accounts:profile"),
            reverse("accounts:webhooks", args=[firm.code]),
            reverse("accounts:create_webhook", args=[firm.code]),
            reverse("accounts:webhook", args=[firm.code, hook.code]),
            reverse("accounts:remove_webhook", args=[firm.code, hook.code]),
            reverse("responses:calendar"),
            reverse("consultations:feeds"),
        ],
        "drafter": [
            reverse("accounts:organisation"),
            reverse("accounts:organisation_detail", args=[firm.code]),
            reverse("accounts:leave", args=[other.organisation.code]),
        ],
        "stranger": [
            reverse("accounts:organisation"),
            reverse("accounts:tokens"),
            path_of(joining.link(offer)),
        ],
        "": [path_of(joining.link(offer))],
    }


def path_of(link: str) -> str:
    return "/" + link.split("://", 1)[1].partition("/")[2]


@pytest.mark.parametrize("who", ["admin", "drafter", "stranger", ""])
def test_pages_are_accessible_and_fit(request, visit, live_server, places, who):  # noqa: F811
    if who:
        sign_in(visit.page.context, live_server, request.getfixturevalue(who))
    for path in places[who]:
        check(visit(path))


def test_pages_with_errors_are_accessible_and_fit(visit, live_server, admin, firm):  # noqa: F811
    sign_in(visit.page.context, live_server, admin)
    for path in (reverse("accounts:invite", args=[firm.code]), reverse("accounts:create_token")):
        page = visit(path)
        follow(page, "main .so-actions button")
        assert page.title().startswith("Error: ")
        check(page)
    assert all("400" in complaint for complaint in visit.complaints)  # Chromium calls every answer of 400 an error
    visit.complaints.clear()


def test_token_is_shown_to_be_copied(visit, live_server, admin):  # noqa: F811
    sign_in(visit.page.context, live_server, admin)
    page = visit(reverse("accounts:create_token"))
    page.get_by_label("Name").fill("Filing system")
    follow(page, "main .so-actions button")
    assert page.locator("#secret").inner_text().startswith("snd_")
    check(page)


def test_invited_person_joins_without_javascript(browser, live_server, firm, admin):
    guest = UserFactory(email="guest@example.org", confirmed=True)
    offer = invitation_to(firm, guest.email, by=admin, role=Role.SUBMITTER)
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 800})
    sign_in(context, live_server, guest)
    page = context.new_page()
    page.goto(live_server.url + path_of(joining.link(offer)))
    follow(page, f"button:text-is('Join {firm.name}')")
    assert page.get_by_text(f"You have joined {firm.name}.").is_visible()
    assert firm.memberships.get(user=guest).role == Role.SUBMITTER
    context.close()
