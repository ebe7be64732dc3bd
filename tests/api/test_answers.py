"""Answers over the API: nobody overwrites a colleague, and nothing that was sent is dropped in silence."""

from datetime import timedelta

import pytest

from consultations.models import Question, QuestionKind
from responses.models import Answer
from tests import factories
from tests.api.conftest import Firm

pytestmark = pytest.mark.django_db
FIRST = {"If-None-Match": "*"}


@pytest.fixture
def paper():
    from django.utils import timezone

    now = timezone.now()
    return factories.paper_with_two_deadlines(
        discussion_closes=now + timedelta(days=10), chapters_close=now + timedelta(days=30)
    )


def test_versions_are_etags(call, firm):
    caller, address = call(firm.submitter), firm.answer()
    assert caller.get(address)["ETag"] == '"0"'
    assert caller.put(address, {"text": "One."}, headers={"If-Match": '"0"'})["ETag"] == '"1"'
    assert caller.put(address, {"text": "Two."}, headers={"If-Match": '"1"'})["ETag"] == '"2"'
    got = caller.get(address)
    assert (got["ETag"], got.json()["text"], got.json()["version"]) == ('"2"', "Two.", 2)


@pytest.mark.parametrize("header", [{"If-Match": '"1"'}, FIRST, {"If-Match": 'W/"2"'}, {"If-Match": '"1", "3"'}])
def test_a_stale_save_is_refused_with_what_stands_now(call, firm, header):
    address = firm.answer(text="Theirs.", version=2, edited_by=firm.drafter)
    refused = call(firm.submitter).put(address, {"text": "Ours."}, headers=header)
    assert (refused.status_code, refused["ETag"], refused["Content-Type"]) == (412, '"2"', "application/problem+json")
    current = refused.json()["current"]
    assert (current["text"], current["version"], current["edited_by"]) == ("Theirs.", 2, str(firm.drafter))
    assert str(firm.drafter) in refused.json()["detail"]
    assert Answer.objects.get().text == "Theirs."


@pytest.mark.parametrize("header", [{"If-Match": '"2"'}, {"If-Match": "*"}, {"If-Match": '"1", "2"'}])
def test_a_save_over_the_version_that_stands(call, firm, header):
    address = firm.answer(text="Theirs.", version=2)
    assert call(firm.submitter).put(address, {"text": "Ours."}, headers=header)["ETag"] == '"3"'


def test_saving_over_a_version_that_never_was_is_stale_too(call, firm):
    refused = call(firm.submitter).put(firm.answer(), {"text": "Ours."}, headers={"If-Match": '"4"'})
    assert (refused.status_code, refused["ETag"]) == (412, '"0"')


def test_a_save_says_what_it_was_written_against(call, firm):
    refused = call(firm.submitter).put(firm.answer(), {"text": "Ours."})
    assert (refused.status_code, refused.json()["code"]) == (428, "precondition_required")
    assert not Answer.objects.exists()


@pytest.mark.parametrize("header", [{"If-Match": "2"}, {"If-Match": '"2'}, {"If-None-Match": '"2"'}])
def test_a_precondition_that_is_none_is_refused(call, firm, header):
    assert call(firm.submitter).put(firm.answer(), {"text": "Ours."}, headers=header).status_code == 400


def test_the_same_answer_again_is_no_conflict(call, firm):
    address = firm.answer(text="Ours.", version=3)
    same = call(firm.submitter).put(address, {"text": "Ours."}, headers={"If-Match": '"2"'})
    assert (same.status_code, same["ETag"]) == (200, '"3"')


@pytest.mark.parametrize(
    ("number", "body", "kept"),
    [
        ("2.2", {"selected": ["Partly"], "text": "In part."}, {"selected": ["Partly"], "text": "In part."}),
        ("3.1", {"selected": ["First"]}, {"selected": ["First"]}),
        ("3.2", {"selected": ["Advice", "Staff"]}, {"selected": ["Staff", "Advice"]}),
        ("3.3", {"number": "1,250.50"}, {"number": "1250.5"}),
        ("3.3", {"number": 1e3}, {"number": "1000"}),
        ("3.3", {"number": 0}, {"number": "0"}),
        ("3.3", {"number": None}, {"number": None}),
        ("2.1", {"text": "  spaces \r\n stay\t"}, {"text": "  spaces \n stay\t"}),
        ("2.1", {"text": ""}, {"text": ""}),
    ],
)
def test_each_kind_of_answer_is_kept(call, paper, number, body, kept):
    firm = Firm(paper)
    answer = call(firm.drafter).put(firm.answer(number), body, headers=FIRST)
    assert answer.status_code == 200, answer.json()
    assert {name: answer.json()[name] for name in kept} == kept
    assert call(firm.drafter).get(firm.answer(number)).json() == answer.json()


@pytest.mark.parametrize(
    ("number", "body", "field"),
    [
        ("3.1", {"selected": ["Fourth"]}, "selected"),
        ("3.1", {"selected": ["First", "Second"]}, "selected"),
        ("3.1", {"selected": "First"}, "selected"),
        ("3.1", {"selected": ["First"], "text": "Because."}, "text"),
        ("2.1", {"text": "Yes.", "selected": ["Yes"]}, "selected"),
        ("2.1", {"text": "Yes.", "number": 2}, "number"),
        ("2.1", {"text": ["Yes."]}, "text"),
        ("2.1", {"text": {"a": 1}}, "text"),
        ("2.1", {"text": True}, "text"),
        ("2.1", {"text": None}, "text"),
        ("2.1", {"text": "a\x00b"}, "text"),
        ("2.1", {"texts": "Yes."}, "texts"),
        ("2.1", {"text": "a" * 200_001}, "text"),
        ("3.3", {"number": "many"}, "number"),
        ("3.3", {"number": "1e99"}, "number"),
        ("3.3", {"number": "NaN"}, "number"),
        ("3.3", {"number": "0.0000001"}, "number"),
        ("3.3", {"number": 10**60}, "number"),
        ("3.3", {"number": True}, "number"),
        ("3.3", {"number": [1]}, "number"),
        ("3.4", {"text": "See attached."}, "text"),
    ],
)
def test_what_cannot_be_kept_is_refused_at_its_part(call, paper, number, body, field):
    firm = Firm(paper)
    refused = call(firm.drafter).put(firm.answer(number), body, headers=FIRST)
    assert (refused.status_code, [row["field"] for row in refused.json()["errors"]]) == (400, [field]), refused.json()
    assert not Answer.objects.exists()


def test_a_question_of_another_paper_is_not_found(call, firm):
    other = factories.question(factories.paper(), "1")
    assert call(firm.drafter).put(f"{firm.url}answers/{other.code}/", {}, headers=FIRST).status_code == 404


def test_an_answer_is_taken_to_the_second_of_its_own_deadline(call, freeze):
    freeze(factories.OPENED)
    firm = Firm(factories.paper_with_two_deadlines(published_at=factories.OPENED - timedelta(days=1)))
    caller = call(firm.drafter)
    for number, closes in [("6.1", factories.DISCUSSION_CLOSES), ("2.1", factories.CHAPTERS_CLOSE)]:
        version = 0
        for second, status in [(-1, 200), (0, 200), (1, 409)]:
            freeze(closes + timedelta(seconds=second))
            caller = call(firm.drafter)
            saved = caller.put(firm.answer(number), {"text": f"At {second}."}, headers={"If-Match": f'"{version}"'})
            assert saved.status_code == status, saved.json()
            version += status == 200
        assert caller.get(firm.answer(number)).json()["text"] == "At 0."


def test_the_list_holds_every_question_with_what_stands(call, paper):
    firm = Firm(paper)
    firm.answer("2.2", selected=["Yes"], text="")
    rows = {row["question_number"]: row for row in call(firm.reader).get(f"{firm.url}answers/").json()}
    assert list(rows) == list(factories.TWO_DEADLINE_QUESTIONS)
    assert (rows["2.2"]["selected"], rows["2.2"]["version"], rows["2.1"]["version"]) == (["Yes"], 1, 0)
    assert (rows["2.3"]["is_asked"], rows["2.1"]["is_asked"], rows["3.4"]["kind"]) == (False, True, QuestionKind.FILE)


@pytest.mark.parametrize("questions", [1, 30])
def test_the_list_is_seven_queries_however_long(call, questions, django_assert_num_queries):
    firm = Firm(factories.paper(questions=questions))
    caller = call(firm.reader)
    caller.get(f"{firm.url}answers/")
    with django_assert_num_queries(7):
        caller.get(f"{firm.url}answers/")


def test_a_stale_save_is_merged_kept_and_an_earlier_version_restored(call, firm):
    caller, colleague, address = call(firm.submitter), call(firm.drafter), firm.answer()
    caller.put(address, {"text": "keep records for six years"}, headers=FIRST)
    colleague.put(address, {"text": "keep records for five years"}, headers={"If-Match": '"1"'})
    stale = {"text": "keep all records for six years"}
    assert caller.put(address, stale, headers={"If-Match": '"1"'}).json()["merged"] == "keep all records for five years"
    assert caller.put(address, {"text": "gone"}, headers={"If-Match": '"1"'}).json()["merged"] is None
    rows = caller.get(f"{address}versions/").json()
    assert [(row["ordinal"], row["version"], row["how"]) for row in rows] == [
        (4, None, "set_aside"), (3, None, "set_aside"), (2, 2, "typed"), (1, 1, "typed"),
    ]  # fmt: skip
    assert caller.get(f"{address}versions/3/").json()["text"] == stale["text"]
    assert caller.post(f"{address}versions/1/restore/", headers={"If-Match": '"1"'}).status_code == 412
    restored = caller.post(f"{address}versions/1/restore/", headers={"If-Match": '"2"'})
    assert (restored.status_code, restored["ETag"]) == (200, '"3"')
    assert restored.json()["text"] == "keep records for six years"


@pytest.mark.parametrize("written", ["1,5", "1,2,3", "12,50", ",5", "1_000", "NaN", "Infinity", "0x10"])
def test_a_number_that_could_mean_another_is_refused(call, firm, written):
    Question.objects.update(kind=QuestionKind.NUMBER)
    refused = call(firm.submitter).put(firm.answer(), {"number": written}, headers={"If-None-Match": "*"})
    assert refused.status_code == 400
    assert [row["field"] for row in refused.json()["errors"]] == ["number"]
    assert not Answer.objects.exists()


@pytest.mark.parametrize(("written", "kept"), [("1,250.75", "1250.75"), ("-12,345,678", "-12345678"), ("1250", "1250")])
def test_commas_between_thousands_are_no_part_of_a_number(call, firm, written, kept):
    Question.objects.update(kind=QuestionKind.NUMBER)
    saved = call(firm.submitter).put(firm.answer(), {"number": written}, headers={"If-None-Match": "*"})
    assert (saved.status_code, saved.json()["number"]) == (200, kept)
