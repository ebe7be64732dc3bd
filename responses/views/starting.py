"""Start a response: for which organisation, if there are several; what to do first, if there is none."""

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from accounts.models import Organisation
from accounts.permissions import MAY_DRAFT
from consultations.closing import zone_of
from consultations.models import Consultation
from notifications import clock
from notifications.refusal import Refusal
from responses import drafting
from responses.forms import StartForm
from responses.models import Response
from responses.pages import SignedInRequest, bodies_of, by, code_in, page, private


@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponseBase:
    """POST `consultation` (its code) and, where one may draft for several, `organisation`. GET asks for the latter.

    Who is signed out is led through signing in and comes back by GET, still to the same consultation.
    """
    code = code_in(request.POST.get("consultation", "") or request.GET.get("consultation", ""))
    if not request.user.is_authenticated:
        return redirect_to_login(f"{reverse('responses:start')}?{urlencode({'consultation': code})}")
    return _start(request, code)


@private
def _start(request: SignedInRequest, code: str) -> HttpResponse:
    now = clock.now()
    papers = Consultation.objects.visible_to(request.user, now).prefetch_related(bodies_of(""))
    consultation = get_object_or_404(papers, code=code)
    mine = Organisation.objects.filter(memberships__user=request.user)
    drafting_for = list(mine.filter(memberships__role__in=MAY_DRAFT, memberships__user=request.user).distinct())
    form = StartForm(drafting_for, request.POST if "organisation" in request.POST else None)
    context = {
        "form": form,
        "consultation": consultation,
        "rehearsal": consultation.is_rehearsal,
        "zone": zone_of(consultation),
        "organisations": drafting_for,
        "reads_for": mine,
    }
    chosen = _chosen(request, form, drafting_for)
    if chosen is None:
        if not drafting_for and (there := Response.objects.of(request.user).filter(consultation=consultation).first()):
            return redirect("responses:detail", there.code)
        return page(request, "start", context, status=400 if form.is_bound else 200)
    try:
        response = drafting.start(consultation=consultation, organisation=chosen, by=by(request), now=now)
    except Refusal as refusal:
        return page(request, "start", {**context, "refusal": refusal}, status=refusal.status)
    return redirect("responses:detail", response.code)


def _chosen(request: HttpRequest, form: StartForm, organisations: list[Organisation]) -> Organisation | None:
    """Whose response it is to be; None while that has yet to be said."""
    if request.method != "POST":
        return None
    if form.is_bound:
        codes = {organisation.code: organisation for organisation in organisations}
        return codes[form.cleaned_data["organisation"]] if form.is_valid() else None
    return organisations[0] if len(organisations) == 1 else None
