"""Pages about consultations: finding one, reading it, following it, choosing one's alerts."""

from datetime import datetime
from pathlib import PurePath
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch, Q, prefetch_related_objects
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts.models import User
from consultations import following as flow
from consultations import markdown, showing
from consultations.forms import SORTS, AlertsForm, FindForm, FollowForm
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
from consultations.querysets import Status
from notifications import clock

PAGE_SIZE = 20
COMING = 10
BODIES = Prefetch("authorities", queryset=Authority.objects.order_by("consultationauthority__position"))
NAMES_BY_EMAIL = {"consultation": "consultation", "authority": "body", "topic": "topic"}  # as WantedForm has them
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
        "follow_url": _follow_url(form),
        "next_url": _page(request, form.page_number + 1) if len(rows) > PAGE_SIZE else "",
        "previous_url": _page(request, form.page_number - 1) if form.page_number > 1 else "",
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


def _follow_url(form: FindForm) -> str:
    """Where to follow what this search finds, now and later; "" where it narrows nothing that can be followed."""
    wanted = {name: form.data[name] for name in ("q", "body", "topic", "jurisdiction", "kind") if name in form.found}
    return f"{reverse('consultations:follow_by_email')}?{urlencode(wanted)}" if wanted else ""


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
    rows = list(follows)
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


# --- Following --------------------------------------------------------------------------------------------------------
@login_required
@require_safe
def following(request: HttpRequest) -> HttpResponse:
    """What one follows and when one is reminded."""
    return _alerts_page(request, AlertsForm(instance=_person(request)))


@login_required
@require_POST
def alerts(request: HttpRequest) -> HttpResponse:
    """Keep when and on whose calendar one is reminded."""
    form = AlertsForm(request.POST, instance=User.objects.get(pk=_person(request).pk))
    if not form.is_valid():
        return _alerts_page(request, form)
    form.save()
    messages.success(request, "Your reminders are saved.")
    return redirect("consultations:following")


def _alerts_page(request: HttpRequest, form: AlertsForm) -> HttpResponse:
    now = clock.now()
    person = _person(request)
    follows = list(
        Follow.objects.visible_to(person).select_related("consultation", "authority", "topic").order_by("pk")
    )
    shown = [row for row in follows if row.consultation is None or row.consultation.is_public(now) or person.is_staff]
    context = {
        "form": form,
        "consultations": [row for row in shown if row.consultation and not row.muted],
        "muted": [row for row in shown if row.muted],
        "authorities": [row for row in shown if row.authority],
        "topics": [row for row in shown if row.topic],
        "coming": _coming(person, follows, now),
    }
    return render(request, "consultations/following.html", context)


def _coming(person: User, follows: list[Follow], now: datetime) -> list[dict[str, Any]]:
    """The next deadlines of what the person hears of (following.followers_of, from the person's side)."""
    heard = Q(consultation__in=[row.consultation_id for row in follows if row.consultation_id and not row.muted])
    bodies = [row.authority_id for row in follows if row.authority_id]
    topics = [row.topic_id for row in follows if row.topic_id]
    by_body = Q(consultation__consultationauthority__authority__in=bodies) | Q(consultation__topics__in=topics)
    heard |= by_body & Q(consultation__is_rehearsal=False)
    muted = [row.consultation_id for row in follows if row.muted]
    ahead = Deadline.objects.ahead(now).filter(heard).exclude(consultation__in=muted).select_related("consultation")
    rows = ahead.distinct().order_by("closes_at", "pk")[:COMING]
    return [
        {"paper": row.consultation,
         "deadline": showing.deadline_shown(row, zones=[person.time_zone], now=now, moves=False)}
        for row in rows
    ]  # fmt: skip


@require_POST
def follow(request: HttpRequest) -> HttpResponse:
    """Hear of one consultation, body or topic; the signed-out are asked for an e-mail address."""
    return _change(request, wanted=True)


@require_POST
def unfollow(request: HttpRequest) -> HttpResponse:
    return _change(request, wanted=False)


def _change(request: HttpRequest, *, wanted: bool) -> HttpResponse:
    back = _back(request)
    if not request.user.is_authenticated:
        return _signed_out(request, back, wanted=wanted)
    target = _target(request)
    if wanted:
        flow.follow(user=request.user, target=target)
        messages.success(request, f"You follow {target}. You will hear of it by e-mail at {request.user.email}.")
    else:
        flow.unfollow(user=request.user, target=target)
        messages.success(request, f"You no longer follow {target}.")
    return redirect(back)


def _signed_out(request: HttpRequest, back: str, *, wanted: bool) -> HttpResponse:
    """To follow, to the page where an e-mail address is enough; to stop, or without saying what, to sign in."""
    form = FollowForm(request.POST)
    if wanted and form.is_valid():
        named = {NAMES_BY_EMAIL[form.cleaned_data["kind"]]: form.cleaned_data["name"]}
        return redirect(f"{reverse('consultations:follow_by_email')}?{urlencode(named)}")
    return redirect(f"{reverse('account_login')}?{urlencode({'next': back})}")


def _target(request: HttpRequest) -> flow.Target:
    form = FollowForm(request.POST)
    if not form.is_valid():
        raise Http404
    model, key = form.KINDS[form.cleaned_data["kind"]]
    rows: Any = model._default_manager.all()
    if model is Consultation:
        rows = Consultation.objects.visible_to(request.user, clock.now())
    found: flow.Target = get_object_or_404(rows, **{key: form.cleaned_data["name"]})
    return found


def _back(request: HttpRequest) -> str:
    """Where the button stood, if that is a page of ours."""
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else reverse("consultations:following")


def _person(request: HttpRequest) -> User:
    if not request.user.is_authenticated:
        raise Http404
    return request.user
