"""Whatever is sent, the answer is problem details with a status that fits, and never a 500."""

import json

import pytest
from django.db import OperationalError
from rest_framework.test import APIClient

from config.errors import PROBLEM_JSON
from responses.models import Answer, IdempotentRequest, Response, Submission
from tests.api.conftest import Firm

pytestmark = pytest.mark.django_db
START = "/api/v1/responses/"


def is_problem(answer, status: int, code: str = "") -> dict:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == PROBLEM_JSON
    body = answer.json()
    assert {"type", "title", "status", "code", "detail"} <= set(body)
    assert (body["type"], body["status"]) == ("about:blank", status)
    assert body["code"] == code or not code
    for row in body.get("errors", []):
        assert set(row) == {"field", "message", "code"}
    return body


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("get", "/api/", 404, "not_found"),
        ("get", "/api/v2/consultations/", 404, "not_found"),
        ("get", "/api/v1/nothing/", 404, "not_found"),
        ("post", "/api/v1/nothing/", 404, "not_found"),
        ("get", "/api/v1/consultations/lowercase0/", 404, "not_found"),
        ("get", "/api/v1/consultations/%00%00%00%00%00%00%00%00%00%00/", 400, "bad_request"),
        ("get", "/api/v1/consultations/22222222222/", 404, "not_found"),
        ("get", "/api/v1/submissions/2222222222-99999999999999/", 404, "not_found"),
        ("get", "/api/v1/receipts/2222222222/", 401, "not_authenticated"),
        ("post", "/api/v1/consultations/", 405, "method_not_allowed"),
        ("delete", "/api/v1/consultations/", 405, "method_not_allowed"),
    ],
)
def test_what_is_not_there(method, path, status, code):
    answer = getattr(APIClient(), method)(path)
    is_problem(answer, status, code)
    assert status != 405 or answer["Allow"] == "GET, HEAD, OPTIONS"


def test_a_missing_slash_is_pointed_out():
    body = is_problem(APIClient().get("/api/v1/consultations"), 404)
    assert body["detail"] == "Addresses end with a slash here: /api/v1/consultations/."
    body = is_problem(APIClient().get("/api/v1/schema/"), 404)
    assert body["detail"] == "This address has no slash at its end: /api/v1/schema."


@pytest.mark.parametrize("path", ["nothing", "nothing/", "consultations/lowercase0/", "consultations/2222222222/"])
def test_what_is_not_there_is_said_in_one_way(path):
    body = is_problem(APIClient().get(f"/api/v1/{path}"), 404, "not_found")
    assert body["detail"] == "There is nothing here that you may see."


def test_what_cannot_be_given_as_asked(call, firm):
    is_problem(APIClient().get("/api/v1/consultations/", headers={"Accept": "text/csv"}), 406, "not_acceptable")
    caller = call(firm.submitter)
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        is_problem(caller.generic("POST", START, b"a=1", content_type=content_type), 415, "unsupported_media_type")


def deep(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


BODIES = {
    "not JSON": b"{",
    "not UTF-8": b'{"consultation": "\xff"}',
    "UTF-16": '{"consultation": "x"}'.encode("utf-16"),
    "NaN": b'{"consultation": NaN}',
    "infinity": b'{"consultation": -Infinity}',
    "a key twice": b'{"consultation": "a", "consultation": "b"}',
    "nested too deeply": deep(100_000),
    "nested deeply": deep(500),
    "a number without end": b'{"consultation": ' + b"9" * 5000 + b"}",
    "a list": b"[]",
    "a text": b'"consultation"',
    "null": b"null",
    "a number": b"1",
    "a lone surrogate": b'{"consultation": "\\ud800"}',
    "a lone surrogate as a key": b'{"\\ud800": "x"}',
    "NUL": b'{"consultation": "\\u0000"}',
    "a list for a text": b'{"consultation": ["a"]}',
    "an object for a text": b'{"consultation": {"a": 1}}',
    "true for a text": b'{"consultation": true}',
    "a float without end": b'{"consultation": 1e999}',
    "an unknown key": b'{"consultations": "x"}',
    "nothing": b"",
    "spaces": b"   ",
}


@pytest.mark.parametrize("name", BODIES)
def test_a_wrong_body_is_refused_everywhere(call, firm, name):
    caller = call(firm.submitter)
    question = firm.answer()
    for method, address in [
        ("POST", START),
        ("PATCH", firm.url),
        ("PUT", question),
        ("POST", f"{firm.url}withdraw/"),
        ("POST", f"{firm.url}submit/"),
    ]:
        if method in ("PUT", "PATCH") and name in ("nothing", "spaces"):
            continue  # an empty answer and no change of consents: allowed
        answer = caller.generic(
            method, address, BODIES[name], content_type="application/json", headers={"If-None-Match": "*"}
        )
        is_problem(answer, 400)
    assert not Answer.objects.exists()
    assert not Submission.objects.exists()
    assert Response.objects.get().state == "draft"


@pytest.mark.parametrize(
    ("method", "where", "field"),
    [
        ("PUT", "answer", "text"),
        ("PATCH", "", "foi_reason"),
        ("POST", "withdraw/", "reason"),
        ("POST", "submit/", "checked"),
        ("POST", "sign-off/", "checked"),
        ("POST", "more-time/", "reason"),
    ],
)
def test_a_number_is_no_text(call, firm, method, where, field):
    address = firm.answer() if where == "answer" else f"{firm.url}{where}"
    answer = call(firm.submitter).generic(
        method,
        address,
        json.dumps({field: 5}).encode(),
        content_type="application/json",
        headers={"If-None-Match": "*"},
    )
    (row,) = is_problem(answer, 400, "invalid")["errors"]
    assert (row["field"], row["message"]) == (field, "Send text, in quotation marks.")
    assert not Answer.objects.exists()


def test_what_was_expected_is_said_in_the_words_of_the_api(call, firm):
    caller = call(firm.submitter)
    said = is_problem(caller.post(START, {"consultation": "NOPE"}), 400)["errors"]
    assert [row["message"] for row in said] == ["This is not a code: ten digits and capital letters."]
    assert is_problem(caller.post(START, []), 400)["detail"] == "Send one JSON object: names, each with its value."
    raw = b'{"consultation": ' + b"9" * 5000 + b"}"
    said = is_problem(caller.generic("POST", START, raw, content_type="application/json"), 400)["detail"]
    assert said == "The body is not JSON that is taken: a number has more digits than are read."
    said = is_problem(caller.generic("POST", START, b"a", content_type="text/plain"), 415)["detail"]
    assert said == "The body is sent as text/plain; here it is taken as: application/json."
    said = is_problem(caller.generic("POST", START, b"a", content_type=""), 415)["detail"]
    assert said == "The body is sent without a Content-Type; here it is taken as: application/json."


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"text_consent": "maybe"}, {"text_consent"}),
        ({"text_consent": "\ud800"}, {"text_consent"}),
        ({"text_consent": ["publish"]}, {"text_consent"}),
        ({"text_consent": None, "foi_position": 7}, {"text_consent", "foi_position"}),
        ({"foi_reason": "a\x00b"}, {"foi_reason"}),
        ({"foi_reason": "\udfff"}, {"foi_reason"}),
        ({"foi_reason": "a" * 10_001}, {"foi_reason"}),
        ({"state": "submitted"}, {"state"}),
        ({"foi_position": "confidential"}, {"foi_reason"}),
    ],
)
def test_each_wrong_field_is_named(call, firm, body, fields):
    raw = json.dumps(body).encode()
    answer = call(firm.submitter).generic("PATCH", firm.url, raw, content_type="application/json")
    assert {row["field"] for row in is_problem(answer, 400)["errors"]} == fields


def test_a_body_that_is_too_large_is_refused(call, firm, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    raw = json.dumps({"text": "a" * 2000}).encode()
    answer = call(firm.submitter).generic("PUT", firm.answer(), raw, content_type="application/json")
    is_problem(answer, 413, "too_large")


@pytest.mark.parametrize("header", ["Bearer", "Bearer nonsense", "Bearer snd_2222222222_" + "a" * 40, "Bearer \u00e9"])
def test_a_wrong_token_is_refused_on_public_pages_too(header):
    for path in ("consultations/", "responses/"):
        answer = APIClient().get(f"/api/v1/{path}", headers={"Authorization": header})
        is_problem(answer, 401, "authentication_failed")
        assert answer["WWW-Authenticate"] == "Bearer"


def test_a_browsers_session_needs_its_csrf_token(firm):
    caller = APIClient(enforce_csrf_checks=True)
    caller.force_login(firm.submitter)
    assert caller.get(firm.url).status_code == 200
    is_problem(caller.post(f"{firm.url}submit/"), 403)


class Broken(Exception):  # noqa: N818
    """Nobody expected it."""


@pytest.mark.parametrize(
    ("error", "status"), [(Broken("password=hunter2"), 500), (OperationalError("at 10.0.0.1"), 503)]
)
def test_a_fault_of_ours_says_nothing_of_its_reasons(call, firm, monkeypatch, caplog, error, status):
    def broken(*args, **kwargs):
        raise error

    caller = call(firm.submitter)
    caller.raise_request_exception = False
    monkeypatch.setattr("responses.submission.submit_within", broken)
    answer = caller.post(f"{firm.url}submit/", headers={"Idempotency-Key": "a-1"})
    is_problem(answer, status)
    assert str(error) not in answer.content.decode()
    assert (status == 503) == answer.has_header("Retry-After")
    assert "unhandled error in the API" in caplog.text
    assert not IdempotentRequest.objects.exists()


def test_options_names_the_methods(call, firm):
    answer = call(firm.submitter).options(firm.answer())
    assert (answer.status_code, answer.json()) == (200, {"methods": ["GET", "PUT", "HEAD", "OPTIONS"]})
    assert APIClient().options(firm.url).status_code == 401


def test_what_other_firms_have_is_like_what_is_not(call, firm):
    other = Firm()
    known, unknown = (
        call(firm.submitter).get(f"/api/v1/responses/{code}/") for code in (other.response.code, "2" * 10)
    )
    assert is_problem(known, 404) == is_problem(unknown, 404)
