"""The team's view of a response: each question with its state, owner and comments."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from consultations.models import Question
from notifications.refusal import Refusal
from responses import teamwork
from responses.forms import CommentForm
from responses.models import Comment
from responses.pages import Desk, SignedInRequest, by, desk, page, private, refuse_in
from responses.progress import Part


@private
@require_http_methods(["GET", "HEAD", "POST"])
def work(request: SignedInRequest, code: str) -> HttpResponse:
    """GET shows every question; POST shares out, or calls ready, those that were chosen."""
    here = desk(request, code)
    parts = here.parts()
    refusal = None
    if request.method == "POST":
        try:
            messages.success(request, _act(request, here, parts))
            return redirect("responses:work", code)
        except Refusal as raised:
            refusal = raised
    lines = teamwork.lines(here.response, parts)
    context = here.context(
        sections=[(part, [lines[item.question.pk] for item in part.items]) for part in parts],
        people=teamwork.drafters(here.response) if here.may_draft else [],
        may_write=here.may_draft and not here.untaken,
        mine=sum(line.owner == request.user for line in lines.values()),
        refusal=refusal,
    )
    return page(request, "work", context, status=refusal.status if refusal else 200)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def comments(request: SignedInRequest, code: str, question: str) -> HttpResponse:
    """What colleagues say about one answer."""
    here = desk(request, code)
    asked = get_object_or_404(
        Question.objects.filter(section__consultation=here.response.consultation_id).select_related("section"),
        code=question,
    )
    form, status = CommentForm(request.POST if request.method == "POST" else None), 200
    if request.method == "POST":
        try:
            teamwork.comment(
                response=here.response, question=asked, text=request.POST.get("text", ""), by=by(request), now=here.now
            )
            return redirect("responses:comments", code, question)
        except Refusal as refusal:
            status = refuse_in(form, refusal)
    said = Comment.objects.filter(response=here.response, question=asked).select_related("by", "settled_by")
    return page(request, "comments", here.context(form=form, question=asked, said=said), status=status)


@private
@require_POST
def settle(request: SignedInRequest, code: str, pk: int) -> HttpResponse:
    here = desk(request, code)
    rows = Comment.objects.filter(response=here.response).select_related("question")
    said = get_object_or_404(rows.select_related("response__organisation", "response__consultation"), pk=pk)
    teamwork.settle(comment=said, by=by(request), now=here.now)
    return redirect("responses:comments", code, said.question.code)


def _act(request: SignedInRequest, here: Desk, parts: list[Part]) -> str:
    """Do what the button says with the chosen questions; returns what was done. Raises Refusal."""
    chosen, action = _chosen(request, parts), request.POST.get("action", "")
    if action == "assign":
        to = _person(request, here)
        changed = teamwork.assign(response=here.response, questions=chosen, to=to, by=by(request), now=here.now)
        return f"{_count(changed)} given to {to}." if to else f"{_count(changed)} now without an owner."
    ready = action == "ready"
    changed = teamwork.call_ready(response=here.response, questions=chosen, ready=ready, by=by(request), now=here.now)
    return f"{_count(changed)} {'ready' if ready else 'not ready'} now."


def _chosen(request: HttpRequest, parts: list[Part]) -> list[Question]:
    """The ticked questions, and all of each ticked section."""
    codes, sections = set(request.POST.getlist("question")), set(request.POST.getlist("section"))
    return [
        item.question
        for part in parts
        for item in part.items
        if item.question.code in codes or str(part.section.pk) in sections
    ]


def _person(request: HttpRequest, here: Desk) -> User | None:
    """Whom the questions go to; None for nobody. Raises Refusal where nobody was chosen."""
    to = request.POST.get("to", "")
    if to == "nobody":
        return None
    found = next((person for person in teamwork.drafters(here.response) if str(person.pk) == to), None)
    if found is None:
        raise Refusal("Choose to whom.", field="to")
    return found


def _count(changed: int) -> str:
    return f"{changed} question{'' if changed == 1 else 's'}"
