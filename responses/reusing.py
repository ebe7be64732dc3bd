"""Putting a passage of an earlier response into a draft: appended by drafting's own save, with where it came from."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from accounts.record import By
from consultations.models import Question, QuestionKind
from notifications import clock
from notifications.refusal import Conflict, Refusal
from responses import drafting
from responses.drafting import Given
from responses.models import Answer, How, Response, Reuse
from responses.searching import Hit

TAKING_TEXT = (QuestionKind.TEXT, QuestionKind.YES_NO_PARTLY)


@transaction.atomic
def use(
    *, response: Response, question: Question, hit: Hit, passage: str, by: By, now: datetime | None = None
) -> Answer:
    """Append the passage to the answer as it stands, and note where it came from. What is written is never replaced.

    `hit` is one that `by` may read (searching.hit_at). Raises Refusal for an empty passage and for a question that
    takes no text, Conflict where the question has closed or the passage is in the answer already.
    """
    now = now or clock.now()
    passage = passage.strip()
    if question.kind not in TAKING_TEXT:
        raise Refusal("This question is not answered in words.", field=question.code)
    if not passage:
        raise Refusal("Choose at least one paragraph.", field="paragraph")
    locked = drafting.lock_for_drafting(response, by=by, now=now)
    standing = Answer.objects.filter(response=locked, question=question).first()
    text = standing.text if standing else ""
    if passage in text:
        raise Conflict("This passage is in the answer already.", field="paragraph")
    given = Given(
        question=question,
        text=f"{text.rstrip()}\n\n{passage}" if text.strip() else passage,
        selected=tuple(standing.selected) if standing else (),
        version=standing.version if standing else 0,
        how=How.IMPORTED,
    )
    saved = drafting.save_answer(response=locked, given=given, by=by, now=now)
    Reuse.objects.create(
        answer=saved, version=saved.version, submission=hit.submission, draft=hit.answer, source=hit.source[:300],
        words=len(passage.split()), by=by.user, at=now,
    )  # fmt: skip
    drafting.write_act(locked, by=by, now=now, verb="passage used again", question=question.code, source=hit.key)
    return saved


def passage_of(hit: Hit, chosen: Iterable[str]) -> str:
    """The chosen paragraphs, by their place in the hit, in its own order. Raises Refusal for what it has not."""
    paragraphs = hit.paragraphs
    places = {int(text) for text in chosen if text.isascii() and text.isdigit() and len(text) < 6}
    if any(place >= len(paragraphs) for place in places):
        raise Refusal("The text has changed since the page was shown. Choose again.", field="paragraph")
    return "\n\n".join(paragraphs[place] for place in sorted(places))


def used_in(answers: Iterable[Answer]) -> dict[int, list[Reuse]]:
    """Answer id → what was put into it, the earliest first: one query."""
    found: dict[int, list[Reuse]] = {}
    for row in Reuse.objects.filter(answer__in=[answer.pk for answer in answers]):
        found.setdefault(row.answer_id, []).append(row)
    return found
