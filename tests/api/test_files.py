"""Files over the API: taken when they are what they say, handed out to be saved, and only to whom they concern."""

import hashlib
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from responses.models import Attachment
from tests import factories
from tests.api.conftest import Firm

pytestmark = pytest.mark.django_db
PDF = factories.PDF


def upload(caller, firm, name="evidence.pdf", content=PDF, **fields):
    return caller.post(
        f"{firm.url}attachments/", {"file": SimpleUploadedFile(name, content), **fields}, format="multipart"
    )


def test_a_file_is_taken_listed_handed_out_and_removed(call, firm):
    caller = call(firm.drafter)
    taken = upload(caller, firm)
    assert taken.status_code == 201, taken.json()
    assert (taken.json()["name"], taken.json()["sha256"]) == ("evidence.pdf", hashlib.sha256(PDF).hexdigest())
    address = taken["Location"].removeprefix("http://testserver")
    assert caller.get(address).json() == caller.get(f"{firm.url}attachments/").json()[0] == taken.json()
    handed = caller.get(f"{address}content/")
    assert b"".join(handed) == PDF
    assert handed["Content-Disposition"] == 'attachment; filename="evidence.pdf"'
    assert (handed["Content-Type"], handed["X-Content-Type-Options"]) == ("application/octet-stream", "nosniff")
    assert "sandbox" in handed["Content-Security-Policy"]
    assert caller.delete(address).status_code == 204
    assert [caller.get(address).status_code, caller.delete(address).status_code] == [404, 404]
    assert caller.get(f"{firm.url}attachments/").json() == []


def test_a_file_may_belong_to_a_question(call, firm):
    question = factories.question(firm.paper, "1")
    taken = upload(call(firm.drafter), firm, question=question.code)
    assert taken.json()["question"] == question.code
    other = factories.question(factories.paper(), "1")
    refused = upload(call(firm.drafter), firm, question=other.code)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "question")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("evidence.exe", b"MZ"),
        ("evidence.html", b"<script>alert(1)</script>"),
        ("evidence.pdf", b"<script>alert(1)</script>"),
        ("evidence.pdf", b""),
        ("evidence.docx", b"PK\x03\x04 not really"),
        ("evidence", PDF),
    ],
)
def test_a_file_that_is_not_taken_is_refused_at_its_field(call, firm, name, content):
    refused = upload(call(firm.drafter), firm, name, content)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "file"), refused.json()
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    "name", ['a"; filename="b.exe.pdf', "../../etc/passwd.pdf", "a\tb\x7f.pdf", "naïve – 報告.pdf"]
)
def test_no_name_reaches_a_header_or_a_folder(call, firm, name):
    caller = call(firm.drafter)
    taken = upload(caller, firm, name)
    assert taken.status_code == 201, taken.json()
    handed = caller.get(taken["Location"].removeprefix("http://testserver") + "content/")
    assert b"".join(handed) == PDF
    assert handed["Content-Disposition"].startswith("attachment; filename")
    assert not {"\r", "\n", "/"} & set(handed["Content-Disposition"])


def test_a_body_that_is_too_long_is_refused_before_it_is_read(call, firm, settings):
    settings.ATTACHMENT_MAX_BYTES = 1000
    assert upload(call(firm.drafter), firm, content=PDF + b"x" * 1000).status_code == 400
    refused = upload(call(firm.drafter), firm, content=PDF + b"x" * 200_000)
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", "multipart/form-data", 400),
        (b"rubbish", "multipart/form-data; boundary=x", 400),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\ntext\r\n--x--',
            "multipart/form-data; boundary=x",
            400,
        ),
        (b"{}", "application/json", 415),
        (b"file=1", "application/x-www-form-urlencoded", 415),
    ],
)
def test_what_is_no_upload_is_refused(call, firm, body, content_type, status):
    refused = call(firm.drafter).generic("POST", f"{firm.url}attachments/", body, content_type=content_type)
    assert (refused.status_code, refused["Content-Type"]) == (status, "application/problem+json")


def test_a_submission_keeps_a_file_that_leaves_the_draft_and_staff_may_read_it(call, firm):
    caller = call(firm.submitter)
    address = upload(caller, firm)["Location"].removeprefix("http://testserver")
    staff = call(factories.StaffFactory(rights=["responses.view_response", "responses.view_submission"]))
    assert staff.get(address).status_code == 404
    caller.post(f"{firm.url}submit/")
    later = upload(caller, firm, "later.pdf")["Location"].removeprefix("http://testserver")
    caller.delete(address)
    assert [row["name"] for row in staff.get(f"{firm.url}attachments/").json()] == ["evidence.pdf"]
    assert [row["name"] for row in caller.get(f"{firm.url}attachments/").json()] == ["later.pdf"]
    assert b"".join(staff.get(f"{address}content/")) == PDF
    assert [staff.get(a).status_code for a in (address, later, f"{later}content/")] == [200, 404, 404]


def test_files_of_another_firm_are_not_there(call, firm):
    stored = factories.AttachmentFactory(response=firm.response)
    address = f"{firm.url}attachments/{stored.code}/"
    other = Firm()
    for caller in (call(other.submitter), call(factories.UserFactory()), call(factories.StaffFactory())):
        answers = [caller.get(address), caller.get(f"{address}content/"), caller.delete(address)]
        assert [answer.status_code for answer in answers] == [404, 404, 404]
    own_path = f"{other.url}attachments/{stored.code}/"
    assert call(other.submitter).get(own_path).status_code == 404


def test_a_file_of_a_closed_question_stays(call, freeze):
    freeze(factories.OPENED)
    firm = Firm(factories.paper_with_two_deadlines())
    question = factories.question(firm.paper, "6.1")
    stored = factories.AttachmentFactory(response=firm.response, question=question)
    freeze(factories.DISCUSSION_CLOSES + timedelta(seconds=1))
    caller = call(firm.drafter)
    assert caller.delete(f"{firm.url}attachments/{stored.code}/").status_code == 409
    assert upload(caller, firm, question=question.code).status_code == 409
    assert list(Attachment.objects.current()) == [stored]
    assert timezone.now() > factories.DISCUSSION_CLOSES


def test_a_reader_cannot_change_files(call, firm):
    stored = factories.AttachmentFactory(response=firm.response)
    caller = call(firm.reader)
    assert caller.get(f"{firm.url}attachments/{stored.code}/").status_code == 200
    assert upload(caller, firm).status_code == 403
    assert caller.delete(f"{firm.url}attachments/{stored.code}/").status_code == 403
