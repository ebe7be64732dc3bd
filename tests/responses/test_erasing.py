"""Erasure that reaches the firm's own versions: nothing of what was erased is left anywhere, and that it was is."""

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Act, SignOffRule
from accounts.record import By
from notifications.models import Notification
from responses import (
    attaching,
    auditing,
    drafting,
    erasing,
    exporting,
    extraction,
    searching,
    signing,
    submission,
    teamwork,
    uploading,
)
from responses.drafting import Given
from responses.models import AnswerVersion, Export, How, Submission
from tests.factories import member, paper, question
from tests.responses.pages import own_response, signed_in, url

pytestmark = pytest.mark.django_db
WORD = "zyzzyvaquux"  # no other word has its beginning, in any case


def found(*words: str) -> set[str]:
    """The tables with a row that holds one of the words in any column."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [row[0] for row in cursor.fetchall()]
        return {table for table in tables for word in words if _holds(cursor, table, word)}


def _holds(cursor, table: str, word: str) -> bool:
    cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}" AS r WHERE r::text ILIKE %s)', [f"%{word}%"])
    return bool(cursor.fetchone()[0])


class Firm:
    """A response in which the word is wherever a firm can write it, filed with a sign-off."""

    def __init__(self):
        self.response, self.person = own_response(paper(questions=2))
        firm = self.response.organisation
        firm.sign_off = SignOffRule.REQUIRED
        firm.save()
        self.by, self.now = By(user=self.person, door="page"), timezone.now()
        member(firm, confirmed=True).memberships.update(may_sign_off=True)
        firm.memberships.filter(user=self.person).update(may_sign_off=True)
        self.consent(f"{WORD} is a client.")
        self.save("1", f"{WORD} early")
        self.save("1", f"{WORD} beside", version=0)  # too late: kept beside
        self.save("1", f"{WORD} as filed", version=1)
        self.save("2", f"And {WORD}.")

    def consent(self, reason):
        drafting.state_consents(
            response=self.response, text_consent="publish", name_consent="list", foi_position="confidential",
            foi_reason=reason, by=self.by,
        )  # fmt: skip

    def save(self, number, text, *, version=0):
        given = Given(question=question(self.response.consultation, number), text=text, version=version, how=How.TYPED)
        drafting.save_answers(response=self.response, given=[given], by=self.by)

    def attach(self, name="evidence.txt", number=None):
        asked = question(self.response.consultation, number) if number else None
        file = ContentFile(WORD.encode(), name=name)
        return attaching.attach(response=self.response, file=file, question=asked, by=self.by)

    def file(self) -> Submission:
        self.response.refresh_from_db()
        checked = submission.prepare(self.response, timezone.now()).sha256
        signing.sign(response=self.response, checked=checked, note=f"{WORD}: read.", by=self.by)
        filed = submission.submit(response=self.response, by=self.by)
        self.response.refresh_from_db()
        return filed


def erase(filed: Submission, callbacks) -> None:
    with callbacks(execute=True):
        call_command("erase_submission", filed.reference, reason="A court.", drafts=True, stdout=StringIO())


def test_of_what_was_erased_nothing_is_left_anywhere(django_capture_on_commit_callbacks, settings):
    firm = Firm()
    removed = firm.attach(name=f"{WORD}.txt", number="1")
    attaching.remove(attachment=removed, by=firm.by)
    firm.attach()
    uploading.begin(response=firm.response, question=None, name=f"{WORD}.pdf", length=9, by=firm.by)
    asked = question(firm.response.consultation, "1")
    teamwork.comment(response=firm.response, question=asked, text=f"Not {WORD}?", by=firm.by)
    signing.ask(response=firm.response, by=firm.by)
    firm.response.refresh_from_db()
    checked = submission.prepare(firm.response, timezone.now()).sha256
    asking = Notification.objects.get(kind="sign_off_wanted")
    assert checked[:32] not in asking.key
    Notification.objects.filter(pk=asking.pk).update(key=f"sign_off_wanted:1:{checked[:32]}:1")  # as it was once
    filed = firm.file()
    extraction.extract_due(timezone.now() + timedelta(minutes=1))
    searching.index_due()
    exporting.ask(organisation=firm.response.organisation, by=firm.by)
    assert exporting.build_due(timezone.now()) == 1
    before = found(WORD)
    assert {f"responses_{name}" for name in (
        "answer", "answerversion", "attachment", "attachmenttext", "comment", "filedtext", "response", "signoff",
        "submission", "upload",
    )} == before  # fmt: skip
    versions = AnswerVersion.objects.count()

    erase(filed, django_capture_on_commit_callbacks)

    assert found(WORD) == set()
    assert found(checked, checked[:32], removed.sha256) == set()  # nothing to guess against
    assert Export.objects.get().file.name == ""
    assert [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()] == []
    assert AnswerVersion.objects.count() == versions  # who saved what when is kept
    assert Act.objects.get(verb="submission erased").detail["drafts"] is True
    assert list(auditing.faults(files=True)) == []
    client = signed_in(firm.person)
    for page in (
        url("detail", firm.response), url("versions", firm.response, asked.code), url("work", firm.response),
        url("sign_off", firm.response), url("check", firm.response), reverse("responses:list"),
    ):  # fmt: skip
        assert client.get(page).status_code == 200, page
    assert "A court." in client.get(url("versions", firm.response, asked.code)).content.decode()
    firm.save("1", "Written anew.", version=2)
    firm.consent("It names clients.")
    assert firm.file().version == 2


def test_what_another_submission_holds_stays_in_both(django_capture_on_commit_callbacks):
    firm = Firm()
    first = firm.file()
    firm.save("1", "Put right.", version=2)
    second = firm.file()

    erase(first, django_capture_on_commit_callbacks)

    texts = dict(firm.response.answers.values_list("question__number", "text"))
    assert texts == {"1": "Put right.", "2": f"And {WORD}."}
    told = AnswerVersion.objects.filter(answer__question__number="1").order_by("ordinal").values_list("text", flat=True)
    assert list(told) == ["", "", "", "Put right."]
    second.refresh_from_db()
    assert second.content["sections"]
    assert list(auditing.faults()) == []


def test_the_database_lets_versions_go_with_such_an_erasure_alone():
    firm, other = Firm(), Firm()
    filed = firm.file()
    blank = {"text": "", "selected": [], "number": None}
    mine, theirs = (AnswerVersion.objects.filter(answer__response=one.response) for one in (firm, other))

    def refused(rows, **values) -> None:
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            rows.update(**values)

    refused(mine, **blank)
    erasing.erase(submission=filed, reason="A court.", by=firm.by, now=firm.now)
    assert {row.text for row in mine} > {f"{WORD} early"}  # the firm's own copy stays, unless it was to go
    refused(mine, **blank)
    refused(theirs, **blank)
    refused(mine, text="Something else.")
