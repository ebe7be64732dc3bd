"""Reading consultations as plain rows: what the API gives.

The bodies, topics and deadlines of a row come with it, put together by the database: fifty rows of models with their
relations cost several times as much as these.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Func, JSONField, OuterRef, Prefetch, QuerySet
from django.db.models.functions import JSONObject

from accounts.models import User
from consultations.closing import closing
from consultations.models import Consultation, ConsultationAuthority, Deadline, Outcome, Question, Section
from consultations.querysets import ConsultationQuerySet, sees_drafts
from notifications.compiled import Compiled, Listing, given, with_z

Row = dict[str, Any]
LISTED = (
    "code", "reference", "title", "kind", "status", "summary", "is_rehearsal", "takes_responses", "published_at",
    "opens_at", "withdrawn_at", "published_on", "next_closes_at",
)  # fmt: skip
DETAILED = (
    "body", "withdrawal_reason", "published_on_text", "closing_unknown", "known_closed_at", "question_count",
    "respond_via", "confidentiality_note", "confidentiality_source", "docket_id", "rin", "fr_document_number",
    "fr_citation", "responses_received", "sources", "record_note",
)  # fmt: skip
OF_DEADLINE = ("label", "closes_at", "time_zone", "time_assumed", "certainty", "note", "version")
OF_AUTHORITY = ("slug", "name", "short_name", "jurisdiction", "time_zone")
OF_QUESTION = ("code", "number", "text", "guidance", "kind", "wording", "required", "word_limit", "choices")
OF_CORRECTION = ("old_text", "new_text", "old_guidance", "new_guidance", "reason", "corrected_at")
OF_OUTCOME = (
    "code", "kind", "reference", "title", "summary", "url", "published_on", "published_at", "is_final", "note",
)  # fmt: skip


def _rows(*fields: str) -> QuerySet[Any, Any]:
    here = OuterRef("pk")
    bodies = ConsultationAuthority.objects.filter(consultation=here).order_by("position", "id")
    topics = Consultation.topics.through.objects.filter(consultation=here).order_by("topic__name")
    deadlines = Deadline.objects.filter(consultation=here).order_by("position", "id")
    found: QuerySet[Any, Any] = (
        Consultation.objects.with_status(given("now"))
        .annotate(
            bodies=_gathered(bodies, {name: f"authority__{name}" for name in OF_AUTHORITY}),
            subjects=_gathered(topics, {"slug": "topic__slug", "name": "topic__name"}),
            closings=_gathered(deadlines, {name: name for name in OF_DEADLINE}),
        )
        .values("id", *LISTED, "bodies", "subjects", "closings", *fields)
    )
    return found


def _gathered(rows_of: QuerySet[Any, Any], fields: dict[str, str]) -> Func:
    return Func(
        ArraySubquery(rows_of.values(as_json=JSONObject(**fields))), function="to_jsonb", output_field=JSONField()
    )


INSTANTS = ("published_at", "opens_at", "withdrawn_at", "next_closes_at")
_LISTED = Compiled(_rows, instants=INSTANTS)
_DETAILED = Compiled(lambda: _rows(*DETAILED), instants=(*INSTANTS, "known_closed_at"))


def visible(user: User | AnonymousUser, now: datetime) -> Listing:
    """What the person may see."""
    return Listing(_everything) if sees_drafts(user) else Listing(_public, {"now": now})


def _everything() -> ConsultationQuerySet:
    return Consultation.objects.all()


def _public(now: datetime) -> ConsultationQuerySet:
    return Consultation.objects.public(now)


def page(ids: Sequence[int], now: datetime) -> list[Row]:
    """The rows with these ids, in this order, as a list gives them. The caller has found the ids by `visible_to`."""
    return [listed(row, now) for row in _LISTED.of(ids, now=now)]


def one(pk: int, now: datetime) -> Row:
    """The whole of one row, for `detailed` and the functions after it."""
    return _DETAILED.of([pk], now=now)[0]


def listed(row: Row, now: datetime) -> Row:
    """One row as the list gives it."""
    zones = tuple(body["time_zone"] for body in row["bodies"])
    return {
        **{name: row[name] for name in LISTED},
        "authorities": row["bodies"],
        "topics": row["subjects"],
        "deadlines": [_closing(given, zones, now) for given in row["closings"]],
    }


def detailed(row: Row, now: datetime) -> Row:
    """The same with everything else that is public of it; in a constant number of queries."""
    deadlines, sections = deadlines_of(row, now), sections_of(row, now)
    return {
        **listed(row, now),
        **{name: row[name] for name in DETAILED},
        "deadlines": deadlines,
        "documents": list(
            Consultation(pk=row["id"]).documents.order_by("position", "id").values("code", "title", "url")
        ),
        "outcomes": outcomes_of(row, now),
        "sections": sections,
    }


def deadlines_of(row: Row, now: datetime) -> list[Row]:
    """With every move that each has seen."""
    found = Deadline.objects.filter(consultation_id=row["id"]).prefetch_related("changes").order_by("position", "id")
    return [
        {
            **_deadline(deadline, _zones(row), now),
            "source": deadline.source,
            "changes": [
                {
                    name: getattr(change, name)
                    for name in ("version", "old_closes_at", "new_closes_at", "reason", "changed_at")
                }
                for change in deadline.changes.all()
            ],
        }
        for deadline in found
    ]


def sections_of(row: Row, now: datetime) -> list[Row]:
    """With their questions, as printed."""
    questions = Question.objects.select_related("shown_if").prefetch_related("corrections").order_by("position", "id")
    found = (
        Section.objects.filter(consultation_id=row["id"])
        .select_related("deadline")
        .prefetch_related(Prefetch("questions", questions))
        .order_by("position", "id")
    )
    return [
        {
            "number": section.number,
            "title": section.title,
            "introduction": section.introduction,
            "deadline": _deadline(section.deadline, _zones(row), now) if section.deadline else None,
            "is_open": section.is_open(now),
            "questions": [_question(question) for question in section.questions.all()],
        }
        for section in found
    ]


def questions_of(row: Row, now: datetime) -> list[Row]:
    """In the paper's order, each with its section and deadline."""
    return [
        {
            **question,
            "section": {"number": section["number"], "title": section["title"]},
            "deadline": section["deadline"],
            "is_open": section["is_open"],
        }
        for section in sections_of(row, now)
        for question in section["questions"]
    ]


def outcomes_of(row: Row, now: datetime) -> list[Row]:
    """What is published of what came of it, with the codes of the other papers that the same outcome answers."""
    public = Consultation.objects.visible_to(AnonymousUser(), now).order_by("id")
    found = (
        Outcome.objects.published(now)
        .filter(consultations=row["id"])
        .prefetch_related(Prefetch("consultations", public.only("code"), to_attr="public"))
    )
    return [
        {
            **{name: getattr(outcome, name) for name in OF_OUTCOME},
            "consultations": [paper.code for paper in outcome.public],  # type: ignore[attr-defined]
        }
        for outcome in found
    ]


def _question(question: Question) -> Row:
    earlier = question.shown_if
    return {
        **{name: getattr(question, name) for name in OF_QUESTION},
        "shown_if": {"question": earlier.code, "answer": question.shown_if_answer} if earlier else None,
        "corrections": [
            {name: getattr(correction, name) for name in OF_CORRECTION} for correction in question.corrections.all()
        ],
    }


def _deadline(deadline: Deadline, zones: tuple[str, ...], now: datetime) -> Row:
    return {
        **{name: getattr(deadline, name) for name in OF_DEADLINE},
        "words": closing(deadline, zones=zones),
        "is_open": deadline.is_open(now),
    }


def _closing(given: Row, zones: tuple[str, ...], now: datetime) -> Row:
    """A deadline as the database's JSON gives it."""
    at = _instant(given["closes_at"])
    return {
        **given,
        "closes_at": with_z(given["closes_at"]),
        "words": _words(at, given["time_zone"], zones),
        "is_open": at is None or now <= at,
    }


@lru_cache(maxsize=4096)
def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@lru_cache(maxsize=4096)
def _words(at: datetime | None, zone: str, zones: tuple[str, ...]) -> str:
    return closing(Deadline(closes_at=at, time_zone=zone), zones=zones)


def _zones(row: Row) -> tuple[str, ...]:
    return tuple(body["time_zone"] for body in row["bodies"])
