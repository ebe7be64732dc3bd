"""Putting what was written elsewhere into a draft: appended by drafting's own save, with where it came from.

Passages of one's earlier responses come through here, and what members gave a trade body as input (collecting.py).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.record import By
from consultations.models import Question, QuestionKind
from notifications import clock
from notifications.refusal import Conflict, Refusal
from responses import drafting
from responses.drafting import Given
from responses.models import Answer, How, Response, Reuse, SentInput, Submission
from responses.searching import Hit

TAKING_TEXT = (QuestionKind.TEXT, QuestionKind.YES_NO_PARTLY)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a passage comes from: one of the three, said in `words` that stay true; `key` names it in the record."""

    words: str
    key: str
    submission: Submission | None = None
    draft: Answer | None = None
    sent: SentInput | None = None


def use(
    *, response: Response, question: Question, hit: Hit, passage: str, by: By, now: datetime | None = None
) -> Answer:
    """Append a passage of an earlier response. `hit` is one that `by` may read (searching.hit_at)."""
    source = Source(words=hit.source, key=hit.key, submission=hit.submission, draft=hit.answer)
    return append(
        response=response, question=question, source=source, passage=passage, verb="passage used again", by=by, now=now
    )


@transaction.atomic
def append(
    *, response: Response, question: Question, source: Source, passage: str, verb: str, by: By,
    now: datetime | None = None,
) -> Answer:  # fmt: skip
    """Append the passage to the answer as it stands, and note where it came from. What is written is never replaced.

    Raises Refusal for an empty passage and for a question that takes no text, Conflict where the question has closed or
    the passage is in the answer already. `verb` is what the record calls it.
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
        answer=saved, version=saved.version, submission=source.submission, draft=source.draft, sent=source.sent,
        source=source.words[:300], words=len(passage.split()), by=by.user, at=now,
        sha256=hashlib.sha256(passage.encode()).hexdigest() if source.sent else "",
    )  # fmt: skip
    drafting.write_act(locked, by=by, now=now, verb=verb, question=question.code, source=source.key)
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
