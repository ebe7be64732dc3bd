"""The staff pages in a real browser: accessible by axe, by keyboard alone, no sideways scrolling at 320 pixels."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Act, User
from consultations.models import Announcement, Consultation, News
from notifications.models import Notification, State
from tests.accounts.test_browser import sign_in
from tests.config.test_browser import check, follow, visit  # noqa: F401 (a fixture)
from tests.factories import (
    ConsultationFactory,
    DeadlineChangeFactory,
    DocumentFactory,
    OutcomeFactory,
    ResponseFactory,
    StaffFactory,
    paper,
    submit_row,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LONG = "Demonstration-paper-with-a-name-that-has-no-place-to-break-and-goes-on " * 3


@pytest.fixture
def chief(db: None) -> User:
    return StaffFactory(is_superuser=True, name="Demonstration Chief")


@pytest.fixture
def addresses(db: None) -> list[str]:
    """Every kind of page, with something on it."""
    public = paper(title=LONG.strip(), questions=6, is_rehearsal=True)
    DeadlineChangeFactory(deadline=public.deadlines.get())
    DocumentFactory(consultation=public)
    outcome = OutcomeFactory(consultations=[public], published_at=None)
    draft = ConsultationFactory(draft=True, title="Demonstration draft", authorities=[])
    response = ResponseFactory(consultation=public, consented=True)
    submit_row(response)
    message = Notification.objects.create(
        kind="invitation",
        key="k",
        address="x@example.org",
        due_at=datetime.now(UTC),
        state=State.FAILED,
        reason="x" * 200,
    )
    held = Announcement.objects.create(
        kind=News.WITHDRAWN, consultation=public, note="x" * 200, made_by_name="x@example.org",
        made_at=datetime.now(UTC), held_at=datetime.now(UTC), recipients=9_000,
    )  # fmt: skip
    act = Act.objects.create(
        at=datetime.now(UTC),
        verb="tested",
        actor="x@example.org",
        door="task",
        subject="test:1",
        detail={"a": "b" * 200},
    )
    of = "consultations_consultation"
    one = [
        (f"{of}_change", public), (f"{of}_change", draft), (f"{of}_publish", draft), (f"{of}_withdraw", public),
        (f"{of}_paste", draft), ("consultations_deadline_extend", public.deadlines.get()),
        ("consultations_outcome_change", outcome),
        ("responses_response_change", response), ("notifications_notification_change", message),
        ("accounts_act_change", act), ("accounts_user_change", StaffFactory()),
        ("consultations_announcement_release", held),
    ]  # fmt: skip
    lists = [of, "responses_response", "notifications_notification", "accounts_webhookdelivery"]
    return [
        reverse("admin:index"),
        *[reverse(f"admin:{name}", args=[row.pk]) for name, row in one],
        *[reverse(f"admin:{name}_changelist") for name in lists],
        f"{reverse('admin:responses_response_changelist')}?state=submitted",  # with the filters open
        reverse(f"admin:{of}_add"),
        f"{reverse('admin:consultations_deadline_add')}?consultation={draft.pk}",
        reverse("admin:responses_response_questions", args=[public.code]),
    ]


@pytest.mark.timeout(300)
def test_pages_are_accessible_and_fit(visit: Any, live_server: Any, chief: User, addresses: list[str]):  # noqa: F811
    sign_in(visit.page.context, live_server, chief)
    for address in addresses:
        check(visit(address))


def test_publishing_by_keyboard_alone(visit: Any, live_server: Any, chief: User):  # noqa: F811
    draft = paper(published_at=None)
    sign_in(visit.page.context, live_server, chief)
    page = visit(reverse("admin:consultations_consultation_change", args=[draft.pk]))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to main content"
    page.keyboard.press("Enter")
    go_to(page, "Publish")
    page.keyboard.press("Enter")
    page.wait_for_url("**/publish/")
    go_to(page, "Publish", tag="BUTTON")
    page.keyboard.press("Enter")
    page.wait_for_url("**/change/")
    assert "It is published." in page.content()
    assert Consultation.objects.get().published_at is not None


def go_to(page: Any, text: str, *, tag: str = "A") -> None:
    """Tab until the link or button of that name has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("[document.activeElement.tagName, document.activeElement.textContent.trim()]") == [tag, text]:
            return
    raise AssertionError(f"{text} cannot be reached")


def test_menu_opens_and_closes_at_320_pixels_by_keyboard(visit: Any, live_server: Any, chief: User):  # noqa: F811
    sign_in(visit.page.context, live_server, chief)
    page = visit(reverse("admin:index"), 320)
    menu = page.get_by_role("button", name="Menu", exact=True)
    assert not page.get_by_role("link", name="Consultations", exact=True).is_visible()
    menu.focus()
    page.keyboard.press("Enter")
    assert page.get_by_role("link", name="Consultations", exact=True).is_visible()
    page.get_by_role("button", name="Close the menu").focus()
    page.keyboard.press("Enter")
    assert not page.get_by_role("link", name="Consultations", exact=True).is_visible()


@pytest.mark.parametrize(("width", "menu"), [(1280, "What is asked"), (320, "Alerts to followers")])
def test_staff_pages_work_without_scripts(visit: Any, live_server: Any, chief: User, width: int, menu: str):  # noqa: F811
    """Unfold hides each page until its script runs, and its menu behind a button that is one."""
    draft = paper(published_at=None)
    plain = visit.page.context.browser.new_context(
        base_url=live_server.url, java_script_enabled=False, viewport={"width": width, "height": 800}
    )
    sign_in(plain, live_server, chief)
    page = plain.new_page()
    page.goto(reverse("admin:consultations_consultation_change", args=[draft.pk]))
    assert page.get_by_text(menu, exact=True).first.is_visible()
    follow(page, "a:text-is('Publish')")
    follow(page, "button:text-is('Publish')")
    assert page.get_by_text("It is published.").is_visible()
    plain.close()
