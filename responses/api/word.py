"""The Word form and the spreadsheet over the API: fetched, sent back, looked at, and saved when asked to."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response as ApiResponse

from accounts.record import by_request
from accounts.serializers import Given
from notifications import clock
from responses import importing
from responses.api.drafts import own_response
from responses.api.files import Upload
from responses.importing import CHANGED, CONFLICT, EMPTIED, REFUSED, Change
from responses.views.word import form_file

STATES = [CHANGED, CONFLICT, EMPTIED, REFUSED]


class FormSerializer(Given):
    file = serializers.FileField(help_text="The form (.docx) or the spreadsheet (.xlsx) that was written in.")
    save = serializers.BooleanField(  # type: ignore[assignment]
        default=False, help_text="Save what is `changed`, and no other. Left out: only say what would change."
    )


class ChangeSerializer(serializers.Serializer[Any]):
    question = serializers.CharField(help_text="Its code.")
    state = serializers.ChoiceField(
        choices=STATES,
        help_text="conflict: saved by somebody else since the form went out; `text` is both put together.",
    )
    is_clean = serializers.BooleanField(help_text="false: both changed the same words, and `text` holds both wordings.")
    saved = serializers.BooleanField()
    why = serializers.CharField(help_text="Why it cannot be taken.")
    version = serializers.IntegerField(help_text="What `text` was written against, for If-Match.")
    text = serializers.CharField()
    selected = serializers.ListField(child=serializers.CharField())
    number = serializers.CharField()
    notes = serializers.ListField(child=serializers.CharField(), help_text="Comments, and what was left out.")


class ProposalSerializer(serializers.Serializer[Any]):
    changes = ChangeSerializer(many=True)
    same = serializers.IntegerField()
    ignored = serializers.IntegerField(help_text="Frames in which nothing was written.")
    outside = serializers.ListField(child=serializers.CharField(), help_text="Written outside of the frames.")


class OutgoingForm(GenericAPIView[Any]):
    serializer_class = ProposalSerializer

    @extend_schema(
        operation_id="form",
        responses={(200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY, description="To be saved.")},
    )
    def get(self, request: Request, code: str, kind: str) -> HttpResponse:
        """The draft as a form to write in: `docx`, or `xlsx` for short answers."""
        response = own_response(request, code, "consultation", "organisation")
        return form_file(importing.form(response, f".{kind}", clock.now()), code, f".{kind}")


class ReturnedForm(GenericAPIView[Any]):
    serializer_class = ProposalSerializer
    parser_classes = [Upload]

    @extend_schema(
        operation_id="return_form", request={"multipart/form-data": FormSerializer}, responses=ProposalSerializer
    )
    def post(self, request: Request, code: str) -> ApiResponse:
        """What a form that was written in would change; with `save` what is plain is saved."""
        response = own_response(request, code, "consultation", "organisation")
        sent = FormSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        file, now = sent.validated_data["file"], clock.now()
        found = importing.propose(
            response=response, name=file.name or "", content=file.read(importing.MOST_BYTES + 1), now=now
        )  # fmt: skip
        wanted = [change.given for change in found.changes if change.state == CHANGED]
        refused = {}
        if sent.validated_data["save"]:
            refused = importing.save(response=response, given=wanted, by=by_request(request, "api"), now=now)
        saved = {given.question.code for given in wanted if sent.validated_data["save"]} - set(refused)
        changes = [_row(change, saved, refused.get(change.question.code)) for change in found.changes]
        return ApiResponse(
            {"changes": changes, "same": found.same, "ignored": found.ignored, "outside": found.outside}
        )  # fmt: skip


def _row(change: Change, saved: set[str], refusal: Any) -> dict[str, Any]:
    given = change.given
    return {
        "question": change.question.code,
        "state": REFUSED if refusal else change.state,
        "is_clean": change.is_clean,
        "saved": change.question.code in saved,
        "why": refusal.message if refusal else change.why,
        "version": given.version,
        "text": given.text,
        "selected": list(given.selected),
        "number": given.number,
        "notes": change.notes,
    }
