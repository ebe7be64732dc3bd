"""Consultations over the API. What is published needs no token; drafts are for staff with the right to see them."""

from datetime import datetime
from functools import cached_property
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response as ApiResponse

from consultations import reading
from consultations.filters import ConsultationFilters
from consultations.models import Consultation, Deadline
from consultations.querysets import Status
from consultations.serializers import (
    ConsultationDetailSerializer,
    ConsultationSerializer,
    DeadlineWithChangesSerializer,
    OutcomeSerializer,
    QuestionInPaperSerializer,
    SectionSerializer,
)
from notifications import clock

NEWEST = ("-published_at", "-id")


class PublicView(GenericAPIView[Any]):
    permission_classes = [AllowAny]
    queryset = Consultation.objects.none()  # what is shown comes from reading.rows, which asks who is asking

    @cached_property
    def now(self) -> datetime:
        """One moment for the whole answer."""
        return clock.now()

    def rows(self, *fields: str) -> QuerySet[Any, Any]:
        return reading.rows(self.request.user or AnonymousUser(), self.now, *fields)

    def row(self, code: str, *fields: str) -> dict[str, Any]:
        found: dict[str, Any] | None = self.rows(*fields).filter(code=code).first()
        if found is None:
            raise NotFound
        return found


class Consultations(PublicView):
    filterset_class = ConsultationFilters
    serializer_class = ConsultationSerializer

    @extend_schema(operation_id="consultations", responses=ConsultationSerializer(many=True))
    def get(self, request: Request) -> ApiResponse:  # noqa: ARG002
        """Find consultations, newest first or what closes soonest."""
        page = self.paginate_queryset(self.filter_queryset(self.rows()))
        return self.get_paginated_response([reading.listed(row, self.now) for row in page or []])

    def page_orders(self, request: Request | None) -> dict[str, Any]:  # noqa: ARG002
        return {
            "newest": [(None, NEWEST)],
            "closing": [(self.closing_ahead, ("next_closes_at", "-id")), (self.all_others, NEWEST)],
        }

    def closing_ahead(self, rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        return rows.filter(self._closing_ahead())

    def all_others(self, rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        return rows.exclude(self._closing_ahead())

    def _closing_ahead(self) -> Q:
        """By way of the deadlines, which have an index: few papers are open, however many there are."""
        ahead = Deadline.objects.filter(closes_at__gte=self.now)
        return Q(pk__in=ahead.values("consultation"), status__in=[Status.OPEN, Status.PART_CLOSED])


class OneConsultation(PublicView):
    serializer_class = ConsultationDetailSerializer

    @extend_schema(operation_id="consultation")
    def get(self, request: Request, code: str) -> ApiResponse:  # noqa: ARG002
        """One consultation with its deadlines, sections, questions, documents and outcomes."""
        return ApiResponse(reading.detailed(self.row(code, *reading.DETAILED), self.now))


class Deadlines(PublicView):
    serializer_class = DeadlineWithChangesSerializer
    pagination_class = None

    @extend_schema(
        operation_id="consultation_deadlines", responses=DeadlineWithChangesSerializer(many=True), filters=False
    )
    def get(self, request: Request, code: str) -> ApiResponse:  # noqa: ARG002
        """When what closes, and every move of a deadline with its reason."""
        return ApiResponse(reading.deadlines_of(self.row(code), self.now))


class Sections(PublicView):
    serializer_class = SectionSerializer
    pagination_class = None

    @extend_schema(operation_id="consultation_sections", responses=SectionSerializer(many=True), filters=False)
    def get(self, request: Request, code: str) -> ApiResponse:  # noqa: ARG002
        """The paper's sections, each with its questions."""
        return ApiResponse(reading.sections_of(self.row(code), self.now))


class Questions(PublicView):
    serializer_class = QuestionInPaperSerializer
    pagination_class = None

    @extend_schema(operation_id="consultation_questions", responses=QuestionInPaperSerializer(many=True), filters=False)
    def get(self, request: Request, code: str) -> ApiResponse:  # noqa: ARG002
        """All the questions in order, each with its section and deadline."""
        return ApiResponse(reading.questions_of(self.row(code), self.now))


class Outcomes(PublicView):
    serializer_class = OutcomeSerializer
    pagination_class = None

    @extend_schema(operation_id="consultation_outcomes", responses=OutcomeSerializer(many=True), filters=False)
    def get(self, request: Request, code: str) -> ApiResponse:  # noqa: ARG002
        """What came of it: one outcome may answer many consultations."""
        return ApiResponse(reading.outcomes_of(self.row(code), self.now))
