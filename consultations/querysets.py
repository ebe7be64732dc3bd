"""The language for asking about consultations: status by the clock, who may see what, whom to tell."""

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchQuery, SearchQueryCombinable, SearchRank
from django.db import models
from django.db.models import Exists, F, Func, Min, OuterRef, Prefetch, Q, Value

from accounts.models import Membership, User

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler

    from consultations.models import Announcement, Authority, Consultation, Deadline, Follow, Outcome  # noqa: F401

# A word or a phrase after a minus, as websearch_to_tsquery takes it.
LEFT_OUT = re.compile(r'(?:^|\s)-("[^"]*"?|\S+)')
STATUS: "models.CharField[str, str]" = models.CharField(max_length=20)


class Status(models.TextChoices):
    """Where a consultation stands at a moment. `unknown`: recorded from elsewhere without a closing date to be had."""

    DRAFT = "draft", "Draft"
    SCHEDULED = "scheduled", "Scheduled"
    OPEN = "open", "Open"
    PART_CLOSED = "part_closed", "Part closed"
    CLOSED = "closed", "Closed"
    OUTCOME_PUBLISHED = "outcome_published", "Outcome published"
    WITHDRAWN = "withdrawn", "Withdrawn"
    UNKNOWN = "unknown", "Not known"


# As SQL, since nearly every page asks: put together from Case, When and subqueries it took Django longer to write down
# than PostgreSQL to answer. Scalar subqueries, looked up row by row through an index. An EXISTS would do for one row,
# but for a list PostgreSQL turns it into a hash of the whole table, and the list would grow slower with every paper.
STATUS_AT = f"""CASE
WHEN {{withdrawn_at}} <= {{now}} THEN '{Status.WITHDRAWN.value}'
WHEN {{published_at}} IS NULL THEN '{Status.DRAFT.value}'
WHEN {{published_at}} > {{now}} OR {{opens_at}} > {{now}} THEN '{Status.SCHEDULED.value}'
WHEN (SELECT o.id FROM consultations_outcome o JOIN consultations_outcome_consultations oc ON oc.outcome_id = o.id
      WHERE oc.consultation_id = {{id}} AND o.published_at <= {{now}} AND o.is_final LIMIT 1) IS NOT NULL
     THEN '{Status.OUTCOME_PUBLISHED.value}'
WHEN {{known_closed_at}} <= {{now}} THEN '{Status.CLOSED.value}'
WHEN {{closing_unknown}} THEN '{Status.UNKNOWN.value}'
ELSE (SELECT CASE WHEN bool_or(d.closes_at < {{now}})
                  THEN CASE WHEN bool_or(d.closes_at IS NULL OR d.closes_at >= {{now}})
                            THEN '{Status.PART_CLOSED.value}' ELSE '{Status.CLOSED.value}' END
                  ELSE '{Status.OPEN.value}' END
      FROM consultations_deadline d WHERE d.consultation_id = {{id}})
END"""  # noqa: S608 (no more than the names above)
CLOSES_NEXT = """(SELECT min(d.closes_at) FROM consultations_deadline d
WHERE d.consultation_id = {id} AND d.closes_at >= {now})"""


class At(Func):
    """What `sql` says of a consultation `now`. In it `{now}` is the moment, and any other name in braces a column."""

    def __init__(self, now: datetime, sql: str, *, output_field: "models.Field[Any, Any]") -> None:
        self.now, self.sql = now, sql
        self.columns = sorted(set(re.findall(r"{(\w+)}", sql)) - {"now"})
        super().__init__(*self.columns, output_field=output_field)

    def as_sql(  # type: ignore[override]  # the stubs know of no parameter but text and numbers
        self,
        compiler: "SQLCompiler",
        connection: "BaseDatabaseWrapper",  # noqa: ARG002
    ) -> tuple[str, tuple[datetime, ...]]:
        columns = (compiler.compile(column)[0] for column in self.get_source_expressions())
        sql = self.sql.format(now="%s", **dict(zip(self.columns, columns, strict=True)))
        return sql, (self.now,) * self.sql.count("{now}")


def either(words: str) -> SearchQueryCombinable:
    """The words by their stems, as prose is indexed, or as they stand, as references are."""
    by_stem, as_typed = (SearchQuery(words, search_type="websearch", config=name) for name in ("english", "simple"))
    return by_stem | as_typed


def sees_drafts(user: User | AnonymousUser) -> bool:
    """Staff who may see what is not published yet."""
    return user.is_authenticated and user.is_staff and user.has_perm("consultations.view_consultation")


class ConsultationQuerySet(models.QuerySet["Consultation"]):
    def visible_to(self, user: User | AnonymousUser, now: datetime) -> Self:
        """What is published, to everybody; drafts and what is scheduled, to staff with the right to see them.

        A rehearsal of what is not public yet tells what that says, so it is seen by the same staff alone.
        """
        return self if sees_drafts(user) else self.public(now)

    def public(self, now: datetime) -> Self:
        """What everybody may see."""
        shown = Q(rehearsal_of__isnull=True) | Q(rehearsal_of__published_at__lte=now)
        return self.filter(shown, published_at__lte=now)

    def with_status(self, now: datetime) -> Self:
        """Adds `status` and `next_closes_at` (the soonest closing moment still ahead), both computed for `now`."""
        status = At(now, STATUS_AT, output_field=STATUS)
        return self.annotate(status=status, next_closes_at=At(now, CLOSES_NEXT, output_field=models.DateTimeField()))

    def taking_responses(self, now: datetime) -> Self:
        """Open or part closed, and answered here rather than elsewhere."""
        from consultations.models import Deadline

        # Few papers are open however many there are, so those are found first, by the index on the closing moment.
        deadlines = Deadline.objects.filter(Q(closes_at__isnull=True) | Q(closes_at__gte=now))
        may_be_open = Q(pk__in=deadlines.values("consultation")) | ~Exists(
            Deadline.objects.filter(consultation=OuterRef("pk"))
        )
        open_here = Q(takes_responses=True, status__in=[Status.OPEN, Status.PART_CLOSED])
        return self.filter(may_be_open).with_status(now).filter(open_here)

    def closing_soonest(self, now: datetime) -> Self:
        """What closes next first, by its next closing moment; what is open without one; then the rest, newest first.

        Costs a query of its own.
        """
        from consultations.models import Consultation, Deadline

        dated = Deadline.objects.ahead(now).order_by().values("consultation").annotate(soonest=Min("closes_at"))
        rolling = Consultation.objects.rolling(now).annotate(soonest=Value(None, models.DateTimeField()))
        first = dated.values_list("consultation", "soonest").union(rolling.values_list("pk", "soonest"), all=True)
        found = [pk for pk, _ in first.order_by(F("soonest").asc(nulls_last=True), "-consultation")]
        ids = Value(found, ArrayField(models.BigIntegerField()))
        place = Func(ids, F("pk"), function="array_position", output_field=models.IntegerField())
        return self.order_by(place.asc(nulls_last=True), F("published_at").desc(), "-pk")

    def rolling(self, now: datetime) -> Self:
        """Open, with a part that has no closing date."""
        from consultations.models import Deadline

        deadlines = Deadline.objects.filter(consultation=OuterRef("pk"))
        undated = Exists(deadlines.filter(closes_at__isnull=True)) | ~Exists(deadlines)
        public = self.filter(undated, published_at__lte=now, withdrawn_at__isnull=True)
        return public.with_status(now).filter(status__in=[Status.OPEN, Status.PART_CLOSED])

    def matching(self, words: str) -> Self:
        """Full-text search over reference, title, summary and body; a reference may be typed in any form.

        hearing.py says the same in SQL.
        """
        words = words.replace("\x00", " ").strip()
        if not words:
            return self
        found = Q(search=either(words))
        # The index holds most words by one form alone, so that a word left out is to be missing in both.
        if left_out := LEFT_OUT.findall(words):
            found &= ~Q(search=either(" or ".join(left_out)))
        return self.filter(found | Q(reference__icontains=words) | Q(title__icontains=words)).annotate(
            rank=SearchRank(F("search"), either(words))
        )

    def with_bodies(self) -> Self:
        """Its bodies fetched, the one that leads first; `authorities.all()` then costs nothing and keeps that order."""
        return self.prefetch_related(bodies_in_order())

    def to_announce(self, now: datetime) -> Self:
        """Public and open by the clock, and its followers have not been told yet."""
        opened = Q(opens_at__isnull=True) | Q(opens_at__lte=now)
        return self.filter(opened, published_at__lte=now, announced_at__isnull=True, withdrawn_at__isnull=True)


def bodies_in_order(path: str = "") -> "Prefetch[str, models.QuerySet[Authority], str]":
    """The bodies of the consultation at `path`, in the order in which the paper names them."""
    from consultations.models import Authority

    return Prefetch(f"{path}authorities", queryset=Authority.objects.order_by("consultationauthority__position"))


class DeadlineQuerySet(models.QuerySet["Deadline"]):
    def with_bodies(self) -> Self:
        return self.select_related("consultation").prefetch_related(bodies_in_order("consultation__"))

    def ahead(self, now: datetime) -> Self:
        """Still to come, of consultations that are public and not withdrawn."""
        return self.filter(
            closes_at__gte=now, consultation__published_at__lte=now, consultation__withdrawn_at__isnull=True
        )


class OutcomeQuerySet(models.QuerySet["Outcome"]):
    def published(self, now: datetime) -> Self:
        return self.filter(published_at__lte=now)


class FollowQuerySet(models.QuerySet["Follow"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """One's own, and those of the organisations that one belongs to."""
        if not user.is_authenticated:
            return self.none()
        mine = Membership.objects.filter(user_id=user.pk).values("organisation")
        return self.filter(Q(user_id=user.pk) | Q(organisation__in=mine))


class AnnouncementQuerySet(models.QuerySet["Announcement"]):
    def about(self, consultation: "Consultation") -> Self:
        """Of the consultation, or of an outcome that answers it."""
        return self.filter(Q(consultation=consultation) | Q(outcome__consultations=consultation))

    def waiting(self) -> Self:
        """Held, and neither released nor cancelled yet."""
        return self.filter(held_at__isnull=False, sent_at__isnull=True, cancelled_at__isnull=True)

    def planned(self) -> Self:
        """Of openings still to come."""
        return self.filter(held_at__isnull=True, sent_at__isnull=True, cancelled_at__isnull=True)
