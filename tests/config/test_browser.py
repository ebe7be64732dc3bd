"""In a real browser: accessible by axe, no sideways scrolling at 320 pixels, nothing from elsewhere, autosave."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest

from tests.config import gallery

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.config.gallery")]
PAGES = ["/", "/widgets/", "/reading/", "/answering/", "/account/login/", "/account/signup/"]
WIDTHS = [1280, 320]
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()
VIOLATIONS = Path(__file__).with_name("violations.js").read_text()
_settled: set[str] = set()  # styles of text, by whatever test of this run


@pytest.fixture
def visit(page: Any, live_server: Any) -> Iterator[Any]:
    """`visit(path)`: goes there, and at the end holds that the browser complained of nothing and asked nobody else."""
    complaints: list[str] = []
    elsewhere: list[str] = []
    page.context.add_init_script(AXE)  # goes to the browser once: half a megabyte for each page took as long as a page
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: elsewhere.append(request.url) if live_server.url not in request.url else None)

    def go(path: str, width: int = 1280) -> Any:
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(live_server.url + path)
        return page

    go.complaints = complaints  # type: ignore[attr-defined]
    go.page = page  # type: ignore[attr-defined]
    yield go
    assert complaints == []
    assert [url for url in elsewhere if not url.startswith("data:")] == []


def follow(page: Any, selector: str) -> None:
    """Click what leads to another page, and be there: a click alone may return before the browser has left."""
    with page.expect_navigation():
        page.click(selector)


def violations(page: Any) -> list[tuple[str, list[Any]]]:
    """What axe finds wrong, each rule with its elements; see violations.js for what it does not look at twice."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    told = page.evaluate(VIOLATIONS, sorted(_settled))
    _settled.update(told["settled"])
    return told["found"]


def scrolls_sideways(page: Any) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def check(page: Any) -> None:
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert violations(page) == [], width
        assert not scrolls_sideways(page), width


@pytest.mark.parametrize("path", PAGES)
def test_page_is_accessible_and_fits(visit: Any, path: str) -> None:
    check(visit(path))


@pytest.mark.parametrize("path", ["/widgets/", "/account/signup/"])
def test_page_with_errors_is_accessible_and_fits(visit: Any, path: str) -> None:
    page = visit(path)
    follow(page, "main .so-actions button[type=submit], main .so-actions button:not([type])")
    assert page.title().startswith("Error: ")
    assert page.evaluate("document.activeElement.className") == "govuk-error-summary"
    check(page)


def test_summary_takes_one_to_the_field(visit: Any) -> None:
    page = visit("/widgets/")
    follow(page, "main .so-actions button")
    page.click("text=Answer this: Do you agree")
    assert page.evaluate("document.activeElement.id") == "id_agree_0"


@pytest.mark.parametrize("style", ["color: #999", "background: #777", "opacity: .5"])
def test_text_that_can_hardly_be_read_is_found_however_many_pages_went_before(visit: Any, style: str) -> None:
    page = visit("/reading/")
    assert violations(page) == []
    page.evaluate("style => { document.querySelector('main p').style = style }", style)
    assert [rule for rule, _ in violations(page)] == ["color-contrast"]


def test_menu_opens_by_keyboard_at_320(visit: Any) -> None:
    page = visit("/widgets/", 320)
    menu = page.get_by_role("button", name="Menu")
    menu.focus()
    assert not page.locator("#navigation").is_visible()
    page.keyboard.press("Enter")
    assert page.locator("#navigation").is_visible()


def test_page_works_without_javascript(browser: Any, live_server: Any) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 800})
    page = context.new_page()
    page.goto(live_server.url + "/answering/")
    assert page.locator("#navigation").is_visible()
    assert page.locator("#id_answer").is_visible()  # a question that a script would hide until it applies
    assert page.get_by_text("You can enter up to 500 words").is_visible()
    context.close()


# --- Autosave ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def answering(visit: Any) -> Iterator[Any]:
    gallery.REPLIES.clear()
    gallery.SEEN.clear()
    visit.page.clock.install()  # the script's pauses pass when a test says so
    page = visit("/answering/")
    page.on("dialog", lambda dialog: dialog.accept())
    page.complaints = visit.complaints
    yield page
    gallery.REPLIES.clear()


PAUSE, RETRY = 1_600, 5_100  # a little more than autosave.js waits, in milliseconds


def passes(page: Any, time: int) -> None:
    page.clock.fast_forward(time)
    page.wait_for_load_state("networkidle")


def said(page: Any) -> Any:
    return page.locator("[data-autosave-status]")


def test_autosave_sends_the_changed_answer_alone(answering: Any) -> None:
    answering.check("#id_agree_1")
    assert gallery.SEEN == []
    passes(answering, PAUSE)
    said(answering).get_by_text("Saved at 10:31 UK time").wait_for()
    assert gallery.SEEN == [{"agree": ["no"], "agree-version": ["1"]}]
    answering.check("#id_agree_2")
    passes(answering, PAUSE)
    said(answering).get_by_text("Saved at 10:31 UK time").wait_for()
    assert gallery.SEEN[1:] == [{"agree": ["partly"], "agree-version": ["2"]}]


def test_autosave_tells_of_a_colleague_and_keeps_the_text(answering: Any) -> None:
    gallery.REPLIES.append((412, {}))
    answering.check("#id_agree_1")
    passes(answering, PAUSE)
    said(answering).get_by_text("A colleague changed this answer").wait_for()
    answering.check("#id_agree_2")
    passes(answering, PAUSE)
    passes(answering, 120_000)
    assert len(gallery.SEEN) == 1  # it is not sent over the colleague's
    assert answering.is_checked("#id_agree_2")
    answering.complaints.clear()  # the browser notes the 412


def test_autosave_keeps_back_only_what_was_refused(answering: Any) -> None:
    refusal = {"detail": "This answer was changed.", "refused": {"agree": "…"}, "versions": {"answer-version": 2}}
    gallery.REPLIES.append((409, refusal))
    answering.check("#id_agree_1")
    answering.fill("#id_answer", "Because.")
    passes(answering, PAUSE)
    said(answering).get_by_text("This answer was changed.").wait_for()
    answering.fill("#id_answer", "Because of the cost.")
    answering.check("#id_agree_2")
    passes(answering, PAUSE)
    said(answering).get_by_text("Some of this page is not saved").wait_for()
    assert gallery.SEEN[1:] == [{"answer": ["Because of the cost."], "answer-version": ["2"]}]
    answering.complaints.clear()


def test_autosave_tries_again_when_the_server_fails(answering: Any) -> None:
    gallery.REPLIES.append((503, {}))
    answering.check("#id_agree_0")
    passes(answering, PAUSE)
    said(answering).get_by_text("Not saved yet").wait_for()
    passes(answering, RETRY)
    said(answering).get_by_text("Saved at 10:31 UK time").wait_for()
    assert gallery.SEEN == [{"agree": ["yes"], "agree-version": ["1"]}] * 2
    answering.complaints.clear()


def test_autosave_says_when_one_is_signed_out(answering: Any) -> None:
    gallery.REPLIES.append((403, {}))
    answering.check("#id_agree_0")
    passes(answering, PAUSE)
    said(answering).get_by_text("you are signed out").wait_for()
    assert answering.is_checked("#id_agree_0")
    answering.complaints.clear()


def test_leaving_with_something_unsent_asks_first(answering: Any, live_server: Any) -> None:
    asked: list[str] = []
    answering.on("dialog", lambda dialog: asked.append(dialog.type))
    answering.click("label[for=id_agree_1]")
    answering.goto(live_server.url + "/widgets/")
    assert asked == ["beforeunload"]


def test_question_appears_when_an_earlier_answer_calls_for_it(answering: Any) -> None:
    question = answering.locator("#id_answer")
    assert not question.is_visible()
    answering.check("#id_agree_1")
    assert question.is_visible()
    question.fill("Because.")
    answering.check("#id_agree_0")
    assert not question.is_visible()
    assert question.input_value() == "Because."
    passes(answering, PAUSE)
    said(answering).get_by_text("Saved at").wait_for()
