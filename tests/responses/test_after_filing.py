"""What a firm does with what it filed: compares versions by words, and downloads it."""

import io
import json
import time

import docx
import pytest
from django.urls import reverse
from pypdf import PdfReader

from accounts.record import By
from responses import comparing, downloads, drafting, erasing, submission
from responses.drafting import Given
from responses.models import Submission
from tests import factories
from tests.factories import member, paper
from tests.responses.pages import signed_in, url

pytestmark = pytest.mark.django_db
ODD = '=1+1 #eval("1 + 1") *bold* <b>x</b> \x0c‘Zoë’ 日本'


def filed(*texts, questions=2):
    """A version for each of `texts`, the same in each question; and who filed them."""
    response = factories.ResponseFactory(consultation=paper(questions=questions), consented=True)
    by = By(user=member(response.organisation), door="page")
    for version, text in enumerate(texts):
        given = [
            Given(question=asked, text=text if number == 0 else "The same.", version=version if number == 0 else 0)
            for number, asked in enumerate(response.consultation.sections.get().questions.all())
        ]
        drafting.save_answers(response=response, given=given[: 1 if version else None], by=by)
        submission.submit(response=response, by=by)
    return response, by.user


def test_two_versions_are_compared_by_words():
    response, person = filed("We agree with proposal one.", "We do not agree with proposal one.")
    shown = signed_in(person).get(url("compare_filed", response)).content.decode()
    assert "We <ins>do not </ins>agree" in shown
    assert "1 answer differs; 1 is the same" in shown
    assert signed_in(member(factories.OrganisationFactory())).get(url("compare_filed", response)).status_code == 404
    for asked in ("?one=2&other=2", "?one=x&other=99999999999", "?after=-1", "?after=99999990"):
        assert signed_in(person).get(url("compare_filed", response) + asked).status_code == 200
    first = Submission.objects.get(version=1)
    assert signed_in(person).get(url("compare_filed", first.response)).status_code == 200


def test_comparing_takes_a_bounded_time():
    response, _ = filed("a")
    one = Submission.objects.get()
    section = one.content["sections"][0]
    question = section["questions"][0]

    def version(letter):
        said = {"text": " ".join(f"{letter}{i}" for i in range(5_000)), "selected": [], "number": None}
        section["questions"] = [{**question, "code": str(i), "answer": said} for i in range(200)]
        return Submission(response=response, content=json.loads(json.dumps(one.content)))

    before, since = version("a"), version("b")
    began = time.monotonic()
    found = comparing.of(before, since)
    assert (found.count, len(found.changes)) == (200, comparing.AT_ONCE)
    assert time.monotonic() - began < 8  # 1 s on a quiet machine


def test_the_firm_downloads_what_it_filed():
    response, person = filed(ODD)
    row = Submission.objects.get()
    client = signed_in(person)
    get = {
        name: client.get(reverse(f"responses:{name}", args=[row.reference]))
        for name in ("filed_pdf", "filed_word", "content_json")
    }
    for answer in get.values():
        assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="{row.reference}')
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    pdf = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(get["filed_pdf"].content)).pages)
    word = "\n".join(paragraph.text for paragraph in docx.Document(io.BytesIO(get["filed_word"].content)).paragraphs)
    for said in ('=1+1 #eval("1 + 1") *bold* <b>x</b>', "The same.", "What do you think of proposal 2?"):
        assert said in " ".join(pdf.split())
        assert said.replace("*", "") in word  # where Markdown is what it stands for
    assert json.loads(get["content_json"].content) == row.content
    erasing.erase(submission=row, reason="A court.", by=By(user=None, door="command"), now=row.received_at)
    assert client.get(reverse("responses:filed_pdf", args=[row.reference])).status_code == 404
    assert response.code in row.reference


def test_the_word_file_says_what_it_is_and_looks_like_what_was_written():
    text = "\n\n".join([
        "# Costs", "They are **high**, see [the study](https://example.org/study).", "- one\n  1. within",
        "| a | b |\n|---|---|\n| 1 | 2 |",
    ])  # fmt: skip
    response, _ = filed(text)
    row = Submission.objects.select_related("submitted_by", "response__consultation", "response__organisation").get()
    document = docx.Document(io.BytesIO(downloads.word(row)))
    paper = response.consultation
    styled = [(each.style.name, each.text) for each in document.paragraphs if each.text]
    assert styled[:4] == [
        ("Title", f"{paper.reference} {paper.title}"), ("Heading 1", "1 Proposals"),
        ("Heading 2", "Question 1: What do you think of proposal 1?"), ("Heading 3", "Costs"),
    ]  # fmt: skip
    facts = {cells[0].text: cells[1].text for cells in (row.cells for row in document.tables[0].rows)}
    assert facts["Reference"] == row.reference
    assert facts["Received"].endswith(f"UK time ({row.received_at:%H:%M:%S} UTC)")
    said = next(each for each in document.paragraphs if each.text.startswith("They are"))
    assert [run.text for run in said.runs if run.bold] == ["high"]
    assert [(link.text, link.address) for link in said.hyperlinks] == [("the study", "https://example.org/study")]
    numbered = [each.text for each in document.paragraphs if each._p.pPr is not None and each._p.pPr.numPr is not None]
    assert numbered[:2] == ["one", "within"]
    assert [[cell.text for cell in line.cells] for line in document.tables[1].rows] == [["a", "b"], ["1", "2"]]
    assert row.reference in document.sections[0].footer.paragraphs[0].text
