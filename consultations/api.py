"""Consultations over the API. What is published needs no token; drafts are for staff with the right to see them."""

from datetime import datetime
from functools import cached_property
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response as ApiResponse

from consultations import reading
from consultations.filters import ConsultationFilters
from consultations.models import Consultation, Deadline
from consultations.querysets import ConsultationQuerySet, Status
from consultations.serializers import (
    ConsultationDetailSerializer,
    ConsultationSerializer,
    DeadlineWithChangesSerializer,
    OutcomeSerializer,
    QuestionInPaperSerializer,
    SectionSerializer,
)
from notifications import clock
from notifications.compiled import Listing

NEWEST = ("-published_at", "-id")
STILL_OPEN = [Status.OPEN.value, Status.PART_CLOSED.value]


class PublicView(GenericAPIView[Any]):
    permission_classes = [AllowAny]
    queryset = Consultation.objects.none()  # what is shown comes from reading.rows, which asks who is asking

    @cached_property
    def now(self) -> datetime:
        """One moment for the whole answer."""
        return clock.now()

    def visible(self) -> Listing:
        return reading.visible(self.request.user or AnonymousUser(), self.now)

    def row(self, code: str) -> dict[str, Any]:
        pk = self.visible().rows().filter(code=code).values_list("pk", flat=True).first()
        if pk is None:
            raise NotFound
        return reading.one(pk, self.now)


class Consultations(PublicView):
    filterset_class = ConsultationFilters
    serializer_class = ConsultationSerializer

    @extend_schema(operation_id="consultations", responses=ConsultationSerializer(many=True))
    def get(self, request: Request) -> ApiResponse:  # noqa: ARG002
        """Find consultations, newest first or what closes soonest."""
        page: Any = self.paginate_queryset(self.filter_queryset(self.visible()))  # type: ignore[arg-type]
        return self.get_paginated_response(reading.page(page, self.now))

    def page_orders(self, request: Request | None) -> dict[str, Any]:  # noqa: ARG002
        return {
            "newest": [(None, NEWEST)],
            "closing": [(self.closing_ahead, ("closes_at", "-id")), (self.all_others, NEWEST)],
        }

    def closing_ahead(self, rows: ConsultationQuerySet) -> QuerySet[Any, Any]:
        """Still open, by the soonest deadline ahead: read along the index of deadlines, so that a page is a page."""
        sooner = Q(closes_at__lt=OuterRef("closes_at")) | Q(
            closes_at=OuterRef("closes_at"), pk__lt=OuterRef("deadline")
        )
        others = Deadline.objects.filter(sooner, consultation=OuterRef("pk"), closes_at__gte=self.now)
        soonest = rows.annotate(closes_at=F("deadlines__closes_at"), deadline=F("deadlines__pk"))
        still_open = Q(closes_at__gte=self.now, status__in=STILL_OPEN)
        return soonest.with_status(self.now).filter(still_open, ~Exists(others))

    def all_others(self, rows: ConsultationQuerySet) -> QuerySet[Any, Any]:
        ahead = Deadline.objects.filter(closes_at__gte=self.now).values("consultation")
        return rows.with_status(self.now).exclude(pk__in=ahead, status__in=STILL_OPEN)


class OneConsultation(PublicView):
    serializer_class = ConsultationDetailSerializer

    @extend_schema(operation_id="consultation")
    def get(self, request: Request, code: str) -> ApiResponse:  # noqa: ARG002
        """One consultation with its deadlines, sections, questions, documents and outcomes."""
        return ApiResponse(reading.detailed(self.row(code), self.now))


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
