"""The receipt as a PDF: what it says, and that nobody's words become its markup."""

import io
import json
import time
from datetime import UTC, datetime

import pytest
from django.urls import reverse
from pypdf import PdfReader

from accounts.record import By
from responses import drafting, receipts, snapshot, submission
from responses.drafting import Given
from responses.models import Submission
from tests import factories
from tests.factories import member, paper
from tests.responses.pages import signed_in

pytestmark = pytest.mark.django_db


def submit(consultation, organisation: str = "Demonstration Firm A", **user):
    """A submission that answers every question, and the member who filed it."""
    firm = factories.OrganisationFactory(name=organisation)
    response = factories.ResponseFactory(consultation=consultation, organisation=firm, consented=True)
    person = member(firm, **user)
    by = By(user=person, door="page")
    given = [Given(question=asked, text="Our answer") for asked in consultation.sections.get().questions.all()]
    drafting.save_answers(response=response, given=given, by=by)
    return submission.submit(response=response, by=by), person


def read(pdf: bytes) -> str:
    """Its text, as a reader finds it."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def test_receipt_says_what_was_filed_when_by_whom_and_its_hashes(freeze) -> None:
    freeze(datetime(2025, 10, 26, 0, 30, tzinfo=UTC))  # the hour that comes twice that night
    filed, person = submit(paper(questions=2, title="A demonstration paper"), name="Demonstration Person")
    factories.AttachmentFactory(response=filed.response)
    answer = signed_in(person).get(reverse("responses:receipt_pdf", args=[filed.receipt.code]))
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="receipt-{filed.reference}.pdf"'
    assert answer.headers["Cache-Control"] == "private, no-store"
    text = read(answer.content)
    for part in (
        filed.reference, "A demonstration paper", "Demonstration Firm A", "Demonstration Person",
        "1:30am (BST) on 26 October 2025, UK time", "2025-10-26T00:30:00+00:00",
        "1 What do you think of proposal 1?", "2 What do you think of proposal 2?",
    ):  # fmt: skip
        assert part in text
    joined = text.replace(" ", "")
    assert filed.sha256 in joined
    for question in filed.content["sections"][0]["questions"]:
        assert receipts._sha256(question) in joined
    assert "Our answer" not in text


def test_receipt_names_files_and_what_was_left_out() -> None:
    response = factories.ResponseFactory(consultation=paper(questions=0), consented=True)
    person = member(response.organisation)
    attachment = factories.AttachmentFactory(response=response, name="Évidence.txt")
    filed = submission.submit(response=response, by=By(user=person, door="page"))
    filed.content["left_out"] = [{"code": "x", "number": "6.1", "section": "6 Discussion"}]
    text = read(receipts.pdf(filed.receipt))
    assert "Évidence.txt" in text
    assert attachment.sha256 in text.replace(" ", "")
    assert "6.1 6 Discussion" in text


MARKUP = '#eval("1 + 1") *bold* _it_ $x^2$ @ref <label> `raw` \\u{1F600} //c [b] #image("/etc/passwd") = H ~'


def test_what_people_typed_is_never_read_as_markup() -> None:
    filed, _ = submit(paper(questions=1, title=MARKUP), organisation=MARKUP, name=MARKUP)
    text = read(receipts.pdf(filed.receipt))
    compact = text.replace(" ", "")
    assert compact.count(MARKUP.replace(" ", "")) == 3


@pytest.mark.parametrize("name", ["日本銀行", "😀", "בנק", "a\u00adb", "\u200b", "x" * 200, "ﷺ" * 20, "\ufffe"])
def test_any_name_gives_a_receipt(name: str) -> None:
    filed, _ = submit(paper(questions=1), organisation=name)
    assert receipts.pdf(filed.receipt).startswith(b"%PDF-")


def test_receipt_is_accessible() -> None:
    filed, _ = submit(paper(questions=1))
    reader = PdfReader(io.BytesIO(receipts.pdf(filed.receipt)))
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert reader.trailer["/Root"]["/Lang"] == "en-GB"
    assert "pdfuaid" in reader.xmp_metadata.stream.get_data().decode()
    assert reader.metadata.title == f"Receipt {filed.reference}"


def test_receipt_says_when_it_was_overtaken() -> None:
    filed, person = submit(paper(questions=1))
    submission.withdraw(response=filed.response, reason="A mistake.", by=By(user=person, door="page"))
    filed = Submission.objects.get()
    assert "was withdrawn after it was submitted" in read(receipts.pdf(filed.receipt))
    client = signed_in(person)
    assert "Withdrawn" in client.get(reverse("responses:receipt", args=[filed.receipt.code])).content.decode()
    factories.submit_row(filed.response, by=person)
    filed = Submission.objects.get(pk=filed.pk)
    assert "A later version" in read(receipts.pdf(filed.receipt))
    assert "Replaced" in client.get(reverse("responses:submission", args=[filed.reference])).content.decode()


def test_receipt_of_a_rehearsal_says_so() -> None:
    filed, _ = submit(paper(questions=1, is_rehearsal=True))
    assert "Rehearsal." in read(receipts.pdf(filed.receipt))


def test_receipt_of_a_very_long_paper_is_made_while_one_waits() -> None:
    filed, _ = submit(paper(questions=211))
    began = time.monotonic()
    receipts.pdf(filed.receipt)
    assert time.monotonic() - began < 3  # 0.3 s on a quiet machine


def test_facts_hold_no_answer() -> None:
    filed, _ = submit(paper(questions=1))
    assert "Our answer" not in json.dumps(receipts.facts(filed.receipt))
    assert receipts.facts(filed.receipt)["questions"][0][1] != snapshot.digest(filed.content)
