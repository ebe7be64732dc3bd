"""Files: what is taken and what is not, how they leave, and that a submission keeps what the draft lets go."""

import hashlib
import io
import zipfile
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import Role
from accounts.record import By
from notifications.refusal import Conflict, Refusal
from responses import attaching, submission
from responses.models import Attachment, Submission
from tests import factories
from tests.factories import DISCUSSION_CLOSES, member, paper, paper_with_two_deadlines, question
from tests.responses.pages import own_response, section_url, signed_in, status, typed, url

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"


def office(*parts: str, mimetype: str = "") -> bytes:
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype)
        for part in parts:
            archive.writestr(part, "<x/>")
    return stored.getvalue()


TAKEN = {
    "evidence.pdf": factories.PDF,
    "evidence.PDF": factories.PDF,
    "evidence.docx": office("word/document.xml"),
    "evidence.xlsx": office("xl/workbook.xml"),
    "evidence.pptx": office("ppt/presentation.xml"),
    "evidence.odt": office("content.xml", mimetype=attaching.ALLOWED[".odt"]),
    "evidence.ods": office("content.xml", mimetype=attaching.ALLOWED[".ods"]),
    "evidence.rtf": b"{\\rtf1 x}",
    "evidence.txt": "Evidence, plainly: £5".encode(),
    "evidence.csv": b"a,b\n1,2\n",
    "evidence.png": PNG,
    "evidence.eml": b"From: a@example.org\nSubject: Evidence\n\nWords.\n",
    "evidence.jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01",
}
REFUSED = {
    "macro.docm": (office("word/document.xml"), "is not a kind of file"),
    "macro.docx": (office("word/document.xml", "word/vbaProject.bin"), "contains macros"),
    "page.html": (b"<script>alert(1)</script>", "is not a kind of file"),
    "picture.svg": (b"<svg/>", "is not a kind of file"),
    "program.exe": (b"MZ\x90", "is not a kind of file"),
    "no-ending": (b"x", "is not a kind of file"),
    ".pdf": (b"%PDF-1.7", "is not a kind of file"),
    "a.pdf.exe": (b"%PDF-1.7", "is not a kind of file"),
    "page.pdf": (b"<html><script>alert(1)</script>", "is not a PDF"),
    "program.txt": (b"MZ\x90\x00\x03", "is not plain text"),
    "program.docx": (b"MZ\x90\x00\x03", "not a DOCX file"),
    "sheet.docx": (office("xl/workbook.xml"), "is not a DOCX file"),
    "page.odt": (office("content.xml", mimetype="text/html"), "is not a ODT file"),
    "cut.docx": (office("word/document.xml")[:40], "not a DOCX file"),
    "picture.png": (b"GIF89a", "is not a PNG file"),
    "empty.pdf": (b"", "is empty"),
    "cut.pdf": (b"%PDF-1.7\nx", "is damaged"),
    "letter.eml": (b"no headers\n", "is not an e-mail"),
    "letter.msg": (b"Subject: x\n\nx", "damaged or not an Outlook"),
    "program.eml": (
        b'From: a@example.org\nContent-Type: application/x; name="run.exe"\nContent-Disposition: attachment\n\nMZ',
        "carries “run.exe”",
    ),
    "locked.docx": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
        "locked with a password",
    ),
    "old.docx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "of an old Office version"),
}


@pytest.fixture
def drafted():
    return own_response(paper(), consented=True)


def by(user) -> By:
    return By(user=user, door="page")


def upload(client, response, name: str, content: bytes, **more):
    return client.post(url("attachments", response), {"file": SimpleUploadedFile(name, content), **more})


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_what_its_name_says_is_taken(drafted, name: str) -> None:
    response, user = drafted
    assert upload(signed_in(user), response, name, TAKEN[name]).status_code == 302
    attachment = Attachment.objects.get()
    assert (attachment.name, attachment.uploaded_by) == (name, user)
    assert attachment.sha256 == hashlib.sha256(TAKEN[name]).hexdigest()
    with attachment.file.open() as stored:
        assert stored.read() == TAKEN[name]
    assert attachment.file.name == f"attachments/{attachment.code[:2]}/{attachment.code}"


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_is_refused_at_its_field(drafted, name: str) -> None:
    response, user = drafted
    content, why = REFUSED[name]
    answer = upload(signed_in(user), response, name, content)
    assert answer.status_code == 400
    (error,) = answer.context["form"].errors["file"]
    assert why in error
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\papers\\évidence.txt", "évidence.txt"),
        ('a"b\r\nSet-Cookie: x.txt', "abSet-Cookie x.txt"),
        ("\u202etxt.exe.txt", "txt.exe.txt"),
        ("a\x0b\x0c.txt", "a.txt"),
        ("  .txt. ", "txt"),
        (" . ", "file"),
        ("x" * 400 + ".txt", "x" * 196 + ".txt"),
        ("\ud800half.txt", "half.txt"),
    ],
)
def test_names_are_made_safe(given: str, kept: str) -> None:
    assert attaching.clean_name(given) == kept


def test_one_byte_too_large_and_one_file_too_many_are_refused(drafted, settings) -> None:
    response, user = drafted
    client = signed_in(user)
    settings.ATTACHMENT_MAX_BYTES, settings.ATTACHMENT_MAX_COUNT = 1024 * 1024, 2
    assert upload(client, response, "large.txt", b"x" * (1024 * 1024 + 1)).status_code == 400
    assert upload(client, response, "just.txt", b"x" * (1024 * 1024)).status_code == 302
    assert upload(client, response, "second.txt", b"x").status_code == 302
    third = upload(client, response, "third.txt", b"x")
    assert "A response has 2 files at most" in third.content.decode()
    assert Attachment.objects.count() == 2


def test_choosing_no_file_says_so(drafted) -> None:
    response, user = drafted
    for fields in ({}, {"file": ""}, {"file": "typed, not chosen"}):
        answer = signed_in(user).post(url("attachments", response), fields)
        assert answer.context["form"].errors == {"file": ["Choose a file."]}


def test_download_is_saved_and_never_shown_in_the_page(drafted) -> None:
    response, user = drafted
    client = signed_in(user)
    upload(client, response, "Évidence; “final”.txt", b"<script>alert(1)</script>")
    answer = client.get(reverse("responses:attachment", args=[Attachment.objects.get().code]))
    assert b"".join(answer.streaming_content) == b"<script>alert(1)</script>"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename*=utf-8''%C3%89vidence")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_file_that_is_gone_from_the_store_is_not_found(drafted) -> None:
    response, user = drafted
    attachment = factories.AttachmentFactory(response=response)
    attachment.file.storage.delete(attachment.file.name)
    assert signed_in(user).get(reverse("responses:attachment", args=[attachment.code])).status_code == 404


def test_a_file_can_be_removed_and_the_submission_that_holds_it_keeps_it(drafted) -> None:
    response, user = drafted
    client = signed_in(user)
    upload(client, response, "evidence.txt", b"x")
    attachment = Attachment.objects.get()
    filed = submission.submit(response=response, by=by(user))
    for _ in range(2):
        client.post(reverse("responses:remove_attachment", args=[attachment.code]))
    assert not Attachment.objects.current().exists()
    assert list(filed.attachments.all()) == [attachment]
    assert status(client.get(reverse("responses:attachment", args=[attachment.code]))) == 200
    assert "evidence.txt" in client.get(reverse("responses:submission", args=[filed.reference])).content.decode()


def test_a_question_of_kind_file_is_answered_on_its_sections_page(freeze) -> None:
    freeze(factories.OPENED + timedelta(days=1))
    response, user = own_response(paper_with_two_deadlines())
    asked = question(response.consultation, "3.4")
    client = signed_in(user)
    fields = {**typed(question(response.consultation, "3.3"), number="5")}
    good = {f"{asked.code}-file": SimpleUploadedFile("costs.csv", b"a,b\n")}
    bad = {f"{asked.code}-file": SimpleUploadedFile("costs.exe", b"MZ")}
    refused = client.post(section_url(response, asked), {**fields, **bad})
    assert refused.status_code == 400
    assert "is not a kind of file" in refused.content.decode()
    assert response.answers.count() == 1
    assert client.post(section_url(response, asked), {**fields, **good}).status_code == 302
    assert Attachment.objects.get().question == asked
    assert "costs.csv" in client.get(section_url(response, asked)).content.decode()
    assert client.get(url("detail", response)).context["answered"] == 2


def test_files_of_a_closed_section_can_neither_come_nor_go(freeze) -> None:
    freeze(factories.OPENED + timedelta(days=1))
    response, user = own_response(paper_with_two_deadlines())
    asked = question(response.consultation, "6.1")
    file = SimpleUploadedFile("x.txt", b"x")
    kept = attaching.attach(response=response, question=asked, file=file, by=by(user), now=DISCUSSION_CLOSES)
    freeze(DISCUSSION_CLOSES + SECOND)
    client = signed_in(user)
    answer = upload(client, response, "late.txt", b"x", about=asked.code)
    assert answer.status_code == 400  # it is not among the questions that are offered any more
    with pytest.raises(Conflict):
        attaching.attach(response=response, question=asked, file=file, by=by(user))
    client.post(reverse("responses:remove_attachment", args=[kept.code]))
    assert list(Attachment.objects.current()) == [kept]
    assert upload(client, response, "general.txt", b"x").status_code == 302


def test_a_file_for_a_question_of_another_paper_is_refused(drafted) -> None:
    response, user = drafted
    other = paper().sections.get().questions.first()
    with pytest.raises(Refusal, match="another consultation"):
        attaching.attach(response=response, question=other, file=SimpleUploadedFile("x.txt", b"x"), by=by(user))
    assert upload(signed_in(user), response, "x.txt", b"x", about=other.code).status_code == 400


@pytest.mark.parametrize(("role", "may"), [(Role.DRAFTER, True), (Role.READER, False)])
def test_who_may_attach_and_remove(drafted, role: str, may: bool) -> None:
    response, _ = drafted
    there = factories.AttachmentFactory(response=response)
    client = signed_in(member(response.organisation, role))
    assert upload(client, response, "x.txt", b"x").status_code == (302 if may else 403)
    client.post(reverse("responses:remove_attachment", args=[there.code]))
    there.refresh_from_db()
    assert (there.removed_at is not None) is may
    assert ("Add a file" in client.get(url("attachments", response)).content.decode()) is may


def test_a_submission_of_files_alone_is_filed_with_their_hashes(drafted) -> None:
    response, user = drafted
    upload(signed_in(user), response, "evidence.txt", b"x")
    assert signed_in(user).post(url("submit", response)).status_code == 302
    (file,) = Submission.objects.get().content["files"]
    assert file["sha256"] == hashlib.sha256(b"x").hexdigest()
