"""Word's pages and large files in a real browser: accessible, fitting at 320 pixels, and carried on after a break."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from responses.file_models import Upload
from responses.models import Attachment
from tests.config.test_browser import check, visit  # noqa: F401 (a fixture)
from tests.factories import paper
from tests.responses.pages import own_response, url
from tests.responses.test_browser import sign_in
from tests.responses.test_word import run, sent, word_form, write_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_word_and_its_preview_are_accessible_and_fit(visit, live_server, tmp_path: Path) -> None:  # noqa: F811
    response, user = own_response(paper(questions=3), consented=True)
    sign_in(visit.page.context, live_server, user)
    sent(response, user, "1", "The fee is too high for small firms.")

    def write(document) -> None:
        write_in(document, response, "1", run("The fee is too high for small firms and clubs."))
        write_in(document, response, "2", run("We object."))
        document.add_paragraph("A note outside")

    (tmp_path / "form.docx").write_bytes(word_form(response, write))
    sent(response, user, "1", "The yearly fee is too high for small firms.", version=1)
    page = visit(url("word", response))
    check(page)
    page.set_input_files("input[type=file]", tmp_path / "form.docx")
    page.get_by_role("button", name="See what would change").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What the form would change")
    check(page)
    page.get_by_role("button", name="Save the ticked answers").click()
    expect(page.get_by_text("2 answers are saved from the form.")).to_be_visible()


def test_a_large_file_goes_in_pieces_and_resumes(visit, live_server, settings, tmp_path: Path) -> None:  # noqa: F811
    settings.ATTACHMENT_MAX_BYTES = 100_000
    response, user = own_response(paper())
    sign_in(visit.page.context, live_server, user)
    large = tmp_path / "large.txt"
    large.write_bytes(b"evidence\n" * 1_000_000)  # three pieces
    page = visit(url("attachments", response))
    page.route("**/uploads/*/", lambda route: route.abort() if broken(route.request) else route.continue_())
    page.set_input_files("input[type=file]", large)
    page.get_by_role("button", name="Attach").click()
    expect(page.get_by_text("The connection broke off")).to_be_visible(timeout=20_000)
    assert 0 < Upload.objects.get().received < large.stat().st_size
    page.unroute("**/uploads/*/")
    expect(page.get_by_role("link", name="large.txt")).to_be_visible(timeout=30_000)
    assert Attachment.objects.get().size == large.stat().st_size
    visit.complaints[:] = [line for line in visit.complaints if "ERR_FAILED" not in line]  # the broken one


def broken(request) -> bool:
    return request.method == "PATCH" and request.headers.get("upload-offset") != "0"
