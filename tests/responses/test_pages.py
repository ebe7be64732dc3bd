"""The firm's pages: what each shows, how many queries it takes, and that nothing typed makes them fall over."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from consultations.models import QuestionCorrection
from responses.models import Response
from responses.querysets import State
from responses.views import listing
from tests import factories
from tests.factories import CHAPTERS_CLOSE, DISCUSSION_CLOSES, member, paper, paper_with_two_deadlines, question
from tests.responses.pages import consents, own_response, queries, section_url, signed_in, typed, url

pytestmark = [pytest.mark.django_db, pytest.mark.long]
SECOND = timedelta(seconds=1)


@pytest.fixture
def two_deadlines(freeze):
    """The paper in the shape of CP25/25, on the day after it opened."""
    freeze(factories.OPENED + timedelta(days=1))
    return paper_with_two_deadlines()


# --- My responses -----------------------------------------------------------------------------------------------------
def test_list_shows_state_closing_moment_with_zone_and_what_is_missing(two_deadlines) -> None:
    response, user = own_response(two_deadlines)
    factories.AnswerFactory(response=response, question=question(two_deadlines, "6.1"))
    text = signed_in(user).get(reverse("responses:list")).content.decode()
    assert "DEMO25/25" in text
    assert "1 of 8 questions answered" in text  # 2.3 is asked only after No
    assert "11:59pm on 15 October 2025, UK time" in text
    assert "1 that must be answered is not yet" in text
    assert "The consents are not stated yet" in text


@pytest.mark.parametrize("rows", [1, 3])
def test_list_takes_as_many_queries_for_three_responses_as_for_one(rows: int) -> None:
    organisation = factories.OrganisationFactory()
    user = member(organisation)
    for _ in range(rows):
        response = factories.ResponseFactory(organisation=organisation)
        factories.AnswerFactory(response=response)
        factories.submit_row(response, by=user)
        paper()  # one that waits to be answered
    client = signed_in(user)
    with queries() as counted:
        answer = client.get(reverse("responses:list"))
    assert len(answer.context["lines"]) == rows
    assert len(answer.context["waiting"]) == rows
    assert len(counted) == 17, [query["sql"][:90] for query in counted]


def test_list_turns_pages_without_missing_or_repeating_any(monkeypatch) -> None:
    monkeypatch.setattr(listing, "PAGE", 4)
    organisation = factories.OrganisationFactory()
    user = member(organisation)
    made = [
        factories.ResponseFactory(
            organisation=organisation,
            consultation=paper(questions=1, closes_at=timezone.now() + timedelta(days=1 + n % 3)),
        )
        for n in range(9)
    ]
    endless = factories.ResponseFactory(
        organisation=organisation,
        consultation=factories.SectionFactory(deadline=None).consultation,
    )
    seen, after = [], ""
    while True:
        answer = signed_in(user).get(reverse("responses:list"), {"after": after})
        seen += [line.response.code for line in answer.context["lines"]]
        if not (after := answer.context["next"]):
            break
    assert len(seen) == len(set(seen)) == 10
    assert set(seen) == {response.code for response in [*made, endless]}
    assert seen[-1] == endless.code


def test_list_keeps_closed_responses_apart(two_deadlines, freeze) -> None:
    response, user = own_response(two_deadlines)
    client = signed_in(user)
    freeze(CHAPTERS_CLOSE)
    assert [line.response for line in client.get(reverse("responses:list")).context["lines"]] == [response]
    freeze(CHAPTERS_CLOSE + SECOND)
    assert client.get(reverse("responses:list")).context["lines"] == []
    closed = client.get(reverse("responses:list"), {"show": "closed"})
    assert [line.response for line in closed.context["lines"]] == [response]
    assert "Closed, not submitted" in closed.content.decode()


def test_list_offers_what_is_not_followed_below_and_none_that_has_a_response() -> None:
    user = member(factories.OrganisationFactory())
    plain, followed, elsewhere = paper(), paper(), paper(elsewhere=True)
    factories.FollowFactory(user=user, authority=followed.authorities.get())
    answered = factories.ResponseFactory(organisation=user.organisations.get()).consultation
    context = signed_in(user).get(reverse("responses:list")).context
    assert context["waiting"] == [plain]
    assert {line.paper for line in context["lines"]} == {followed, answered}
    assert elsewhere not in context["waiting"]


# --- Starting ---------------------------------------------------------------------------------------------------------
def start(client: Client, consultation, **more: str):
    return client.post(reverse("responses:start"), {"consultation": consultation.code, **more})


def test_start_with_one_organisation_goes_straight_to_the_response() -> None:
    consultation, user = paper(), member(factories.OrganisationFactory())
    answer = start(signed_in(user), consultation)
    response = Response.objects.get()
    assert answer.headers["Location"] == url("detail", response)
    assert response.organisation == user.organisations.get()
    assert start(signed_in(user), consultation).headers["Location"] == url("detail", response)
    assert Response.objects.count() == 1


def test_start_asks_which_of_several_organisations() -> None:
    consultation, one, other = paper(), factories.OrganisationFactory(), factories.OrganisationFactory()
    user = member(one)
    factories.MembershipFactory(user=user, organisation=other, role=Role.DRAFTER)
    read_only = factories.MembershipFactory(user=user, role=Role.READER).organisation
    client = signed_in(user)
    asked = start(client, consultation)
    assert [code for code, _ in asked.context["form"].fields["organisation"].choices] == [one.code, other.code]
    for wrong in ("", "nonsense", read_only.code, factories.OrganisationFactory().code):
        assert start(client, consultation, organisation=wrong).status_code == 400
    assert not Response.objects.exists()
    start(client, consultation, organisation=other.code)
    assert Response.objects.get().organisation == other


def test_start_without_an_organisation_says_what_to_do_first() -> None:
    answer = start(signed_in(factories.UserFactory()), paper())
    assert reverse("accounts:create_organisation") in answer.content.decode()


def test_start_by_a_reader_is_refused_with_whom_to_ask_and_finds_what_is_there() -> None:
    consultation, user = paper(), member(factories.OrganisationFactory(), Role.READER)
    client = signed_in(user)
    assert "Ask an administrator" in start(client, consultation).content.decode()
    assert not Response.objects.exists()
    response = factories.ResponseFactory(consultation=consultation, organisation=user.organisations.get())
    assert start(client, consultation).headers["Location"] == url("detail", response)


def test_start_signed_out_leads_through_signing_in_to_the_same_paper() -> None:
    consultation = paper()
    answer = start(Client(), consultation)
    assert reverse("account_login") in answer.headers["Location"]
    assert consultation.code in answer.headers["Location"]
    back = signed_in(member(factories.OrganisationFactory())).get(
        reverse("responses:start"), {"consultation": consultation.code}
    )
    assert back.context["consultation"] == consultation


def test_start_is_refused_where_nothing_can_be_answered() -> None:
    user = member(factories.OrganisationFactory())
    closed = paper(closes_at=timezone.now() - SECOND)
    answer = start(signed_in(user), closed)
    assert answer.status_code == 409
    assert "has closed" in answer.content.decode()
    assert "not taken here" in start(signed_in(user), paper(elsewhere=True)).content.decode()
    for hidden in (paper(draft=True), paper(scheduled=True)):
        assert start(signed_in(user), hidden).status_code == 404
    assert not Response.objects.exists()


# --- The task list ----------------------------------------------------------------------------------------------------
def test_task_list_shows_each_section_with_its_state_and_closing_moment(two_deadlines, freeze) -> None:
    response, user = own_response(two_deadlines)
    factories.AnswerFactory(response=response, question=question(two_deadlines, "2.1"))
    factories.AnswerFactory(response=response, question=question(two_deadlines, "7.1"))
    client = signed_in(user)
    parts = client.get(url("detail", response)).context["parts"]
    assert {part.section.number: part.state for part in parts} == {
        "2": "in_progress", "3": "not_started", "6": "not_started", "7": "done",
    }  # fmt: skip
    freeze(DISCUSSION_CLOSES + SECOND)
    answer = client.get(url("detail", response))
    assert {part.section.number: part.state for part in answer.context["parts"]} == {
        "2": "in_progress", "3": "not_started", "6": "closed", "7": "closed",
    }  # fmt: skip
    assert "Closed 11:59pm on 15 October 2025, UK time" in answer.content.decode()


def test_task_list_of_a_joint_paper_says_both_closing_moments() -> None:
    bodies = [
        factories.AuthorityFactory(time_zone="Europe/London"),
        factories.AuthorityFactory(time_zone="America/New_York"),
    ]
    consultation = paper(authorities=bodies, closes_at=timezone.now() + timedelta(days=9))
    response, user = own_response(consultation)
    text = signed_in(user).get(url("detail", response)).content.decode()
    assert "UK time" in text
    assert "Eastern Time" in text


@pytest.mark.parametrize("many", [1, 3])
@pytest.mark.parametrize(("name", "expected"), [("detail", 12), ("check", 11), ("attachments", 10)])
def test_pages_take_as_many_queries_for_a_long_paper_as_for_a_short_one(many: int, name: str, expected: int) -> None:
    consultation = paper(questions=0)
    section = consultation.sections.get()
    response, user = own_response(consultation)
    for _ in range(many):
        answered = factories.QuestionFactory(section=section)
        factories.AnswerFactory(response=response, question=answered, edited_by=user)
        factories.AttachmentFactory(response=response, question=answered, uploaded_by=user)
        factories.submit_row(response, by=user)
    client = signed_in(user)
    with queries() as counted:
        assert client.get(url(name, response)).status_code == 200
    assert len(counted) == expected, [query["sql"][:90] for query in counted]


# --- The section ------------------------------------------------------------------------------------------------------
def test_section_shows_every_kind_of_question(two_deadlines) -> None:
    response, user = own_response(two_deadlines)
    client = signed_in(user)
    second = client.get(section_url(response, question(two_deadlines, "2.1"))).content.decode()
    assert "Soundings’ own prompt, not the paper’s wording." in second
    assert "You can enter up to 50 words" in second
    assert "Answer only if you answered “No” to question 2.2" in second
    third = client.get(section_url(response, question(two_deadlines, "3.1"))).content.decode()
    for kind in ('type="radio"', 'type="checkbox"', 'inputmode="decimal"', 'type="file"'):
        assert kind in third


def test_section_asks_a_conditional_question_fully_once_the_answer_says_so(two_deadlines) -> None:
    response, user = own_response(two_deadlines)
    factories.AnswerFactory(response=response, question=question(two_deadlines, "2.2"), text="", selected=["No"])
    text = signed_in(user).get(section_url(response, question(two_deadlines, "2.1"))).content.decode()
    assert "Answer only if" not in text


def test_section_shows_guidance_as_text_and_its_corrections(two_deadlines) -> None:
    response, user = own_response(two_deadlines)
    asked = question(two_deadlines, "6.1")
    asked.guidance = "Think of <script>alert(1)</script> costs."
    asked.save()
    QuestionCorrection.objects.create(
        question=asked, old_text="What are your view?", new_text=asked.text, reason="A misprint.",
        corrected_at=timezone.now(),
    )  # fmt: skip
    text = signed_in(user).get(section_url(response, asked)).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; costs" in text
    assert "It said before: What are your view?" in text
    assert "A misprint." in text


@pytest.mark.parametrize("many", [1, 3])
def test_section_takes_as_many_queries_for_three_questions_as_for_one(many: int) -> None:
    consultation = paper(questions=0)
    section = consultation.sections.get()
    response, user = own_response(consultation)
    for _ in range(many):
        asked = factories.QuestionFactory(section=section)
        factories.AnswerFactory(response=response, question=asked, edited_by=user)
        QuestionCorrection.objects.create(
            question=asked, old_text="x", new_text="y", reason="z", corrected_at=timezone.now()
        )
    client = signed_in(user)
    with queries() as counted:
        assert client.get(url("section", response, section.pk)).status_code == 200
    assert len(counted) == 12, [query["sql"][:90] for query in counted]


# --- Consents ---------------------------------------------------------------------------------------------------------
def test_consents_show_the_bodys_note_and_are_saved() -> None:
    response, user = own_response(paper(confidentiality_note="A footer is not a request."))
    client = signed_in(user)
    assert "A footer is not a request." in client.get(url("consents", response)).content.decode()
    assert client.post(url("consents", response), consents()).headers["Location"] == url("detail", response)
    response.refresh_from_db()
    assert (response.text_consent, response.name_consent, response.foi_position) == ("publish", "list", "no_objection")


def test_consents_refuse_each_field_that_is_missing_and_keep_what_was_chosen() -> None:
    response, user = own_response(paper())
    answer = signed_in(user).post(
        url("consents", response), {"text_consent": "confidential", "foi_position": "confidential", "name_consent": "x"}
    )
    assert answer.status_code == 400
    assert set(answer.context["form"].errors) == {"name_consent", "foi_reason"}
    assert 'value="confidential" id="id_text_consent_1" checked' in " ".join(answer.content.decode().split())
    response.refresh_from_db()
    assert response.text_consent == ""


# --- Withdrawing ------------------------------------------------------------------------------------------------------
def test_withdrawing_needs_a_reason_and_keeps_the_record() -> None:
    response, user = own_response(paper())
    factories.submit_row(response, by=user)
    client = signed_in(user)
    refused = client.post(url("withdraw", response), {"reason": "  "})
    assert refused.status_code == 400
    assert "Say why you withdraw it" in refused.content.decode()
    client.post(url("withdraw", response), {"reason": "We sent the wrong draft."})
    response.refresh_from_db()
    assert (response.state, response.withdrawal_reason) == (State.WITHDRAWN, "We sent the wrong draft.")
    assert response.submissions.count() == 1
    assert "We sent the wrong draft." in client.get(url("detail", response)).content.decode()
    assert client.post(url("withdraw", response), {"reason": "Again."}).status_code == 409


# --- Bad input --------------------------------------------------------------------------------------------------------
NASTY = ["a\x00b", "\x0b\x0c\x1e", "\u202e<script>'; --{{ 7*7 }}", "-1", "9" * 5000, "NaN", "1e999"]


@pytest.mark.parametrize("value", NASTY, ids=range(len(NASTY)))
def test_no_value_of_any_field_makes_a_page_fall_over(two_deadlines, value: str) -> None:
    response, user = own_response(two_deadlines, consented=True)
    factories.AttachmentFactory(response=response)
    client = signed_in(user)
    client.raise_request_exception = False
    for number in ("2.1", "3.1", "6.1"):
        asked = question(two_deadlines, number)
        fields: dict[str, str] = {}
        for other in asked.section.questions.all():
            fields |= typed(other, version=value, text=value, selected=value, number=value, file=value)
        for name in ("section", "autosave"):
            assert client.post(section_url(response, asked, name), fields).status_code < 500
        fields = {name: "0" if name.endswith("version") else given for name, given in fields.items()}
        for name in ("section", "autosave"):
            assert client.post(section_url(response, asked, name), fields).status_code < 500
    for page, names in {
        "consents": ["text_consent", "name_consent", "foi_position", "foi_reason"],
        "attachments": ["about", "file"],
        "submit": ["checked"],
        "withdraw": ["reason"],
    }.items():
        assert client.post(url(page, response), dict.fromkeys(names, value)).status_code < 500
    for query in ({"after": value}, {"show": value}, {"consultation": value}):
        assert client.get(reverse("responses:list"), query).status_code == 200
    assert client.get(url("attachments", response), {"question": value}).status_code == 200
    assert client.post(reverse("responses:start"), {"consultation": value, "organisation": value}).status_code == 404
    given = {"consultation": two_deadlines.code, "organisation": value}
    assert client.post(reverse("responses:start"), given).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "BCDFGHJKMN/", "bcdfghjkmn/", "BCDFGHJKMN/sections/99999999999999999999/",
        "submissions/BCDFGHJKMN-999999999/", "submissions/BCDFGHJKMN-99999999999/", "BCDFGHJKMN/check/%0d%0a/",
    ],
)  # fmt: skip
def test_addresses_that_name_nothing_are_not_found(path: str) -> None:
    assert signed_in(factories.UserFactory()).get(f"/responses/{path}").status_code == 404


@pytest.mark.parametrize("path", ["%00/", "receipts/%00/", "files/%00/"])
def test_addresses_with_a_nul_are_bad_requests(path: str) -> None:
    assert signed_in(factories.UserFactory()).get(f"/responses/{path}").status_code == 400


def test_three_thousand_fields_are_refused_and_change_nothing(two_deadlines) -> None:
    response, user = own_response(two_deadlines)
    fields = {f"field-{number}": "x" for number in range(3000)}
    answer = signed_in(user).post(section_url(response, question(two_deadlines, "6.1")), fields)
    assert answer.status_code == 400
    assert not response.answers.exists()


@pytest.mark.parametrize("content_type", ["application/json", "text/plain; charset=utf-7", "multipart/form-data", "x"])
def test_a_body_of_another_type_changes_nothing(two_deadlines, content_type: str) -> None:
    response, user = own_response(two_deadlines)
    client = signed_in(user)
    client.raise_request_exception = False
    for name in ("section", "autosave"):
        address = section_url(response, question(two_deadlines, "6.1"), name)
        assert client.generic("POST", address, b'{"a": "\\ud800"}\xff\xfe', content_type).status_code < 500
    assert not response.answers.exists()


def test_half_a_surrogate_pair_is_refused_at_its_field(two_deadlines) -> None:
    """A form in UTF-7 can carry one; no database can hold it and no page can show it."""
    response, user = own_response(two_deadlines)
    asked = question(two_deadlines, "6.1")
    body = (
        f'--b\r\nContent-Disposition: form-data; name="{asked.code}-version"\r\n\r\n0\r\n'
        f'--b\r\nContent-Disposition: form-data; name="{asked.code}-text"\r\n\r\n+2AA-\r\n--b--\r\n'
    )
    client = signed_in(user)
    client.raise_request_exception = False
    answer = client.generic(
        "POST", section_url(response, asked), body.encode(), "multipart/form-data; boundary=b; charset=utf-7"
    )
    assert answer.status_code == 400
    assert not response.answers.exists()
