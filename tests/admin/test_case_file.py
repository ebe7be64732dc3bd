"""One response as staff read it: answers, versions, receipt and record; confidential text with the right alone."""

import pytest
from django.urls import reverse

from accounts.record import By
from consultations.models import Question
from responses import attaching, drafting, submission
from responses.models import Attachment, Response, Submission
from tests.factories import AnswerFactory, ResponseFactory, StaffFactory, member, paper, submit_row

pytestmark = pytest.mark.django_db
RIGHTS = ["responses.view_response", "responses.view_submission", "accounts.view_act"]


def page(response: Response, query: str = "") -> str:
    return reverse("admin:responses_response_change", args=[response.pk]) + query


@pytest.fixture
def filed(db) -> Response:
    """Answered, filed, amended: by the flows."""
    response = ResponseFactory(consented=True, consultation=paper(questions=2))
    person = member(response.organisation)
    question = Question.objects.filter(section__consultation=response.consultation).first()
    answer = AnswerFactory(response=response, question=question, text="We said this <b>first</b>.")
    by = By(user=person, door="page")
    submission.submit(response=response, by=by)
    answer.text = "We then said this."
    answer.save()
    submission.submit(response=response, by=by)
    response.refresh_from_db()
    return response


def test_case_file_shows_answers_versions_receipt_and_record(signed_in, filed):
    staff = signed_in(StaffFactory(rights=RIGHTS))
    said = staff.get(page(filed)).content.decode()
    latest = filed.latest
    assert "We then said this." in said
    assert latest.reference in said
    assert latest.receipt.code in said
    assert latest.sha256 in said
    assert "What is stored is what the receipt was given for." in said
    assert "Response submitted" in said
    assert "Response amended" in said
    assert "Without an answer: 1" in said
    assert "2: What do you think of proposal 2?" in said
    first = staff.get(page(filed, "?version=1")).content.decode()
    assert "We said this &lt;b&gt;first&lt;/b&gt;." in first
    assert "We then said this." not in first


@pytest.mark.parametrize("consent", ["", "confidential"])
def test_confidential_text_needs_the_right(signed_in, filed, consent):
    Response.objects.filter(pk=filed.pk).update(text_consent=consent)
    filed.refresh_from_db()
    content = filed.latest.content
    row = submit_row(filed, content=content, foi_reason="Our own prices.")
    assert row.text_consent == consent
    without = signed_in(StaffFactory(rights=RIGHTS)).get(page(filed)).content.decode()
    assert "Confidential: you do not have the right to read it." in without
    assert "We then said this." not in without
    assert "Our own prices." not in without
    assert row.reference in without
    rights = [*RIGHTS, "responses.view_confidential"]
    assert "We then said this." in signed_in(StaffFactory(rights=rights)).get(page(filed)).content.decode()


def test_file_is_opened_by_who_may_read_it(signed_in, filed, tmp_path, django_capture_on_commit_callbacks):
    from django.core.files.uploadedfile import SimpleUploadedFile

    by = By(user=filed.latest.submitted_by, door="page")
    attaching.attach(response=filed, file=SimpleUploadedFile("evidence.txt", b"evidence"), by=by)
    submission.submit(response=filed, by=by)
    row = Attachment.objects.get()
    link = reverse("responses:attachment", args=[row.code])
    staff = signed_in(StaffFactory(rights=RIGHTS))
    assert link in staff.get(page(filed)).content.decode()
    given = staff.get(link)
    assert given["Content-Disposition"] == 'attachment; filename="evidence.txt"'
    assert b"".join(given.streaming_content) == b"evidence"
    assert signed_in(StaffFactory(rights=RIGHTS[:1])).get(link).status_code == 404


def test_altered_content_is_said(signed_in, filed):
    """A row whose content does not fit its digest, as if somebody had got past the database's own refusal."""
    row = submit_row(filed, content={**filed.latest.content, "files": []}, sha256="0" * 64, text_consent="publish")
    assert Submission.objects.filter(pk=row.pk).exists()
    assert "does not fit the receipt" in signed_in(StaffFactory(rights=RIGHTS)).get(page(filed)).content.decode()


def test_nothing_can_be_changed(admin_site, filed):
    before = Response.objects.filter(pk=filed.pk).values().get()
    admin_site.post(page(filed), {"state": "draft", "text_consent": "publish"})
    assert admin_site.post(reverse("admin:responses_response_add")).status_code == 403
    assert (
        admin_site.post(reverse("admin:responses_response_delete", args=[filed.pk]), {"post": "x"}).status_code == 403
    )
    assert Response.objects.filter(pk=filed.pk).values().get() == before


def test_case_file_costs_the_same_with_more_versions_and_files(admin_site, filed):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert admin_site.get(page(filed)).status_code == 200
        return len(queries)

    admin_site.get("/admin/")
    before = cost()
    for _ in range(3):
        submit_row(filed, content=filed.latest.content, text_consent="publish")
    assert cost() == before


def test_percentages_have_their_base(admin_site, filed):
    second = ResponseFactory(consultation=filed.consultation, consented=True)
    submit_row(second)
    gone = ResponseFactory(consultation=filed.consultation, consented=True)
    submit_row(gone)
    Response.objects.filter(pk=gone.pk).update(state="withdrawn", withdrawn_at=gone.started_at)
    ResponseFactory(consultation=filed.consultation)  # a draft is in no number
    counts = admin_site.get(reverse("admin:responses_response_questions", args=[filed.consultation.code]))
    said = counts.content.decode()
    assert "1 of the 2 who responded (50%)" in said
    assert "0 of the 2 who responded (0%)" in said
    paper_page = admin_site.get(reverse("admin:consultations_consultation_change", args=[filed.consultation_id]))
    assert "2 submitted; 1 more withdrawn." in paper_page.content.decode()


def test_what_a_firm_does_while_it_drafts_is_its_own(signed_in, admin_site, filed):
    by = By(user=filed.latest.submitted_by, door="page")
    draft = drafting.start(consultation=paper(), organisation=filed.organisation, by=by)
    acts, code = reverse("admin:accounts_act_changelist"), {"q": draft.code}
    assert not signed_in(StaffFactory(rights=RIGHTS)).get(acts, code).context["cl"].result_list
    started = admin_site.get(acts, code).context["cl"].result_list
    assert [act.verb for act in started] == ["response started"]
    page_of_it = reverse("admin:accounts_act_change", args=[started[0].pk])
    assert signed_in(StaffFactory(rights=RIGHTS)).get(page_of_it).status_code == 302


def test_draft_that_was_edited_since_is_not_shown(signed_in, filed):
    AnswerFactory(
        response=filed,
        question=Question.objects.filter(section__consultation=filed.consultation).last(),
        text="Not yet.",
    )
    assert "Not yet." not in signed_in(StaffFactory(rights=RIGHTS)).get(page(filed)).content.decode()
