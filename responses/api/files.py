"""Files of a response: given, listed, removed and handed out. Never inline: a browser saves them."""

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import FileResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response as ApiResponse

from accounts.record import by_request
from consultations.models import Question
from notifications.refusal import Refusal
from responses import attaching, reading
from responses.api.drafts import own_response
from responses.models import Attachment, Response
from responses.serializers import AttachmentSerializer, FileSerializer

ENVELOPE = 64 * 1024  # what multipart adds around a file


class TooLarge(Refusal):
    status = 413
    code = "too_large"


class Upload(MultiPartParser):
    """A form with a file. What is too long is refused before it is read."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        most: int = settings.ATTACHMENT_MAX_BYTES
        length = (parser_context or {})["request"].META.get("CONTENT_LENGTH") or 0
        if int(length) > most + ENVELOPE:
            raise TooLarge(f"A file has {most // 1_048_576} MB at most.", field="file")
        return super().parse(stream, media_type, parser_context)


def visible_files(request: Request, code: str) -> QuerySet[Attachment]:
    """Of a response that the caller may see: the firm's own as its draft has them now, for staff those filed."""
    if not Response.objects.visible_to(request.user).filter(code=code).exists():
        raise NotFound
    own = Response.objects.of(request.user)
    return (
        Attachment.objects.visible_to(request.user)
        .filter(Q(removed_at__isnull=True) | ~Q(response__in=own), response__code=code)
        .select_related("question")
    )


class Files(GenericAPIView[Any]):
    serializer_class = AttachmentSerializer
    parser_classes = [Upload]
    pagination_class = None

    @extend_schema(operation_id="attachments", responses=AttachmentSerializer(many=True), filters=False)
    def get(self, request: Request, code: str) -> ApiResponse:
        """The files given with a response."""
        return ApiResponse([reading.attachment(stored) for stored in visible_files(request, code)])

    @extend_schema(
        operation_id="attach",
        request={"multipart/form-data": FileSerializer},
        responses={201: AttachmentSerializer},
    )
    def post(self, request: Request, code: str) -> ApiResponse:
        """Add a file, for one question or for the whole response. Its type is checked by name and by content."""
        response = own_response(request, code)
        given = FileSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        question = question_of(response, given.validated_data.get("question", ""))
        stored = attaching.attach(
            response=response, file=given.validated_data["file"], question=question, by=by_request(request, "api")
        )
        where = request.build_absolute_uri(reverse("api:attachment", args=[code, stored.code]))
        return ApiResponse(reading.attachment(stored), status=201, headers={"Location": where})


def question_of(response: Response, code: str) -> Question | None:
    if not code:
        return None
    of_paper = Question.objects.select_related("section__deadline").filter(
        section__consultation=response.consultation_id
    )
    found = of_paper.filter(code=code).first()
    if found is None:
        raise ValidationError({"question": ["This consultation has no question with this code."]})
    return found


class OneFile(GenericAPIView[Any]):
    serializer_class = AttachmentSerializer

    @extend_schema(operation_id="attachment")
    def get(self, request: Request, code: str, attachment: str) -> ApiResponse:
        """What is known of a file; its content is at `content/`."""
        return ApiResponse(reading.attachment(_one(request, code, attachment)))

    @extend_schema(operation_id="remove_attachment", responses={204: None})
    def delete(self, request: Request, code: str, attachment: str) -> ApiResponse:
        """Take a file out of the draft. A submission that holds it still does."""
        response = own_response(request, code)
        stored = Attachment.objects.visible_to(request.user).current().filter(response=response, code=attachment)
        found = stored.select_related("response", "question__section__deadline").first()
        if found is None:
            raise NotFound
        attaching.remove(attachment=found, by=by_request(request, "api"))
        return ApiResponse(status=204)


class FileContent(GenericAPIView[Any]):
    serializer_class = AttachmentSerializer

    @extend_schema(
        operation_id="attachment_content",
        responses={(200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY, description="To be saved.")},
    )
    def get(self, request: Request, code: str, attachment: str) -> FileResponse:
        """The file itself, to be saved."""
        stored = _one(request, code, attachment)
        try:
            content = attaching.open_stored(stored)
        except FileNotFoundError as error:
            raise NotFound from error
        handed = FileResponse(
            content, as_attachment=True, filename=stored.name, content_type="application/octet-stream"
        )
        handed["Content-Security-Policy"] = "default-src 'none'; sandbox"
        handed["X-Content-Type-Options"] = "nosniff"
        return handed


def _one(request: Request, code: str, attachment: str) -> Attachment:
    found = visible_files(request, code).filter(code=attachment).first()
    if found is None:
        raise NotFound
    return found
