"""Pages about consultations: finding one and reading it. Choosing what to hear of: choosing.py."""

from datetime import datetime
from pathlib import PurePath
from typing import Any
from urllib.parse import urlencode

from django.db.models import Prefetch, Q, prefetch_related_objects
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_safe

from consultations import markdown, showing
from consultations.forms import SORTS, FindForm
from consultations.models import (
    Authority,
    Consultation,
    Deadline,
    Document,
    Follow,
    Outcome,
    Question,
    Section,
    Wording,
)
from consultations.querysets import Status, bodies_in_order
from notifications import clock

PAGE_SIZE = 20
BODIES = bodies_in_order()
TAKING = (Status.OPEN, Status.PART_CLOSED)


# --- Finding ----------------------------------------------------------------------------------------------------------
@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """The list, without an account. Nothing is counted: one row more than a page tells whether there is another."""
    now = clock.now()
    form = FindForm(request.GET)
    papers = form.narrow(Consultation.objects.visible_to(request.user, now).with_status(now), now)
    start = (form.page_number - 1) * PAGE_SIZE
    rows = list(papers.prefetch_related(BODIES, "topics", "deadlines")[start : start + PAGE_SIZE + 1])
    context = {
        "form": form,
        "papers": [listed(paper, now) for paper in rows[:PAGE_SIZE]],
        "from_number": start + 1,
        "to_number": start + min(len(rows), PAGE_SIZE),
        "sorted_by": SORTS[form.found.get("sort", "closing")],
        "has_rehearsals": Consultation.objects.visible_to(request.user, now).filter(is_rehearsal=True).exists(),
        "next_url": _page(request, form.page_number + 1) if len(rows) > PAGE_SIZE else "",
        "previous_url": _page(request, form.page_number - 1) if form.page_number > 1 else "",
        "save_query": urlencode(form.criteria),
    }
    return render(request, "consultations/list.html", context)


def listed(paper: Consultation, now: datetime) -> dict[str, Any]:
    """A row of the list: the paper and its deadlines in words, the soonest that is still ahead first."""
    deadlines = sorted(
        paper.deadlines.all(), key=lambda row: (not row.is_open(now), row.closes_at or now, row.position)
    )
    zones = [body.time_zone for body in paper.authorities.all()]
    return {
        "paper": paper,
        "status": Status(paper.status),  # type: ignore[attr-defined]
        "may_open": paper.status in TAKING,  # type: ignore[attr-defined]
        "published": showing.published(paper),
        "deadlines": [showing.deadline_shown(row, zones=zones, now=now, moves=False) for row in deadlines],
        "closed": showing.known_to_have_closed(paper),
    }


def _page(request: HttpRequest, number: int) -> str:
    """The address of another page of the same search."""
    wanted = [(key, value) for key, value in request.GET.items() if key != "page" and value]
    return "?" + urlencode([*wanted, ("page", number)])


# --- Reading ----------------------------------------------------------------------------------------------------------
@require_safe
def detail(request: HttpRequest, code: str) -> HttpResponse:
    """One consultation. Who may see drafts sees them here as a firm will, with a banner that says so."""
    now = clock.now()
    paper = get_object_or_404(Consultation.objects.visible_to(request.user, now).with_status(now), code=code)
    _fetch(paper)
    status = Status(paper.status)  # type: ignore[attr-defined]
    bodies = list(paper.authorities.all())
    deadlines = list(paper.deadlines.all())
    zones = [body.time_zone for body in bodies]
    if request.user.is_authenticated:
        zones.append(request.user.time_zone)
    context = {
        "paper": paper,
        "status": status,
        "bodies": bodies,
        "rehearsal": paper.is_rehearsal,
        "rehearsal_of": paper.rehearsal_of if _is_shown(paper.rehearsal_of, now) else None,
        "published": showing.published(paper),
        "closed": showing.known_to_have_closed(paper),
        "deadlines": [showing.deadline_shown(row, zones=zones, now=now) for row in deadlines],
        "remains": _remains(deadlines, now) if status == Status.PART_CLOSED else None,
        "is_preview": not paper.is_public(now),
        "is_over": status == Status.CLOSED and not paper.withdrawn_at,
        "is_taking": paper.is_taking(now) and status in TAKING,
        "may_open": status in (*TAKING, Status.UNKNOWN, Status.SCHEDULED, Status.DRAFT),
        "closing_title": _closing_title(status, deadlines, now),
        "body": markdown.render(paper.body),
        "sections": [_section(section, now) for section in paper.sections.all()],
        "has_prompts": any(q.wording == Wording.SOUNDINGS for s in paper.sections.all() for q in s.questions.all()),
        "web_sources": [source for source in paper.sources if _is_address(source)],
        "other_sources": [source for source in paper.sources if not _is_address(source)],
        **_outcomes(paper, now),
        **_following(request, paper, bodies),
    }
    return render(request, "consultations/detail.html", context)


def _closing_title(status: Status, deadlines: list[Deadline], now: datetime) -> str:
    if status == Status.WITHDRAWN:
        return "Deadlines"
    ahead = any(row.is_open(now) for row in deadlines) if deadlines else status in (*TAKING, Status.UNKNOWN)
    return "When it closes" if ahead else "When it closed"


def _fetch(paper: Consultation) -> None:
    """Everything that the page shows, in a number of queries that does not grow with it."""
    questions = Question.objects.prefetch_related("corrections").order_by("position", "pk")
    prefetch_related_objects(
        [paper],
        BODIES,
        "topics",
        "documents",
        "rehearsal_of",
        Prefetch("deadlines", queryset=Deadline.objects.prefetch_related("changes")),
        Prefetch("sections", queryset=Section.objects.select_related("deadline")),
        Prefetch("sections__questions", queryset=questions),
        "outcomes__consultations",
    )


def _section(section: Section, now: datetime) -> dict[str, Any]:
    return {
        "section": section,
        "introduction": markdown.render(section.introduction),
        "is_open": section.is_open(now),
        "questions": list(section.questions.all()),
    }


def _remains(deadlines: list[Deadline], now: datetime) -> dict[str, list[str]]:
    """What has closed and what may still be answered, by label."""
    return {
        "closed": [row.label for row in deadlines if not row.is_open(now)],
        "open": [row.label for row in deadlines if row.is_open(now)],
    }


def _outcomes(paper: Consultation, now: datetime) -> dict[str, list[dict[str, Any]]]:
    """What is published, and what the record holds as reported or expected without being sure of it."""
    outcomes: list[Outcome] = list(paper.outcomes.all())
    known = [each for each in outcomes if each.published_at and each.published_at <= now]
    unsure = [each for each in outcomes if each.published_at is None and each.source_key]
    return {"outcomes": [_outcome(each, paper, now) for each in known],
            "unsure_outcomes": [_outcome(each, paper, now) for each in unsure]}  # fmt: skip


def _outcome(outcome: Outcome, paper: Consultation, now: datetime) -> dict[str, Any]:
    others = [other for other in outcome.consultations.all() if other.pk != paper.pk and other.is_public(now)]
    return {"outcome": outcome, "others": others, "url": outcome.url if _is_address(outcome.url) else ""}


def _following(request: HttpRequest, paper: Consultation, bodies: list[Authority]) -> dict[str, Any]:
    """What of this paper the reader follows already, in one query."""
    user = request.user
    follows = Follow.objects.none()
    if user.is_authenticated:
        about = Q(consultation=paper) | Q(authority__in=bodies) | Q(topic__in=list(paper.topics.all()))
        follows = Follow.objects.visible_to(user).filter(about)
    rows = [row for row in follows if row.user_id and row.is_of_one_thing]
    return {
        "follows_paper": any(row.consultation_id and not row.muted for row in rows),
        "is_muted": any(row.muted for row in rows),
        "followed_bodies": {row.authority_id for row in rows},
        "followed_topics": {row.topic_id for row in rows},
    }


def _is_shown(original: Consultation | None, now: datetime) -> bool:
    return original is not None and original.is_public(now)


def _is_address(text: str) -> bool:
    return text.startswith(("https://", "http://")) and not any(character.isspace() for character in text)


@require_GET
def document(request: HttpRequest, code: str) -> FileResponse:
    """A file of a consultation that one may see; always as a download, never opened on our own pages."""
    papers = Consultation.objects.visible_to(request.user, clock.now())
    found = get_object_or_404(Document.objects.exclude(file=""), code=code, consultation__in=papers)
    try:
        opened = found.file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    suffix = PurePath(found.file.name or "").suffix
    return FileResponse(opened, as_attachment=True, filename=found.title.removesuffix(suffix) + suffix,
                        content_type="application/octet-stream")  # fmt: skip
