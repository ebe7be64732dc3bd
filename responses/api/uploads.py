"""Files in pieces: tus 1.0 (core, creation, termination), so that a client made for it needs nothing of ours."""

import base64
import binascii
import io
import tempfile
from typing import IO, Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response as ApiResponse

from accounts.record import by_request
from notifications import clock
from notifications.refusal import Refusal
from responses import reading, uploading
from responses.api.drafts import own_response
from responses.api.files import question_of
from responses.file_models import Upload
from responses.serializers import AttachmentSerializer

VERSION = "1.0.0"
EXTENSIONS = "creation,termination,expiration"
IN_MEMORY = 1024 * 1024
LENGTH = OpenApiParameter("Upload-Length", int, OpenApiParameter.HEADER, required=True, description="Bytes in all.")
METADATA = OpenApiParameter(
    "Upload-Metadata", str, OpenApiParameter.HEADER, required=True,
    description="`filename` and, for one question, `question` (its code), each with its value in Base64.",
)  # fmt: skip
OFFSET = OpenApiParameter(
    "Upload-Offset", int, OpenApiParameter.HEADER, required=True, description="Where this piece begins."
)


class Piece(BaseParser):
    """Bytes as they come."""

    media_type = "application/offset+octet-stream"

    def parse(self, stream: IO[Any], *_: Any, **__: Any) -> Any:
        return stream


class OtherVersion(Refusal):
    status = 412
    code = "tus_version"


class Tus(GenericAPIView[Any]):
    serializer_class = AttachmentSerializer
    pagination_class = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.headers.get("Tus-Resumable", VERSION) != VERSION:
            raise OtherVersion(f"Here tus {VERSION} is spoken.", field="Tus-Resumable")

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        made = super().finalize_response(request, response, *args, **kwargs)
        made["Tus-Resumable"] = VERSION
        made["Cache-Control"] = "no-store"
        if made.status_code == OtherVersion.status:
            made["Tus-Version"] = VERSION
        return made


class Uploads(Tus):
    @extend_schema(
        operation_id="begin_upload",
        request=None,
        parameters=[LENGTH, METADATA],
        responses={201: OpenApiResponse(description="`Location` is where its pieces go.")},
    )
    def post(self, request: Request, code: str) -> ApiResponse:
        """Begin a file that comes in pieces (tus 1.0)."""
        response = own_response(request, code)
        metadata = _metadata(request.headers.get("Upload-Metadata", ""))
        upload = uploading.begin(
            response=response,
            question=question_of(response, metadata.get("question", "")),
            name=metadata.get("filename", ""),
            length=_number(request, "Upload-Length"),
            by=by_request(request, "api"),
        )
        where = request.build_absolute_uri(reverse("api:upload", args=[code, upload.code]))
        return ApiResponse(status=201, headers={"Location": where, **_state(upload)})

    @extend_schema(exclude=True)
    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        return ApiResponse(
            status=204,
            headers={
                "Tus-Version": VERSION, "Tus-Extension": EXTENSIONS, "Tus-Max-Size": str(settings.UPLOAD_MAX_BYTES),
            },
        )  # fmt: skip


class OneUpload(Tus):
    parser_classes = [Piece]

    @extend_schema(operation_id="upload", responses={200: OpenApiResponse(description="`Upload-Offset` is here.")})
    def get(self, request: Request, code: str, upload: str) -> ApiResponse:
        """How much of it is here; asked with HEAD as a rule."""
        return ApiResponse(headers=_state(_one(request, code, upload)))

    @extend_schema(
        operation_id="continue_upload",
        request={Piece.media_type: OpenApiTypes.BINARY},
        parameters=[OFFSET],
        responses={
            204: OpenApiResponse(description="More is to come."),
            200: AttachmentSerializer,
        },
    )
    def patch(self, request: Request, code: str, upload: str) -> ApiResponse:
        """The next piece. The last one is answered with the attachment."""
        here = _one(request, code, upload)
        offset = _number(request, "Upload-Offset")
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as piece:
            _receive(request.data if request.stream else io.BytesIO(), piece, most=here.length - here.received)
            piece.seek(0)
            after, attachment = uploading.carry_on(
                upload=here, at=offset, piece=piece, by=by_request(request, "api")
            )  # fmt: skip
        if attachment is None:
            return ApiResponse(status=204, headers=_state(after))
        return ApiResponse(reading.attachment(attachment), headers=_state(after))

    @extend_schema(operation_id="cancel_upload", responses={204: None})
    def delete(self, request: Request, code: str, upload: str) -> ApiResponse:
        """Give it up."""
        uploading.cancel(_one(request, code, upload))
        return ApiResponse(status=204)


def _one(request: Request, code: str, upload: str) -> Upload:
    """The caller's own: nobody carries on what another began."""
    mine = Upload.objects.filter(response=own_response(request, code), user=request.user.pk, expires_at__gt=clock.now())
    found = mine.select_related("response", "question__section__deadline").filter(code=upload).first()
    if found is None:
        raise NotFound
    return found


def _state(upload: Upload) -> dict[str, str]:
    expires = upload.expires_at.strftime("%a, %d %b %Y %H:%M:%S GMT")
    return {"Upload-Offset": str(upload.received), "Upload-Length": str(upload.length), "Upload-Expires": expires}


def _number(request: Request, header: str) -> int:
    given = request.headers.get(header, "")
    if not given.isascii() or not given.isdigit() or len(given) > 15:
        raise Refusal(f"{header} must be a number of bytes.", field=header)
    return int(given)


def _metadata(header: str) -> dict[str, str]:
    """ "filename d29ybGQ=,question UTE=" as tus writes it. Raises Refusal."""
    found = {}
    for pair in filter(None, (pair.strip() for pair in header.split(","))):
        key, _, value = pair.partition(" ")
        try:
            found[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise Refusal(
                "Upload-Metadata holds keys, each with its value in Base64.", field="Upload-Metadata"
            ) from error
    return found


def _receive(stream: Any, piece: IO[bytes], *, most: int) -> None:
    """All that comes, and one byte more than fits at most. What broke off is kept as far as it came."""
    left = most + 1
    try:
        while left and (chunk := stream.read(min(left, 256 * 1024))):
            piece.write(chunk)
            left -= len(chunk)
    except OSError:  # the connection broke: the client asks how far it came, and carries on
        pass
