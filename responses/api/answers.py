"""Draft answers. Each has its version as ETag, and a save says which version it was written against."""

import re
from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import APIException, NotFound, ParseError, ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response as ApiResponse

from accounts.record import by_request
from consultations.models import Question, QuestionKind
from notifications import clock
from notifications.refusal import Refusal, Stale
from responses import drafting, progress, reading
from responses.api.drafts import own_response
from responses.drafting import Given, StaleAnswer
from responses.merging import merge
from responses.models import Answer, Response
from responses.serializers import AnswerInPaperSerializer, AnswerSerializer, GivenAnswerSerializer

# Which parts of an answer each kind of question takes; the first is where a refusal belongs.
TAKEN = {
    QuestionKind.TEXT: ("text",),
    QuestionKind.YES_NO_PARTLY: ("selected", "text"),
    QuestionKind.SINGLE: ("selected",),
    QuestionKind.MULTIPLE: ("selected",),
    QuestionKind.NUMBER: ("number",),
    QuestionKind.FILE: (),
}
ENTITY_TAG = re.compile(r'(W/)?"([^"]*)"')
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description='The ETag of the answer you started from, such as `"2"`.'
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    str,
    OpenApiParameter.HEADER,
    enum=["*"],
    description="Instead: save only if nobody has answered yet.",
)
SOMEBODY_WAS_FASTER = (
    "It was changed meanwhile. `current` and ETag say what stands now; `merged` is your text and that one put together "
    "where no word was changed in both, otherwise null. Yours is kept among the versions."
)


class PreconditionRequired(APIException):
    status_code = 428
    default_code = "precondition_required"
    default_detail = (
        'Say which version you started from: If-Match with the answer\'s ETag, such as "2", or If-None-Match: * '
        "for the first. Without it a colleague's answer could be overwritten."
    )


class Changed(Stale):
    """Somebody else saved meanwhile: the problem details hold what stands now and, where the two texts are known and
    no word was changed in both, the two put together."""

    def __init__(self, question: Question, stored: Answer | None, stale: StaleAnswer | None = None) -> None:
        current = reading.answer(question.code, stored)
        who = current["edited_by"] or "Somebody else"
        said = f"{who} changed this answer meanwhile." if stored else "Nobody has answered this question yet."
        super().__init__(f"{said} See `current`, put the two together, and send it with its ETag.")
        self.members = {"current": current, "merged": _merged(stale)}
        self.headers = {"ETag": entity_tag(current)}


def _merged(stale: StaleAnswer | None) -> str | None:
    if stale is None:
        return None
    base = stale.base
    merged = merge(base.text if base else "", stale.written.text, stale.current.text)
    return merged.text if merged.is_clean else None


def entity_tag(row: dict[str, Any]) -> str:
    return f'"{row["version"]}"'


class Answers(GenericAPIView[Any]):
    serializer_class = AnswerInPaperSerializer
    pagination_class = None

    @extend_schema(operation_id="answers", responses=AnswerInPaperSerializer(many=True), filters=False)
    def get(self, request: Request, code: str) -> ApiResponse:
        """Every question of the paper with what stands in the draft for it."""
        return ApiResponse(reading.answers(progress.parts(own_response(request, code), clock.now())))


class OneAnswer(GenericAPIView[Any]):
    serializer_class = AnswerSerializer

    @extend_schema(operation_id="answer")
    def get(self, request: Request, code: str, question: str) -> ApiResponse:
        """What stands for one question, with its version as ETag."""
        response = own_response(request, code)
        asked = asked_in(response, question)
        return answered(asked, _stored(response, asked))

    @extend_schema(
        operation_id="save_answer",
        request=GivenAnswerSerializer,
        parameters=[IF_MATCH, IF_NONE_MATCH],
        responses={
            200: AnswerSerializer,
            409: OpenApiResponse(description="Its section has closed."),
            412: OpenApiResponse(description=SOMEBODY_WAS_FASTER),
            428: OpenApiResponse(description="If-Match or If-None-Match is missing."),
        },
    )
    def put(self, request: Request, code: str, question: str) -> ApiResponse:
        """Save one answer. Saving what stands already changes nothing and is no conflict."""
        response = own_response(request, code)
        asked = asked_in(response, question)
        given = GivenAnswerSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        _refuse_unfitting(asked, given.validated_data)
        version = version_asked_for(request, response, asked)
        wanted = Given(
            question=asked,
            text=given.validated_data.get("text", ""),
            selected=tuple(given.validated_data.get("selected", ())),
            number=given.validated_data.get("number") or "",
            version=version,
        )
        try:
            saved = drafting.save_answer(response=response, given=wanted, by=by_request(request, "api"))
        except StaleAnswer as stale:
            raise Changed(asked, stale.current, stale) from stale
        except Stale as stale:
            raise Changed(asked, None) from stale
        except Refusal as refusal:
            raise _at_its_part(refusal, asked) from None
        return answered(asked, saved)


def answered(question: Question, stored: Answer | None) -> ApiResponse:
    row = reading.answer(question.code, stored)
    return ApiResponse(row, headers={"ETag": entity_tag(row)})


def asked_in(response: Response, code: str) -> Question:
    found = (
        Question.objects.select_related("section__deadline")
        .filter(section__consultation=response.consultation_id, code=code)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def _stored(response: Response, question: Question) -> Answer | None:
    return Answer.objects.filter(response=response, question=question).select_related("edited_by").first()


def version_asked_for(request: Request, response: Response, question: Question) -> int:
    """The version that the caller wrote against, 0 for none. Raises PreconditionRequired, Changed, ParseError."""
    wanted = request.headers.get("If-Match", "").strip()
    if not wanted:
        only_new = request.headers.get("If-None-Match", "").strip()
        if only_new and only_new != "*":
            raise ParseError("If-None-Match takes * alone here. To save over a version, send If-Match with its ETag.")
        if only_new:
            return 0
        raise PreconditionRequired
    if wanted != "*" and re.fullmatch(r'"(0|[1-9][0-9]{0,9})"', wanted):
        return int(wanted.strip('"'))
    stored = _stored(response, question)
    current = stored.version if stored else 0
    if wanted == "*" or str(current) in _strong_tags(wanted):
        return current
    raise Changed(question, stored)


def _strong_tags(header: str) -> set[str]:
    found = ENTITY_TAG.findall(header)
    if not found or ENTITY_TAG.sub("", header).strip(" ,"):
        raise ParseError('If-Match holds ETags in quotation marks, such as "2".')
    return {tag for weak, tag in found if not weak}


def _refuse_unfitting(question: Question, given: dict[str, Any]) -> None:
    """A part that this kind of question would leave aside is refused, not dropped."""
    taken = TAKEN[QuestionKind(question.kind)]
    words = (
        f"This question takes {' and '.join(taken)}."
        if taken
        else "This question takes a file: send it to attachments/."
    )
    if unfitting := {name: [words] for name, value in given.items() if value and name not in taken}:
        raise ValidationError(unfitting)


def _at_its_part(refusal: Refusal, question: Question) -> Refusal:
    """The flow names the question; here the caller sees the parts of one answer."""
    part = (*TAKEN[QuestionKind(question.kind)], "text")[0]
    refusal.problems = [(part if field == question.code else field, message) for field, message in refusal.problems]
    return refusal
