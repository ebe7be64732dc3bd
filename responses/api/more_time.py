"""Asking for more time over the API, and what was decided."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response as ApiResponse

from accounts.record import by_request
from accounts.serializers import Given, Text
from consultations.models import Deadline
from responses import more_time
from responses.api.drafts import own_response
from responses.models import Allowance, Decision, Response, TimeRequest


class AskForTimeSerializer(Given):
    deadline = Text(max_length=200, required=False, help_text="Its label; may be left out where there is one deadline.")
    reason = Text(max_length=more_time.MOST_REASON)
    wanted_on = serializers.DateField(required=False, help_text="Until which day.")


class TimeRequestSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    deadline = serializers.CharField()
    reason = serializers.CharField()
    wanted_on = serializers.DateField(allow_null=True)
    asked_at = serializers.DateTimeField()
    decision = serializers.ChoiceField(choices=Decision.choices)
    decision_reason = serializers.CharField()
    decided_at = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True, help_text="Until when the organisation alone may submit.")
    used_in = serializers.CharField(allow_null=True, help_text="The submission that used it up.")


class MoreTime(GenericAPIView[Any]):
    serializer_class = TimeRequestSerializer
    pagination_class = None
    queryset = TimeRequest.objects.none()  # what is shown starts from the response, which is the caller's own

    @extend_schema(operation_id="more_time", responses=TimeRequestSerializer(many=True))
    def get(self, request: Request, code: str) -> ApiResponse:
        """What the organisation asked for under this consultation's deadlines, newest first."""
        return ApiResponse([row(asked) for asked in _asked(_response(request, code))])

    @extend_schema(
        operation_id="ask_for_more_time",
        request=AskForTimeSerializer,
        responses={
            201: TimeRequestSerializer,
            409: OpenApiResponse(description="Another request waits for a decision, or nothing closes."),
        },
    )
    def post(self, request: Request, code: str) -> ApiResponse:
        """Ask for more time for this organisation, before a deadline or after it. Staff decide."""
        response = _response(request, code)
        given = AskForTimeSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = dict(given.validated_data)
        made = more_time.ask(
            deadline=_deadline(response, wanted.pop("deadline", "")), organisation=response.organisation,
            by=by_request(request, "api"), **wanted,
        )  # fmt: skip
        return ApiResponse(row(made), status=201)


def row(asked: TimeRequest) -> dict[str, Any]:
    allowance: Allowance | None = getattr(asked, "allowance", None)
    names = ("code", "reason", "wanted_on", "asked_at", "decision", "decision_reason", "decided_at")
    return {
        **{name: getattr(asked, name) for name in names},
        "deadline": asked.deadline.label,
        "until": allowance.until if allowance else None,
        "used_in": allowance.used_in.reference if allowance and allowance.used_in else None,
    }


def _asked(response: Response) -> list[TimeRequest]:
    rows = TimeRequest.objects.filter(
        organisation=response.organisation_id, deadline__consultation=response.consultation_id
    )
    return list(rows.select_related("deadline", "allowance__used_in"))


def _deadline(response: Response, label: str) -> Deadline:
    rows = Deadline.objects.filter(consultation=response.consultation_id).select_related("consultation")
    found = list(rows.filter(label=label) if label else rows)
    if len(found) != 1:
        raise ValidationError({"deadline": ["Give the label of one of the consultation's deadlines."]})
    return found[0]


def _response(request: Request, code: str) -> Response:
    return own_response(request, code, "consultation", "organisation")
