"""The versions of an answer: listed, compared by words, and an earlier one restored as a new one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString

from accounts.record import By
from consultations.models import Question
from notifications.refusal import Refusal
from responses import drafting
from responses.differences import marked
from responses.drafting import Given
from responses.models import Answer, AnswerVersion, How, Response


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two versions side by side; each text as HTML with what only it has marked."""

    one: AnswerVersion
    other: AnswerVersion
    one_text: SafeString
    other_text: SafeString


def of(response: Response, question: Question) -> list[AnswerVersion]:
    """Newest first, without their texts."""
    rows = AnswerVersion.objects.filter(answer__response=response, answer__question=question)
    return list(rows.select_related("by").order_by("-ordinal").defer("text"))


def find(response: Response, question: Question, ordinal: int) -> AnswerVersion | None:
    rows = AnswerVersion.objects.filter(answer__response=response, answer__question=question, ordinal=ordinal)
    return rows.select_related("by", "answer__question").first()


def compare(one: AnswerVersion, other: AnswerVersion) -> Comparison:
    one_text, other_text = marked(one.text, other.text)
    return Comparison(one=one, other=other, one_text=one_text, other_text=other_text)


def restore(
    *, response: Response, version: AnswerVersion, question: Question, over: int, by: By, now: datetime | None = None
) -> Answer:
    """Make what a version says the answer again, as a new version of it. Nothing is taken away.

    `over` is the answer's version that the person has seen. Raises what `drafting.save_answer` raises: StaleAnswer
    when somebody has saved since, Conflict when the question has closed.
    """
    if version.answer.response_id != response.pk or version.answer.question_id != question.pk:
        raise Refusal("This is a version of another answer.")
    number = version.number
    given = Given(
        question=question,
        text=version.text,
        selected=tuple(version.selected),
        number=f"{number:f}" if number is not None else "",
        version=over,
        how=How.RESTORED,
    )
    return drafting.save_answer(response=response, given=given, by=by, now=now)


def current_of(rows: Sequence[AnswerVersion]) -> AnswerVersion | None:
    """The one that the answer says now."""
    return next((row for row in rows if row.version is not None), None)
