"""What was filed: submissions, their status, and receipts."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response as ApiResponse

from responses import reading
from responses.filters import SubmissionFilters
from responses.models import Submission
from responses.serializers import ReceiptSerializer, SubmissionDetailSerializer, SubmissionSerializer


class Submissions(GenericAPIView[Any]):
    filterset_class = SubmissionFilters
    serializer_class = SubmissionSerializer

    def get_queryset(self) -> QuerySet[Any, Any]:
        if getattr(self, "swagger_fake_view", False):
            return Submission.objects.none()
        return reading.submissions(self.request.user)

    @extend_schema(operation_id="submissions", responses=SubmissionSerializer(many=True))
    def get(self, request: Request) -> ApiResponse:  # noqa: ARG002
        """What the caller's organisations filed and which versions stand; for staff, what they may read."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([reading.submission(row) for row in page or []])


class OneSubmission(GenericAPIView[Any]):
    serializer_class = SubmissionDetailSerializer

    @extend_schema(operation_id="submission")
    def get(self, request: Request, reference: str) -> ApiResponse:
        """One version, with exactly what was filed."""
        rows = reading.submissions(request.user, "content", "submitted_by__name", "submitted_by__email")
        row = rows.filter(reference=reference).first()
        if row is None:
            raise NotFound
        return ApiResponse(
            {
                **reading.submission(row),
                "submitted_by": row["submitted_by__name"] or row["submitted_by__email"],
                "content": row["content"],
            }
        )


class OneReceipt(GenericAPIView[Any]):
    serializer_class = ReceiptSerializer

    @extend_schema(operation_id="receipt")
    def get(self, request: Request, code: str) -> ApiResponse:
        """Proof of filing: what was received, when, and its SHA-256."""
        row = reading.receipt(request.user, code)
        if row is None:
            raise NotFound
        return ApiResponse(row)
