"""What was filed: submissions, their status, and receipts."""

from typing import Any

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

    queryset = Submission.objects.none()  # what is shown comes from reading.Reader, which asks who is asking

    @extend_schema(operation_id="submissions", responses=SubmissionSerializer(many=True))
    def get(self, request: Request) -> ApiResponse:
        """What the caller's organisations filed and which versions stand; for staff, what they may read."""
        reader = reading.Reader(request.user)
        page: Any = self.paginate_queryset(self.filter_queryset(reader.submissions()))  # type: ignore[arg-type]
        return self.get_paginated_response(reader.page_of_submissions(page))


class OneSubmission(GenericAPIView[Any]):
    serializer_class = SubmissionDetailSerializer

    @extend_schema(operation_id="submission")
    def get(self, request: Request, reference: str) -> ApiResponse:
        """One version, with exactly what was filed."""
        row = reading.Reader(request.user).submission(reference)
        if row is None:
            raise NotFound
        return ApiResponse(row)


class OneReceipt(GenericAPIView[Any]):
    serializer_class = ReceiptSerializer

    @extend_schema(operation_id="receipt")
    def get(self, request: Request, code: str) -> ApiResponse:
        """Proof of filing: what was received, when, and its SHA-256."""
        row = reading.receipt(request.user, code)
        if row is None:
            raise NotFound
        return ApiResponse(row)
