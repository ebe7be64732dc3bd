"""Responses: found, started, their consents stated, and checked before they are filed."""

from functools import cache
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response as ApiResponse

from accounts import permissions
from accounts.models import Organisation
from accounts.record import by_request
from consultations.models import Consultation
from notifications import clock
from notifications.compiled import Kept, given
from notifications.refusal import Refusal
from responses import approval, drafting, reading, submission
from responses.filters import ResponseFilters
from responses.models import Response
from responses.serializers import (
    CheckSerializer,
    ConsentsSerializer,
    ResponseDetailSerializer,
    ResponseSerializer,
    StartSerializer,
)

CONSENTS = ("text_consent", "name_consent", "foi_position", "foi_reason")


def own_response(request: Request, code: str, *related: str) -> Response:
    """A response of one of the caller's organisations, to draft in or to file; 404 for everybody else's.

    The row alone: the flows lock and read it again with what they need. `related` names what the view itself needs.
    """
    response = _own(related).first(user=request.user.pk, code=code)
    if response is None:
        raise NotFound
    return response


@cache
def _own(related: tuple[str, ...]) -> Kept[Response]:
    def build() -> QuerySet[Any, Response]:
        found = Response.objects.own(given("user")).filter(code=given("code")).order_by()
        return found.select_related(*related) if related else found

    return Kept(build)


def in_full(request: Request, code: str) -> dict[str, Any]:
    row = reading.Reader(request.user).response(code)
    if row is None:
        raise NotFound
    return row


class Responses(GenericAPIView[Any]):
    filterset_class = ResponseFilters
    serializer_class = ResponseSerializer

    queryset = Response.objects.none()  # what is shown comes from reading.Reader, which asks who is asking

    @extend_schema(operation_id="responses", responses=ResponseSerializer(many=True))
    def get(self, request: Request) -> ApiResponse:
        """The responses of the caller's organisations; for staff with the right, those that were submitted too."""
        reader = reading.Reader(request.user)
        page: Any = self.paginate_queryset(self.filter_queryset(reader.responses()))  # type: ignore[arg-type]
        return self.get_paginated_response(reader.page_of_responses(page))

    @extend_schema(
        operation_id="start_response",
        request=StartSerializer,
        responses={
            201: ResponseDetailSerializer,
            200: OpenApiResponse(ResponseDetailSerializer, description="It was started before; nothing changed."),
        },
    )
    def post(self, request: Request) -> ApiResponse:
        """Start an organisation's response to a consultation, or find the one that was started."""
        now = clock.now()
        given = StartSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        paper = Consultation.objects.visible_to(request.user, now).filter(code=given.validated_data["consultation"])
        consultation = paper.first()
        if consultation is None:
            raise ValidationError({"consultation": ["There is no consultation with this code."]})
        organisation = _organisation(request, given.validated_data.get("organisation", ""))
        started = drafting.start(
            consultation=consultation, organisation=organisation, by=by_request(request, "api"), now=now
        )
        return ApiResponse(
            in_full(request, started.code),
            status=201 if started.started_at == now else 200,
            headers={"Location": request.build_absolute_uri(reverse("api:response", args=[started.code]))},
        )


def _organisation(request: Request, code: str) -> Organisation:
    """The one that is named, or the caller's only one."""
    known = Organisation.objects.visible_to(request.user)
    if code:
        named = known.filter(code=code).first()
        if named is None:
            raise ValidationError({"organisation": ["You have no organisation with this code."]})
        return named
    own = list(known.filter(memberships__user=request.user.pk)[:2])
    if len(own) != 1:
        raise ValidationError({"organisation": ["Say which of your organisations responds: give its code."]})
    return own[0]


class OneResponse(GenericAPIView[Any]):
    serializer_class = ResponseDetailSerializer

    @extend_schema(operation_id="response")
    def get(self, request: Request, code: str) -> ApiResponse:
        """One response, its consents and every version that was filed."""
        return ApiResponse(in_full(request, code))

    @extend_schema(operation_id="state_consents", request=ConsentsSerializer)
    def patch(self, request: Request, code: str) -> ApiResponse:
        """State the consents. What is left out stays as it is; all three are needed before submitting."""
        response = own_response(request, code)
        given = ConsentsSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        stated = {name: given.validated_data.get(name, getattr(response, name)) for name in CONSENTS}
        drafting.state_consents(response=response, **stated, by=by_request(request, "api"))
        return ApiResponse(in_full(request, code))


class Check(GenericAPIView[Any]):
    serializer_class = CheckSerializer

    @extend_schema(operation_id="check_response")
    def get(self, request: Request, code: str) -> ApiResponse:
        """What submitting now would file, and what stands in the way of it."""
        now = clock.now()
        response = own_response(request, code, "consultation", "organisation", "latest")
        prepared = submission.prepare(response, now)
        problems = [*_standing_in_the_way(request, response, prepared, now), *prepared.problems]
        return ApiResponse(
            {
                "may_submit": not problems,
                "problems": [{"field": field, "message": message} for field, message in problems],
                "answer_count": prepared.answer_count,
                "sha256": prepared.sha256,
                "content": prepared.content,
            }
        )


def _standing_in_the_way(request: Request, response: Response, prepared: Any, now: Any) -> list[tuple[str, str]]:
    """What is not about the content: the consultation, the clock, the caller's role."""
    found = []
    try:
        drafting.refuse_untaken(response.consultation, now)
    except Refusal as refusal:
        found.append(("", refusal.message))
    if not prepared.is_open:
        found.append(("", "Everything that this consultation asks has closed."))
    if unsigned := approval.of(response, prepared.content).why_not:
        found.append(("sign_off", unsigned))
    if not permissions.can_submit(request.user, response.organisation):
        found.append(("", f"Your role in {response.organisation} does not let you submit."))
    return found
