"""Searching what one's organisations have written: what they filed, and the drafts that stand.

Filed texts are read into `FiledText` by a sweep, so that filing itself never waits for it; a draft is found as soon as
it is saved. A hit is told by its key, "4TX…-2:8QM…": the submission's reference, or the response's code for a draft,
and the question's code.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db import connection, transaction
from django.db.models import F

from accounts.models import User
from responses.models import WORDS, Answer, FiledText, Response, Submission
from responses.snapshot import Content

MOST = 30  # hits of each kind: a search that finds more is to be narrowed
SHOWN = 300  # characters of a hit
BATCH = 200
DRAFT, FILED = "draft", "filed"

# One statement reads a whole batch, so that no text passes through Python. Half of what a tsvector can hold at most.
READ = """
INSERT INTO responses_filedtext (submission_id, question, search)
SELECT s.id, '', NULL::tsvector FROM responses_submission s WHERE s.id = ANY(%(ids)s)
UNION ALL
SELECT s.id, q->>'code',
       setweight(to_tsvector('english', left(q->>'text', 20000)), 'C')
       || setweight(to_tsvector('english', left(q->'answer'->>'text', 80000)), 'A')
FROM responses_submission s, jsonb_array_elements(s.content->'sections') AS section,
     jsonb_array_elements(section->'questions') AS q
WHERE s.id = ANY(%(ids)s) AND q->'answer'->>'text' ~ '\\S'
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """An answer that was found. `response` has its consultation and organisation."""

    key: str
    kind: str
    response: Response
    question: str
    number: str
    asked: str
    text: str
    at: datetime
    submission: Submission | None = None
    answer: Answer | None = None
    rank: float = 0

    @property
    def paragraphs(self) -> list[str]:
        return [part for part in (piece.strip() for piece in self.text.split("\n\n")) if part]

    @property
    def source(self) -> str:
        """Where it comes from, in words that stay true: "CP25/14, question 3, as filed (4TX…-2)"."""
        paper = self.response.consultation
        what = f"question {self.number}" if self.number else "a question"
        how = f"as filed ({self.submission.reference})" if self.submission else "a draft"
        return f"{paper.reference or paper.title[:120]}, {what}, {how}"


def index_due() -> int:
    """Read the submissions that have not been read, and forget the words of what was erased; returns how many were
    read. Two at once do no harm."""
    FiledText.objects.filter(submission__erasure__isnull=False).exclude(question="").delete()
    done = 0
    while True:
        with transaction.atomic():
            unread = Submission.objects.filter(filed_texts=None).order_by("pk").values_list("pk", flat=True)
            ids = list(unread[:BATCH])
            if not ids:
                return done
            with connection.cursor() as cursor:
                cursor.execute(READ, {"ids": ids})
        done += len(ids)


def find(user: User, words: str) -> list[Hit]:
    """The answers of one's organisations that fit, the best first; a text both filed and standing, once."""
    words = words.replace("\x00", " ").strip()[:200]
    if not words:
        return []
    query = SearchQuery(words, search_type="websearch", config="english")
    filed = _filed(user, query)
    same = {(hit.response.pk, hit.question, hit.text) for hit in filed}
    drafts = [hit for hit in _drafts(user, query) if (hit.response.pk, hit.question, hit.text) not in same]
    return sorted([*filed, *drafts], key=lambda hit: (-hit.rank, hit.key))


def hit_at(user: User, key: str) -> Hit | None:
    """The hit with this key, if it is one's organisation's."""
    where, _, question = key.partition(":")
    if "\x00" in key:
        return None
    filed = FiledText.objects.visible_to(user).filter(submission__reference=where, question=question)
    if question and (row := filed.select_related(*_WITH).first()):
        return _filed_hit(row)
    own = Answer.objects.filter(response__in=Response.objects.of(user)).visible_to(user)
    answer = own.filter(response__code=where, question__code=question).select_related(*_DRAFT_WITH).first()
    return _draft_hit(answer) if answer and answer.text.strip() else None


def snippet(text: str, words: str) -> str:
    """The paragraph in which most of the words stand, cut to SHOWN characters around the first of them."""
    wanted = {word.strip('"-').lower()[:6] for word in words.split()} - {""}
    pieces = [" ".join(piece.split()) for piece in text.split("\n\n")] or [""]
    best = max(pieces, key=lambda piece: sum(word in piece.lower() for word in wanted))
    first = min((at for word in wanted if (at := best.lower().find(word)) >= 0), default=0)
    start = max(0, first - SHOWN // 3)
    start = best.rfind(" ", 0, start) + 1 if start else 0
    cut = best[start : start + SHOWN]
    return f"{'… ' if start else ''}{cut}{' …' if start + SHOWN < len(best) else ''}"


# --- What was filed ---------------------------------------------------------------------------------------------------
_WITH = ("submission__response__consultation", "submission__response__organisation")


def _filed(user: User, query: SearchQuery) -> list[Hit]:
    rows: Any = FiledText.objects.visible_to(user).standing().filter(search=query).select_related(*_WITH)
    rows = rows.annotate(rank=SearchRank(F("search"), query)).order_by("-rank", "-pk")
    return [hit for row in rows[:MOST] if (hit := _filed_hit(row))]


def _filed_hit(row: FiledText) -> Hit | None:
    submission = row.submission
    asked = _question(submission.content, row.question)
    if asked is None:
        return None
    return Hit(
        key=f"{submission.reference}:{row.question}", kind=FILED, response=submission.response, question=row.question,
        number=asked["number"], asked=asked["text"], text=asked["answer"]["text"], at=submission.received_at,
        submission=submission, rank=getattr(row, "rank", 0),
    )  # fmt: skip


def _question(content: Content, code: str) -> Content | None:
    """The question in what was filed; None where its text was erased since."""
    for section in content.get("sections", []):
        for question in section["questions"]:
            if question["code"] == code and (question.get("answer") or {}).get("text"):
                return dict(question)
    return None


# --- Drafts -----------------------------------------------------------------------------------------------------------
_DRAFT_WITH = ("response__consultation", "response__organisation", "question")


def _drafts(user: User, query: SearchQuery) -> list[Hit]:
    rows: Any = Answer.objects.filter(response__in=Response.objects.of(user)).visible_to(user)
    rows = rows.annotate(words=WORDS).filter(words=query).select_related(*_DRAFT_WITH)
    rows = rows.annotate(rank=SearchRank(WORDS, query)).order_by("-rank", "-pk")
    return [_draft_hit(answer) for answer in rows[:MOST]]


def _draft_hit(answer: Answer) -> Hit:
    question = answer.question
    return Hit(
        key=f"{answer.response.code}:{question.code}", kind=DRAFT, response=answer.response, question=question.code,
        number=question.number, asked=question.text, text=answer.text, at=answer.edited_at, answer=answer,
        rank=getattr(answer, "rank", 0),
    )  # fmt: skip
