"""All that one's organisations have written: searched, used again in a draft, and exported."""

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Organisation, Role
from notifications import clock
from notifications.refusal import Conflict, Refusal
from responses import exporting, reusing, searching
from responses.models import Export
from responses.pages import Desk, SignedInRequest, by, code_in, desk, page, private
from responses.progress import Item
from responses.searching import Hit


# --- Search -----------------------------------------------------------------------------------------------------------
@private
@require_safe
def search(request: SignedInRequest) -> HttpResponse:
    """`?q=` searches all that one's organisations filed or drafted."""
    words = request.GET.get("q", "")[:200]
    found = searching.find(request.user, words)
    return page(request, "search", {"words": words, "hits": _shown(found, words), "most": searching.MOST})


def _shown(found: list[Hit], words: str) -> list[dict[str, object]]:
    return [{"hit": hit, "snippet": searching.snippet(hit.text, words)} for hit in found]


# --- A passage used again ---------------------------------------------------------------------------------------------
@private
@require_http_methods(["GET", "HEAD", "POST"])
def earlier(request: SignedInRequest, code: str, question: str) -> HttpResponse:
    """`?q=` searches, `?from=` shows one that was found; POST `from` and `paragraph` appends those to the answer."""
    here = desk(request, code)
    item = _item(here, question)
    given = request.POST if request.method == "POST" else request.GET
    words = given.get("q", "")[:200]
    hit = searching.hit_at(request.user, given.get("from", "")[:50]) if given.get("from") else None
    if given.get("from") and hit is None:
        raise Http404
    context = here.context(item=item, words=words, hit=hit, most=searching.MOST)
    if request.method == "POST" and hit is not None:
        refusal = _use(request, here, item, hit)
        if refusal is None:
            return redirect(_place(here, item))
        return page(request, "earlier", {**context, "refusal": refusal}, status=refusal.status)
    if hit is None:
        mine = f"{code}:{question}"
        context["hits"] = [row for row in _shown(searching.find(request.user, words), words) if row["hit"].key != mine]  # type: ignore[attr-defined]
    return page(request, "earlier", context, status=400 if request.method == "POST" else 200)


def _use(request: SignedInRequest, here: Desk, item: Item, hit: Hit) -> Refusal | None:
    """Why it was not appended; None when it was."""
    try:
        passage = reusing.passage_of(hit, request.POST.getlist("paragraph"))
        reusing.use(
            response=here.response, question=item.question, hit=hit, passage=passage, by=by(request), now=here.now
        )
    except Refusal as refusal:
        return refusal
    messages.success(request, f"{len(passage.split())} words from {hit.source} are now at the end of the answer.")
    return None


def _item(here: Desk, question: str) -> Item:
    """The question of this response, if words can answer it."""
    for part in here.parts():
        for item in part.everything:
            if item.question.code == question and item.question.kind in reusing.TAKING_TEXT:
                return item
    raise Http404


def _place(here: Desk, item: Item) -> str:
    where = reverse("responses:section", args=[here.response.code, item.question.section_id])
    return f"{where}#question-{item.question.code}"


# --- Export -----------------------------------------------------------------------------------------------------------
@private
@require_http_methods(["GET", "HEAD", "POST"])
def exports(request: SignedInRequest) -> HttpResponse:
    """The exports of the organisations that one administers; POST `organisation` has one built."""
    now = clock.now()
    administered = Organisation.objects.filter(memberships__user=request.user, memberships__role=Role.ADMIN)
    if request.method == "POST":
        organisation = get_object_or_404(administered, code=code_in(request.POST.get("organisation", "")))
        exporting.ask(organisation=organisation, by=by(request), now=now)
        messages.success(request, f"The export of what {organisation} holds is being built. You get an e-mail.")
        return redirect("responses:exports")
    kept = exporting.under_way_or_kept(now).visible_to(request.user).select_related("asked_by")
    found: dict[int, list[Export]] = {}
    for export in kept:
        found.setdefault(export.organisation_id, []).append(export)
    rows = [(organisation, found.get(organisation.pk, [])) for organisation in administered]
    return page(request, "exports", {"rows": rows, "days": exporting.KEPT.days})


@private
@require_safe
def export(request: SignedInRequest, export: str) -> HttpResponseBase:
    """The ZIP, for an administrator of the organisation, until it expires."""
    found = get_object_or_404(Export.objects.visible_to(request.user).select_related("organisation"), code=export)
    try:
        content = exporting.open_built(export=found, by=by(request), now=clock.now())
    except Conflict as refusal:
        messages.error(request, refusal.message)
        return redirect("responses:exports")
    except FileNotFoundError as error:
        raise Http404 from error
    name = f"soundings-{slugify(found.organisation.name)[:60] or found.organisation.code}-{found.built_at:%Y-%m-%d}.zip"
    given = FileResponse(content, as_attachment=True, filename=name, content_type="application/zip")
    given["X-Content-Type-Options"] = "nosniff"
    given["Cache-Control"] = "private, no-store"
    return given
