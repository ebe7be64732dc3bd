"""Pages for readers who give an e-mail address and no password: asking, confirming, choosing.

Scanners of mail open every link, so a GET never changes anything.
"""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import addresses, profile, rates
from accounts.models import User
from accounts.record import by_request, client_ip
from accounts.views.pages import form_page
from consultations import managing, opting_in
from consultations.choosing_rhythms import RhythmsForm, own_follows
from consultations.email_forms import AddressForm, DeleteForm, WantedForm
from consultations.forms import AlertsForm
from consultations.models import Follow
from notifications import clock
from notifications.refusal import Refusal

AN_HOUR, MOST_AN_HOUR = 3_600, 20


# --- Asking -----------------------------------------------------------------------------------------------------------
@never_cache
@form_page
def follow_by_email(request: HttpRequest) -> HttpResponse:
    """The form for an address, and what it asks for. The answer is the same whatever is known of the address."""
    wanted = _wanted(request.POST if request.method == "POST" else request.GET)
    form = AddressForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            return _ask(request, form.cleaned_data["email"], wanted)
        except Refusal as refusal:
            form.add_error(refusal.field or None, refusal.message)
    context = {"form": form, "wanted": wanted, "criteria": WantedForm.typed(wanted)}
    return render(request, "consultations/follow_by_email.html", context, status=400 if form.errors else 200)


def _ask(request: HttpRequest, address: str, wanted: Follow) -> HttpResponse:
    if not rates.is_within(what="follow_by_email", who=rates.caller(request), most=MOST_AN_HOUR, seconds=AN_HOUR):
        raise Refusal("Too many addresses were given from where you are. Try again in an hour.")
    opting_in.ask(address=address, wanted=wanted, now=clock.now())
    return redirect("consultations:follow_asked")


def _wanted(asked: QueryDict) -> Follow:
    """What is to be followed. Raises Refusal where the address of the page names nothing."""
    form = WantedForm(asked)
    if not form.is_valid():
        raise Refusal("What you want to follow is not here. Go back and choose it again.")
    return form.wanted()


@require_safe
def follow_asked(request: HttpRequest) -> HttpResponse:
    return render(request, "consultations/follow_asked.html")


# --- Confirming -------------------------------------------------------------------------------------------------------
@never_cache
@form_page
def confirm_follow(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, POST follows. Who has an account signs in first."""
    now = clock.now()
    asked = opting_in.read(token, now)
    owner = addresses.owner_of(asked.address)
    if owner and owner.is_active and not addresses.is_bare(owner) and request.user != owner:
        return _sign_in(request)
    context: dict[str, Any] = {"asked": asked, "has_account": owner and request.user == owner, "done": False}
    if request.method == "POST":
        person, _ = opting_in.confirm(token=token, by=by_request(request, "page"), now=now)
        context |= {"done": True, "manage_token": "" if context["has_account"] else managing.token(person)}
    return render(request, "consultations/confirm_follow.html", context)


def _sign_in(request: HttpRequest) -> HttpResponse:
    """To sign in and back here; who is signed in as somebody else is told so, for signing in would bring them back."""
    if request.user.is_authenticated:
        raise Refusal("This link is for another account. Sign out, open it again and sign in with its address.")
    return redirect(f"{reverse('account_login')}?{urlencode({'next': request.path})}")


# --- Choosing ---------------------------------------------------------------------------------------------------------
@never_cache
@form_page
def manage(request: HttpRequest, token: str) -> HttpResponse:
    """What the address hears of and when. Who has an account does this on their own page, signed in."""
    person = managing.read(token)
    if not addresses.is_bare(person):
        return redirect("consultations:following")
    if request.method != "POST":
        return _choices(request, person)
    act = ACTS.get(request.POST.get("do", ""), _save)
    return act(request, person) or redirect("consultations:manage", token)


def _choices(request: HttpRequest, person: User, **bound: forms.BaseForm) -> HttpResponse:
    """`bound`: the form that was sent and cannot be taken, under its name; the others are as things stand."""
    follows = Follow.objects.filter(user=person).select_related("user", "consultation", "authority", "topic")
    rows = list(follows.order_by("pk"))
    heard = [row for row in rows if not row.muted]
    shown: dict[str, forms.BaseForm] = {
        "form": AlertsForm(instance=person),
        "rhythms": RhythmsForm(person=person, follows=heard),
        "deleting": DeleteForm(),
    } | bound
    context = {**shown, "forms": list(bound.values()), "follows": heard, "muted": [row for row in rows if row.muted]}
    context["token"] = managing.token(person)
    return render(request, "consultations/manage.html", context, status=400 if bound else 200)


def _save(request: HttpRequest, person: User) -> HttpResponse | None:
    form = AlertsForm(request.POST, instance=User.objects.get(pk=person.pk))
    if not form.is_valid():
        return _choices(request, person, form=form)
    profile.choose_reminders(person=person, **form.cleaned_data, **_by(request, person))
    messages.success(request, "Your choices are saved.")
    return None


def _rhythm(request: HttpRequest, person: User) -> HttpResponse | None:
    form = RhythmsForm(request.POST, person=person, follows=own_follows(person))
    if not form.is_valid():
        return _choices(request, person, rhythms=form)
    form.save(**_by(request, person))
    messages.success(request, "How soon you hear of openings and outcomes is saved.")
    return None


def _stop(request: HttpRequest, person: User) -> None:
    stopped = managing.stop(person=person, follow=_number(request), **_by(request, person))
    if stopped:
        messages.success(request, f"You get no more e-mails about {stopped}.")


def _hear(request: HttpRequest, person: User) -> None:
    heard = managing.hear_again(person=person, follow=_number(request), **_by(request, person))
    if heard:
        messages.success(request, f"You get e-mails about {heard} again.")


def _by(request: HttpRequest, person: User) -> dict[str, Any]:
    return {"by": managing.by_link(person, client_ip(request)), "now": clock.now()}


def _number(request: HttpRequest) -> int:
    """Which follow a button is about; 0 for none."""
    typed = request.POST.get("follow", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else 0


def _stop_all(request: HttpRequest, person: User) -> None:
    managing.stop_all(person=person, **_by(request, person))
    messages.success(request, "You follow nothing any more, and get no more e-mails.")


def _delete(request: HttpRequest, person: User) -> HttpResponse:
    form = DeleteForm(request.POST)
    if not form.is_valid():
        return _choices(request, person, deleting=form)
    addresses.forget(person=person, by=by_request(request, "page"), now=clock.now())
    return render(request, "consultations/address_deleted.html")


ACTS: dict[str, Any] = {"rhythm": _rhythm, "stop": _stop, "hear": _hear, "stop_all": _stop_all, "delete": _delete}
