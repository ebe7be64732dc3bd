"""How a refusal reaches whoever asked: problem details (RFC 9457) for the API, a plain page for people.

Pages that have a form catch `Refusal` themselves and put it at its field; what nobody caught ends here.
"""

import json
import logging
from http import HTTPStatus
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError
from django.shortcuts import render
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response as ApiResponse
from rest_framework.views import exception_handler

from config.openapi import PROBLEM_JSON
from notifications.refusal import Refusal

API = "/api/"
KEPT_HEADERS = ("WWW-Authenticate", "Retry-After")
NOTHING_HERE = "There is nothing here that you may see."
OUR_FAULT = "Something went wrong on our side, and nothing was changed. It is recorded. Please try again later."

logger = logging.getLogger(__name__)


class RefusalMiddleware:
    """Turns an uncaught refusal into a page that says why, with the refusal's status.

    A request that no page could read or answer is refused before any: an address with a NUL, which the database
    cannot look up, and a body in another encoding than UTF-8, which may hold what no page can show again.
    """

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        charset = (request.content_params or {}).get("charset", "utf-8").lower()
        if "\x00" in request.path_info or charset not in ("utf-8", "utf8", "us-ascii"):
            return bad_request(request, BadRequest())
        response: HttpResponseBase = self.get_response(request)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Refusal):
            return None
        return render(request, "refused.html", {"refusal": exception}, status=exception.status)


# --- The API ----------------------------------------------------------------------------------------------------------
def problem_details(exc: Exception, context: dict[str, Any]) -> ApiResponse:
    """DRF's exception handler: every error becomes one shape, `errors` naming each field.

    An error may bring `members` (more of the body, such as what stands now) and `headers`.
    """
    if isinstance(exc, Refusal):
        made = problem(exc.status, code=exc.code, detail=exc.message, errors=_refused_fields(exc))
    elif isinstance(exc, RequestDataTooBig):
        made = problem(413, code="too_large", detail="The request is larger than is taken.")
    elif isinstance(exc, SuspiciousOperation | UnreadablePostError):
        made = problem(400, code="bad_request", detail="The request cannot be read as it was sent.")
    else:
        made = _of_framework(exc, context)
    made.data.update(getattr(exc, "members", {}))
    for name, value in getattr(exc, "headers", {}).items():
        made[name] = value
    renderer = getattr(context["request"], "accepted_renderer", None)
    if renderer is not None and renderer.format == "html":
        made.content_type = None  # the readable page's own: the status's page, and said to be HTML
    return made


def _of_framework(exc: Exception, context: dict[str, Any]) -> ApiResponse:
    known = exception_handler(exc, context)
    if known is None:
        return _fault(exc, context)
    errors = _field_errors(exc.detail) if isinstance(exc, exceptions.ValidationError) else []
    untaken = isinstance(exc, exceptions.UnsupportedMediaType)
    detail = _untaken_sentence(context) if untaken else _detail_of(exc, errors)
    made = problem(known.status_code, code=_code_of(exc), detail=detail, errors=errors)
    for header in KEPT_HEADERS:
        if header in known:
            made[header] = known[header]
    return made


def _fault(exc: Exception, context: dict[str, Any]) -> ApiResponse:
    """Nobody expected it: told to the log and to whoever listens for failures, and to the caller only that it is so."""
    request = context["request"]
    logger.error("unhandled error in the API: %s %s", request.method, request.path, exc_info=exc)
    got_request_exception.send(sender=type(context.get("view")), request=request._request)
    if isinstance(exc, OperationalError | InterfaceError):
        made = problem(503, code="unavailable", detail="The database cannot answer now. Please try again.")
        made["Retry-After"] = "5"
    else:
        made = problem(500, code="error", detail=OUR_FAULT)
    made._has_been_logged = True  # type: ignore[attr-defined]  # Django's own line would say the same with less
    return made


def problem(status: int, *, code: str, detail: str, errors: list[dict[str, str]] | None = None) -> ApiResponse:
    return ApiResponse(problem_body(status, code=code, detail=detail, errors=errors), status, content_type=PROBLEM_JSON)


def problem_body(status: int, *, code: str, detail: str, errors: list[dict[str, str]] | None = None) -> dict[str, Any]:
    """One RFC 9457 body. `type` is about:blank, so `title` is the status phrase; `code` is ours and stable."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": _sound(detail),
    }
    if errors:
        body["errors"] = [{key: _sound(value) for key, value in row.items()} for row in errors]
    return body


def _sound(text: str) -> str:
    """What was sent may be repeated in what is wrong with it, and half of a surrogate pair is no UTF-8."""
    return text.encode("utf-8", "replace").decode()


def _refused_fields(exc: Refusal) -> list[dict[str, str]]:
    return [{"field": field, "message": message, "code": exc.code} for field, message in exc.problems]


def _code_of(exc: Exception) -> str:
    if isinstance(exc, Http404):
        return "not_found"
    if isinstance(exc, PermissionDenied):
        return "permission_denied"
    if isinstance(exc, exceptions.ValidationError):
        return "invalid"
    return str(getattr(exc, "default_code", "error"))


def _detail_of(exc: Exception, errors: list[dict[str, str]]) -> str:
    if isinstance(exc, exceptions.ValidationError):
        named = sorted({row["field"] for row in errors if row["field"]})
        return f"Some of what was sent is not right: {', '.join(named)}." if named else errors[0]["message"]
    if isinstance(exc, Http404) or (isinstance(exc, exceptions.NotFound) and exc.detail == exc.default_detail):
        return NOTHING_HERE
    return str(getattr(exc, "detail", exc))


def _untaken_sentence(context: dict[str, Any]) -> str:
    """What kind of body was sent, and which are taken there."""
    kind = context["request"].content_type
    taken = ", ".join(parser.media_type for parser in context["view"].parser_classes)
    return f"The body is sent {f'as {kind}' if kind else 'without a Content-Type'}; here it is taken as: {taken}."


def _field_errors(detail: Any, path: str = "") -> list[dict[str, str]]:
    """Flatten DRF's nested error detail to rows of field, message and code; a list's items get their index."""
    if isinstance(detail, dict):
        return [
            row for key, value in detail.items() for row in _field_errors(value, f"{path}.{key}" if path else str(key))
        ]
    if isinstance(detail, list):
        nested = any(isinstance(item, dict | list) for item in detail)
        return [
            row
            for index, item in enumerate(detail)
            for row in _field_errors(item, f"{path}[{index}]" if nested else path)
        ]
    field = path.removesuffix("non_field_errors").removesuffix(".")
    return [{"field": field, "message": str(detail), "code": str(getattr(detail, "code", None) or "invalid")}]


# --- What no view caught (the handlers that config/urls.py names) -----------------------------------------------------
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if request.path.startswith(API):
        return _plain_problem(400, code="bad_request", detail="The request cannot be read as it was sent.")
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if request.path.startswith(API):
        return _plain_problem(403, code="permission_denied", detail="You may not do this.")
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if request.path.startswith(API):
        return _plain_problem(404, code="not_found", detail=NOTHING_HERE)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    if request.path.startswith(API):
        return _plain_problem(500, code="error", detail=OUR_FAULT)
    return defaults.server_error(request)


def _plain_problem(status: int, *, code: str, detail: str) -> HttpResponse:
    body = problem_body(status, code=code, detail=detail)
    return HttpResponse(json.dumps(body, ensure_ascii=False), status=status, content_type=PROBLEM_JSON)
