"""What staff see of one consultation at a glance: where it stands, what is missing, its parts, what can be done."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode

from consultations import publishing
from consultations.closing import closing, moment, zone_of
from consultations.models import Consultation, Deadline, Document, Outcome, Question, Section
from consultations.querysets import Status

# Rooms above add their own: functions of (request, consultation) that return a panel, or None for "not for you".
PANELS: list[Callable[[HttpRequest, Consultation], "Panel | None"]] = []


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A box on the page: a heading, lines of text, and links as (label, address)."""

    title: str
    lines: list[str]
    links: list[tuple[str, str]]


def context(request: HttpRequest, consultation: Consultation, now: datetime) -> dict[str, Any]:
    """Everything the template needs, in a number of queries that no number of questions changes."""
    paper: Any = Consultation.objects.with_status(now).get(pk=consultation.pk)
    zone = zone_of(consultation)
    is_draft = consultation.published_at is None
    return {
        "status": paper.status,
        "status_label": Status(paper.status).label,
        "status_words": _status_words(consultation, paper.status, zone, now),
        "is_draft": is_draft,
        "frozen": publishing.is_frozen(consultation, now),
        "missing": publishing.unready(consultation, moment=now) if is_draft else [],
        "deadlines": _deadlines(consultation, now),
        "sections": _sections(consultation, now),
        "documents": list(Document.objects.filter(consultation=consultation)),
        "outcomes": list(Outcome.objects.filter(consultations=consultation)),
        "panels": [panel for make in PANELS if (panel := make(request, consultation))],
        "preview": _preview(consultation),
        "add": {model: _add_url(model, consultation) for model in ("deadline", "section", "question", "document")},
    }


def _status_words(consultation: Consultation, status: str, zone: str, now: datetime) -> str:
    if consultation.withdrawn_at:
        return f"Withdrawn at {moment(consultation.withdrawn_at, zone)}: {consultation.withdrawal_reason}"
    if consultation.published_at is None:
        return "Nobody but staff can see it."
    if consultation.published_at > now:
        return f"Becomes public at {moment(consultation.published_at, zone)}."
    if status == Status.SCHEDULED and consultation.opens_at:
        return f"Public; opens at {moment(consultation.opens_at, zone)}."
    return f"Public since {moment(consultation.published_at, zone)}."


def _deadlines(consultation: Consultation, now: datetime) -> list[dict[str, Any]]:
    rows = Deadline.objects.filter(consultation=consultation).prefetch_related("changes")
    zones = list(
        consultation.authorities.order_by("consultationauthority__position").values_list("time_zone", flat=True)
    )
    return [
        {
            "row": row,
            "words": closing(row, zones=zones),
            "is_open": row.is_open(now),
            "changes": [
                {
                    "was": moment(change.old_closes_at, row.time_zone) if change.old_closes_at else "no closing date",
                    "became": moment(change.new_closes_at, row.time_zone)
                    if change.new_closes_at
                    else "no closing date",
                    "reason": change.reason,
                    "who": change.changed_by_name,
                }
                for change in row.changes.all()
            ],
        }
        for row in rows
    ]


def _sections(consultation: Consultation, now: datetime) -> list[dict[str, Any]]:
    questions: dict[int, list[Question]] = {}
    for question in Question.objects.filter(section__consultation=consultation).annotate(
        corrected=Count("corrections")
    ):
        questions.setdefault(question.section_id, []).append(question)
    rows = Section.objects.filter(consultation=consultation).select_related("deadline")
    return [{"row": row, "questions": questions.get(row.pk, []), "is_open": row.is_open(now)} for row in rows]


def _add_url(model: str, consultation: Consultation) -> str:
    return f"{reverse(f'admin:consultations_{model}_add')}?{urlencode({'consultation': consultation.pk})}"


def _preview(consultation: Consultation) -> str:
    try:
        return reverse("consultations:detail", args=[consultation.code])
    except NoReverseMatch:
        return ""
