"""The firm's pages in a real browser: by keyboard, without JavaScript, at 320 pixels, and accessible by axe."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Role, User
from accounts.record import By
from consultations.models import Consultation
from responses import drafting, exporting, subscribing
from responses.drafting import Given
from responses.models import Response, Submission
from tests import factories
from tests.config.test_browser import check, follow, visit  # noqa: F401 (a fixture)
from tests.factories import member, paper_with_two_deadlines, question
from tests.responses.pages import section_url, stored, url

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def consultation() -> Consultation:
    now = timezone.now()
    return paper_with_two_deadlines(
        discussion_closes=now + timedelta(days=5),
        chapters_close=now + timedelta(days=33),
        published_at=now - timedelta(days=3),
        confidentiality_note="A standard confidentiality statement in an e-mail is not treated as a request.",
        authorities=[
            factories.AuthorityFactory(slug="demonstration-authority"),
            factories.AuthorityFactory(slug="demonstration-agency", time_zone="America/New_York"),
        ],
    )


@pytest.fixture
def submitter() -> User:
    return member(
        factories.OrganisationFactory(name="Demonstration Firm A"), Role.SUBMITTER, name="Demonstration Person"
    )


@pytest.fixture
def response(consultation: Consultation, submitter: User) -> Response:
    return factories.ResponseFactory(consultation=consultation, organisation=submitter.organisations.get())


def sign_in(context: Any, live_server: Any, user: User) -> None:
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])


def save(response: Response, user: User, asked_as: str, *, version: int = 0, **given: Any) -> None:
    asked = question(response.consultation, asked_as)
    by = By(user=user, door="page")
    drafting.save_answer(response=response, given=Given(question=asked, version=version, **given), by=by)


# --- Every page, empty, filled, refused and closed --------------------------------------------------------------------
def test_pages_of_an_empty_draft_are_accessible_and_fit(visit, live_server, response, submitter) -> None:  # noqa: F811
    sign_in(visit.page.context, live_server, submitter)
    factories.paper(title="Another demonstration paper")
    for path in (
        reverse("responses:list"), url("detail", response), url("attachments", response), url("consents", response),
        url("check", response), section_url(response, question(response.consultation, "2.1")),
        section_url(response, question(response.consultation, "3.1")),
    ):  # fmt: skip
        check(visit(path))


def test_pages_of_what_was_filed_are_accessible_and_fit(visit, live_server, response, submitter) -> None:  # noqa: F811
    sign_in(visit.page.context, live_server, submitter)
    for number, given in {
        "2.1": {"text": "A long answer. " * 9}, "2.2": {"selected": ("No",), "text": "Because."},
        "2.3": {"text": "This."},
        "3.1": {"selected": ("First",)}, "3.2": {"selected": ("Staff", "Advice")}, "3.3": {"number": "1250000.5"},
        "6.1": {"text": "Discussed."},
    }.items():  # fmt: skip
        save(response, submitter, number, **given)
    for asked in (None, question(response.consultation, "3.4")):
        factories.AttachmentFactory(response=response, question=asked, name=f"{'long-name-' * 15}.txt")
    check(visit(url("check", response)))
    drafting.state_consents(
        response=response, text_consent="publish", name_consent="list", foi_position="confidential",
        foi_reason="It names clients.", by=By(user=submitter, door="page"),
    )  # fmt: skip
    page = visit(url("check", response))
    follow(page, "text=Submit the response")
    check(page)
    filed = Submission.objects.get()
    response.consultation.deadlines.filter(position=1).update(closes_at=timezone.now() - timedelta(hours=1))
    for path in (
        reverse("responses:list"), url("detail", response), url("attachments", response), url("check", response),
        section_url(response, question(response.consultation, "3.4")),
        section_url(response, question(response.consultation, "6.1")),
        reverse("responses:submission", args=[filed.reference]), url("withdraw", response),
        url("more_time", response), reverse("responses:how_to_check"),
    ):  # fmt: skip
        check(visit(path))
    response.consultation.deadlines.update(closes_at=timezone.now() - timedelta(hours=1))
    for path in (f"{reverse('responses:list')}?show=closed", url("detail", response), url("check", response)):
        check(visit(path))


def test_pages_for_a_reader_and_for_starting_are_accessible_and_fit(visit, live_server, response) -> None:  # noqa: F811
    reader = member(response.organisation, Role.READER)
    sign_in(visit.page.context, live_server, reader)
    for path in (
        url("detail", response), url("consents", response), url("attachments", response), url("check", response),
        url("withdraw", response), section_url(response, question(response.consultation, "2.1")),
    ):  # fmt: skip
        check(visit(path))
    other = factories.paper()
    for user in (reader, factories.UserFactory(), member(factories.OrganisationFactory())):
        sign_in(visit.page.context, live_server, user)
        check(visit(f"{reverse('responses:start')}?consultation={other.code}"))
    factories.MembershipFactory(user=user)
    check(visit(f"{reverse('responses:start')}?consultation={other.code}"))
    check(visit(f"{reverse('responses:late')}?consultation={other.code}"))
    subscribing.renew_for(organisation=user.organisations.first(), by=By(user=user, door="page"))
    check(visit(reverse("responses:calendar")))


def test_refusals_and_conflicts_are_accessible_and_fit(visit, live_server, response, submitter) -> None:  # noqa: F811
    sign_in(visit.page.context, live_server, submitter)
    asked = question(response.consultation, "6.1")
    page = visit(section_url(response, asked))
    save(response, member(response.organisation, name="Demonstration Colleague"), "6.1", text="Theirs, all of it.")
    page.evaluate("document.querySelector('[data-answer]').removeAttribute('data-answer')")  # before it saves itself
    page.fill("textarea", "Mine, all of it.")
    follow(page, "button:visible:has-text('Save and continue')")
    assert page.title().startswith("Error: ")
    assert page.locator(".so-conflict").count() == 1
    check(page)
    follow(page, "button:visible:has-text('Save and continue')")
    assert stored(response)["6.1"] == ("Mine, all of it.", [], "", 2)
    for path, button in (
        (url("consents", response), "main .so-actions button"),
        (url("attachments", response), "main .so-actions button"),
        (url("check", response), "text=Submit the response"),
    ):
        page = visit(path)
        follow(page, button)
        assert page.title().startswith("Error: ")
        check(page)
    page = visit(section_url(response, asked))
    response.consultation.deadlines.update(closes_at=timezone.now() - timedelta(seconds=1))
    page.evaluate("document.querySelector('[data-answer]').removeAttribute('data-answer')")
    page.fill("textarea", "Typed too late.")
    follow(page, "button:visible:has-text('Save and continue')")
    assert page.locator("textarea").input_value() == "Typed too late."
    check(page)
    assert all("400" in complaint or "409" in complaint or "412" in complaint for complaint in visit.complaints)
    visit.complaints.clear()  # Chromium calls every such answer an error


# --- By keyboard alone ------------------------------------------------------------------------------------------------
class Keyboard:
    """Tab, type, press: nothing is clicked, and what is used must have the focus."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def to(self, selector: str) -> "Keyboard":
        for _ in range(80):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return self
        raise AssertionError(f"no way to {selector} by keyboard on {self.page.url}")

    def to_text(self, text: str) -> "Keyboard":
        for _ in range(80):
            self.page.keyboard.press("Tab")
            if text in self.page.evaluate("document.activeElement.innerText || ''"):
                return self
        raise AssertionError(f"no way to “{text}” by keyboard on {self.page.url}")

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def follow(self) -> None:
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def write(self, text: str) -> None:
        self.page.keyboard.type(text)


def test_a_response_can_be_given_by_keyboard_alone(visit, live_server, consultation, submitter) -> None:  # noqa: F811
    sign_in(visit.page.context, live_server, submitter)
    page = visit(reverse("consultations:detail", args=[consultation.code]))
    keys = Keyboard(page)
    keys.to_text("Start a response").follow()
    keys.to_text("2 High level standards").follow()
    keys.to("textarea").write("By keyboard.")
    keys.to("input[value=Yes]").press("Space")
    keys.to("textarea").write("With comments.")
    keys.to_text("Save and return").follow()
    keys.to_text("State the consents").follow()
    for name, value in {"text_consent": "publish", "name_consent": "list", "foi_position": "no_objection"}.items():
        keys.to(f"input[name={name}][value={value}]").press("Space")
    keys.to_text("Save").follow()
    keys.to_text("Check and submit").follow()
    keys.to_text("Submit the response").follow()
    filed = Submission.objects.get()
    assert filed.reference in page.inner_text("main")
    assert filed.answer_count == 2
    assert filed.submitted_by == submitter
    with page.expect_download() as download:
        keys.to_text("Download the receipt").press("Enter")
    assert download.value.suggested_filename == f"receipt-{filed.reference}.pdf"


# --- Without JavaScript, on a small screen ----------------------------------------------------------------------------
def test_a_response_can_be_given_without_javascript_at_320_pixels(
    browser, live_server, consultation, submitter, tmp_path
) -> None:
    evidence = tmp_path / "evidence.csv"
    evidence.write_text("a,b\n1,2\n")
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640})
    sign_in(context, live_server, submitter)
    page = context.new_page()
    page.goto(live_server.url + reverse("consultations:detail", args=[consultation.code]))
    follow(page, "text=Start a response")
    follow(page, "text=2 High level standards")
    page.fill("textarea >> nth=0", "Typed on a telephone.")
    page.check("label:text-is('No')")
    assert page.is_visible("text=Why should they not apply?")  # nothing hides it, and its hint says when to answer
    follow(page, "button:visible:has-text('Save and continue')")
    page.check("label:text-is('First')")
    page.check("label:text-is('Advice')")
    page.fill("input[inputmode=decimal]", "12.50")
    page.set_input_files("input[type=file]", str(evidence))
    follow(page, "button:visible:has-text('Save and continue')")
    page.fill("textarea", "Discussed.")
    follow(page, "text=Save and return")
    assert "6 Discussion of conduct is saved." in page.inner_text("main")
    follow(page, "text=Attach files")
    page.set_input_files("input[type=file]", str(evidence))
    follow(page, "main .so-actions button")
    assert "evidence.csv is attached." in page.inner_text("main")
    follow(page, "text=Remove >> nth=1")
    follow(page, "text=Back to your response")
    follow(page, "text=State the consents")
    page.check("label:has-text('Yes, the text may be published')")
    page.check("label:has-text('No, do not list our name')")
    page.check("label:has-text('Ask us before any disclosure')")
    follow(page, "main .so-actions button")
    follow(page, "a:has-text('Check and submit')")
    follow(page, "text=Submit the response")
    filed = Submission.objects.get()
    assert filed.reference in page.inner_text("main")
    assert filed.answer_count == 7
    assert (filed.text_consent, filed.name_consent, filed.foi_position) == ("publish", "withhold", "consult")
    context.close()


# --- With JavaScript --------------------------------------------------------------------------------------------------
def test_answers_save_themselves_and_a_question_appears_when_it_is_asked(
    visit,  # noqa: F811
    live_server,
    response,
    submitter,
) -> None:
    sign_in(visit.page.context, live_server, submitter)
    page = visit(section_url(response, question(response.consultation, "2.1")))
    assert not page.is_visible("text=Why should they not apply?")
    page.check("label:text-is('No')")
    page.wait_for_selector("text=Why should they not apply?")
    page.fill("textarea >> nth=0", "Saved by itself.")
    page.wait_for_selector("[data-autosave-status]:has-text('Saved at')")
    page.fill("textarea >> nth=0", "Saved by itself, twice.")
    expect(page.locator("input[name$='-version']").first).to_have_value("2")  # the page keeps up with the version
    assert stored(response) == {
        "2.1": ("Saved by itself, twice.", [], "", 2), "2.2": ("", ["No"], "", 1),
    }  # fmt: skip
    follow(page, "button:visible:has-text('Save and continue')")
    assert stored(response)["2.1"] == ("Saved by itself, twice.", [], "", 2)
    assert "3 Senior management arrangements" in page.title()


def test_pages_of_what_the_firm_holds_are_accessible_and_fit(visit, live_server, response) -> None:  # noqa: F811
    admin = member(response.organisation, confirmed=True)
    sign_in(visit.page.context, live_server, admin)
    save(response, admin, "2.1", text="Custody would cost more.\n\nSo would reserves." + " A long passage." * 40)
    old = factories.ResponseFactory(organisation=response.organisation)
    factories.AnswerFactory(response=old, text="Custody of reserves.\n\nA second paragraph.")
    factories.FollowFactory(user=admin, consultation=factories.paper(elsewhere=True))
    exporting.ask(organisation=response.organisation, by=By(user=admin, door="page"))
    exporting.build_due(timezone.now())
    exporting.ask(organisation=response.organisation, by=By(user=admin, door="page"))
    earlier = url("earlier", response, question(response.consultation, "2.1").code)
    key = f"{old.code}:{factories.question(old.consultation, '1').code}"
    for path in (
        f"{reverse('responses:search')}?q=custody", f"{earlier}?q=custody", f"{earlier}?from={key}",
        reverse("responses:exports"), reverse("responses:list"),
    ):  # fmt: skip
        check(visit(path))
    page = visit(f"{earlier}?from={key}")
    page.keyboard.press("Tab")
    page.locator("#paragraph-1").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Put it at the end of the answer").press("Enter")
    expect(page.locator("textarea").first).to_have_value(re.compile(r"A second paragraph\.$"))
    check(page)
