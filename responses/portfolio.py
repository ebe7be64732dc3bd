"""A firm's work at a glance: every consultation that matters to it, in the order in which they close.

What matters is what a response of one's organisations answers, and what one hears of (consultations/hearing.py) while
it can still be answered. A paper that several of one's organisations answer has a row for each.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Least

from accounts.models import Membership, SignOffRule, User
from accounts.permissions import MAY_DRAFT
from consultations import following
from consultations.models import Consultation, Deadline
from consultations.querysets import Status
from responses.models import Allowance, QuestionWork, Response, SignOff
from responses.pages import bodies_of
from responses.progress import Standing, standings
from responses.querysets import State

NEVER = datetime(9999, 1, 1, tzinfo=UTC)  # sorts after every closing moment
# What the list may be narrowed to.
SHOWS = {
    "": "Open",
    "not_started": "Not started",
    "draft": "Drafts",
    "submitted": "Submitted",
    "closed": "Closed",
}
RESPONSES, PAPERS = 0, 1  # at the same closing moment, what is under way comes first


@dataclass(kw_only=True)
class Line:
    """A consultation in the list: with the response to it, or none yet."""

    paper: Consultation
    response: Response | None = None
    standing: Standing = field(default_factory=Standing)
    deadlines: list[Deadline] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)
    is_open: bool = True

    @property
    def code(self) -> str:
        """What the next page begins after."""
        return self.response.code if self.response else self.paper.code

    @property
    def missing(self) -> list[str]:
        """What stands between the draft and filing, as far as it can be told without reading it."""
        response = self.response
        if response is None or not self.is_open or response.state == State.SUBMITTED:
            return []
        words = []
        if count := self.standing.must_answer:
            words.append(f"{count} that must be answered {'is' if count == 1 else 'are'} not yet")
        if not (response.text_consent and response.name_consent and response.foi_position):
            words.append("The consents are not stated yet")
        if response.organisation.sign_off != SignOffRule.NONE and not getattr(response, "is_signed", False):
            words.append("It is not signed off")
        return words

    @property
    def is_changed(self) -> bool:
        """Filed, and the draft was changed after that."""
        latest = self.response.latest if self.response else None
        return bool(latest and self.response and self.response.edited_at > latest.received_at)


def lines(user: User, now: datetime, *, show: str, after: str, most: int) -> list[Line]:
    """Up to `most` rows of the list behind the row with the code `after`, in a number of queries that does not grow."""
    own = Response.objects.of(user)
    if show == "closed":
        rows = _closed(own, now, own.filter(code=after).first())
        return _dressed(list(rows[:most]), [], now)
    responses, papers = _open(own, now), _unanswered(user, own, now)
    place = _place(responses, papers, after)
    found: list[Response] = []
    waiting: list[Consultation] = []
    if show != "not_started":
        wanted = responses.filter(state=show) if show in State.values else responses
        found = list(_after(wanted, place, RESPONSES)[:most])
    if show in ("", "not_started"):
        waiting = list(_after(papers, place, PAPERS)[:most])
    return _dressed(found, waiting, now)[:most]


def not_heard_of(user: User, now: datetime, *, most: int) -> list[Consultation]:
    """A few papers that can be answered here, that one does not hear of, and that have no response of ours."""
    mine = Response.objects.of(user).filter(consultation=OuterRef("pk"))
    papers: Any = Consultation.objects.visible_to(user, now).taking_responses(now)
    return list(
        papers.filter(~Exists(mine))
        .exclude(following.heard_by(user))
        .order_by(F("next_closes_at").asc(nulls_last=True), "-pk")
        .prefetch_related(bodies_of(""), "deadlines")[:most]
    )


def may_begin_late(user: User, now: datetime) -> list[Allowance]:
    """What one's organisations were allowed, and have begun no response for."""
    begun = Response.objects.filter(
        organisation=OuterRef("organisation"), consultation=OuterRef("deadline__consultation")
    )
    mine = Membership.objects.filter(user=user, role__in=MAY_DRAFT).values("organisation")
    rows = Allowance.objects.filter(~Exists(begun), organisation__in=mine, used_in=None, until__gte=now)
    return list(rows.select_related("organisation", "deadline__consultation").order_by("until"))


# --- The rows ---------------------------------------------------------------------------------------------------------
def _open(own: QuerySet[Response], now: datetime) -> Any:
    """Those that can still be changed."""
    return _with_closing(own, now).filter(closes__isnull=False, consultation__withdrawn_at__isnull=True)


def _closed(own: QuerySet[Response], now: datetime, after: Response | None) -> Any:
    """The rest, newest first."""
    rest = _with_closing(own, now).filter(Q(closes__isnull=True) | Q(consultation__withdrawn_at__isnull=False))
    return rest.filter(pk__lt=after.pk).order_by("-pk") if after else rest.order_by("-pk")


def _unanswered(user: User, own: QuerySet[Response], now: datetime) -> Any:
    """What one hears of, can still be answered, here or elsewhere, and is not yet."""
    heard: Any = Consultation.objects.visible_to(user, now).filter(following.heard_by(user)).with_status(now)
    return (
        heard.filter(~Exists(own.filter(consultation=OuterRef("pk"))))
        .filter(status__in=[Status.OPEN, Status.PART_CLOSED])
        .annotate(closes=Coalesce("next_closes_at", Value(NEVER)))
        .prefetch_related(bodies_of(""), "deadlines")
        .defer("body", "search")
    )


def _with_closing(own: QuerySet[Response], now: datetime) -> Any:
    """The responses with `closes`: the soonest closing moment ahead, of a deadline or of what one's organisation alone
    was allowed (`allowed_until`); NEVER where there is none to come, null where all has closed."""
    deadlines = Deadline.objects.filter(consultation=OuterRef("consultation"))
    ahead = deadlines.filter(closes_at__gte=now).order_by("closes_at").values("closes_at")[:1]
    endless = Exists(deadlines.filter(closes_at__isnull=True)) | ~Exists(deadlines)
    allowed = Allowance.objects.filter(
        deadline__consultation=OuterRef("consultation"),
        organisation=OuterRef("organisation"),
        used_in=None,
        until__gte=now,
    )
    allowed_until = Subquery(allowed.order_by("until").values("until")[:1])
    never = Case(When(endless, then=Value(NEVER)))
    signed = SignOff.objects.filter(response=OuterRef("pk"), at__gte=OuterRef("edited_at"))
    return (
        own.annotate(
            closes=Coalesce(Least(Subquery(ahead), allowed_until), never),
            allowed_until=allowed_until,
            is_signed=Exists(signed),
        )
        .select_related("consultation", "organisation", "latest", "started_by")
        .prefetch_related(bodies_of("consultation"), "consultation__deadlines")
        .defer("consultation__body", "consultation__search", "latest__content")
    )


# --- The pages --------------------------------------------------------------------------------------------------------
def _place(responses: Any, papers: Any, code: str) -> tuple[datetime, int, int] | None:
    """Where in the order the row with this code stands; None at the beginning, and for a code that is in neither."""
    for kind, rows in ((RESPONSES, responses), (PAPERS, papers)) if code else ():
        found = rows.filter(code=code).values_list("closes", "pk").first()
        if found:
            return found[0], kind, found[1]
    return None


def _after(rows: Any, place: tuple[datetime, int, int] | None, kind: int) -> Any:
    ordered = rows.order_by("closes", "pk")
    if place is None:
        return ordered
    closes, of_kind, pk = place
    beside = Q(closes=closes, pk__gt=pk) if kind == of_kind else Q(closes=closes) if kind > of_kind else Q(pk__in=[])
    return ordered.filter(Q(closes__gt=closes) | beside)


def _dressed(found: Iterable[Response], waiting: Iterable[Consultation], now: datetime) -> list[Line]:
    """The rows with what the page says of each, in one order. `closes` of both is an annotation."""
    rows = list(found)
    known = standings(rows, now) if rows else {}
    owners = _owners(rows)
    made: list[tuple[Any, Line]] = []
    for response in rows:
        paper, standing = response.consultation, known[response.pk]
        line = Line(paper=paper, response=response, standing=standing, is_open=standing.is_open)
        line.owners = owners.get(response.pk, [])
        made.append((getattr(response, "closes", None), line))
    for paper in waiting:
        made.append((getattr(paper, "closes", None), Line(paper=paper)))
    for _, line in made:
        line.deadlines = sorted(line.paper.deadlines.all(), key=lambda row: (row.closes_at or NEVER, row.pk))
        for deadline in line.deadlines:
            deadline.consultation = line.paper  # says its moment in each body's zone without a query
    if waiting:
        made.sort(key=lambda row: row[0])  # stable: those under way stay before the rest of the same moment
    return [line for _, line in made]


def _owners(responses: list[Response]) -> dict[int, list[str]]:
    """Response id → who has questions of it to answer."""
    found: dict[int, list[str]] = {}
    work = QuestionWork.objects.filter(response__in=responses, owner__isnull=False).select_related("owner")
    for row in work.order_by("pk"):
        names = found.setdefault(row.response_id, [])
        if str(row.owner) not in names:
            names.append(str(row.owner))
    return found
