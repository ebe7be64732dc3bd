"""Word both ways: what goes out comes back, through LibreOffice too; what would change is shown; nothing is lost."""

import io
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import docx
import openpyxl
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.models import Role
from notifications import clock
from notifications.refusal import Refusal
from responses import drafting, importing, progress
from responses.emptiness import PLACEHOLDER, says_nothing
from responses.models import Answer
from responses.wordform import marks, markup, reading, writing
from responses.wordform.markup import Bullets, Paragraph, Quote, Span, Table
from tests import factories
from tests.factories import question
from tests.responses.pages import own_response, signed_in, url
from tests.responses.test_extraction import HOSTILE

SOFFICE = shutil.which("soffice")

# --- Documents of mixed formatting ------------------------------------------------------------------------------------
words = st.text("abcdé ßЖ漢*_#-[]()<>`~|\\1.9+&!\"'", min_size=1, max_size=14).filter(lambda text: text.strip())
looks = st.fixed_dictionaries(
    {}, optional={"bold": st.just(True), "italic": st.just(True), "strike": st.just(True),
                  "href": st.sampled_from(["https://example.org/a?b=1&c=2", "mailto:a@example.org"])},
)  # fmt: skip
spans = st.lists(st.builds(lambda text, look: Span(text, **look), words, looks), min_size=1, max_size=4)
lines = st.lists(spans, min_size=1, max_size=2).map(
    lambda many: [span for each in many for span in (Span("\n"), *each)]
)
paragraphs = st.builds(Paragraph, lines)
headings = st.builds(Paragraph, spans, st.integers(1, 6))
tables = st.integers(1, 3).flatmap(
    lambda width: st.builds(Table, st.lists(st.lists(spans, min_size=width, max_size=width), min_size=2, max_size=3))
)
items = st.recursive(
    st.lists(paragraphs, min_size=1, max_size=2),
    lambda inner: st.tuples(paragraphs, st.builds(Bullets, st.lists(inner, min_size=1, max_size=2), st.booleans())).map(
        list
    ),
    max_leaves=3,
)
bullets = st.builds(Bullets, st.lists(items, min_size=1, max_size=3), st.booleans())
quotes = st.builds(Quote, st.lists(paragraphs, min_size=1, max_size=2))
documents = st.lists(st.one_of(paragraphs, headings, tables, bullets, quotes), min_size=1, max_size=5)


def settled(blocks) -> str:
    """The Markdown that says these blocks, once it has been read and written: what a draft would hold."""
    return markup.write(markup.parse(markup.write(tidied(blocks))))


def tidied(blocks):
    made = []
    for block in blocks:
        if isinstance(block, Paragraph):
            made.append(Paragraph(markup.tidy(block.spans), block.level))
        elif isinstance(block, Table):
            made.append(Table([[markup.tidy(cell) for cell in row] for row in block.rows]))
        elif isinstance(block, Quote):
            made.append(Quote(tidied(block.blocks)))
        else:
            made.append(Bullets([tidied(item) for item in block.items], block.ordered))
    return made


def letters(text: str) -> str:
    return "".join(sorted(char for char in text if char.isalnum()))


def said(blocks) -> str:
    found = ""
    for block in blocks:
        if isinstance(block, Paragraph):
            found += "".join(span.text for span in block.spans)
        elif isinstance(block, Table):
            found += "".join(span.text for row in block.rows for cell in row for span in cell)
        else:
            for part in [block.blocks] if isinstance(block, Quote) else block.items:
                found += said(part)
    return found


def form_of(texts: list[str]) -> bytes:
    document = docx.Document()
    writing._lists(document)
    for number, text in enumerate(texts):
        name = marks.mark("A" * 10, f"Q{number:09}", number, marks.WORDS)
        writing._frame(document, name, "Answer", markup.parse(text), number)
    stored = io.BytesIO()
    document.save(stored)
    return stored.getvalue()


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents)
def test_markdown_says_what_blocks_say_and_is_read_as_it_is_written(blocks) -> None:
    written = markup.write(tidied(blocks))
    again = settled(blocks)
    assert letters(said(markup.parse(written))) == letters(said(blocks))
    assert markup.write(markup.parse(again)) == again


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(documents, min_size=1, max_size=3))
def test_answers_come_back_from_word_as_they_went(many) -> None:
    texts = [settled(blocks) for blocks in many]
    assert [frame.text for frame in reading.read(form_of(texts)).frames] == texts


@pytest.mark.skipif(SOFFICE is None, reason="LibreOffice is not installed (Debian: apt-get install libreoffice-writer)")
@settings(max_examples=1, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(st.lists(documents, min_size=25, max_size=25))
def test_answers_come_back_through_libreoffice_with_nothing_lost(tmp_path_factory, many) -> None:
    """Its conversion stands in for a person's Word: every mark, number and style is written anew."""
    folder: Path = tmp_path_factory.mktemp("office")
    texts = [settled(blocks) for blocks in many]
    (folder / "form.docx").write_bytes(form_of(texts))
    command = [
        SOFFICE, "--headless", f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--convert-to",
        "docx:Office Open XML Text", "--outdir", str(folder / "out"), str(folder / "form.docx"),
    ]  # fmt: skip
    subprocess.run(command, capture_output=True, timeout=120, check=True)
    back = [frame.text for frame in reading.read((folder / "out" / "form.docx").read_bytes()).frames]
    lost = [(went, came) for went, came in zip(texts, back, strict=True) if letters(went) != letters(came)]
    changed = [(went, came) for went, came in zip(texts, back, strict=True) if went != came]
    print(f"{len(texts)} answers through LibreOffice: {len(lost)} lost words, {len(changed)} came back otherwise")
    assert lost == []
    assert changed == []


# --- A form that somebody writes in -----------------------------------------------------------------------------------
@pytest.fixture
def drafted(db):
    response, user = own_response(factories.paper(questions=3), consented=True)
    return response, user


def sent(response, user, number: str, text: str, version: int = 0):
    asked = question(response.consultation, number)
    by = factories_by(user)
    return drafting.save_answer(
        response=response, given=drafting.Given(question=asked, text=text, version=version), by=by
    )  # fmt: skip


def factories_by(user):
    from accounts.record import By

    return By(user=user, door="page")


def word_form(response, change=lambda document: None) -> bytes:
    document = docx.Document(io.BytesIO(importing.form(response, ".docx", clock.now())))
    change(document)
    stored = io.BytesIO()
    document.save(stored)
    return stored.getvalue()


def frame(document, response, number: str, part: str = "t"):
    code = question(response.consultation, number).code
    for control in document.element.body.iter(qn("w:sdt")):
        tag = control.find(f"{qn('w:sdtPr')}/{qn('w:tag')}").get(qn("w:val"))
        if code in tag and tag.endswith(part):
            return control.find(qn("w:sdtContent"))
    raise AssertionError(number)


def write_in(document, response, number: str, inner: str, part: str = "t") -> None:
    content = frame(document, response, number, part)
    for element in list(content)[1:]:
        content.remove(element)
    content.append(parse_xml(f"<w:p {nsdecls('w')}>{inner}</w:p>"))


def run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


def proposal(response, content: bytes, name: str = "form.docx"):
    return importing.propose(response=response, name=name, content=content, now=clock.now())


def test_a_form_that_nobody_wrote_in_changes_nothing(drafted) -> None:
    response, user = drafted
    odd = "1. not  tidy\n\n\n\n* a *b\n```\ncode <b>\n```\n![x](y) \\ | # [z]: q"
    sent(response, user, "1", odd)
    for kind in (".docx", ".xlsx"):
        found = proposal(response, importing.form(response, kind, clock.now()), f"form{kind}")
        assert (found.changes, found.same, found.ignored, found.outside) == ([], 1, 2, [])


def test_what_is_written_comes_back_with_changes_accepted_and_the_rest_said(drafted) -> None:
    response, user = drafted
    sent(response, user, "1", "We agree.")

    def write(document) -> None:
        changes = run("We ") + '<w:del w:id="1" w:author="x"><w:r><w:delText>agree</w:delText></w:r></w:del>'
        changes += f'<w:ins w:id="2" w:author="x">{run("disagree")}</w:ins>' + run(".")
        write_in(document, response, "1", changes)
        write_in(document, response, "2", run("N/A"))
        paragraph = document.add_paragraph("A note to colleagues")
        inner = frame(document, response, "3")[-1]
        inner.clear()
        inner.append(parse_xml(f"<w:r {nsdecls('w')}><w:rPr><w:b/></w:rPr><w:t>Costs</w:t></w:r>"))
        document.add_comment(docx.text.run.Run(inner[-1], paragraph), text="Is that so?", author="Counsel")

    found = proposal(response, word_form(response, write))
    assert [(change.question.number, change.state, change.given.text) for change in found.changes] == [
        ("1", "changed", "We disagree."),
        ("3", "changed", "**Costs**"),
    ]
    assert found.ignored == 1
    assert found.outside == ["A note to colleagues"]
    notes = [note for _, many in found.notes for note in many]
    assert any("2 tracked changes taken as accepted" in note for note in notes)
    assert any("Counsel" in note and "Is that so?" in note for note in notes)
    assert Answer.objects.get().text == "We agree."  # nothing is saved by looking


def test_newer_drafts_are_put_together_or_shown(drafted) -> None:
    response, user = drafted
    sent(response, user, "1", "The fee is too high for small firms.")
    sent(response, user, "2", "We agree.")

    def write(document) -> None:
        write_in(document, response, "1", run("The fee is too high for small firms and clubs."))
        write_in(document, response, "2", run("We strongly object."))

    content = word_form(response, write)
    sent(response, user, "1", "The yearly fee is too high for small firms.", version=1)
    sent(response, user, "2", "We partly agree.", version=1)
    one, two = proposal(response, content).changes
    assert (one.state, one.is_clean, one.takes) == ("conflict", True, True)
    assert one.given.text == "The yearly fee is too high for small firms and clubs."
    assert (two.state, two.is_clean, two.takes) == ("conflict", False, False)
    assert "strongly" in two.given.text
    assert "partly" in two.given.text
    client = signed_in(user)
    shown = client.post(url("word", response), {"file": named(content)}).content.decode()
    assert "put together" in shown
    fields = {f"{one.question.code}-{name}": value for name, value in
              {"take": "1", "text": one.given.text, "version": one.given.version}.items()}  # fmt: skip
    assert client.post(url("save_word", response), fields).status_code == 302
    assert Answer.objects.get(question=one.question).text == one.given.text
    assert Answer.objects.get(question=two.question).text == "We partly agree."


def test_a_sheet_comes_back_with_choices_numbers_and_no_formulas(db, freeze) -> None:
    freeze(factories.OPENED + timedelta(days=1))
    response, user = own_response(factories.paper_with_two_deadlines())
    open_parts = [part for part in progress.parts(response, clock.now()) if part.is_open]
    asked = {item.question.kind: item for part in open_parts for item in part.everything}
    number, choice = asked["number"].question, asked["yes_no_partly"].question
    text = asked["text"].question
    sent(response, user, text.number, "=HYPERLINK(1)")
    book = openpyxl.load_workbook(io.BytesIO(importing.form(response, ".xlsx", clock.now())))
    for row in book.active.iter_rows(min_row=2):
        if text.code in row[0].value:
            assert (row[6].value, row[6].data_type) == ("=HYPERLINK(1)", "s")
        if number.code in row[0].value:
            row[5].value = 1250.5
        if choice.code in row[0].value:
            row[5].value, row[6].value = choice.choices[0].upper(), "Because."
    stored = io.BytesIO()
    book.save(stored)
    changes = {change.question.kind: change for change in proposal(response, stored.getvalue(), "a.xlsx").changes}
    assert set(changes) == {"number", "yes_no_partly"}
    assert changes["number"].given.number == "1250.5"
    given = changes["yes_no_partly"].given
    assert (given.selected, given.text) == ((choice.choices[0],), "Because.")
    assert importing.save(
        response=response, given=[each.given for each in changes.values()], by=factories_by(user), now=clock.now()
    ) == {}  # fmt: skip


def named(content: bytes, name: str = "form.docx"):
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile(name, content)


@pytest.mark.parametrize("name", ["entities", "template", "entries"])
def test_hostile_forms_are_refused_by_what_is_wrong_with_them(drafted, name: str) -> None:
    response, user = drafted
    make, why = HOSTILE[name]
    answer = signed_in(user).post(url("word", response), {"file": named(make())})
    assert answer.status_code == 400
    assert why in answer.content.decode()


def test_what_is_no_form_of_this_response_is_refused(drafted) -> None:
    response, _ = drafted
    other, _ = own_response(factories.paper())
    plain = io.BytesIO()
    docx.Document().save(plain)
    for content, name, why in (
        (b"words", "a.docx", "damaged"),
        (b"words", "a.txt", "Give the Word form"),
        (plain.getvalue(), "a.docx", "not the Word form"),
        (word_form(other), "a.docx", "another response"),
        (importing.form(response, ".xlsx", clock.now()), "a.docx", "not a Word document"),
        (bytes(reading.MOST_BYTES + 1), "a.docx", "at most"),
    ):
        with pytest.raises(Refusal, match=why):
            proposal(response, content, name)


def test_who_may_read_may_download_and_not_save(drafted) -> None:
    response, _ = drafted
    client = signed_in(factories.member(response.organisation, Role.READER))
    assert client.get(url("word_form", response, "docx")).status_code == 200
    code = question(response.consultation, "1").code
    client.post(url("save_word", response), {f"{code}-take": "1", f"{code}-text": "x", f"{code}-version": "0"})
    assert not Answer.objects.exists()


def test_the_api_shows_and_saves_the_same(drafted) -> None:
    response, user = drafted
    client = signed_in(user)
    base = f"/api/v1/responses/{response.code}/"
    content = word_form(response, lambda document: write_in(document, response, "1", run("From the API.")))
    shown = client.post(f"{base}form/", {"file": named(content)}).json()
    assert [(row["state"], row["text"], row["saved"]) for row in shown["changes"]] == [
        ("changed", "From the API.", False)
    ]
    assert not Answer.objects.exists()
    saved = client.post(f"{base}form/", {"file": named(content), "save": "true"}).json()
    assert [row["saved"] for row in saved["changes"]] == [True]
    assert Answer.objects.get().text == "From the API."
    fetched = client.get(f"{base}form/docx/")
    assert fetched.content.startswith(b"PK")


# --- What says nothing ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "nothing"),
    [
        ("", True), ("  \n", True), ("N/A", True), ("n.a.", True), ("n/a.", True), ("-", True), ("—", True),
        ("...", True), ("Not applicable", True), (PLACEHOLDER, True), ("(N/A)", True), ("na", True),
        ("None", False), ("No", False), ("N/A: we hold no client money.", False), ("0", False), ("Nab", False),
    ],
)  # fmt: skip
def test_what_says_nothing_is_not_counted_and_is_filed_as_written(drafted, text: str, nothing: bool) -> None:
    response, user = drafted
    assert says_nothing(text) is nothing
    if not text.strip():
        return
    sent(response, user, "1", text)
    now = clock.now()
    assert sum(part.answered for part in progress.parts(response, now)) == (not nothing)
    assert progress.standings([response], now)[response.pk].answered == (not nothing)
    assert progress.parts(response, now)[0].items[0].is_given
