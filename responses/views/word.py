"""Working in Word or a spreadsheet: the form goes out, comes back, and is looked at before anything is saved."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from notifications.refusal import Refusal
from responses import importing
from responses.differences import marked
from responses.drafting import Given
from responses.forms import FormUploadForm, name_of, version_in
from responses.importing import SHEET, WORD, Change, Proposal
from responses.models import How
from responses.pages import Desk, SignedInRequest, by, desk_or_guest, giving_back, page, private, refuse_in

TYPES = {
    WORD: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    SHEET: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@private
@require_safe
def download(request: SignedInRequest, code: str, kind: str) -> HttpResponse:
    """The form with the draft as it stands, to be written in."""
    here = desk_or_guest(request, code)
    content = importing.form(here.response, f".{kind}", here.now, reach=here.reach)
    made = form_file(content, here.response.code, f".{kind}")
    made["Cache-Control"] = "private, no-store"
    return made


def form_file(content: bytes, code: str, kind: str) -> HttpResponse:
    made = HttpResponse(content, content_type=TYPES[kind])
    made["Content-Disposition"] = f'attachment; filename="response-{code}{kind}"'
    made["X-Content-Type-Options"] = "nosniff"
    return made


@private
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: SignedInRequest, code: str) -> HttpResponse:
    """GET: the forms to download, and where to upload one. POST: what the uploaded one would change."""
    here = desk_or_guest(request, code)
    form = FormUploadForm()
    status = 200
    if request.method == "POST":
        form = FormUploadForm(request.POST, request.FILES)
        file = form.cleaned_data.get("file") if form.is_valid() else None
        try:
            if file is None:
                raise Refusal("Choose the form that you have written in.", field="file")
            if file.size > importing.MOST_BYTES:
                raise Refusal(f"A form has {importing.MOST_BYTES // 1_048_576} MB at most.", field="file")
            proposal = importing.propose(
                response=here.response, name=file.name or "", content=file.read(), now=here.now, reach=here.reach
            )
        except Refusal as refusal:
            status = refuse_in(form, refusal)
        else:
            return page(request, "word_preview", here.context(**_shown(here, proposal)))
    may_write = here.may_draft and not here.untaken
    return page(request, "word", here.context(form=form, may_write=may_write), status=status)


@private
@require_POST
@giving_back
def save(request: SignedInRequest, code: str) -> HttpResponse:
    """Save the answers that were ticked, as they stand in their fields."""
    here = desk_or_guest(request, code)
    given = [_given(request, item.question) for part in here.parts() for item in part.everything]
    wanted = [each for each in given if each is not None]
    if not wanted:
        messages.info(request, "No answer was ticked, so nothing was saved.")
        return redirect(here.front)
    try:
        refused = importing.save(response=here.response, given=wanted, by=by(request), now=here.now)
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return redirect("responses:word", code)
    saved = len(wanted) - len(refused)
    if saved:
        messages.success(request, f"{saved} answer{'s are' if saved > 1 else ' is'} saved from the form.")
    names = {each.question.code: name_of(each.question) for each in wanted}
    for question, why in refused.items():
        name = names[question]
        messages.error(request, f"{name[:1].upper()}{name[1:]} is not saved: {why.message}")
    return redirect(here.front)


def _given(request: SignedInRequest, question: Any) -> Given | None:
    """What the preview's fields hold for a question; None where it was not ticked."""
    code = question.code
    if f"{code}-take" not in request.POST:
        return None
    return Given(
        question=question,
        text=request.POST.get(f"{code}-text", ""),
        selected=tuple(filter(None, request.POST.getlist(f"{code}-selected"))),
        number=request.POST.get(f"{code}-number", ""),
        version=version_in(request.POST.get(f"{code}-version", "")),
        how=How.IMPORTED,
    )


def _shown(here: Desk, proposal: Proposal) -> dict[str, Any]:
    return {
        "proposal": proposal,
        "rows": [_row(change) for change in proposal.changes],
        "may_write": here.may_draft and not here.untaken,
        "noted": proposal.notes,
    }


def _row(change: Change) -> dict[str, Any]:
    current = change.current.text if change.current else ""
    now_text, form_text = marked(current, change.theirs or change.given.text)
    return {
        "change": change,
        "now_text": now_text,
        "form_text": form_text,
        "now_choice": ", ".join(change.current.selected) if change.current else "",
        "form_choice": ", ".join(change.given.selected) or change.given.number,
        "has_text": bool(current or change.given.text or change.theirs),
    }
