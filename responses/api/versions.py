"""The versions of a draft answer: listed, read, and an earlier one restored."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response as ApiResponse

from accounts.record import by_request
from consultations.models import Question
from notifications.refusal import Stale
from responses import reading, versions
from responses.api.answers import (
    IF_MATCH,
    SOMEBODY_WAS_FASTER,
    Changed,
    answered,
    asked_in,
    version_asked_for,
)
from responses.api.drafts import own_response
from responses.drafting import StaleAnswer
from responses.models import AnswerVersion, Response
from responses.serializers import AnswerSerializer, AnswerVersionDetailSerializer, AnswerVersionSerializer


class Versions(GenericAPIView[Any]):
    serializer_class = AnswerVersionSerializer
    pagination_class = None

    @extend_schema(operation_id="versions", responses=AnswerVersionSerializer(many=True), filters=False)
    def get(self, request: Request, code: str, question: str) -> ApiResponse:
        """Who saved this answer when and how, newest first, without the texts."""
        response = own_response(request, code)
        rows = versions.of(response, asked_in(response, question))
        return ApiResponse([reading.version(row) for row in rows])


class OneVersion(GenericAPIView[Any]):
    serializer_class = AnswerVersionDetailSerializer

    @extend_schema(operation_id="version")
    def get(self, request: Request, code: str, question: str, ordinal: int) -> ApiResponse:
        """One version with what it says."""
        *_, version = _found(request, code, question, ordinal)
        return ApiResponse(reading.version_in_full(version))


class Restore(GenericAPIView[Any]):
    serializer_class = AnswerSerializer

    @extend_schema(
        operation_id="restore",
        request=None,
        parameters=[IF_MATCH],
        responses={200: AnswerSerializer, 412: OpenApiResponse(description=SOMEBODY_WAS_FASTER)},
    )
    def post(self, request: Request, code: str, question: str, ordinal: int) -> ApiResponse:
        """Make an earlier version the answer again, as a new version. If-Match: the answer that it replaces."""
        response, asked, version = _found(request, code, question, ordinal)
        over = version_asked_for(request, response, asked)
        try:
            saved = versions.restore(
                response=response, version=version, question=asked, over=over, by=by_request(request, "api")
            )
        except StaleAnswer as stale:
            raise Changed(asked, stale.current) from stale
        except Stale as stale:
            raise Changed(asked, None) from stale
        return answered(asked, saved)


def _found(request: Request, code: str, question: str, ordinal: int) -> tuple[Response, Question, AnswerVersion]:
    response = own_response(request, code)
    asked = asked_in(response, question)
    version = versions.find(response, asked, ordinal)
    if version is None:
        raise NotFound
    return response, asked, version
