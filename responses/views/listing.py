"""My responses: what is open, soonest to close first; what has closed; what could be answered and is not yet."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.permissions import MAY_DRAFT
from consultations import following
from consultations.models import Consultation, Deadline
from notifications import clock
from responses.models import Response
from responses.pages import SignedInRequest, bodies_of, code_in, page, private
from responses.progress import Standing, standings

PAGE = 20
WAITING = 5
NEVER = datetime(9999, 1, 1, tzinfo=UTC)  # sorts after every closing moment


@dataclass(kw_only=True)
class Line:
    """A response in the list."""

    response: Response
    standing: Standing

    @property
    def consented(self) -> bool:
        response = self.response
        return bool(response.text_consent and response.name_consent and response.foi_position)


@private
@require_safe
def my_responses(request: SignedInRequest) -> HttpResponse:
    """`?show=closed` lists those that can no longer be changed; `?after=<code>` goes on after that response."""
    now = clock.now()
    is_open = request.GET.get("show") != "closed"
    own = Response.objects.of(request.user)
    after = own.filter(code=code_in(request.GET.get("after", ""))).first()
    rows = list((_open(own, now, after) if is_open else _closed(own, now, after))[: PAGE + 1])
    is_first = after is None
    context = {
        "lines": _lines(rows[:PAGE], now),
        "is_open": is_open,
        "next": rows[PAGE - 1].code if len(rows) > PAGE else "",
        "waiting": _waiting(request.user, now) if is_open and is_first else [],
        "now": now,
        "may_draft": request.user.memberships.filter(role__in=MAY_DRAFT).exists(),
    }
    return page(request, "list", context)


def _open(own: QuerySet[Response], now: datetime, after: Response | None) -> Any:
    """Those that can still be changed, the soonest to close first."""
    ordered = _with_closing(own, now).filter(closes__isnull=False, consultation__withdrawn_at__isnull=True)
    ordered = ordered.order_by("closes", "pk")
    if after is None:
        return ordered
    place = _with_closing(own.filter(pk=after.pk), now).values_list("closes", flat=True).get() or now
    return ordered.filter(Q(closes__gt=place) | Q(closes=place, pk__gt=after.pk))


def _closed(own: QuerySet[Response], now: datetime, after: Response | None) -> Any:
    """The rest, newest first."""
    rest = _with_closing(own, now).filter(Q(closes__isnull=True) | Q(consultation__withdrawn_at__isnull=False))
    return rest.filter(pk__lt=after.pk).order_by("-pk") if after else rest.order_by("-pk")


def _with_closing(own: QuerySet[Response], now: datetime) -> Any:
    """The responses with `closes`: the soonest closing moment ahead, NEVER where there is none to come, null where all
    has closed."""
    deadlines = Deadline.objects.filter(consultation=OuterRef("consultation"))
    ahead = deadlines.filter(closes_at__gte=now).order_by("closes_at").values("closes_at")[:1]
    endless = Exists(deadlines.filter(closes_at__isnull=True)) | ~Exists(deadlines)
    never = Case(When(endless, then=Value(NEVER)))
    return (
        own.annotate(closes=Coalesce(Subquery(ahead), never))
        .select_related("consultation", "organisation", "latest")
        .prefetch_related(bodies_of("consultation"))
        .defer("consultation__body", "consultation__search", "latest__content")
    )


def _lines(rows: list[Response], now: datetime) -> list[Line]:
    known = standings(rows, now)
    for response in rows:
        if deadline := known[response.pk].next_deadline:
            deadline.consultation = response.consultation
    return [Line(response=response, standing=known[response.pk]) for response in rows]


def _waiting(user: User, now: datetime) -> list[Consultation]:
    """A few papers that can be answered and have no response of ours yet: the followed ones first."""
    mine = Response.objects.of(user).filter(consultation=OuterRef("pk"))
    papers: Any = Consultation.objects.visible_to(user, now).taking_responses(now)
    return list(
        papers.filter(~Exists(mine))
        .annotate(is_followed=Case(When(following.heard_by(user), then=True), default=False))
        .order_by("-is_followed", F("next_closes_at").asc(nulls_last=True), "-pk")
        .prefetch_related(bodies_of(""), "deadlines")[:WAITING]
    )
