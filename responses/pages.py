"""What this room's pages share: whose response is on the page, what may be done with it now, and how time is said."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, wraps
from typing import Any, Concatenate, ParamSpec

from django import forms
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import patch_cache_control

from accounts.identifiers import CODE_ALPHABET
from accounts.models import WITH_MEMBERS, Role, User
from accounts.permissions import MAY_DRAFT, MAY_SUBMIT, role_in
from accounts.record import By, by_request
from consultations.closing import closing, zone_of
from consultations.models import Authority, Consultation, Deadline, Question, Section
from consultations.querysets import bodies_in_order
from consultations.showing import DeadlineShown, deadline_shown
from notifications import clock
from notifications.refusal import Conflict, Refusal
from responses import progress
from responses.drafting import refuse_untaken
from responses.models import Allowance, Guest, Response
from responses.permissions import WHOLE, Reach, shared_with, why_lost
from responses.progress import Part

P = ParamSpec("P")


def bodies_of(path: str) -> "Prefetch[str, QuerySet[Authority], str]":
    """The bodies of the consultation at `path`, to be fetched with what the page lists."""
    return bodies_in_order(f"{path}__" if path else "")


class SignedInRequest(HttpRequest):
    """What a view behind `private` gets."""

    user: User


def private(
    view: Callable[Concatenate[SignedInRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """For somebody who has signed in, and not for caches between us. The browser itself may keep the page: going back
    must find what was typed."""

    @wraps(view)
    def behind(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        made = login_required(view)(request, *args, **kwargs)  # type: ignore[arg-type]
        patch_cache_control(made, private=True)
        return made

    return behind


def giving_back(
    view: Callable[Concatenate[SignedInRequest, P], HttpResponse],
) -> Callable[Concatenate[SignedInRequest, P], HttpResponse]:
    """A page that saves: to a guest whose access ended meanwhile it gives back what was typed, and says why. For
    everybody else who may not be here there is no such page, as ever."""

    @wraps(view)
    def behind(request: SignedInRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Http404:
            if request.method != "POST" or not (why := why_lost(request.user, str(kwargs["code"]))):
                raise
            return page(request, "signed_out", {"typed": all_typed(request), "why": why}, status=403)

    return behind


def all_typed(request: HttpRequest) -> list[str]:
    """What was written into a page's fields."""
    given = [str(text) for name, text in request.POST.items() if name.endswith(("-text", "-number"))]
    return [text for text in given if text.strip()]


@dataclass(kw_only=True)
class Desk:
    """One response as its page's reader may work on it at `now`."""

    response: Response
    user: User
    role: str
    now: datetime
    guest: Guest | None = None  # where the reader is no member, but was invited
    reach: Reach = WHOLE

    @property
    def may_draft(self) -> bool:
        return self.guest.may_draft if self.guest else self.role in MAY_DRAFT

    @property
    def may_submit(self) -> bool:
        return self.role in MAY_SUBMIT

    @property
    def has_members(self) -> bool:
        """The organisation may collect input from members, and list them."""
        return self.response.organisation.kind in WITH_MEMBERS

    @property
    def role_name(self) -> str:
        return Role(self.role).label.partition(":")[0] if self.role else ""

    @property
    def front(self) -> str:
        """The address of the response's own page, for members and for guests."""
        return reverse("responses:shared" if self.guest else "responses:detail", args=[self.response.code])

    @cached_property
    def guests(self) -> dict[int, str]:
        """User id → the address under which they were invited, for all who ever were let in as guests."""
        rows = Guest.objects.filter(response=self.response, user__isnull=False)
        return dict(rows.values_list("user_id", "email"))

    @property
    def untaken(self) -> str:
        """Why the consultation takes no responses at all; "" when it does."""
        return untaken(self.response.consultation, self.now)

    @property
    def allowances(self) -> list[Allowance]:
        """What is open for this organisation alone."""
        rows = Allowance.objects.filter(
            organisation=self.response.organisation_id, deadline__consultation=self.response.consultation_id,
            used_in=None, until__gte=self.now,
        )  # fmt: skip
        return list(rows.select_related("deadline").order_by("until"))

    def parts(self) -> list[Part]:
        return shown(progress.parts(self.response, self.now, reach=self.reach), self.response.consultation)

    def deadlines(self, parts: list[Part]) -> list[DeadlineShown]:
        """Each closing moment once, in the paper's order, also in the reader's own zone."""
        consultation = self.response.consultation
        zones = [*(body.time_zone for body in consultation.authorities.all()), self.user.time_zone]
        once = {part.section.deadline.pk: part.section.deadline for part in parts if part.section.deadline}
        ordered = sorted(once.values(), key=lambda deadline: (deadline.position, deadline.pk))
        return [deadline_shown(deadline, zones=zones, now=self.now, moves=False) for deadline in ordered]

    def context(self, **more: Any) -> dict[str, Any]:
        consultation = self.response.consultation
        return {
            "desk": self,
            "response": self.response,
            "consultation": consultation,
            "rehearsal": consultation.is_rehearsal,
            "zone": zone_of(consultation),
            **more,
        }


def desk(request: SignedInRequest, code: str) -> Desk:
    """The desk of one of the reader's own organisations' responses; 404 for everybody else's, guests' too."""
    own = Response.objects.of(request.user).select_related("consultation", "organisation", "latest")
    response = get_object_or_404(own.prefetch_related(bodies_of("consultation")), code=code)
    return Desk(
        response=response, user=request.user, role=role_in(request.user, response.organisation), now=clock.now()
    )


def untaken(consultation: Consultation, now: datetime) -> str:
    """Why the consultation takes no responses at all; "" when it does, before its deadlines and after them."""
    try:
        refuse_untaken(consultation, now)
    except Conflict as refusal:
        return refusal.message
    return ""


def desk_or_guest(request: SignedInRequest, code: str) -> Desk:
    """The desk for members, or what was shared of it for a guest. A page that uses this shows nothing beyond the
    desk's `reach`, nor what is the members' alone: comments, files of the whole response, consents, what was filed."""
    try:
        return desk(request, code)
    except Http404:
        return guest_desk(request, code)


def guest_desk(request: SignedInRequest, code: str) -> Desk:
    """For a guest alone; 404 for everybody else."""
    own = Guest.objects.of(request.user).select_related("response__consultation", "response__organisation")
    own = own.prefetch_related(bodies_of("response__consultation"))
    guest = get_object_or_404(own, response__code=code)
    return Desk(
        response=guest.response, user=request.user, role="", now=clock.now(), guest=guest, reach=shared_with(guest)
    )


def own_question(here: Desk, code: str) -> Question:
    """One of the paper's questions, within what the reader sees; 404 beyond."""
    asked = Question.objects.filter(here.reach.within("section"), section__consultation=here.response.consultation_id)
    return get_object_or_404(asked.select_related("section__deadline"), code=code)


def by(request: HttpRequest) -> By:
    return by_request(request, "page")


def refuse_in(form: forms.Form, refusal: Refusal) -> int:
    """Show each of the refusal's problems at its field, or above the form; returns the status of that page."""
    for field, message in refusal.problems or [("", refusal.message)]:
        form.add_error(field if field in form.fields else None, message)
    return refusal.status


def code_in(text: str) -> str:
    """The text if it can be a code, otherwise "": for what comes from forms and query strings."""
    return text if re.fullmatch(rf"[{CODE_ALPHABET}]{{10}}", text) else ""


def shown(parts: list[Part], consultation: Consultation) -> list[Part]:
    """The parts that ask anything. Their deadlines can now say their moment in each body's zone without a query."""
    for part in parts:
        if part.section.deadline:
            part.section.deadline.consultation = consultation
    return [part for part in parts if part.everything]


def next_deadline(parts: list[Part], now: datetime) -> Deadline | None:
    """The soonest closing moment still ahead."""
    ahead = [
        part.section.deadline
        for part in parts
        if part.section.deadline and part.section.deadline.closes_at and part.section.deadline.closes_at >= now
    ]
    return min(ahead, key=lambda deadline: deadline.closes_at or now, default=None)


def until(parts: list[Part], now: datetime) -> str:
    """How long what is open can be changed, for a sentence: "until 11:59pm on …"; "" where nothing ever closes."""
    ahead = {part.section.deadline for part in parts if part.section.deadline and part.is_open}
    return until_words([deadline for deadline in ahead if deadline.closes_at], now)


def until_words(deadlines: Iterable[Deadline], now: datetime) -> str:
    ahead = sorted(
        (deadline for deadline in deadlines if deadline.closes_at and deadline.closes_at >= now),
        key=lambda deadline: deadline.closes_at or now,
    )
    if not ahead:
        return ""
    if ahead[0].closes_at == ahead[-1].closes_at:
        return f"until {_closing(ahead[0])}"
    return f"until each section closes, the first at {_closing(ahead[0])} and the last at {_closing(ahead[-1])}"


def deadlines_of(consultation: Consultation) -> list[Deadline]:
    """Those of a paper whose parts are not at hand."""
    found = list(Deadline.objects.filter(consultation=consultation, sections__questions__isnull=False).distinct())
    for deadline in found:
        deadline.consultation = consultation
    return found


def _closing(deadline: Deadline) -> str:
    return closing(deadline, zones=[body.time_zone for body in deadline.consultation.authorities.all()])


def closed_words(section: Section) -> str:
    """That it closed, and when, in the zone of each body."""
    if section.deadline is None:
        return f"{section} has closed."
    return f"{section} closed at {_closing(section.deadline)}. Its answers can no longer change."


def is_member(user: User | AnonymousUser, response: Response) -> bool:
    return bool(role_in(user, response.organisation))


def page(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return render(request, f"responses/{template}.html", context, status=status)
