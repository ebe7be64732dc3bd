"""A trade body's pages: the collection of its members' input, what they sent side by side, and whom it speaks for."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.models import WITH_MEMBERS
from consultations.closing import zone_of
from consultations.models import Question
from notifications.refusal import Refusal
from responses import collecting, speaking_for
from responses.collection_forms import CollectionForm, InviteForm, MembersForm
from responses.collection_models import Naming
from responses.forms import version_in
from responses.models import Answer, Collection, Contribution, MemberInvitation, Reuse, SpokenFor
from responses.pages import Desk, SignedInRequest, by, desk, page, private, refuse_in
from responses.reusing import TAKING_TEXT

reading_or_sending = require_http_methods(["GET", "HEAD", "POST"])


def body_desk(request: SignedInRequest, code: str) -> Desk:
    """The desk of an organisation that has members; others have no such pages."""
    here = desk(request, code)
    if here.response.organisation.kind not in WITH_MEMBERS:
        raise Http404
    return here


def _collection(here: Desk) -> Collection | None:
    found = Collection.objects.filter(response=here.response).first()
    if found is not None:
        found.response = here.response
    return found


# --- The collection ---------------------------------------------------------------------------------------------------
@private
@reading_or_sending
def collection(request: SignedInRequest, code: str) -> HttpResponse:
    """GET shows it, or the form that opens it; POST opens it, or does what `action` says."""
    here = body_desk(request, code)
    found = _collection(here)
    if found is None:
        return _form(request, here, None)
    invite, refusal = InviteForm(request.POST if request.POST.get("action") == "invite" else None), None
    if request.method == "POST":
        try:
            done = _act(request, here, found, invite)
        except Refusal as raised:
            refusal = raised
            if invite.is_bound and raised.field == "emails":
                refuse_in(invite, raised)
        else:
            if done:
                messages.success(request, done)
                return redirect("responses:collection", code)
    status = refusal.status if refusal else 400 if invite.errors else 200
    return page(request, "collection", _overview(here, found, invite, refusal), status=status)


@private
@reading_or_sending
def change_collection(request: SignedInRequest, code: str) -> HttpResponse:
    here = body_desk(request, code)
    found = _collection(here)
    if found is None:
        raise Http404
    return _form(request, here, found)


def _form(request: SignedInRequest, here: Desk, found: Collection | None) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    asked = collecting.askable(here.response, here.now)
    paper = here.response.consultation
    if found:
        form = CollectionForm.of(found, asked, data)
    else:
        form = CollectionForm(asked, zone_of(paper), data, {"title": paper.name[:200]})
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                wanted = form.wanted()
                if found:
                    collecting.change(collection=found, wanted=wanted, by=by(request), now=here.now)
                else:
                    collecting.open_collection(response=here.response, wanted=wanted, by=by(request), now=here.now)
            except Refusal as refusal:
                status = refuse_in(form, refusal)
            else:
                messages.success(request, "It is changed." if found else "The collection is open. Invite your members.")
                return redirect("responses:collection", here.response.code)
    return page(request, "collection_form", here.context(form=form, collection=found, asked=asked), status=status)


def _act(request: SignedInRequest, here: Desk, found: Collection, invite: InviteForm) -> str:
    """Do what the button says; returns what was done, "" for a form that is not filled in. Raises Refusal."""
    who, now = by(request), here.now
    simple: dict[str, tuple[Callable[..., object], str]] = {
        "renew": (collecting.renew_code, "There is another code. The one before opens nothing any more."),
        "end_code": (collecting.end_code, "The code opens nothing any more."),
        "end": (collecting.end, "The collection is closed. What was sent stays."),
    }
    action = request.POST.get("action", "")
    if action in simple:
        flow, words = simple[action]
        flow(collection=found, by=who, now=now)
        return words
    if action == "invite":
        if not invite.is_valid():
            return ""
        emails = invite.cleaned_data["emails"].splitlines()
        made = collecting.invite(collection=found, emails=emails, by=who, now=now)
        count = len(made)
        return (
            f"{count} invitation{'' if count == 1 else 's'} on the way. Whoever was invited before is not asked again."
        )
    if action == "revoke":
        rows = MemberInvitation.objects.visible_to(request.user).filter(collection=found)
        row = get_object_or_404(rows, code=request.POST.get("invitation", "")[:10].replace("\x00", ""))
        row.collection = found
        collecting.revoke(invitation=row, by=who, now=now)
        return f"The invitation to {row.email} is withdrawn."
    raise Refusal("Choose what to do.")


def _overview(here: Desk, found: Collection, invite: InviteForm, refusal: Refusal | None) -> dict[str, object]:
    has_code, is_open = found.has_code(here.now), found.is_open(here.now)
    code = collecting.sharing_code(found) if has_code and here.may_draft else ""
    return here.context(
        collection=found, is_open=is_open, has_code=has_code, sharing_code=collecting.spaced(code),
        share_url=settings.SITE_URL + reverse("responses:join_collection", args=[code]) if code else "",
        invitations=MemberInvitation.objects.filter(collection=found, revoked_at=None).order_by("email"),
        members=Contribution.objects.filter(collection=found).select_related("latest__sent_by").order_by("name", "pk"),
        asked=found.questions.count(), form=invite, refusal=None if refusal and refusal.field == "emails" else refusal,
        may_write=here.may_draft and not here.untaken,
    )  # fmt: skip


# --- Side by side -----------------------------------------------------------------------------------------------------
@private
@reading_or_sending
def collected(request: SignedInRequest, code: str) -> HttpResponse:
    """GET ?section= shows what was sent on each question of a section; POST copies one text into the draft answer."""
    here = body_desk(request, code)
    found = _collection(here)
    if found is None:
        raise Http404
    refusal = None
    if request.method == "POST":
        try:
            question = _copy(request, here, found)
        except Refusal as raised:
            refusal = raised
        else:
            messages.success(request, "It is now at the end of your answer.")
            where = reverse("responses:collected", args=[code])
            return redirect(f"{where}?section={question.section_id}#question-{question.code}")
    context = _side_by_side(request, here, found)
    return page(request, "collected", {**context, "refusal": refusal}, status=refusal.status if refusal else 200)


def _copy(request: SignedInRequest, here: Desk, found: Collection) -> Question:
    """Raises Refusal, Http404 for what is not in this collection."""
    given = {name: request.POST.get(name, "")[:10].replace("\x00", "") for name in ("question", "contribution")}
    question = get_object_or_404(
        found.questions.select_related("section__deadline", "section__consultation"), code=given["question"]
    )
    rows = Contribution.objects.visible_to(request.user).filter(collection=found)
    contribution = get_object_or_404(rows, code=given["contribution"])
    sent = get_object_or_404(contribution.versions.all(), number=version_in(request.POST.get("version", "")))
    sent.contribution = contribution
    contribution.collection = found
    collecting.copy(response=here.response, question=question, sent=sent, by=by(request), now=here.now)
    return question


def _side_by_side(request: SignedInRequest, here: Desk, found: Collection) -> dict[str, object]:
    asked = list(found.questions.select_related("section").order_by("section__position", "section", "position", "pk"))
    sections = list({question.section_id: question.section for question in asked}.values())
    wanted = request.GET.get("section", "")
    section = next((row for row in sections if str(row.pk) == wanted), sections[0] if sections else None)
    sent = list(speaking_for.contributors(here.response))
    here_asked = [question for question in asked if section and question.section_id == section.pk]
    answers = {row.question_id: row for row in Answer.objects.filter(response=here.response, question__in=here_asked)}
    copied: dict[tuple[int, int], Reuse] = {}
    rows = Reuse.objects.filter(answer__in=answers.values(), sent__isnull=False).select_related("sent", "answer", "by")
    for row in rows:
        copied[row.answer.question_id, row.sent.contribution_id] = row  # type: ignore[union-attr]
    lines = [
        (
            question,
            answers.get(question.pk),
            question.kind in TAKING_TEXT,
            [
                (row, row.latest.content[question.code], copied.get((question.pk, row.pk)))
                for row in sent
                if row.latest and question.code in row.latest.content
            ],
        )
        for question in here_asked
    ]
    return here.context(
        collection=found, sections=sections, section=section, lines=lines, count=len(sent),
        is_open=found.is_open(here.now), may_write=here.may_draft and not here.untaken,
    )  # fmt: skip


# --- The members it speaks for ----------------------------------------------------------------------------------------
@private
@reading_or_sending
def members(request: SignedInRequest, code: str) -> HttpResponse:
    """GET shows the list that is filed with the response; POST makes it another."""
    here = body_desk(request, code)
    contributors = list(speaking_for.contributors(here.response))
    listed = list(SpokenFor.objects.filter(response=here.response).select_related("contribution"))
    initial = {
        "ticked": [row.contribution.code for row in listed if row.contribution],
        "typed": "\n".join(row.name for row in listed if row.contribution is None),
    }
    form = MembersForm(contributors, request.POST if request.method == "POST" else None, initial=initial)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                made = speaking_for.list_members(response=here.response, by=by(request), now=here.now, **form.given())
            except Refusal as refusal:
                status = refuse_in(form, refusal)
            else:
                messages.success(request, f"The list is saved: {len(made)} member{'' if len(made) == 1 else 's'}.")
                return redirect("responses:members", code)
    withheld = [row for row in contributors if row.latest and row.latest.naming == Naming.WITHHOLD]
    context = here.context(form=form, listed=listed, withheld=withheld, may_write=here.may_draft and not here.untaken)
    return page(request, "members", context, status=status)
