"""Filing: submit (and amend, which is to submit again) and withdraw. With an Idempotency-Key, twice is once."""

import json
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response as ApiResponse
from rest_framework.utils.encoders import JSONEncoder

from accounts.record import by_request
from notifications import clock
from responses import idempotency, reading, submission
from responses.api.drafts import in_full, own_response
from responses.idempotency import Reply
from responses.serializers import (
    ResponseDetailSerializer,
    SubmissionSerializer,
    SubmitSerializer,
    WithdrawSerializer,
)

KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="1 to 200 visible ASCII characters of your choice. The same key again gets the same answer, and "
    "nothing is done twice; kept for 30 days.",
)
REFUSED = {
    409: OpenApiResponse(description="It has closed, or the first request with this key is still in progress."),
    422: OpenApiResponse(description="The Idempotency-Key was used for another request."),
}


class Submit(GenericAPIView[Any]):
    serializer_class = SubmissionSerializer

    @extend_schema(
        operation_id="submit",
        request=SubmitSerializer,
        parameters=[KEY],
        responses={
            201: SubmissionSerializer,
            200: OpenApiResponse(
                SubmissionSerializer, description="This is filed already and stands; nothing changed."
            ),
            **REFUSED,
        },
    )
    def post(self, request: Request, code: str) -> ApiResponse:
        """File the response as it stands now; filing again after a change amends it with a new version."""
        received_at = clock.now()
        response = own_response(request, code)
        given = SubmitSerializer(data=request.data)
        given.is_valid(raise_exception=True)

        def act() -> Reply:
            made = submission.submit_within(
                response=response, by=by_request(request, "api"), received_at=received_at, **given.validated_data
            )
            is_new = made.received_at == received_at
            return Reply(status=201 if is_new else 200, body=plain(reading.filed(made)))

        reply = once(request, given.validated_data, act)
        where = request.build_absolute_uri(reverse("api:submission", args=[reply.body["reference"]]))
        return answered(reply, {"Location": where})


class Withdraw(GenericAPIView[Any]):
    serializer_class = ResponseDetailSerializer

    @extend_schema(
        operation_id="withdraw",
        request=WithdrawSerializer,
        parameters=[KEY],
        responses={200: ResponseDetailSerializer, **REFUSED},
    )
    def post(self, request: Request, code: str) -> ApiResponse:
        """Withdraw a submitted response. Its submissions and receipts stay on record."""
        now = clock.now()
        response = own_response(request, code)
        given = WithdrawSerializer(data=request.data)
        given.is_valid(raise_exception=True)

        def act() -> Reply:
            submission.withdraw(response=response, by=by_request(request, "api"), now=now, **given.validated_data)
            return Reply(status=200, body=plain(in_full(request, code)))

        return answered(once(request, given.validated_data, act))


def once(request: Request, body: dict[str, Any], act: Callable[[], Reply]) -> Reply:
    """`act`, in one transaction and once for this caller and key; without a key, as often as it is asked."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        with transaction.atomic():
            return act()
    mark = idempotency.fingerprint(str(request.method), request.path, body)
    return idempotency.once(user=request.user, key=key, fingerprint=mark, act=act)  # type: ignore[arg-type]


def answered(reply: Reply, headers: dict[str, str] | None = None) -> ApiResponse:
    replayed = {"Idempotent-Replayed": "true"} if reply.replayed else {}
    return ApiResponse(reply.body, status=reply.status, headers={**(headers or {}), **replayed})


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """As JSON has it, so that the kept answer and the first one are the same."""
    made: dict[str, Any] = json.loads(json.dumps(row, cls=JSONEncoder))
    return made
