"""The versions of one answer: who saved what when, two of them side by side, an earlier one restored."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from consultations.models import Question
from notifications.refusal import Refusal
from responses import allowances
from responses import versions as kept
from responses.forms import CompareForm, name_of, version_in
from responses.models import AnswerVersion, Erasure
from responses.pages import Desk, SignedInRequest, by, desk_or_guest, own_question, page, private
from responses.versions import Comparison


@private
@require_safe
def versions(request: SignedInRequest, code: str, question: str) -> HttpResponse:
    """Newest first; `one` and `other` name two to compare."""
    here = desk_or_guest(request, code)
    asked = own_question(here, question)
    rows = kept.of(here.response, asked)
    current = kept.current_of(rows)
    context = here.context(
        question=asked,
        rows=rows,
        current=current,
        erased=None if here.guest else _erased(here),
        form=CompareForm(rows, _chosen(request, rows, current)),
        comparison=_comparison(request, here, asked, rows, current),
        may_write=here.may_draft and allowances.is_open(asked.section, here.response, here.now) and not here.untaken,
    )
    return page(request, "versions", context)


@private
@require_POST
def restore(request: SignedInRequest, code: str, question: str, ordinal: int) -> HttpResponse:
    here = desk_or_guest(request, code)
    asked = own_question(here, question)
    version = kept.find(here.response, asked, ordinal)
    if version is None:
        raise Http404
    try:
        kept.restore(
            response=here.response, version=version, question=asked, over=version_in(request.POST.get("over", "")),
            by=by(request), now=here.now,
        )  # fmt: skip
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return redirect("responses:versions", code, question)
    messages.success(request, f"Version {ordinal} is the answer to {name_of(asked)} again. The others are all kept.")
    return redirect(f"{reverse('responses:section', args=[code, asked.section_id])}#question-{asked.code}")


def _erased(here: Desk) -> Erasure | None:
    """Why earlier versions may be gone; it tells of what was filed, so it is the members'."""
    return Erasure.objects.filter(submission__response=here.response, drafts=True).order_by("at").last()


def _chosen(request: HttpRequest, rows: list[AnswerVersion], current: AnswerVersion | None) -> dict[str, str]:
    """The two to compare by what was asked for; the earlier one and the present one where it was not."""
    latest = str(current.ordinal) if current else ""
    before = next((str(row.ordinal) for row in rows if row != current), latest)
    return {"one": request.GET.get("one", before), "other": request.GET.get("other", latest)}


def _comparison(
    request: HttpRequest, here: Desk, asked: Question, rows: list[AnswerVersion], current: AnswerVersion | None
) -> Comparison | None:
    if "one" not in request.GET:
        return None
    known = {str(row.ordinal): row.ordinal for row in rows}
    wanted = [known.get(ordinal) for ordinal in _chosen(request, rows, current).values()]
    found = [kept.find(here.response, asked, ordinal) for ordinal in wanted if ordinal]
    one, other = [*found, None, None][:2]
    return kept.compare(one, other) if one and other else None
