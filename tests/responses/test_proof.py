"""Receipts that anybody can check: signed, chained, and what was altered or removed since is named."""

import base64
import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.record import By
from responses import auditing, chain, checking, drafting, erasing, keys, proving, submission
from responses.drafting import Given
from responses.models import Attachment, Receipt, ReceiptHead, ReceiptKey, ReceiptSeal, Submission
from tests import factories
from tests.factories import member, paper
from tests.responses.pages import signed_in

pytestmark = pytest.mark.django_db

OTHER_KEY = base64.b64encode(bytes(range(1, 33))).decode()


def file(text="Yes.", *, sealed=True, **fields):
    """A submission with an answer to each of two questions and a file."""
    response = factories.ResponseFactory(consultation=paper(questions=2), consented=True, **fields)
    by = By(user=member(response.organisation), door="page")
    asked = response.consultation.sections.get().questions.all()
    drafting.save_answers(response=response, given=[Given(question=each, text=text) for each in asked], by=by)
    factories.AttachmentFactory(response=response, name="Our evidence.txt")
    filed = submission.submit(response=response, by=by)
    if sealed:
        chain.seal(timezone.now())
    return Submission.objects.select_related("receipt").get(pk=filed.pk)


def checked(document):
    """What each check says: question → yes, no or none."""
    return {finding.asked: finding.is_good for finding in checking.check(document).findings}


GOOD = {checking.SIGNATURE: True, checking.RECORD: True, checking.HASHES: True, checking.CHAIN: True}


def tamper(*statements):
    """What somebody with the database's own keys could do."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for statement in (
            "SET session_replication_role = replica",
            *statements,
            "SET session_replication_role = origin",
        ):
            cursor.execute(statement)


def test_receipt_holds_and_is_the_same_file_each_time():
    filed = file()
    document = proving.document(filed.receipt)
    assert document == proving.document(Receipt.objects.select_related("submission").get())
    assert checked(document) == GOOD
    payload = json.loads(document)["payload"]
    assert payload["reference"] == filed.reference
    assert payload["received_at"].endswith("+00:00")
    assert payload["time_zone"] == "Europe/London"
    assert payload["submitted_by"] == str(filed.submitted_by)
    assert (len(payload["questions"]), len(payload["files"])) == (2, 1)
    assert list(auditing.faults(files=True)) == []


def test_what_is_signed_and_chained_gives_no_short_answer_away():
    """Somebody who has the payload and guesses the answer right cannot tell that they did."""
    one, other = file("No"), file("No")
    payload = json.dumps([one.receipt.payload, other.receipt.payload])
    for filed in (one, other):
        for of_kind in proving.hashes(filed.content).values():
            assert not [sha256 for sha256 in of_kind.values() if sha256 in payload]
    sealed = [row["sealed"] for each in (one, other) for row in each.receipt.payload["questions"]]
    assert len(set(sealed)) == 4


def test_receipt_before_it_is_chained():
    assert checked(proving.document(file(sealed=False).receipt)) == {**GOOD, checking.CHAIN: None}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda whole: whole["payload"].update(submitted_by="Somebody else"), {checking.SIGNATURE: False}),
        (lambda whole: whole.update(signature=base64.b64encode(bytes(64)).decode()), {checking.SIGNATURE: False}),
        (lambda whole: whole.update(signature="é"), {checking.SIGNATURE: False}),
        (lambda whole: whole.update(key_id="0" * 16), {checking.SIGNATURE: False}),
        (lambda whole: whole["payload"].update(x="\ud800"), {checking.SIGNATURE: False}),
        (lambda whole: whole.pop("opened"), GOOD),  # no part of what is signed
    ],
)
def test_altered_file(change, expected):
    whole = json.loads(proving.document(file().receipt))
    change(whole)
    rest = dict.fromkeys((checking.RECORD, checking.HASHES, checking.CHAIN))
    assert checked(json.dumps(whole).encode()) == (expected if expected == GOOD else {**expected, **rest})


SUBMISSION = "UPDATE responses_submission SET content = "


@pytest.mark.parametrize(
    ("statement", "expected", "named"),
    [
        (
            SUBMISSION + "replace(content::text, 'Yes.', 'Yes!')::jsonb",
            {checking.HASHES: False}, "The answer to question 1 is not what was filed.",
        ),
        (
            SUBMISSION + """jsonb_set(content, '{sections,0,questions,1,answer,text}', '"No."')""",
            {checking.HASHES: False}, "The answer to question 2 is not what was filed.",
        ),
        (
            SUBMISSION + "jsonb_set(content, '{sections,0,questions,1}', '[]') #- '{sections,0,questions,1}'",
            {checking.HASHES: False}, "The answer to question 2 is not what was filed.",
        ),
        (
            SUBMISSION + """jsonb_set(content, '{consents,text}', '"confidential"')""",
            {checking.HASHES: False}, "The content, apart from the answers and files, is not what was filed.",
        ),
        (
            SUBMISSION + "replace(content::text, 'ee8250fb', 'ee8250fc')::jsonb",
            {checking.HASHES: False}, "is not what was filed.",
        ),
        ("UPDATE responses_receipt SET nonces = '{}'", {checking.HASHES: False}, "question 1"),
        (
            "UPDATE responses_receipt SET payload = payload || '{\"submitted_by\": \"x\"}'",
            {checking.RECORD: False}, "Its receipt's signature is not good.",
        ),
        ("DELETE FROM responses_receipt", {checking.RECORD: False, checking.HASHES: None, checking.CHAIN: None},
         "The receipt of link 1 is missing: it was removed."),
        ("UPDATE responses_receiptseal SET leaf = repeat('0', 64)", {checking.CHAIN: False},
         "Link 1 of the chain does not follow from the one before."),
        ("UPDATE responses_receiptseal SET digest = repeat('0', 64) WHERE number = 1", {checking.CHAIN: False},
         "Link 2 of the chain does not follow from the one before."),
    ],
)  # fmt: skip
def test_one_byte_or_one_row_is_named(statement, expected, named):
    filed, _ = file(), file()
    document = proving.document(filed.receipt)
    tamper(statement)
    assert checked(document) == {**GOOD, **expected}
    faults = list(auditing.faults())
    assert any(named in fault for fault in faults), faults
    with pytest.raises(CommandError):
        call_command("verify_submissions", stdout=StringIO())


def test_a_removed_submission_is_named_by_its_receipt_and_by_the_chain(tmp_path):
    filed, kept = file(), file()
    document = tmp_path / "receipt.json"
    document.write_bytes(proving.document(filed.receipt))
    call_command("verify_receipt", str(document), stdout=StringIO())
    tamper(
        f"DELETE FROM responses_submission_attachments WHERE submission_id = {filed.pk}",
        f"DELETE FROM responses_submission WHERE id = {filed.pk}",
    )
    assert list(auditing.faults()) == [
        f"The submission of receipt {filed.receipt.code} (link 1) is missing: it was removed."
    ]
    tamper(f"DELETE FROM responses_receipt WHERE submission_id = {filed.pk}")
    said = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_receipt", str(document), stdout=said)
    assert "not in the record: it was removed" in said.getvalue()
    tamper("DELETE FROM responses_receiptseal WHERE number = 1")
    assert list(auditing.faults()) == ["Link 1 of the chain is missing."]
    assert checked(proving.document(kept.receipt))[checking.CHAIN] is False


def test_the_end_of_the_chain_cannot_be_cut_off_unseen():
    now = timezone.now()
    file(sealed=False)
    chain.seal(now - timedelta(days=1))
    chain.seal(now)
    head = ReceiptHead.objects.get()
    assert (head.day, head.number) == ((now - timedelta(days=1)).date(), 1)
    tamper("DELETE FROM responses_receiptseal")
    assert list(auditing.faults())[-1] == f"Link 1 of the chain, the head published for {head.day}, is missing."


def test_chain_is_made_once_and_only_added_to():
    now = datetime(2025, 11, 12, 12, tzinfo=UTC)
    for _ in range(3):
        file(sealed=False)
    assert [chain.seal(now, limit=2), chain.seal(now), chain.seal(now)] == [2, 1, 0]
    assert not ReceiptHead.objects.exists()  # the day is not over
    assert [chain.seal(now + timedelta(days=1)), ReceiptHead.objects.get().number] == [0, 3]
    assert checked(proving.document(Receipt.objects.first())) == GOOD
    for table in ("receiptseal", "receipthead", "receiptkey"):
        for statement in (f"DELETE FROM responses_{table}", f"UPDATE responses_{table} SET ctid = ctid"):
            with pytest.raises(Exception, match=r"append-only|ctid"), transaction.atomic():
                connection.cursor().execute(statement)


def test_a_receipt_outlives_its_key(settings):
    document = proving.document(file().receipt)
    settings.RECEIPT_SIGNING_KEY = OTHER_KEY
    chain.seal(timezone.now())
    assert checked(document) == GOOD
    assert [key.is_present for key in keys.published().values()] == [True, False]
    assert ReceiptKey.objects.count() == 2
    assert checked(proving.document(file().receipt)) == GOOD


def test_a_receipt_made_before_signing_is_chained_and_its_submission_checked(settings):
    settings.RECEIPT_SIGNING_KEY = ""
    filed = file()
    assert not filed.receipt.is_signed
    assert list(auditing.faults()) == []
    tamper(SUBMISSION + "replace(content::text, 'Yes.', 'Yes!')::jsonb")
    assert f"{filed.reference}: Its content is not what was filed: the SHA-256 differs." in list(auditing.faults())
    tamper("UPDATE responses_receipt SET sha256 = repeat('0', 64)")
    assert any("is not what link 1 of the chain covers" in fault for fault in auditing.faults())


# --- Erasure ----------------------------------------------------------------------------------------------------------
def test_erasing_takes_the_content_and_leaves_the_proof(django_capture_on_commit_callbacks):
    filed, other = file("Words to be erased"), file()
    document = proving.document(filed.receipt)
    stored = filed.attachments.get().file
    with django_capture_on_commit_callbacks(execute=True):
        call_command("erase_submission", filed.reference, reason="Ordered by a court.", stdout=StringIO())
    report = checking.check(document)
    assert {finding.asked: finding.is_good for finding in report.findings} == {**GOOD, checking.HASHES: None}
    assert report.erased.endswith("because: Ordered by a court.")
    assert list(auditing.faults(files=True)) == []
    row = Submission.objects.select_related("receipt").get(pk=filed.pk)
    left = json.dumps(
        [row.content, row.receipt.nonces, row.sha256, row.receipt.sha256, Attachment.objects.first().name]
    )
    assert "erased" in left
    assert "Words" not in left
    assert "evidence" not in left
    assert not stored.storage.exists(stored.name)
    for place in ("submission", "receipt"):
        argument = filed.reference if place == "submission" else filed.receipt.code
        answer = signed_in(filed.submitted_by).get(reverse(f"responses:{place}", args=[argument]))
        assert "Ordered by a court." in answer.content.decode()
    with pytest.raises(CommandError, match="erased before"):
        call_command("erase_submission", filed.reference, reason="Again.", stdout=StringIO())
    assert checked(proving.document(other.receipt)) == GOOD


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE responses_submission SET content = content",
        "UPDATE responses_submission SET content = '{}'",
        "UPDATE responses_submission SET received_at = now()",
        "UPDATE responses_receipt SET nonces = '{}'",
        "UPDATE responses_receipt SET signature = ''",
        "DELETE FROM responses_receipt",
        "DELETE FROM responses_submission_attachments",
        "UPDATE responses_erasure SET reason = 'x'",
    ],
)
def test_the_database_allows_an_erasure_and_nothing_else(statement):
    erased = file()
    by = By(user=None, door="command")
    erasing.erase(submission=erased, reason="Ordered by a court.", by=by, now=timezone.now())
    file()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        connection.cursor().execute(statement)
    assert list(auditing.faults()) == []


def test_verification_is_flat_in_queries(django_assert_num_queries):
    file()
    with django_assert_num_queries(7):  # keys, submissions, their files, heads, links, and two of a savepoint
        list(auditing.faults())
    file()
    file()
    assert ReceiptSeal.objects.count() == 3
    with django_assert_num_queries(7):
        list(auditing.faults())


# --- The pages --------------------------------------------------------------------------------------------------------
def test_anybody_checks_a_receipt_on_the_page(client):
    document = proving.document(file().receipt)
    address = reverse("responses:check_receipt")
    upload = SimpleUploadedFile("receipt.json", document)
    for given in ({"file": upload}, {"text": document.decode()}, {"text": "\ufeff" + document.decode()}):
        answer = client.post(address, given)
        assert answer.status_code == 200
        assert '<h2 class="govuk-heading-m" id="found">The receipt holds</h2>' in answer.content.decode()
        assert "no-store" in answer.headers["Cache-Control"]
    altered = document.replace(b"Europe/London", b"Europe/Berlin")
    said = client.post(address, {"text": altered.decode()}).content.decode()
    assert "The receipt does not hold" in said
    assert "filed by" not in said  # of a receipt that is not ours nothing is repeated


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"text": "no"},
        {"text": "[]"},
        {"text": '{"payload": 1}'},
        {"text": "[" * 100_000},
        {"file": SimpleUploadedFile("x.json", b"\xff\xfe{}")},
        {"file": SimpleUploadedFile("x.json", b" " * (checking.MOST_BYTES + 1))},
    ],
)
def test_what_is_no_receipt_is_refused(client, given):
    answer = client.post(reverse("responses:check_receipt"), given)
    assert answer.status_code == 400
    assert "govuk-error-summary" in answer.content.decode()


def test_the_chain_and_the_keys_are_published(client):
    now = timezone.now()
    file(sealed=False)
    chain.seal(now - timedelta(days=1))
    chain.seal(now)
    heads = client.get(reverse("responses:chain_json")).json()
    links = client.get(reverse("responses:links_json"), {"after": "0"}).json()["links"]
    assert [heads["newest"]["digest"], heads["heads"][0]["digest"]] == [links[0][2]] * 2
    assert client.get(reverse("responses:links_json"), {"after": "1"}).json()["links"] == []
    assert client.get(reverse("responses:links_json"), {"after": "x" * 50}).json()["after"] == 0
    (key,) = client.get("/.well-known/soundings-receipt-keys.json").json()["keys"]
    assert key["signs_now"]
    for name in ("receipt_chain", "how_to_check"):
        assert client.get(reverse(f"responses:{name}")).status_code == 200
    assert links[0][2] in client.get(reverse("responses:receipt_chain")).content.decode()
