"""The API's routes, room by room, its schema and its readable page."""

from functools import cache
from typing import Any

from django.urls import (
    Resolver404,
    URLPattern,
    URLResolver,
    include,
    path,
    re_path,
    register_converter,
    resolve,
    reverse,
)
from django.urls.converters import StringConverter
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response as ApiResponse
from rest_framework.views import APIView

from accounts import api as accounts
from accounts.api_auth import SessionAuthentication
from config.errors import NOTHING_HERE
from consultations import api as consultations
from responses.api import answers, drafts, filed, files, filing, more_time, signing, uploads, versions, word


class Code(StringConverter):
    """A public code: what cannot be one is no route, and never reaches the database."""

    regex = "[0-9A-Z]{10}"


class Reference(StringConverter):
    """A submission's: the response's code and the version."""

    regex = "[0-9A-Z]{10}-[0-9]{1,9}"


class FormKind(StringConverter):
    """How a form goes out."""

    regex = "docx|xlsx"


NOTHING = "api-nothing"
ADDRESSES = {"type": "object", "additionalProperties": {"type": "string"}}

register_converter(Code, "code")
register_converter(FormKind, "form_kind")
register_converter(Reference, "reference")


class Index(APIView):
    permission_classes = [AllowAny]

    @extend_schema(operation_id="index", responses={200: ADDRESSES})
    def get(self, request: Request) -> ApiResponse:
        """Where everything is."""
        lists = ("consultations", "organisations", "responses", "submissions")
        found = {name: request.build_absolute_uri(reverse(f"api:{name}")) for name in lists}
        pages = {"schema": "api:schema", "docs": "api-docs"}
        return ApiResponse(found | {name: request.build_absolute_uri(reverse(route)) for name, route in pages.items()})


class Yaml(OpenApiYamlRenderer):
    """YAML by the name that RFC 9512 gave it since."""

    media_type = "application/yaml"


class Schema(APIView):
    """The OpenAPI description: JSON, or YAML for whoever asks for it."""

    permission_classes = [AllowAny]
    authentication_classes = []
    renderer_classes = [OpenApiJsonRenderer, OpenApiYamlRenderer, Yaml, JSONRenderer]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> ApiResponse:  # noqa: ARG002
        return ApiResponse(described())


@cache
def described() -> dict[str, Any]:
    """Made once a process: it takes as long as hundreds of other calls."""
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return made


class Docs(SpectacularSwaggerSplitView):
    """The schema as a page to read and try. Everything comes from here, so the site's policy holds on it too."""

    permission_classes = [AllowAny]
    authentication_classes = [SessionAuthentication]
    url_name = "api:schema"
    template_name = "soundings/api_docs.html"


class NoSuchRoute(APIView):
    """Whatever else is asked for under /api/."""

    permission_classes = [AllowAny]
    authentication_classes = []
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        bare = request.path.rstrip("/")
        if _is_route(f"{bare}/"):
            raise NotFound(f"Addresses end with a slash here: {bare}/.")
        raise NotFound(f"This address has no slash at its end: {bare}." if _is_route(bare) else NOTHING_HERE)


def _is_route(address: str) -> bool:
    try:
        return resolve(address).url_name != NOTHING
    except Resolver404:
        return False


RESPONSE = "responses/<code:code>/"
VERSIONS = f"{RESPONSE}answers/<code:question>/versions/"
ATTACHMENT = f"{RESPONSE}attachments/<code:attachment>/"

v1: list[URLPattern | URLResolver] = [
    path("", Index.as_view(), name="index"),
    path("schema", Schema.as_view(), name="schema"),
    path("organisations/", accounts.Organisations.as_view(), name="organisations"),
    path("organisations/<code:code>/", accounts.OneOrganisation.as_view(), name="organisation"),
    path("consultations/", consultations.Consultations.as_view(), name="consultations"),
    path("consultations/<code:code>/", consultations.OneConsultation.as_view(), name="consultation"),
    path("consultations/<code:code>/deadlines/", consultations.Deadlines.as_view(), name="deadlines"),
    path("consultations/<code:code>/sections/", consultations.Sections.as_view(), name="sections"),
    path("consultations/<code:code>/questions/", consultations.Questions.as_view(), name="questions"),
    path("consultations/<code:code>/outcomes/", consultations.Outcomes.as_view(), name="outcomes"),
    path("responses/", drafts.Responses.as_view(), name="responses"),
    path(RESPONSE, drafts.OneResponse.as_view(), name="response"),
    path(f"{RESPONSE}check/", drafts.Check.as_view(), name="check"),
    path(f"{RESPONSE}answers/", answers.Answers.as_view(), name="answers"),
    path(f"{RESPONSE}answers/<code:question>/", answers.OneAnswer.as_view(), name="answer"),
    path(VERSIONS, versions.Versions.as_view(), name="versions"),
    path(f"{VERSIONS}<int:ordinal>/", versions.OneVersion.as_view(), name="version"),
    path(f"{VERSIONS}<int:ordinal>/restore/", versions.Restore.as_view(), name="restore"),
    path(f"{RESPONSE}attachments/", files.Files.as_view(), name="attachments"),
    path(ATTACHMENT, files.OneFile.as_view(), name="attachment"),
    path(f"{ATTACHMENT}content/", files.FileContent.as_view(), name="attachment_content"),
    path(f"{RESPONSE}form/", word.ReturnedForm.as_view(), name="return_form"),
    path(f"{RESPONSE}form/<form_kind:kind>/", word.OutgoingForm.as_view(), name="form"),
    path(f"{RESPONSE}uploads/", uploads.Uploads.as_view(), name="uploads"),
    path(f"{RESPONSE}uploads/<code:upload>/", uploads.OneUpload.as_view(), name="upload"),
    path(f"{RESPONSE}sign-off/", signing.SignOff.as_view(), name="sign_off"),
    path(f"{RESPONSE}sign-off/ask/", signing.AskForSignOff.as_view(), name="ask_for_sign_off"),
    path(f"{RESPONSE}more-time/", more_time.MoreTime.as_view(), name="more_time"),
    path(f"{RESPONSE}submit/", filing.Submit.as_view(), name="submit"),
    path(f"{RESPONSE}withdraw/", filing.Withdraw.as_view(), name="withdraw"),
    path("submissions/", filed.Submissions.as_view(), name="submissions"),
    path("submissions/<reference:reference>/", filed.OneSubmission.as_view(), name="submission"),
    path("receipts/<code:code>/", filed.OneReceipt.as_view(), name="receipt"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/docs", Docs.as_view(), name="api-docs"),
    path("v1/", include((v1, "api"))),
    re_path("", NoSuchRoute.as_view(), name=NOTHING),
]
