"""Pages on which one chooses what to hear of, for oneself or an organisation, and when to be reminded."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from accounts import alerts as lead_times
from accounts import profile
from accounts.models import User
from accounts.record import by_request
from accounts.views.pages import form_page
from consultations import following as flow
from consultations import showing
from consultations.forms import AlertsForm, FollowForm, FollowLeadsForm, SearchForm
from consultations.models import Consultation, Deadline, Follow
from notifications import clock
from notifications.refusal import NotAllowed, Refusal

COMING = 10
NAMES_BY_EMAIL = {"consultation": "consultation", "authority": "body", "topic": "topic"}


# --- What one follows -------------------------------------------------------------------------------------------------
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
    profile.choose_reminders(person=_person(request), by=by_request(request, "page"), **form.cleaned_data)
    messages.success(request, "Your reminders are saved.")
    return redirect("consultations:following")


def _alerts_page(request: HttpRequest, form: AlertsForm) -> HttpResponse:
    now, person = clock.now(), _person(request)
    named = Q(consultation=None) | Q(consultation__in=Consultation.objects.visible_to(person, now))
    shown = list(_visible(person).filter(named).order_by("organisation__name", "pk"))
    own = [row for row in shown if row.user_id]
    context = {
        "form": form,
        "consultations": [row for row in own if row.consultation and not row.muted],
        "muted": [row for row in own if row.muted],
        "authorities": [row for row in own if row.authority and row.is_of_one_thing],
        "topics": [row for row in own if row.topic and row.is_of_one_thing],
        "searches": [row for row in own if not row.is_of_one_thing],
        "organisations": [row for row in shown if row.organisation_id],
        "may_choose_for": set(flow.drafted_for(person).values_list("pk", flat=True)),
        "coming": _coming(person, now),
    }
    return render(request, "consultations/following.html", context)


def _coming(person: User, now: datetime) -> list[dict[str, Any]]:
    """The next deadlines of what the person hears of."""
    heard = Consultation.objects.filter(flow.heard_by(person)).values("pk")
    ahead = Deadline.objects.ahead(now).filter(consultation__in=heard).select_related("consultation")
    return [
        {"paper": row.consultation,
         "deadline": showing.deadline_shown(row, zones=[person.time_zone], now=now, moves=False)}
        for row in ahead.order_by("closes_at", "pk")[:COMING]
    ]  # fmt: skip


# --- The buttons ------------------------------------------------------------------------------------------------------
@require_POST
def follow(request: HttpRequest) -> HttpResponse:
    """Hear of one consultation, body or topic; the signed-out are asked for an address."""
    return _change(request, wanted=True)


@require_POST
def unfollow(request: HttpRequest) -> HttpResponse:
    return _change(request, wanted=False)


def _change(request: HttpRequest, *, wanted: bool) -> HttpResponse:
    back = _back(request)
    if not request.user.is_authenticated:
        return _signed_out(request, back, wanted=wanted)
    target, by = _target(request), by_request(request, "page")
    if wanted:
        flow.follow(user=request.user, target=target, by=by)
        messages.success(request, f"You follow {target}. You will hear of it by e-mail at {request.user.email}.")
    else:
        flow.unfollow(user=request.user, target=target, by=by)
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


# --- Saved searches, and what an organisation follows -----------------------------------------------------------------
@login_required
@form_page
def save_search(request: HttpRequest) -> HttpResponse:
    """Follow whatever fits, for oneself or an organisation. The list leads here with what was searched for."""
    person = _person(request)
    organisations = list(flow.drafted_for(person).order_by("name", "pk"))
    if request.method == "POST":
        form = SearchForm(request.POST, organisations=organisations)
    else:
        form = SearchForm(initial=request.GET.dict(), organisations=organisations)
    if request.method == "POST" and form.is_valid():
        try:
            return _saved(request, person, form, {each.code: each for each in organisations})
        except Refusal as refusal:
            form.add_error("q" if refusal.field == "words" else None, refusal.message)
    return render(request, "consultations/save_search.html", {"form": form})


def _saved(request: HttpRequest, person: User, form: SearchForm, organisations: dict[str, Any]) -> HttpResponse:
    by, target, leads = by_request(request, "page"), form.wanted(), form.cleaned_data["chosen"]
    organisation = organisations.get(form.cleaned_data.get("whose", ""))
    if organisation:
        row = flow.follow_for(organisation=organisation, target=target, by=by)
    else:
        row = flow.follow(user=person, target=target, by=by)
    flow.choose_leads(follow=row, leads=leads, by=by)
    who = f"{organisation.name} follows" if organisation else "You follow"
    messages.success(request, f"{who} {row.target}.")
    return redirect("consultations:following")


@login_required
@form_page
def follow_for(request: HttpRequest, code: str) -> HttpResponse:
    """Let an organisation follow this consultation, or no longer: its members who may draft hear of it."""
    person, by = _person(request), by_request(request, "page")
    paper = get_object_or_404(Consultation.objects.visible_to(person, clock.now()), code=code)
    organisations = list(flow.drafted_for(person).order_by("name", "pk"))
    if request.method == "POST":
        chosen = next((each for each in organisations if each.code == request.POST.get("organisation")), None)
        if chosen is None:
            raise NotAllowed("Your role does not let you choose what this organisation follows.")
        flow.follow_for(organisation=chosen, target=paper, by=by)
        messages.success(request, f"{chosen.name} follows {paper}: those who may draft for it hear of it.")
        return redirect("consultations:following")
    followed = set(
        Follow.objects.filter(consultation=paper, organisation__in=organisations).values_list("organisation", flat=True)
    )
    context = {"paper": paper, "organisations": organisations, "followed": followed}
    return render(request, "consultations/follow_for.html", context)


# --- One follow -------------------------------------------------------------------------------------------------------
@login_required
@form_page
def one_follow(request: HttpRequest, pk: int) -> HttpResponse:
    """When this one reminds, where it is to differ from all the others."""
    person, row = _person(request), _own(request, pk)
    form = FollowLeadsForm(request.POST if request.method == "POST" else None, chosen=row.leads)
    if request.method == "POST" and form.is_valid():
        flow.choose_leads(follow=row, leads=form.cleaned_data["chosen"], by=by_request(request, "page"))
        messages.success(request, f"The reminders of {row.target} are saved.")
        return redirect("consultations:following")
    usual = ", ".join(map(lead_times.words, person.leads)) or "none"
    return render(request, "consultations/follow_reminders.html", {"follow": row, "form": form, "usual": usual})


@login_required
@require_POST
def remove_follow(request: HttpRequest, pk: int) -> HttpResponse:
    row = _own(request, pk)
    flow.stop(follow=row, by=by_request(request, "page"))
    messages.success(
        request, f"{row.organisation or 'You'} no longer follow{'s' if row.organisation else ''} {row.target}."
    )
    return redirect("consultations:following")


def _own(request: HttpRequest, pk: int) -> Follow:
    """Of those that one sees, one that one may change. Raises Http404 for another's, NotAllowed for a reader."""
    row: Follow = get_object_or_404(_visible(_person(request)), pk=pk)
    flow.refuse_stranger(row, by_request(request, "page"))
    return row


def _visible(person: User) -> Any:
    return Follow.objects.visible_to(person).select_related(
        "user", "organisation", "consultation", "authority", "topic"
    )


def _person(request: HttpRequest) -> User:
    if not request.user.is_authenticated:
        raise Http404
    return request.user
