"""Drafting: nobody overwrites anybody silently, nothing typed is lost, and each deadline decides to the second."""

import threading
from datetime import timedelta
from itertools import count

import pytest
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Act, Role
from accounts.record import By
from notifications.refusal import Conflict, NotAllowed, Refusal
from responses import drafting
from responses.differences import marked
from responses.drafting import Given, StaleAnswer
from responses.models import Answer, Response
from tests import factories
from tests.factories import CHAPTERS_CLOSE, DISCUSSION_CLOSES, member, paper, paper_with_two_deadlines, question
from tests.responses.pages import own_response, queries, section_url, signed_in, stored, typed

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def two_deadlines(freeze):
    freeze(factories.OPENED + timedelta(days=1))
    return paper_with_two_deadlines()


def by(user) -> By:
    return By(user=user, door="page")


# --- Two writers ------------------------------------------------------------------------------------------------------
WRITERS = ("first", "second")
steps = st.lists(
    st.tuples(st.sampled_from(WRITERS), st.sampled_from(["look", "save"]), st.sampled_from(["", "a", "b", "c"])),
    max_size=25,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(taken=steps)
def test_no_text_is_ever_replaced_by_somebody_who_had_not_seen_it(taken, db) -> None:
    consultation = paper(questions=1)
    response, user = own_response(consultation)
    asked = question(consultation, "1")
    people = {"first": user, "second": member(response.organisation, Role.DRAFTER)}
    seen = dict.fromkeys(WRITERS, (0, ""))
    version, text = 0, ""
    for who, action, words in taken:
        if action == "look":
            seen[who] = (version, text)
            continue
        written = Given(question=asked, text=words, version=seen[who][0])
        try:
            answer = drafting.save_answer(response=response, given=written, by=by(people[who]))
        except StaleAnswer as stale:
            assert (seen[who][0], words) != (version, text)
            theirs = stale.current
            assert (theirs.version, theirs.text) == (version, text)
        else:
            # Either this writer had seen what stood, or what they gave is what stood.
            assert seen[who] == (version, text) or words == text
            if words != text or (version == 0 and words):
                version, text = version + 1, words
            assert answer.text == text
            seen[who] = (answer.version, answer.text)
        row = Answer.objects.filter(response=response).first()
        assert (row.version, row.text) == (version, text) if row else version == 0


@pytest.mark.django_db(transaction=True)
def test_of_two_saves_at_the_same_moment_one_is_told_of_the_other() -> None:
    consultation = paper(questions=1)
    response, user = own_response(consultation)
    asked = question(consultation, "1")
    together, ends, numbers = threading.Barrier(8), [], count()

    def save() -> None:
        together.wait()
        try:
            written = Given(question=asked, text=f"text {next(numbers)}", version=0)
            ends.append(drafting.save_answer(response=response, given=written, by=by(user)).text)
        except StaleAnswer:
            ends.append(None)
        finally:
            connection.close()

    threads = [threading.Thread(target=save) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends.count(None) == 7
    assert [Answer.objects.get().text] == [end for end in ends if end]
    assert Answer.objects.get().version == 1


def test_page_shows_both_texts_keeps_mine_in_the_field_and_saves_the_rest(two_deadlines) -> None:
    response, user = own_response(two_deadlines)
    colleague = member(response.organisation, Role.DRAFTER, name="Demonstration Colleague")
    gate, asked = question(two_deadlines, "2.2"), question(two_deadlines, "2.1")
    drafting.save_answer(
        response=response, given=Given(question=asked, text="Keep records for six years."), by=by(colleague)
    )
    client = signed_in(user)
    mine = {**typed(asked, text="Keep records for five years."), **typed(gate, selected="Yes", text="")}
    answer = client.post(section_url(response, asked), mine)
    text = answer.content.decode()
    assert answer.status_code == 412
    assert "Demonstration Colleague changed this answer while you were writing" in text
    assert "Keep records for <ins>six </ins>years." in text
    assert "Keep records for <ins>five </ins>years." in text
    assert "Keep records for five years.</textarea>" in text
    assert "The other answers on this page are saved." in text
    assert stored(response) == {
        "2.1": ("Keep records for six years.", [], "", 1), "2.2": ("", ["Yes"], "", 1),
    }  # fmt: skip
    # The page now stands on their version: saving again is to choose, and only that.
    again = {name: value for form in answer.context["forms"] for name, value in shown_fields(form).items()}
    assert client.post(section_url(response, asked), again).status_code == 302
    assert stored(response)["2.1"] == ("Keep records for five years.", [], "", 2)
    assert stored(response)["2.2"] == ("", ["Yes"], "", 1)


def shown_fields(form) -> dict[str, str]:
    """What a browser would send of a form as it is drawn."""
    return {field.html_name: field.value() for field in form if field.value() not in (None, "", [])}


def test_choices_and_numbers_conflict_as_texts_do(two_deadlines) -> None:
    response, user = own_response(two_deadlines)
    colleague = member(response.organisation)
    which, amount = question(two_deadlines, "3.1"), question(two_deadlines, "3.3")
    drafting.save_answers(
        response=response, by=by(colleague),
        given=[Given(question=which, selected=("First",)), Given(question=amount, number="1,250.50")],
    )  # fmt: skip
    mine = {**typed(which, selected="Second"), **typed(amount, number="900")}
    answer = signed_in(user).post(section_url(response, which), mine)
    assert answer.status_code == 412
    conflicts = {form.question.number: form.conflict for form in answer.context["forms"] if form.conflict}
    assert {number: (clash.their_choice, clash.my_choice) for number, clash in conflicts.items()} == {
        "3.1": ("First", "Second"), "3.3": ("1250.5", "900"),
    }  # fmt: skip


def test_what_one_person_saved_in_another_window_is_said_so(two_deadlines) -> None:
    response, user = own_response(two_deadlines)
    asked = question(two_deadlines, "6.1")
    client = signed_in(user)
    client.post(section_url(response, asked), typed(asked, text="In one window"))
    answer = client.post(section_url(response, asked), typed(asked, text="In the other"))
    assert "You changed this answer in another window" in answer.content.decode()


def test_saving_what_stands_already_is_no_conflict_and_changes_nothing(two_deadlines) -> None:
    """The reply to an autosave may be lost: the same text comes again with the version before."""
    response, user = own_response(two_deadlines)
    asked = question(two_deadlines, "6.1")
    client = signed_in(user)
    for _ in range(2):
        assert client.post(section_url(response, asked), typed(asked, text="Ours")).status_code == 302
    assert stored(response) == {"6.1": ("Ours", [], "", 1)}


# --- The section's page -----------------------------------------------------------------------------------------------
def test_every_kind_is_saved_and_the_way_leads_on(two_deadlines) -> None:
    response, user = own_response(two_deadlines)
    client = signed_in(user)
    one = {number: question(two_deadlines, number) for number in ("2.1", "2.2", "3.1", "3.2", "3.3", "6.1", "7.1")}
    fields = {
        **typed(one["2.1"], text="Line one\r\nLine two"),
        **typed(one["2.2"], selected="Partly", text="Because"),
    }
    assert client.post(section_url(response, one["2.1"]), fields).headers["Location"] == section_url(
        response, one["3.1"]
    )
    fields = {
        **typed(one["3.1"], selected="Neither"),
        **typed(one["3.2"], selected=["Advice", "Staff"]),
        **typed(one["3.3"], number=" 1,250.75 "),
        "return": "1",
    }
    assert client.post(section_url(response, one["3.1"]), fields).headers["Location"].endswith(f"/{response.code}/")
    last = client.post(section_url(response, one["7.1"]), typed(one["7.1"], text="Seven"))
    assert last.headers["Location"].endswith("/check/")
    assert stored(response) == {
        "2.1": ("Line one\nLine two", [], "", 1),
        "2.2": ("Because", ["Partly"], "", 1),
        "3.1": ("", ["Neither"], "", 1),
        "3.2": ("", ["Staff", "Advice"], "", 1),
        "3.3": ("", [], "1250.750000", 1),
        "7.1": ("Seven", [], "", 1),
    }
    shown = client.get(section_url(response, one["3.1"])).content.decode()
    assert 'value="1250.75"' in shown


def test_a_choice_can_be_taken_back(two_deadlines) -> None:
    response, user = own_response(two_deadlines)
    asked = question(two_deadlines, "3.1")
    client = signed_in(user)
    assert "No answer" not in client.get(section_url(response, asked)).content.decode()
    client.post(section_url(response, asked), typed(asked, selected="First"))
    assert "No answer" in client.get(section_url(response, asked)).content.decode()
    client.post(section_url(response, asked), typed(asked, selected="", version=1))
    assert stored(response) == {"3.1": ("", [], "", 2)}


def test_what_cannot_be_kept_is_refused_at_its_field_and_the_rest_is_saved(two_deadlines) -> None:
    response, user = own_response(two_deadlines)
    which, amount = question(two_deadlines, "3.1"), question(two_deadlines, "3.3")
    fields = {**typed(which, selected="Invented"), **typed(amount, number="12")}
    answer = signed_in(user).post(section_url(response, which), fields)
    assert answer.status_code == 400
    errors = {form.question.number: dict(form.errors) for form in answer.context["forms"] if form.errors}
    assert errors == {"3.1": {"selected": ["Choose from the answers that are offered."]}}
    assert stored(response) == {"3.3": ("", [], "12.000000", 1)}
    fields = typed(amount, number="a lot", version=1)
    answer = signed_in(user).post(section_url(response, which), fields)
    assert 'value="a lot"' in answer.content.decode()
    assert stored(response) == {"3.3": ("", [], "12.000000", 1)}


def test_a_text_over_its_limit_is_kept_and_said_to_be(two_deadlines) -> None:
    response, user = own_response(two_deadlines)
    asked = question(two_deadlines, "2.1")
    client = signed_in(user)
    assert client.post(section_url(response, asked), typed(asked, text="word " * 60)).status_code == 302
    assert "60 words: the limit is 50" in client.get(section_url(response, asked)).content.decode()


def test_a_question_of_another_section_or_paper_is_not_saved(two_deadlines) -> None:
    response, user = own_response(two_deadlines)
    other = paper().sections.get().questions.first()
    fields = {**typed(other, text="x"), **typed(question(two_deadlines, "7.1"), text="x")}
    signed_in(user).post(section_url(response, question(two_deadlines, "2.1")), fields)
    assert stored(response) == {}
    with pytest.raises(Refusal, match="another consultation"):
        drafting.save_answer(response=response, given=Given(question=other, text="x"), by=by(user))


def test_the_same_question_twice_in_one_save_is_a_conflict_with_oneself(two_deadlines) -> None:
    response, user = own_response(two_deadlines)
    asked = question(two_deadlines, "6.1")
    twice = [Given(question=asked, text="One"), Given(question=asked, text="Two")]
    _, refused = drafting.save_answers(response=response, given=twice, by=by(user))
    assert isinstance(refused[asked.code], StaleAnswer)
    assert stored(response) == {"6.1": ("One", [], "", 1)}


@pytest.mark.parametrize("many", [1, 30])
def test_saving_a_section_takes_as_many_queries_however_long_it_is(many: int) -> None:
    response, user = own_response(paper(questions=many + 1))
    asked = list(response.consultation.sections.get().questions.all())
    factories.AnswerFactory(response=response, question=asked[0], text="Before")
    fields = typed(asked[0], version=1, text="After")
    for one in asked[1:]:
        fields |= typed(one, text="New")
    client = signed_in(user)
    with queries() as counted:
        assert client.post(section_url(response, asked[0]), fields).status_code == 302
    assert response.answers.exclude(text="Before").count() == many + 1
    assert len(counted) == 19, [query["sql"][:90] for query in counted]


@pytest.mark.parametrize(
    ("role", "may"), [(Role.ADMIN, True), (Role.SUBMITTER, True), (Role.DRAFTER, True), (Role.READER, False)]
)
def test_who_may_write(two_deadlines, role: str, may: bool) -> None:
    response, user = own_response(two_deadlines, role)
    asked = question(two_deadlines, "6.1")
    client = signed_in(user)
    assert ("<textarea" in client.get(section_url(response, asked)).content.decode()) is may
    answer = client.post(section_url(response, asked), typed(asked, text="Typed with care"))
    assert answer.status_code == (302 if may else 403)
    assert stored(response) == ({"6.1": ("Typed with care", [], "", 1)} if may else {})
    if not may:
        assert "Typed with care" in answer.content.decode()
        with pytest.raises(NotAllowed):
            drafting.save_answer(response=response, given=Given(question=asked, text="x"), by=by(user))


def test_who_was_signed_out_while_writing_gets_back_what_was_typed(two_deadlines) -> None:
    response, _ = own_response(two_deadlines)
    asked = question(two_deadlines, "6.1")
    address = section_url(response, asked)
    answer = Client().post(address, typed(asked, text="Typed <with> care"))
    assert answer.status_code == 401
    assert "Typed &lt;with&gt; care</textarea>" in answer.content.decode()
    assert f"?next={address}" in answer.content.decode()
    assert two_deadlines.title not in answer.content.decode()
    assert stored(response) == {}


# --- Autosave ---------------------------------------------------------------------------------------------------------
def test_autosave_answers_as_its_script_expects(two_deadlines, freeze) -> None:
    response, user = own_response(two_deadlines)
    asked = question(two_deadlines, "2.1")
    client = signed_in(user)
    address = section_url(response, asked, "autosave")
    saved = client.post(address, typed(asked, text="First"))
    assert saved.status_code == 200
    assert saved.json() == {"saved_at": "09:00 UK time", "versions": {f"{asked.code}-version": 1}}
    drafting.save_answer(
        response=response, given=Given(question=asked, text="Theirs", version=1), by=by(member(response.organisation))
    )
    gate = question(two_deadlines, "2.2")
    stale = client.post(address, {**typed(asked, text="Mine", version=1), **typed(gate, selected="No")})
    assert stale.status_code == 412
    assert "changed question 2.1 while you were writing. Neither text is lost" in stale.json()["detail"]
    assert stale.json()["versions"] == {f"{gate.code}-version": 1}
    assert set(stale.json()["refused"]) == {asked.code}
    assert client.post(address, typed(gate, selected="Perhaps", version=1)).status_code == 400
    freeze(CHAPTERS_CLOSE + SECOND)
    late = client.post(address, typed(asked, text="Late", version=2))
    assert late.status_code == 409
    assert "closed at 11:59pm on 12 November 2025, UK time" in late.json()["detail"]
    assert stored(response)["2.1"] == ("Theirs", [], "", 2)


# --- Deadlines --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("number", "closes"), [("6.1", DISCUSSION_CLOSES), ("2.1", CHAPTERS_CLOSE)], ids=["discussion", "chapters"]
)
def test_each_section_closes_at_its_own_second(two_deadlines, freeze, number: str, closes) -> None:
    response, user = own_response(two_deadlines)
    asked = question(two_deadlines, number)
    client = signed_in(user)
    for version, moment in enumerate([closes - SECOND, closes]):
        freeze(moment)
        fields = typed(asked, text=f"In time {version}", version=version)
        assert client.post(section_url(response, asked), fields).status_code == 302
    freeze(closes + SECOND)
    answer = client.post(section_url(response, asked), typed(asked, text="One second late", version=2))
    assert answer.status_code == 409
    assert "closed at 11:59pm on" in answer.content.decode()
    assert "One second late</textarea>" in answer.content.decode()
    assert stored(response)[number] == ("In time 1", [], "", 2)
    read = client.get(section_url(response, asked)).content.decode()
    assert "<textarea" not in read
    assert "In time 1" in read
    with pytest.raises(Conflict):
        drafting.save_answer(response=response, given=Given(question=asked, text="x", version=2), by=by(user))


def test_the_open_chapters_can_be_answered_after_the_discussion_has_closed(two_deadlines, freeze) -> None:
    response, user = own_response(two_deadlines)
    freeze(DISCUSSION_CLOSES + SECOND)
    asked = question(two_deadlines, "3.3")
    assert signed_in(user).post(section_url(response, asked), typed(asked, number="3")).status_code == 302
    assert stored(response) == {"3.3": ("", [], "3.000000", 1)}


def test_a_withdrawn_paper_takes_nothing_and_gives_back_what_was_typed(two_deadlines) -> None:
    response, user = own_response(two_deadlines)
    type(two_deadlines).objects.filter(pk=two_deadlines.pk).update(
        withdrawn_at=factories.OPENED, withdrawal_reason="Replaced."
    )
    asked = question(two_deadlines, "6.1")
    answer = signed_in(user).post(section_url(response, asked), typed(asked, text="Kept for copying"))
    assert answer.status_code == 409
    assert "Kept for copying" in answer.content.decode()
    assert "was withdrawn" in answer.content.decode()


# --- Starting ---------------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_ten_simultaneous_starts_make_one_response() -> None:
    consultation = paper()
    user = member(factories.OrganisationFactory())
    organisation = user.organisations.get()
    together, codes = threading.Barrier(10), []

    def start() -> None:
        together.wait()
        try:
            codes.append(drafting.start(consultation=consultation, organisation=organisation, by=by(user)).code)
        finally:
            connection.close()

    threads = [threading.Thread(target=start) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [Response.objects.get().code] * 10
    assert Act.objects.filter(verb="response started").count() == 1


# --- The two texts ----------------------------------------------------------------------------------------------------
@given(one=st.text("ab <&\n", max_size=40), other=st.text("ab <&\n", max_size=40))
def test_difference_loses_and_invents_nothing(one: str, other: str) -> None:
    from html import unescape

    for text, html in zip((one, other), marked(one, other), strict=True):
        assert unescape(html.replace("<ins>", "").replace("</ins>", "")) == text


def test_difference_of_long_texts_is_found_in_time() -> None:
    from time import monotonic

    began = monotonic()
    marked("a " * 30_000, "a b " * 15_000)
    assert monotonic() - began < 5
