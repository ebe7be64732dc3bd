"""How a refusal reaches whoever asked: problem details (RFC 9457) for the API, a plain page for people.

Pages that have a form catch `Refusal` themselves and put it at its field; what nobody caught ends here.
"""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from rest_framework import exceptions, status
from rest_framework.response import Response as ApiResponse
from rest_framework.views import exception_handler

from notifications.refusal import Refusal

PROBLEM_JSON = "application/problem+json"


class RefusalMiddleware:
    """Turns an uncaught refusal into a page that says why, with the refusal's status."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = self.get_response(request)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Refusal):
            return None
        return render(request, "refused.html", {"refusal": exception}, status=exception.status)


def problem_details(exc: Exception, context: dict[str, Any]) -> ApiResponse | None:
    """DRF's exception handler: every error becomes one shape, `errors` naming each field."""
    if isinstance(exc, Refusal):
        return problem(exc.status, code=exc.code, detail=exc.message, errors=_refused_field(exc))
    response = exception_handler(exc, context)
    if response is None:
        return None
    made = problem(
        response.status_code,
        code=_code_of(exc),
        detail=_detail_of(exc),
        errors=_field_errors(exc.detail) if isinstance(exc, exceptions.ValidationError) else [],
    )
    for header in ("WWW-Authenticate", "Retry-After", "Allow"):
        if header in response:
            made[header] = response[header]
    return made


def problem(code_number: int, *, code: str, detail: str, errors: list[dict[str, str]] | None = None) -> ApiResponse:
    """One RFC 9457 body. `type` is about:blank, so `title` is the status phrase, and `code` is ours and stable."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": _phrase(code_number),
        "status": code_number,
        "code": code,
        "detail": detail,
    }
    if errors:
        body["errors"] = errors
    return ApiResponse(body, status=code_number, content_type=PROBLEM_JSON)


def _phrase(code_number: int) -> str:
    from http import HTTPStatus

    return HTTPStatus(code_number).phrase


def _refused_field(exc: Refusal) -> list[dict[str, str]]:
    return [{"field": field, "message": message, "code": exc.code} for field, message in exc.problems]


def _code_of(exc: Exception) -> str:
    if isinstance(exc, Http404):
        return "not_found"
    if isinstance(exc, PermissionDenied):
        return "permission_denied"
    if isinstance(exc, exceptions.ValidationError):
        return "invalid"
    return str(getattr(exc, "default_code", "error"))


def _detail_of(exc: Exception) -> str:
    if isinstance(exc, exceptions.ValidationError):
        return "Some of what was sent is not right. See errors."
    if isinstance(exc, Http404):
        return "There is nothing here that you may see."
    return str(getattr(exc, "detail", exc))


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
    field = "" if path == "non_field_errors" else path
    return [{"field": field, "message": str(detail), "code": str(getattr(detail, "code", status.HTTP_400_BAD_REQUEST))}]
