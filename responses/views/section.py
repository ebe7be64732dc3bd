"""One page a section: its questions with their answers, saved by the button and, where JavaScript runs, by itself."""

from dataclasses import replace
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from consultations.closing import zone_words
from consultations.models import Question, QuestionCorrection
from notifications.refusal import Conflict, Refusal
from responses import allowances, attaching, drafting, keeping, reusing
from responses.drafting import StaleAnswer
from responses.forms import AnswerForm, name_of
from responses.models import Answer, How
from responses.pages import (
    Desk,
    SignedInRequest,
    all_typed,
    by,
    closed_words,
    code_in,
    desk_or_guest,
    giving_back,
    page,
    private,
)
from responses.permissions import why_lost
from responses.progress import Part


@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, code: str, number: int) -> HttpResponseBase:
    """GET shows the section; POST saves it and goes on, or shows it again with what was refused at its field.

    Who was signed out while writing gets back what was typed: signing in would lose it. So does a guest whose access
    ended meanwhile.
    """
    if request.method == "POST" and not request.user.is_authenticated:
        return page(request, "signed_out", {"typed": all_typed(request), "next": request.path}, status=401)
    return _answer(request, code=code, number=number)


@private
@giving_back
def _answer(request: SignedInRequest, code: str, number: int) -> HttpResponse:
    here = desk_or_guest(request, code)
    parts = here.parts()
    part = _part(parts, number)
    if request.method != "POST":
        forms = [AnswerForm(item) for item in part.everything]
        return _page(request, here, parts, part, forms)
    data = request.POST.copy()
    forms = [AnswerForm(item, data, request.FILES) for item in part.everything]
    if "put" in data:
        return _put(request, here, parts, part, forms)
    try:
        refused = _save(request, here, forms)
    except Refusal as refusal:
        return _not_saved(request, here, part, forms, refusal)
    if refused:
        return _page(request, here, parts, part, forms, status=_status(refused), refused=refused)
    if wanted := code_in(request.POST.get("earlier", "")):
        return redirect("responses:earlier", code, wanted)
    if "return" in request.POST:
        messages.success(request, f"{part.section} is saved.")
        return redirect(here.front)
    return redirect(_next(here, parts, part))


@private
@require_POST
def autosave(request: SignedInRequest, code: str, number: int) -> HttpResponse:
    """Save the answers that were sent. config/static/soundings/autosave.js tells what it makes of each reply."""
    try:
        here = desk_or_guest(request, code)
        part = _part(here.parts(), number)
    except Http404:
        if why := why_lost(request.user, code):
            return JsonResponse({"detail": f"{why} Your text is still here: copy it."}, status=409)
        raise
    data = request.POST.copy()
    forms = [AnswerForm(item, data) for item in part.everything]
    try:
        saved, refused = _save_answers(request, here, forms, how=How.AUTOSAVED)
    except Refusal as refusal:
        return JsonResponse({"detail": refusal.message}, status=409)
    versions = {f"{question}-version": answer.version for question, answer in saved.items()}
    if refused:
        words = {question: _beside_the_buttons(refusal) for question, refusal in refused.items()}
        detail = " ".join(words.values())
        return JsonResponse({"detail": detail, "versions": versions, "refused": words}, status=_status(refused))
    zone = request.user.time_zone
    saved_at = f"{here.now.astimezone(ZoneInfo(zone)):%H:%M} {zone_words(zone)}"
    return JsonResponse({"saved_at": saved_at, "versions": versions})


def _beside_the_buttons(refusal: Refusal) -> str:
    """At the foot of a page of many answers, before the two texts are shown: which it is, and how to see both."""
    if not isinstance(refusal, StaleAnswer):
        return refusal.message
    who, which = refusal.current.edited_by or "Somebody else", name_of(refusal.current.question)
    return f"{who} changed {which} while you were writing. Neither text is lost: save, and you see both."


def _part(parts: list[Part], number: int) -> Part:
    for part in parts:
        if part.section.pk == number:
            return part
    raise Http404


def _save(request: SignedInRequest, here: Desk, forms: list[AnswerForm]) -> dict[str, Refusal]:
    """Save answers and files, and tell each form how it went; returns what was refused, by question code.

    Raises NotAllowed or Conflict when nothing at all can be saved.
    """
    saved, refused = _save_answers(request, here, forms)
    for form in forms:
        if file := form.given_file():
            try:
                attaching.attach(
                    response=here.response, question=form.question, file=file, by=by(request), now=here.now
                )
            except Refusal as refusal:
                refused[form.question.code] = refusal
        if form.question.code in saved:
            form.stand(saved[form.question.code].version)
        if form.question.code in refused:
            form.refuse(refused[form.question.code])
    return refused


def _save_answers(
    request: SignedInRequest, here: Desk, forms: list[AnswerForm], *, how: str = ""
) -> tuple[dict[str, Answer], dict[str, Refusal]]:
    given = [form.given() for form in forms if form.was_sent]
    if how:
        given = [replace(item, how=how) for item in given]
    sections = {item.question.section_id: item.question.section for item in given}
    if given and not any(allowances.is_open(section, here.response, here.now) for section in sections.values()):
        raise Conflict(closed_words(given[0].question.section))
    return drafting.save_answers(response=here.response, given=given, by=by(request), now=here.now)


def _put(request: SignedInRequest, here: Desk, parts: list[Part], part: Part, forms: list[AnswerForm]) -> HttpResponse:
    """One of two texts that collided, or both, put into the field to go on with. Nothing is saved yet."""
    code, _, which = request.POST["put"].partition(":")
    for form in forms:
        answer = form.item.answer
        if form.question.code == code and answer is not None and "text" in form.fields:
            base = keeping.standing(answer, form.base_version)
            form.put(which, answer, base)
    return _page(request, here, parts, part, forms)


def _status(refused: dict[str, Refusal]) -> int:
    """The status of a page on which several things may be wrong: a stale answer first, it is what is least expected."""
    statuses = {refusal.status for refusal in refused.values()}
    return next((status for status in (412, 409) if status in statuses), 400)


def _next(here: Desk, parts: list[Part], part: Part) -> str:
    """The next section that can be answered; after the last, check your answers. A guest files nothing."""
    later = [other for other in parts[parts.index(part) + 1 :] if other.is_open]
    if later:
        return reverse("responses:section", args=[here.response.code, later[0].section.pk])
    return here.front if here.guest else reverse("responses:check", args=[here.response.code])


def _page(
    request: SignedInRequest,
    here: Desk,
    parts: list[Part],
    part: Part,
    forms: list[AnswerForm],
    *,
    status: int = 200,
    refused: dict[str, Refusal] | None = None,
) -> HttpResponse:
    _surround(forms, parts, part)
    context = here.context(
        parts=parts,
        part=part,
        forms=forms,
        place=parts.index(part) + 1,
        answered=sum(other.answered for other in parts),
        total=sum(other.total for other in parts),
        may_write=here.may_draft and part.is_open and not here.untaken,
        refused=bool(refused),
        others_saved=bool(refused) and any(form.was_sent and not form.errors for form in forms),
        reused={} if here.guest else reusing.used_in(item.answer for item in part.everything if item.answer),
    )
    return page(request, "section", context, status=status)


def _surround(forms: list[AnswerForm], parts: list[Part], part: Part) -> None:
    """Tell each form what the page says around it: its corrections, and on which earlier answer it depends."""
    asked = {item.question.pk for item in part.items}
    questions = {item.question.pk: item.question for other in parts for item in other.everything}
    beyond = {form.question.shown_if_id for form in forms} - {None} - set(questions)
    if beyond:  # in a section that is not shared with this guest: what it asks is public, what was answered is not
        questions |= Question.objects.select_related("section").in_bulk(beyond)
    corrections: dict[int, list[QuestionCorrection]] = {}
    for correction in QuestionCorrection.objects.filter(question__section=part.section):
        corrections.setdefault(correction.question_id, []).append(correction)
    for form in forms:
        gate = questions.get(form.question.shown_if_id or 0)
        form.surround(
            gate=gate,
            is_here=gate is not None and gate.section_id == part.section.pk,
            is_asked=form.question.pk in asked,
            corrections=corrections.get(form.question.pk, []),
        )


def _not_saved(
    request: SignedInRequest, here: Desk, part: Part, forms: list[AnswerForm], refusal: Refusal
) -> HttpResponse:
    """Nothing could be saved: say why and give back all that was typed, so that it can be copied."""
    typed = [(form.question, _typed(form)) for form in forms if form.was_sent and _typed(form)]
    context = here.context(part=part, typed=typed, refusal=refusal)
    return page(request, "not_saved", context, status=refusal.status)


def _typed(form: AnswerForm) -> str:
    given = form.given()
    return "\n\n".join(filter(None, [", ".join(given.selected), given.number, given.text]))
