"""What staff do: each button opens a form, the form calls the flow, and a refusal stays at its field."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from accounts.models import Act, ApiToken
from consultations.models import Consultation, Deadline, Document, Outcome, Question, Section
from consultations.querysets import Status
from notifications.models import Notification, State
from tests.admin.conftest import NOW
from tests.factories import (
    AuthorityFactory,
    ConsultationFactory,
    DeadlineFactory,
    OutcomeFactory,
    QuestionFactory,
    SectionFactory,
    StaffFactory,
    TopicFactory,
    UserFactory,
    paper,
)

pytestmark = pytest.mark.django_db
LONDON = {"time_zone": "Europe/London"}


def url(name: str, *args) -> str:
    return reverse(f"admin:{name}", args=args)


def status_of(consultation: Consultation, now: datetime) -> str:
    return Consultation.objects.with_status(now).get(pk=consultation.pk).status


def verbs() -> list[str]:
    return list(Act.objects.order_by("pk").values_list("verb", flat=True))


@pytest.fixture
def draft(now) -> Consultation:
    """Ready to be published."""
    consultation = ConsultationFactory(draft=True, reference="DEMO1/26")
    deadline = DeadlineFactory(consultation=consultation, label="Responses", closes_at=NOW + timedelta(days=40))
    section = SectionFactory(consultation=consultation, deadline=deadline, number="1", title="Proposals")
    QuestionFactory(section=section, number="Q1", text="Do you agree?")
    return consultation


@pytest.fixture
def public(now) -> Consultation:
    return paper(reference="DEMO2/26", questions=2, closes_at=datetime(2026, 3, 20, 23, 59, 59, tzinfo=UTC))


# --- writing a draft ---
def test_consultation_is_written_from_nothing_to_public(admin_site, now):
    body, other = AuthorityFactory(slug="body-a"), AuthorityFactory(slug="body-b", time_zone="America/New_York")
    topic = TopicFactory()
    made = {"title": "Custody of tokens", "reference": "DEMO9/26", "kind": "consultation_paper", "lead": body.pk}
    answer = admin_site.post(
        url("consultations_consultation_add"),
        {**made, "joint": [other.pk], "topics": [topic.pk], "takes_responses": "on", "via_email": "x@example.org",
         "sources": "https://example.org/a\nhttps://example.org/b", "_continue": "1"},
    )  # fmt: skip
    consultation = Consultation.objects.get(reference="DEMO9/26")
    assert answer["Location"] == url("consultations_consultation_change", consultation.pk)
    assert list(consultation.authorities.order_by("consultationauthority__position")) == [body, other]
    assert consultation.respond_via == {"email": "x@example.org"}
    assert consultation.sources == ["https://example.org/a", "https://example.org/b"]
    assert consultation.created_by is not None
    of_it = f"?consultation={consultation.pk}"
    admin_site.post(
        url("consultations_deadline_add") + of_it,
        {"label": "All", "closes_on": "2026-03-29", "closes_time": "23:59", "position": "0", **LONDON},
    )
    deadline = Deadline.objects.get()
    assert deadline.closes_at == datetime(2026, 3, 29, 22, 59, 59, tzinfo=UTC)  # the printed minute counts
    admin_site.post(
        url("consultations_section_add") + of_it, {"title": "Chapter 1", "deadline": deadline.pk, "position": "0"}
    )
    admin_site.post(
        url("consultations_question_add") + of_it,
        {"section": Section.objects.get().pk, "number": "Q1", "text": "Which?", "kind": "single", "wording": "paper",
         "options": "One, or\nAnother, or more", "position": "0"},
    )  # fmt: skip
    assert Question.objects.get().options == ["One, or", "Another, or more"]
    assert status_of(consultation, NOW) == Status.DRAFT
    page = admin_site.get(url("consultations_consultation_change", consultation.pk)).content.decode()
    assert "Before it can be published" not in page
    admin_site.post(url("consultations_consultation_publish", consultation.pk), {"when": "now", **LONDON})
    assert status_of(consultation, NOW) == Status.OPEN
    assert verbs() == ["consultation added", "deadline added", "section added", "question added", "published"]
    assert {act.door for act in Act.objects.all()} == {"admin"}


def test_draft_needs_a_name(admin_site, now):
    answer = admin_site.post(url("consultations_consultation_add"), {"kind": "nprm"})
    assert "Give a title, a reference or a summary." in answer.content.decode()
    assert not Consultation.objects.exists()


def test_preview_of_a_draft_is_linked_and_opens(admin_site, draft):
    page = admin_site.get(url("consultations_consultation_change", draft.pk)).content.decode()
    preview = reverse("consultations:detail", args=[draft.code])
    assert preview in page
    assert admin_site.get(preview).status_code == 200


@pytest.mark.parametrize(
    ("clock", "day", "which", "instant", "said"),
    [
        ("23:59", "2026-03-29", "", datetime(2026, 3, 29, 22, 59, 59, tzinfo=UTC), ""),
        ("17:00", "2026-01-05", "", datetime(2026, 1, 5, 17, 0, tzinfo=UTC), ""),
        ("01:30", "2026-03-29", "", None, "does not exist in UK time"),
        ("01:30", "2026-10-25", "", None, "happens twice"),
        ("01:30", "2026-10-25", "earlier", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), ""),
        ("01:30", "2026-10-25", "later", datetime(2026, 10, 25, 1, 30, tzinfo=UTC), ""),
        ("", "2026-10-25", "", None, "Enter the time of day"),
        ("12:00", "0001-01-01", "", None, "Enter a year between"),
        ("25:00", "2026-10-25", "", None, "valid time"),
    ],
)
def test_deadline_is_typed_as_the_clock_shows_it(admin_site, draft, clock, day, which, instant, said):
    sent = {"label": "Second", "closes_on": day, "closes_time": clock, "which": which, "position": "1", **LONDON}
    answer = admin_site.post(f"{url('consultations_deadline_add')}?consultation={draft.pk}", sent)
    made = Deadline.objects.filter(label="Second").first()
    assert (made and made.closes_at) == instant
    assert said in answer.content.decode()


def test_deadline_of_a_name_that_is_taken_is_refused_at_the_label(admin_site, draft):
    sent = {"label": "Responses", "closes_on": "", "position": "1", **LONDON}
    answer = admin_site.post(f"{url('consultations_deadline_add')}?consultation={draft.pk}", sent)
    assert "has a deadline of this name already" in answer.content.decode()


def test_later_of_an_hour_that_happens_twice_is_kept_when_saved_again(admin_site, draft):
    later = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    deadline = DeadlineFactory(consultation=draft, label="Second", closes_at=later)
    page = url("consultations_deadline_change", deadline.pk)
    form = admin_site.get(page).context["adminform"].form
    shown = {name: form[name].value() for name in ("label", "closes_on", "closes_time", "which", "time_zone")}
    admin_site.post(page, {**shown, "position": "0"})
    deadline.refresh_from_db()
    assert deadline.closes_at == later


def test_question_with_a_condition_is_checked(admin_site, draft):
    section = draft.sections.get()
    earlier = QuestionFactory(section=section, yes_no=True)
    sent = {
        "section": section.pk, "text": "Why not?", "kind": "text", "wording": "paper", "position": "2",
        "shown_if": earlier.pk,
    }  # fmt: skip
    page = f"{url('consultations_question_add')}?consultation={draft.pk}"
    assert "Say which answer" in admin_site.post(page, {**sent, "shown_if_answer": "Never"}).content.decode()
    assert admin_site.post(page, {**sent, "shown_if_answer": "No"}).status_code == 302
    stranger = QuestionFactory(yes_no=True)
    assert admin_site.post(page, {**sent, "shown_if": stranger.pk, "shown_if_answer": "No"}).status_code == 200


# --- publishing ---
def test_publishing_says_what_is_missing_and_changes_nothing(admin_site, now):
    consultation = ConsultationFactory(draft=True, authorities=[])
    page = url("consultations_consultation_publish", consultation.pk)
    assert "Say which body publishes" in admin_site.get(page).content.decode()
    answer = admin_site.post(page, {"when": "now", **LONDON})
    assert answer.status_code == 400
    assert "Say which body publishes" in answer.content.decode()
    consultation.refresh_from_db()
    assert consultation.published_at is None


def test_publishing_at_a_moment_and_taking_it_back(admin_site, draft):
    page = url("consultations_consultation_publish", draft.pk)
    sent = {"when": "later", "on": "2026-03-10", "at": "09:00", "time_zone": "America/New_York"}
    assert admin_site.post(page, sent).status_code == 302
    draft.refresh_from_db()
    assert draft.published_at == datetime(2026, 3, 10, 13, 0, tzinfo=UTC)
    assert status_of(draft, NOW) == Status.SCHEDULED
    admin_site.post(url("consultations_consultation_unschedule", draft.pk))
    draft.refresh_from_db()
    assert draft.published_at is None


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"on": "2026-03-01", "at": "09:00"}, "still to come"),
        ({"on": "2026-03-10", "at": ""}, "Enter the time of day."),
        ({"on": "", "at": "09:00"}, "Enter the date."),
        ({"on": "2026-03-29", "at": "01:30"}, "does not exist"),
    ],
)
def test_publishing_at_a_wrong_moment_keeps_what_was_typed(admin_site, draft, sent, said):
    answer = admin_site.post(url("consultations_consultation_publish", draft.pk), {"when": "later", **sent, **LONDON})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert said in page
    assert all(f'value="{typed}"' in page for typed in sent.values() if typed)
    draft.refresh_from_db()
    assert draft.published_at is None


@pytest.mark.parametrize("typed", [{"on": "2026-03-10"}, {"at": "09:00"}])
def test_publishing_now_with_a_moment_filled_in_is_refused(admin_site, draft, typed):
    """Who typed a moment and overlooked the choice above it would publish months early."""
    answer = admin_site.post(url("consultations_consultation_publish", draft.pk), {"when": "now", **typed, **LONDON})
    assert answer.status_code == 400
    assert "Choose “At a set moment”" in str(answer.context["form"].errors["when"])
    draft.refresh_from_db()
    assert draft.published_at is None


def test_scheduling_says_the_moment_with_its_zone(admin_site, draft):
    sent = {"when": "later", "on": "2026-03-10", "at": "09:00", **LONDON}
    answer = admin_site.post(url("consultations_consultation_publish", draft.pk), sent, follow=True)
    assert "It becomes public at 9:00am on 10 March 2026, UK time. Followers are told then." in answer.content.decode()


def test_publishing_twice_is_said(admin_site, public):
    answer = admin_site.post(url("consultations_consultation_publish", public.pk), {"when": "now", **LONDON})
    assert answer.status_code == 409
    assert "published already" in answer.content.decode()


def test_scheduled_consultation_is_not_edited(admin_site, now):
    consultation = paper(published_at=NOW + timedelta(days=1))
    question = Question.objects.filter(section__consultation=consultation).first()
    answer = admin_site.post(url("consultations_question_change", question.pk), {"text": "Changed"})
    assert answer.status_code == 403


# --- what is public ---
def test_parts_of_a_public_paper_are_read_and_not_edited(admin_site, public):
    parts = [Deadline.objects.get(), Section.objects.get(), Question.objects.first()]
    for part in parts:
        name = f"consultations_{part._meta.model_name}"
        assert admin_site.get(url(f"{name}_change", part.pk)).status_code == 200
        assert admin_site.post(url(f"{name}_change", part.pk), {"label": "x", "title": "x"}).status_code == 403
        assert admin_site.post(url(f"{name}_delete", part.pk), {"post": "yes"}).status_code == 403
        add = f"{url(f'{name}_add')}?consultation={public.pk}"
        assert admin_site.post(add, {"label": "x", "title": "x"}).status_code == 302
    assert (Deadline.objects.count(), Section.objects.count(), Question.objects.count()) == (1, 1, 2)


def test_a_part_says_what_it_is_part_of_and_leads_back(admin_site, public):
    back = f'<a class="sa-link" href="{url("consultations_consultation_change", public.pk)}">Back to {public}</a>'
    deadline, section, question = Deadline.objects.get(), Section.objects.get(), Question.objects.first()
    for part in (deadline, section, question):
        page = admin_site.get(url(f"consultations_{part._meta.model_name}_change", part.pk)).content.decode()
        assert back in page
    for page in (url("consultations_deadline_extend", deadline.pk), url("consultations_question_correct", question.pk)):
        answer = admin_site.get(page)
        assert str(public) in answer.context["title"]
        assert back in answer.content.decode()


def test_a_joint_paper_shows_staff_its_deadlines_in_every_zone(admin_site, now):
    bodies = [AuthorityFactory(), AuthorityFactory(time_zone="America/New_York")]
    joint = paper(authorities=bodies, closes_at=datetime(2026, 3, 20, 23, 59, 59, tzinfo=UTC))
    page = admin_site.get(url("consultations_consultation_change", joint.pk)).content.decode()
    assert "11:59pm on 20 March 2026, UK time (7:59pm on 20 March 2026, Eastern Time)" in page


def test_words_and_bodies_of_a_public_paper_stay_as_they_are(admin_site, public):
    body = public.authorities.get()
    page = url("consultations_consultation_change", public.pk)
    before = {"title": public.title, "summary": public.summary}
    answer = admin_site.post(
        page,
        {"title": "Another title", "summary": "x", "lead": AuthorityFactory().pk, "via_email": "x",
         "takes_responses": "", "record_note": "Checked.", "docket_id": "D-1"},
    )  # fmt: skip
    assert answer.status_code == 302
    public.refresh_from_db()
    assert {"title": public.title, "summary": public.summary} == before
    assert (public.record_note, public.docket_id, public.takes_responses) == ("Checked.", "D-1", True)
    assert list(public.authorities.all()) == [body]
    assert public.respond_via == {}
    act = Act.objects.get(verb="consultation changed")
    assert act.subject == f"consultation:{public.code}"
    assert "Another" not in str(act.detail)


def test_form_that_was_opened_before_publication_is_refused(admin_site, draft, monkeypatch):
    """Somebody published between the look and the save: the lock sees it."""
    from consultations import admin_papers

    page = url("consultations_consultation_change", draft.pk)
    real = admin_papers.ConsultationAdmin.save_model

    def overtaken(self, request, obj, form, change):
        Consultation.objects.filter(pk=obj.pk).update(published_at=NOW)
        return real(self, request, obj, form, change)

    monkeypatch.setattr(admin_papers.ConsultationAdmin, "save_model", overtaken)
    answer = admin_site.post(page, {"title": "Too late", "kind": "nprm"})
    assert answer.status_code == 409
    draft.refresh_from_db()
    assert draft.title != "Too late"


def test_only_a_draft_is_deleted(admin_site, draft, public):
    for one, expected in ((draft, 302), (public, 403)):
        page = url("consultations_consultation_delete", one.pk)
        assert admin_site.post(page, {"post": "yes"}).status_code == expected
    assert list(Consultation.objects.all()) == [public]
    assert "consultation deleted" in verbs()


def test_document_is_added_to_a_public_paper_and_stays(admin_site, public):
    page = f"{url('consultations_document_add')}?consultation={public.pk}"
    admin_site.post(page, {"title": "Annex", "url": "https://example.org/annex.pdf", "position": "0"})
    made = Document.objects.get()
    assert admin_site.post(url("consultations_document_delete", made.pk), {"post": "yes"}).status_code == 403
    assert admin_site.post(url("consultations_document_change", made.pk), {"title": "x"}).status_code == 403


# --- extending, withdrawing, correcting ---
def test_deadline_is_extended_with_a_reason(admin_site, public):
    deadline = public.deadlines.get()
    page = url("consultations_deadline_extend", deadline.pk)
    sent = {"closes_at": "2026-04-10", "closes_time": "23:59", "reason": "Requests for more time."}
    answer = admin_site.post(page, sent)
    assert answer["Location"] == url("consultations_consultation_change", public.pk)
    deadline.refresh_from_db()
    assert deadline.closes_at == datetime(2026, 4, 10, 22, 59, 59, tzinfo=UTC)
    assert (deadline.version, deadline.changes.get().reason) == (2, "Requests for more time.")
    shown = admin_site.get(answer["Location"]).content.decode()
    assert "Moved from 11:59pm on 20 March 2026, UK time to 11:59pm on 10 April 2026, UK time" in shown


@pytest.mark.parametrize(
    ("sent", "field", "said"),
    [
        ({"closes_at": "2026-03-19", "closes_time": "12:00", "reason": "x"}, "closes_at", "later than the present one"),
        ({"closes_at": "2026-04-19", "closes_time": "12:00", "reason": " "}, "reason", "required"),
        ({"closes_at": "2026-03-29", "closes_time": "01:30", "reason": "x"}, "closes_time", "does not exist"),
        ({"closes_at": "2026-10-25", "closes_time": "01:30", "reason": "x"}, "closes_time", "happens twice"),
        ({"closes_at": "next week", "closes_time": "01:30", "reason": "x"}, "closes_at", "valid date"),
    ],
)
def test_extension_that_is_refused_stays_at_its_field(admin_site, public, sent, field, said):
    deadline = public.deadlines.get()
    answer = admin_site.post(url("consultations_deadline_extend", deadline.pk), sent)
    assert answer.status_code in (400, 422)
    assert said in str(answer.context["form"].errors[field])
    assert (deadline.changes.count(), Notification.objects.count()) == (0, 0)


def test_consultation_is_withdrawn_with_a_reason(admin_site, public):
    page = url("consultations_consultation_withdraw", public.pk)
    assert admin_site.post(page, {"reason": ""}).status_code == 422
    assert admin_site.post(page, {"reason": "Overtaken by legislation."}).status_code == 302
    assert status_of(public, NOW) == Status.WITHDRAWN
    assert admin_site.post(page, {"reason": "Again."}).status_code == 409


def test_question_is_corrected_and_keeps_what_it_said(admin_site, public):
    question = Question.objects.first()
    page = url("consultations_question_correct", question.pk)
    assert question.text in admin_site.get(page).content.decode()
    answer = admin_site.post(page, {"text": question.text, "guidance": "", "reason": "A slip."})
    assert (answer.status_code, "Nothing was changed." in answer.content.decode()) == (400, True)
    admin_site.post(page, {"text": "What do you really think?", "guidance": "", "reason": "A slip."})
    correction = question.corrections.get()
    assert (correction.old_text, correction.new_text) == (question.text, "What do you really think?")
    shown = admin_site.get(url("consultations_question_change", question.pk)).content.decode()
    assert f"A slip.<br>It said: {question.text}" in shown
    assert "9:30am on 2 March 2026, UK time" in shown


def test_outcome_is_written_for_several_papers_and_published(admin_site, public):
    other = paper(reference="DEMO3/26")
    sent = {"kind": "policy statement", "title": "What was decided", "is_final": "on"}
    answer = admin_site.post(
        url("consultations_outcome_add"), {**sent, "consultations": f"demo2/26\r\n{other.code}", "_continue": "1"}
    )
    assert answer.status_code == 302, answer.context["errors"]
    outcome = Outcome.objects.get()
    assert set(outcome.consultations.all()) == {public, other}
    assert outcome.published_at is None
    assert admin_site.post(url("consultations_outcome_publish", outcome.pk)).status_code == 302
    assert {status_of(one, NOW) for one in (public, other)} == {Status.OUTCOME_PUBLISHED}
    assert admin_site.post(url("consultations_outcome_change", outcome.pk), sent).status_code == 403
    assert admin_site.post(url("consultations_outcome_publish", outcome.pk)).status_code == 409


@pytest.mark.parametrize(("is_final", "warned"), [(True, True), (False, False)])
def test_outcome_that_would_end_an_open_paper_says_so(admin_site, public, is_final, warned):
    over = paper(reference="DEMO4/26", closes_at=NOW - timedelta(days=9))
    outcome = OutcomeFactory(consultations=[public, over], published_at=None, is_final=is_final)
    page = admin_site.get(url("consultations_outcome_publish", outcome.pk)).content.decode()
    assert (f"Still open: {public}. An outcome" in page) == warned


def test_outcome_of_an_unknown_paper_is_refused_at_the_field(admin_site, now):
    answer = admin_site.post(url("consultations_outcome_add"), {"kind": "x", "consultations": "NOPE/1"})
    assert "There is no consultation with the reference or code “NOPE/1”." in answer.content.decode()


def test_outcome_names_no_paper_that_who_asks_may_not_see(signed_in, draft):
    """Somebody who drafts outcomes without the right to see drafts of papers learns nothing of them."""
    writer = StaffFactory(rights=["consultations.add_outcome", "consultations.view_outcome"])
    answer = signed_in(writer).post(
        url("consultations_outcome_add"), {"kind": "statement", "title": "x", "consultations": draft.reference}
    )
    said = "There is no consultation with the reference or code “DEMO1/26”."
    assert answer.context["adminform"].form.errors["consultations"] == [said]
    assert not Outcome.objects.exists()


def test_outcome_form_changes_nothing_that_was_not_touched(admin_site, public):
    outcome = OutcomeFactory(consultations=[public], published_at=None)
    page = url("consultations_outcome_change", outcome.pk)
    form = admin_site.get(page).context["adminform"].form
    shown = {name: form[name].value() or "" for name in form.fields}
    admin_site.post(page, {**shown, "is_final": "on"})
    assert set(outcome.consultations.all()) == {public}
    assert "outcome changed" not in verbs()


def test_rehearsal_is_made(admin_site, public):
    admin_site.post(url("consultations_consultation_rehearse", public.pk))
    copy = Consultation.objects.get(is_rehearsal=True)
    assert copy.rehearsal_of == public
    assert Notification.objects.count() == 0


# --- an annex ---
ANNEX = """Chapter 2: Custody

Q1: Do you agree with our proposals on custody?
Q2: What would they cost?

Chapter 3: Staking

Q3: What are your views on staking?
"""


def preview_of(answer) -> dict[str, str]:
    """The preview's form as a browser would send it back."""
    sent = {}
    for formset in (answer.context["sections"], answer.context["questions"]):
        forms = [formset.management_form, *formset]
        for form in forms:
            for field in form:
                value = field.value()
                if value is not None and value is not False:
                    sent[field.html_name] = getattr(value, "pk", value)
    return sent


def test_annex_is_read_put_right_and_saved(admin_site, draft):
    page = url("consultations_consultation_paste", draft.pk)
    preview = admin_site.post(page, {"annex": ANNEX, "read": "1"})
    assert preview.status_code == 200
    assert "3 questions in 2 sections were read" in preview.content.decode()
    assert Question.objects.count() == 1  # nothing is saved yet
    sent = preview_of(preview)
    sent["q-1-text"] = "What would the proposals cost you?"
    del sent["q-2-keep"]
    assert admin_site.post(page, {**sent, "save": "1"}).status_code == 302
    rows = Question.objects.filter(section__consultation=draft).order_by("section__position", "position")
    assert [(row.section.number, row.number, row.text) for row in rows] == [
        ("1", "Q1", "Do you agree?"),
        ("Chapter 2", "Q1", "Do you agree with our proposals on custody?"),
        ("Chapter 2", "Q2", "What would the proposals cost you?"),
    ]
    assert rows[1].section.deadline == draft.deadlines.get()
    assert verbs() == ["questions added"]


def test_annex_row_without_text_is_refused_and_nothing_is_saved(admin_site, draft):
    page = url("consultations_consultation_paste", draft.pk)
    sent = preview_of(admin_site.post(page, {"annex": ANNEX, "read": "1"}))
    sent["q-0-text"], sent["q-1-text"] = "", "Kept as typed"
    answer = admin_site.post(page, {**sent, "save": "1"})
    assert answer.status_code == 422
    assert "Write the question, or untick it." in answer.content.decode()
    assert "Kept as typed" in answer.content.decode()
    assert Question.objects.count() == 1


def test_annex_section_that_nothing_is_kept_of_needs_no_name(admin_site, draft):
    page = url("consultations_consultation_paste", draft.pk)
    sent = preview_of(admin_site.post(page, {"annex": ANNEX, "read": "1"}))
    sent["s-1-number"] = sent["s-1-title"] = ""
    answer = admin_site.post(page, {**sent, "save": "1"})
    assert answer.status_code == 422
    assert "Give the section a number or a title." in answer.content.decode()
    del sent["q-2-keep"]
    assert admin_site.post(page, {**sent, "save": "1"}).status_code == 302
    assert [section.title for section in draft.sections.order_by("position")] == ["Proposals", "Custody"]


def test_annex_rows_that_no_page_of_ours_had_are_refused(admin_site, draft):
    page = url("consultations_consultation_paste", draft.pk)
    sent = {f"{name}-{which}_FORMS": count for name in "sq" for which, count in (("TOTAL", "1"), ("INITIAL", "0"))}
    assert admin_site.post(page, {**sent, "save": "1"}).status_code in (400, 422)


def test_annex_asks_for_the_deadline_of_a_section_where_there_are_several(admin_site, draft):
    DeadlineFactory(consultation=draft, label="Second")
    page = url("consultations_consultation_paste", draft.pk)
    shown = admin_site.post(page, {"annex": ANNEX, "read": "1"}).content.decode()
    assert "Not chosen yet" in shown
    assert "No closing date" not in shown


def test_annex_of_an_unknown_deadline_is_refused(admin_site, draft):
    page = url("consultations_consultation_paste", draft.pk)
    sent = preview_of(admin_site.post(page, {"annex": ANNEX, "read": "1"}))
    sent["s-0-deadline"] = str(DeadlineFactory().pk)
    assert admin_site.post(page, {**sent, "save": "1"}).status_code == 422


def test_annex_without_a_question_is_said(admin_site, draft):
    page = url("consultations_consultation_paste", draft.pk)
    answer = admin_site.post(page, {"annex": "Some words about custody.", "read": "1"})
    assert answer.status_code == 422
    assert "No question was found" in answer.content.decode()
    assert "Some words about custody." in answer.content.decode()


def test_long_annex_fits_into_the_form(admin_site, draft):
    """211 questions, as one paper had."""
    text = "\n".join(f"Q{n}: What are your views on proposal {n}?" for n in range(1, 212))
    page = url("consultations_consultation_paste", draft.pk)
    sent = preview_of(admin_site.post(page, {"annex": text, "read": "1"}))
    assert admin_site.post(page, {**sent, "save": "1"}).status_code == 302
    assert Question.objects.count() == 212


def test_annex_is_not_pasted_into_a_public_paper(admin_site, public):
    page = url("consultations_consultation_paste", public.pk)
    assert admin_site.post(page, {"annex": ANNEX, "read": "1"}).status_code == 302
    assert Question.objects.count() == 2


# --- post, tokens ---
def message(**fields) -> Notification:
    values = {
        "kind": "invitation", "key": "k", "address": "x@example.org", "due_at": datetime.now(UTC),
        "state": State.FAILED, "reason": "no such mailbox",
    }  # fmt: skip
    return Notification.objects.create(**{**values, **fields})


def test_a_message_is_named_in_words(admin_site):
    row = message(kind="consultation_withdrawn")
    page = admin_site.get(url("notifications_notification_change", row.pk)).content.decode()
    assert "Consultation withdrawn to x@example.org" in page
    assert "consultation_withdrawn to" not in page


def test_failed_message_is_put_back_and_the_act_is_recorded(admin_site, administrator):
    failed = message()
    assert admin_site.post(url("notifications_notification_resend", failed.pk)).status_code == 302
    failed.refresh_from_db()
    assert failed.state == State.PENDING
    act = Act.objects.get()
    assert (act.verb, act.actor, act.subject) == ("message put back", administrator.email, f"notification:{failed.pk}")


def test_message_that_was_sent_is_not_put_back(admin_site):
    sent = message(state=State.SENT, sent_at=datetime.now(UTC), reason="")
    answer = admin_site.post(url("notifications_notification_resend", sent.pk))
    assert answer.status_code == 409
    assert not Act.objects.exists()


def test_several_messages_are_put_back_at_once(admin_site):
    one, two = message(), message(key="k2", state=State.SENT, sent_at=datetime.now(UTC), reason="")
    chosen = {"action": "put_back", "_selected_action": [one.pk, two.pk], "index": "0"}
    admin_site.post(url("notifications_notification_changelist"), chosen)
    one.refresh_from_db()
    assert (one.state, Act.objects.count()) == (State.PENDING, 1)


def test_private_link_is_never_shown(admin_site):
    secret = message(payload={"secret": True, "text": "https://example.org/a-private-link"})
    page = admin_site.get(url("notifications_notification_change", secret.pk)).content.decode()
    assert "a-private-link" not in page


def test_token_of_somebody_else_is_revoked_by_staff(admin_site):
    owner = UserFactory()
    token = ApiToken.objects.create(user=owner, created_by=owner, name="Demonstration", prefix="abcd", digest="0" * 64)
    page = url("accounts_apitoken_change", token.pk)
    assert "0" * 64 not in admin_site.get(page).content.decode()
    admin_site.post(url("accounts_apitoken_revoke", token.pk))
    token.refresh_from_db()
    assert token.revoked_at is not None


# --- time zones ---
def test_a_time_zone_is_chosen_from_a_list_and_an_odd_one_that_is_stored_stays(admin_site):
    body = AuthorityFactory(slug="body-z", time_zone="GB")
    page = url("consultations_authority_change", body.pk)
    form = admin_site.get(page).context["adminform"].form
    assert form["time_zone"].value() == "GB"
    assert {"GB", "Europe/London", "America/New_York"} < set(dict(form.fields["time_zone"].choices))
    kept = {name: form[name].value() for name in ("name", "short_name", "slug", "jurisdiction", "time_zone")}
    assert admin_site.post(page, kept).status_code == 302
    answer = admin_site.post(page, {**kept, "time_zone": "Mars/Olympus"})
    assert "Mars/Olympus is not one of the available choices" in answer.content.decode()
    body.refresh_from_db()
    assert body.time_zone == "GB"
    assert ("", "Choose one") in admin_site.get(url("consultations_authority_add")).context["adminform"].form.fields[
        "time_zone"
    ].choices
    person = admin_site.get(url("accounts_user_add")).context["adminform"].form
    assert person["time_zone"].value() == "Europe/London"
