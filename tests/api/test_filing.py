"""Filing over the API: once is once, in time is decided to the second, and a key never does two things."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event

import pytest
from django.db import connection, connections
from rest_framework.test import APIClient

from accounts.models import Act
from notifications.models import Notification
from responses import idempotency
from responses.models import IdempotentRequest, Receipt, Response, Submission
from tests import factories
from tests.api.conftest import Firm, token_of

pytestmark = pytest.mark.django_db
KEY = {"Idempotency-Key": "filing-1"}


def made() -> tuple[int, ...]:
    """How many of everything that one submission makes there are."""
    filings = Act.objects.filter(verb__in=["response submitted", "response amended"])
    return Submission.objects.count(), Receipt.objects.count(), filings.count()


@pytest.fixture
def filer(call, firm):
    firm.answer(text="Ours.")
    return call(firm.submitter)


# --- once is once -----------------------------------------------------------------------------------------------------
def test_the_same_key_again_gets_the_same_answer_and_files_nothing(filer, firm):
    first = filer.post(f"{firm.url}submit/", headers=KEY)
    filer.put(firm.answer(), {"text": "Changed."}, headers={"If-Match": '"1"'})
    again = filer.post(f"{firm.url}submit/", headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.json(), again["Location"]) == (first.json(), first["Location"])
    assert (first.has_header("Idempotent-Replayed"), again["Idempotent-Replayed"]) == (False, "true")
    assert made() == (1, 1, 1)


def test_the_same_key_with_another_body_is_refused(filer, firm):
    filer.post(f"{firm.url}submit/", headers=KEY)
    for address, body in [("submit/", {"checked": "0" * 64}), ("withdraw/", {"reason": "Mistake."})]:
        refused = filer.post(f"{firm.url}{address}", body, headers=KEY)
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
        assert refused.json()["errors"][0]["field"] == "Idempotency-Key"
    assert made() == (1, 1, 1)
    assert Response.objects.get(pk=firm.response.pk).state == "submitted"


def test_a_key_is_the_callers_own(filer, firm, call):
    other = Firm()
    other.answer(text="Theirs.")
    filer.post(f"{firm.url}submit/", headers=KEY)
    assert call(other.submitter).post(f"{other.url}submit/", headers=KEY).status_code == 201


def test_a_refusal_is_not_kept(call, firm):
    caller = call(firm.submitter)
    assert caller.post(f"{firm.url}submit/", headers=KEY).status_code == 400
    caller.put(firm.answer(), {"text": "Now."}, headers={"If-None-Match": "*"})
    assert caller.post(f"{firm.url}submit/", headers=KEY).status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "é", "k" * 201])
def test_a_key_that_is_none_is_refused(filer, firm, key):
    refused = filer.post(f"{firm.url}submit/", headers={"Idempotency-Key": key})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "Idempotency-Key")
    assert not IdempotentRequest.objects.exists()


def test_withdrawing_twice_with_one_key_is_once(filer, firm):
    filer.post(f"{firm.url}submit/")
    body, key = {"reason": "Sent by mistake."}, {"Idempotency-Key": "gone-1"}
    answers = [filer.post(f"{firm.url}withdraw/", body, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert Act.objects.filter(verb="response withdrawn").count() == 1
    without = filer.post(f"{firm.url}withdraw/", body)
    assert (without.status_code, without.json()["code"]) == (409, "conflict")
    assert filer.post(f"{firm.url}withdraw/", {}).json()["errors"][0]["field"] == "reason"


# --- at once ----------------------------------------------------------------------------------------------------------
def at_once(count, token, url, headers) -> list:
    """So many clients that post at the same moment, each on its own connection to the database."""
    gate = Barrier(count)

    def one(number: int):
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        try:
            gate.wait(30)
            return client.post(url, headers=headers(number))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("keys", ["none", "one", "each its own"])
def test_twenty_at_once_are_one_submission(keys):
    firm = Firm(confirmed=True)
    firm.answer(text="Ours.")
    headers = {
        "none": lambda number: {},
        "one": lambda number: KEY,
        "each its own": lambda number: {"Idempotency-Key": f"filing-{number}"},
    }[keys]
    answers = at_once(20, token_of(firm.submitter), f"{firm.url}submit/", headers)
    statuses = {answer.status_code for answer in answers}
    assert statuses <= ({201, 409} if keys == "one" else {200, 201})
    done = [answer.json() for answer in answers if answer.status_code < 300]
    assert done
    assert all(body == done[0] for body in done)
    assert made() == (1, 1, 1)
    members = {firm.submitter.email, firm.drafter.email}
    assert set(Notification.objects.filter(kind="response_submitted").values_list("address", flat=True)) == members


@pytest.mark.django_db(transaction=True)
def test_a_key_whose_first_request_still_runs_is_told_so(monkeypatch):
    firm = Firm()
    firm.answer(text="Ours.")
    token, begun, go_on = token_of(firm.submitter), Event(), Event()
    usual = idempotency.Reply

    def slow(**fields):
        begun.set()
        assert go_on.wait(30)
        return usual(**fields)

    monkeypatch.setattr("responses.api.filing.Reply", slow)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(at_once, 1, token, f"{firm.url}submit/", lambda _: KEY)
        assert begun.wait(30)
        (second,) = at_once(1, token, f"{firm.url}submit/", lambda _: KEY)
        go_on.set()
        (answer,) = first.result()
    assert (second.status_code, second.json()["code"], second["Retry-After"]) == (409, "in_progress", "1")
    assert (answer.status_code, made()) == (201, (1, 1, 1))


# --- in time ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("second", "status"), [(-1, 201), (0, 201), (1, 409)])
def test_a_submission_is_taken_to_the_second(call, freeze, second, status):
    freeze(factories.OPENED)
    firm = Firm(factories.paper(closes_at=factories.CHAPTERS_CLOSE, published_at=factories.OPENED))
    firm.answer(text="Ours.")
    freeze(factories.CHAPTERS_CLOSE + timedelta(seconds=second))
    answer = call(firm.submitter).post(f"{firm.url}submit/")
    assert answer.status_code == status
    assert made() == ((1, 1, 1) if status == 201 else (0, 0, 0))
    if status == 409:
        assert (answer.json()["code"], "11:59pm on 12 November 2025, UK time" in answer.json()["detail"]) == (
            "closed",
            True,
        )
        check = call(firm.submitter).get(f"{firm.url}check/").json()
        assert check["may_submit"] is False


def test_after_the_discussion_has_closed_only_the_rest_is_filed(call, freeze):
    freeze(factories.OPENED)
    firm = Firm(factories.paper_with_two_deadlines())
    firm.answer("2.1", text="Kept.")
    firm.answer("6.1", text="Too late.")
    freeze(factories.DISCUSSION_CLOSES + timedelta(seconds=1))
    caller = call(firm.submitter)
    filed = caller.post(f"{firm.url}submit/")
    content = caller.get(f"/api/v1/submissions/{filed.json()['reference']}/").json()["content"]
    assert [section["number"] for section in content["sections"]] == ["2"]
    assert [left["number"] for left in content["left_out"]] == ["6.1"]


def test_who_may_not_withdraw_is_told_so_of_withdrawing(filer, firm, call):
    filer.post(f"{firm.url}submit/")
    refused = call(firm.drafter).post(f"{firm.url}withdraw/", {"reason": "Mistake."})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert "does not let you withdraw" in refused.json()["detail"]


def test_a_withdrawn_consultation_takes_nothing(filer, firm):
    from django.utils import timezone

    type(firm.paper).objects.filter(pk=firm.paper.pk).update(
        withdrawn_at=timezone.now() - timedelta(hours=1), withdrawal_reason="Overtaken."
    )
    assert filer.post(f"{firm.url}submit/").json()["code"] == "withdrawn"
    assert made() == (0, 0, 0)


# --- what it costs ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("questions", [1, 30])
def test_a_submission_is_a_constant_number_of_queries(call, questions, django_assert_num_queries):
    firm = Firm(factories.paper(questions=questions))
    for number in range(1, questions + 1):
        firm.answer(str(number), text="Ours.")
    caller = call(firm.submitter)
    caller.get(firm.url)  # notes the use of the token
    with django_assert_num_queries(23):
        assert caller.post(f"{firm.url}submit/", headers=KEY).status_code == 201
    assert connection.connection is not None
