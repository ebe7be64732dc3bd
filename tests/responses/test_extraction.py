"""The text of files: read in a process with limits, stored apart, searched and quoted by staff who may see it."""

import io
import zipfile
from datetime import timedelta
from pathlib import Path

import docx
import openpyxl
import pytest
from django.core.files.base import ContentFile
from django.urls import reverse

from accounts.record import By
from notifications import clock
from notifications.refusal import Refusal
from responses import attaching, extraction, submission
from responses.file_models import AttachmentText, Outcome
from responses.texts import archives
from tests import factories
from tests.responses.pages import own_response, signed_in

pytestmark = pytest.mark.django_db


def word(*paragraphs: str) -> bytes:
    made, stored = docx.Document(), io.BytesIO()
    for paragraph in paragraphs:
        made.add_paragraph(paragraph)
    made.save(stored)
    return stored.getvalue()


def sheet(*rows: list[str]) -> bytes:
    made, stored = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        made.active.append(row)
    made.save(stored)
    return stored.getvalue()


def zipped(parts: dict[str, bytes]) -> bytes:
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stored.getvalue()


ODT = zipped(
    {
        "mimetype": b"application/vnd.oasis.opendocument.text",
        "content.xml": b"<o:d xmlns:o='o' xmlns:t='t'><t:p>Stablecoin <t:span>reserves</t:span></t:p></o:d>",
    }
)
EML = b"From: a@example.org\nSubject: Evidence\nContent-Type: text/html\n\n<p>Stablecoin <b>reserves</b></p>\n"
TOLD = {
    "a.docx": word("Stablecoin reserves"),
    "a.xlsx": sheet(["Stablecoin", "reserves"]),
    "a.odt": ODT,
    "a.txt": b"Stablecoin reserves",
    "a.eml": EML,
    "a.rtf": rb"{\rtf1 Stablecoin reserves}",
}


@pytest.fixture
def filed():
    """A function: attaches these files and files the response."""
    response, user = own_response(factories.paper(), consented=True)
    by = By(user=user, door="page")

    def file(files: dict[str, bytes], **consents: str):
        for name, content in files.items():
            attaching.attach(response=response, file=ContentFile(content, name=name), by=by)
        response.refresh_from_db()
        for name, value in consents.items():
            setattr(response, name, value)
        response.save()
        return submission.submit(response=response, by=by)

    return file


def staff(*more: str):
    rights = ("view_response", "view_submission", "view_attachment", *more)
    return signed_in(factories.StaffFactory(rights=[f"responses.{right}" for right in rights]))


def test_what_files_say_is_found_and_quoted_by_who_may_read_it(filed) -> None:
    made = filed(TOLD, text_consent="confidential")
    assert extraction.extract_due(clock.now()) == len(TOLD)
    assert extraction.extract_due(clock.now() + timedelta(days=1)) == 0
    texts = {text.attachment.name: text for text in AttachmentText.objects.select_related("attachment")}
    for name, text in texts.items():
        assert text.outcome == Outcome.READ, (name, text.notes)
        assert "Stablecoin reserves" in " ".join(text.text.split()), name
        assert text.tool
    found = reverse("admin:responses_attachment_changelist") + "?q=reserve"
    reader = staff("view_confidential")
    page = reader.get(found).content.decode()
    assert all(name in page for name in TOLD)
    assert not any(name in staff().get(found).content.decode() for name in TOLD)  # it is confidential
    one = texts["a.docx"].attachment
    address = reverse("admin:responses_attachment_change", args=[one.pk])
    quoted = reader.get(f"{address}?words=reserves").content.decode()
    assert "<mark>reserves</mark>" in quoted
    assert f"“a.docx”, page 1, filed in {made.reference}" in quoted
    assert "Stablecoin" not in staff().get(address, follow=True).content.decode()
    assert "<mark>" not in reader.get(f"{address}?words=elephants").content.decode()


def test_a_drafts_files_are_not_for_staff(filed) -> None:
    filed({"a.txt": b"filed"})
    response, user = own_response(factories.paper())
    by = By(user=user, door="page")
    kept = attaching.attach(response=response, file=ContentFile(b"secret draft", name="draft.txt"), by=by)
    extraction.extract_due(clock.now())
    reader = staff("view_confidential")
    assert (
        "draft.txt" not in reader.get(reverse("admin:responses_attachment_changelist") + "?q=secret").content.decode()
    )
    address = reverse("admin:responses_attachment_change", args=[kept.pk])
    assert "secret draft" not in reader.get(address, follow=True).content.decode()


def bomb(entries: int, size: int) -> bytes:
    return zipped({"word/document.xml": b"<x/>", **{f"word/media/{n}.bin": bytes(size) for n in range(entries)}})


REMOTE = b'<Relationship TargetMode="External" Type="/attachedTemplate" Target="https://x.example/t.dotm"/>'
LAUGHS = b'<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><d>&b;</d>'
HOSTILE = {
    "bomb": (lambda: bomb(5, 1024 * 1024), "zip bomb"),
    "entries": (lambda: bomb(5_001, 0), "holds more than"),
    "entities": (lambda: zipped({"word/document.xml": LAUGHS}), "declares XML entities"),
    "dde": (lambda: zipped({"word/document.xml": b'<w:t w:instr=" DDEAUTO c:\\cmd "/>'}), "starts another program"),
    "nested": (
        lambda: zipped({"word/document.xml": b"<x/>", "word/embeddings/a.docx": bomb(5, 1024 * 1024)}),
        "zip bomb",
    ),
    "macro": (lambda: zipped({"word/document.xml": b"<x/>", "word/vbaProject.bin": b"x"}), "contains macros"),
    "template": (
        lambda: zipped(
            {
                "word/document.xml": b"<x/>",
                "word/_rels/settings.xml.rels": REMOTE,
            }
        ),
        "loads a template from elsewhere",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archives_are_refused_by_what_is_wrong_with_them(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_INFLATED", 4 * 1024 * 1024)
    response, user = own_response(factories.paper())
    make, why = HOSTILE[name]
    with pytest.raises(Refusal, match=why):
        attaching.attach(response=response, file=ContentFile(make(), name="a.docx"), by=By(user=user, door="page"))


def test_the_sizes_that_an_archive_claims_are_not_believed() -> None:
    honest = bomb(1, 2 * 1024 * 1024)
    with pytest.raises(archives.Unsafe) as caught:
        archives.office(io.BytesIO(honest), most=1024 * 1024)
    assert caught.value.kind == "bomb"


def test_reading_that_takes_too_long_or_too_much_is_ended(settings, tmp_path: Path) -> None:
    large = tmp_path / "large.txt"
    large.write_bytes(b"x" * 1024 * 1024)
    settings.READING_MEGABYTES = 20
    with large.open("rb") as content:
        assert extraction.read_file(content, ".txt")["outcome"] == Outcome.TOO_LARGE
    settings.READING_MEGABYTES = 1024
    with large.open("rb") as content:
        assert extraction.read_file(content, ".txt")["outcome"] == Outcome.READ


def test_a_file_that_kills_its_reader_again_and_again_is_given_up(filed, monkeypatch: pytest.MonkeyPatch) -> None:
    filed({"a.txt": b"x"})

    def die(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(extraction, "read_file", die)
    now = clock.now()
    for later in range(extraction.MOST_TRIES):
        with pytest.raises(KeyboardInterrupt):
            extraction.extract_due(now + later * 2 * extraction.RETRY)
    assert extraction.extract_due(now + 20 * extraction.RETRY) == 1
    assert AttachmentText.objects.get().outcome == Outcome.TOO_LARGE
