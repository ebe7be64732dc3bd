"""A member's pages: coming in by an invitation or a code, writing input to a trade body, and sending it."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import arriving
from accounts.models import Organisation, User
from accounts.permissions import MAY_DRAFT
from consultations.closing import zone_of
from notifications import clock
from notifications.refusal import Refusal
from responses import collecting, contributing
from responses.collecting import Offer
from responses.collection_forms import CodeForm, InputForm, JoinForm
from responses.models import Contribution, ContributionAnswer
from responses.pages import SignedInRequest, by, page, private, refuse_in

reading_or_sending = require_http_methods(["GET", "HEAD", "POST"])


@private
@reading_or_sending
def contributions(request: SignedInRequest) -> HttpResponse:
    """GET lists what one's organisations give to trade bodies; POST `sharing_code` leads to where the code opens."""
    form = CodeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        code = collecting.compacted(form.cleaned_data["sharing_code"])
        if "." in code or collecting.read(code) is None:
            form.add_error("sharing_code", contributing.UNKNOWN)
        else:
            return redirect("responses:join_collection", code)
    rows = Contribution.objects.own(request.user).select_related(
        "latest", "collection__response__organisation", "collection__response__consultation"
    )
    now = clock.now()
    mine = [(row, collecting.closed(row.collection, now)) for row in rows.order_by("-pk")]
    return page(request, "contributions", {"form": form, "mine": mine}, status=400 if form.errors else 200)


@never_cache
@reading_or_sending
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Open to all who hold the link or the code; giving input takes an account with a confirmed address."""
    now, user = clock.now(), request.user
    offer = collecting.read(token)
    if offer is None:
        return page(request, "join_collection", {"why_not": contributing.UNKNOWN}, status=404)
    response = offer.collection.response
    context = {
        "offer": offer, "collection": offer.collection, "body": response.organisation,
        "consultation": response.consultation, "rehearsal": response.consultation.is_rehearsal, "next": request.path,
        "why_not": offer.why_not(now),
    }  # fmt: skip
    if not isinstance(user, User):
        if not context["why_not"]:
            arriving.remember(request)
        return page(request, "join_collection", context)
    arriving.forget(request)
    if found := contributing.used_by(user, offer.invitation):
        return redirect("responses:contribution", found.code)
    return _join(request, user, token, offer, context, now)


def _join(
    request: HttpRequest, user: User, token: str, offer: Offer, context: dict[str, object], now: datetime
) -> HttpResponse:
    body = offer.collection.response.organisation_id
    mine = Organisation.objects.filter(memberships__user=user, memberships__role__in=MAY_DRAFT).exclude(pk=body)
    form = JoinForm(list(mine), request.POST if request.method == "POST" else None)
    context |= {"form": form, "not_you": contributing.who_may_not(user, offer.invitation)}
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                made = contributing.join(token=token, by=by(request), now=now, **form.given())
            except Refusal as refusal:
                status = refuse_in(form, refusal)
            else:
                return redirect("responses:contribution", made.code)
    return page(request, "join_collection", context, status=status)


@private
@reading_or_sending
def contribution(request: SignedInRequest, code: str) -> HttpResponse:
    """GET shows one's input; POST saves it, and sends or withdraws it if `action` says so."""
    now = clock.now()
    found = _own(request, code)
    if request.method == "POST" and request.POST.get("action") == "withdraw":
        contributing.withdraw(contribution=found, by=by(request), now=now)
        messages.success(request, f"Withdrawn: {found.collection.response.organisation} reads it no longer.")
        return redirect("responses:contribution", code)
    asked = list(
        found.collection.questions.select_related("section").order_by("section__position", "section", "position", "pk")
    )
    form = InputForm(asked, _answers(found), found.naming, request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        refusal = _save(request, found, form, now)
        if refusal is None:
            return redirect("responses:contribution", code)
        status = refusal.status
    sent = found.versions.select_related("sent_by").defer("content")
    reason = collecting.closed(found.collection, now)
    response = found.collection.response
    context = {
        "form": form, "contribution": found, "collection": found.collection, "body": response.organisation,
        "consultation": response.consultation, "rehearsal": response.consultation.is_rehearsal, "sent": sent,
        "zone": zone_of(response.consultation), "closed": reason, "reader": request.user,
        "may_write": not reason and contributing.may_write(request.user, found),
        "may_withdraw": found.is_sent and contributing.may_write(request.user, found),
        "differs": _differs(found, form),
    }  # fmt: skip
    return page(request, "contribution", context, status=status)


def _save(request: SignedInRequest, found: Contribution, form: InputForm, now: datetime) -> Refusal | None:
    """Save, and send where that was asked. Why not, if something was refused: the form shows it then."""
    who, naming = by(request), request.POST.get("naming", "")
    try:
        refused = contributing.save(contribution=found, texts=form.texts(), naming=naming, by=who, now=now)
        form.answers = _answers(found)
        form.stand()
        for question, refusal in refused.items():
            form.refuse(question, refusal)
        if refused:
            return next(iter(refused.values()))
        if request.POST.get("action") == "send":
            made = contributing.send(contribution=found, by=who, now=now)
            messages.success(
                request, f"Sent as version {made.number}. You can change it and send again until it closes."
            )
        else:
            messages.success(request, "Saved. Nobody but you has seen it: send it when it is ready.")
    except Refusal as refusal:
        refuse_in(form, refusal)
        return refusal
    return None


def _own(request: SignedInRequest, code: str) -> Contribution:
    rows = Contribution.objects.own(request.user).select_related(
        "organisation", "latest", "collection__response__organisation", "collection__response__consultation"
    )
    return get_object_or_404(rows, code=code)


def _answers(found: Contribution) -> dict[int, ContributionAnswer]:
    return {row.question_id: row for row in found.answers.select_related("edited_by")}


def _differs(found: Contribution, form: InputForm) -> bool:
    """What stands on the page is not what was sent."""
    if found.latest is None:
        return False
    asked = {question.pk: question.code for question in form.asked}
    now = {asked[pk]: row.text.strip() for pk, row in form.answers.items() if pk in asked and row.text.strip()}
    return now != found.latest.content or found.naming != found.latest.naming
