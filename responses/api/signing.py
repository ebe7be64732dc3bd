"""Sign-off over the API: how it stands, signing, and asking for it. The rule is the pages' rule."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response as ApiResponse

from accounts.record import by_request
from notifications import clock
from responses import signing
from responses.api.drafts import own_response
from responses.models import Response
from responses.serializers import AskedSerializer, SignOffSerializer, SignSerializer


class SignOff(GenericAPIView[Any]):
    serializer_class = SignOffSerializer

    @extend_schema(operation_id="sign_off_state")
    def get(self, request: Request, code: str) -> ApiResponse:
        """Whether what would be filed now is signed off, by whom, and who may sign it."""
        return ApiResponse(_standing(_response(request, code)))

    @extend_schema(
        operation_id="sign_off",
        request=SignSerializer,
        responses={
            201: SignOffSerializer,
            403: OpenApiResponse(description="Not the right to sign off, or a writer where four eyes are wanted."),
            409: OpenApiResponse(description="It is not what was checked, or it has closed."),
        },
    )
    def post(self, request: Request, code: str) -> ApiResponse:
        """Sign off exactly what `check` showed. For a person: an organisation's token never has the right."""
        response = _response(request, code)
        given = SignSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        signing.sign(response=response, by=by_request(request, "api"), **given.validated_data)
        return ApiResponse(_standing(response), status=201)


class AskForSignOff(GenericAPIView[Any]):
    serializer_class = AskedSerializer

    @extend_schema(operation_id="ask_for_sign_off", request=None)
    def post(self, request: Request, code: str) -> ApiResponse:
        """Ask those who may sign this, by e-mail; each once for the same text."""
        asked = signing.ask(response=_response(request, code), by=by_request(request, "api"))
        return ApiResponse({"asked": [str(person) for person in asked]})


def _response(request: Request, code: str) -> Response:
    return own_response(request, code, "consultation", "organisation", "latest")


def _standing(response: Response) -> dict[str, Any]:
    ready = signing.look(response, clock.now())
    given = ready.approval.given
    return {
        "rule": ready.approval.rule,
        "sha256": ready.prepared.sha256,
        "is_signed": given is not None,
        "signed_by": str(given.by) if given else None,
        "signed_at": given.at if given else None,
        "note": given.note if given else "",
        "signers": [str(person) for person in ready.approval.signers],
    }
