"""The members that a trade body's response speaks for: listed in the draft, and filed with it.

A member that gave input is listed by ticking it, unless it asked not to be named; others are typed in. A member that
also responds itself stays a response of its own: staff are shown the one beside the other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from accounts.identifiers import validate_one_line
from accounts.models import WITH_MEMBERS, User
from accounts.record import By
from notifications import clock
from notifications.refusal import NotAllowed, Refusal
from responses import drafting
from responses.collection_models import Naming
from responses.models import Contribution, Response, SpokenFor, Submission
from responses.querysets import State

MOST = 1_000
Row = dict[str, str]


def contributors(response: Response) -> QuerySet[Contribution]:
    """Whose input the body has. Which of them may be named, `latest.naming` says."""
    rows = Contribution.objects.filter(collection__response=response, latest__isnull=False, withdrawn_at=None)
    return rows.select_related("latest", "organisation").order_by(Lower("name"), "pk")


@transaction.atomic
def list_members(
    *, response: Response, ticked: Iterable[str], typed: Iterable[str], by: By, now: datetime | None = None
) -> list[SpokenFor]:
    """Make the list this: the contributions `ticked` by code, and the names `typed`. Returns it.

    Raises NotAllowed without the right to draft or where the organisation has no members, Refusal for who asked not to
    be named, for a name that is none and for more than MOST.
    """
    now = now or clock.now()
    locked = drafting.lock_for_drafting(response, by=by, now=now)
    if locked.organisation.kind not in WITH_MEMBERS:
        raise NotAllowed("Only a trade body or a consumer body lists members.")
    wanted = _wanted(locked, set(ticked), typed)
    before = {(row.name, row.contribution_id) for row in SpokenFor.objects.filter(response=locked)}
    if before != {(name, row.pk if row else None) for name, row in wanted}:
        SpokenFor.objects.filter(response=locked).delete()
        rows = [
            SpokenFor(response=locked, name=name, contribution=row, added_by=by.user, added_at=now)
            for name, row in wanted
        ]
        SpokenFor.objects.bulk_create(rows, ignore_conflicts=True)  # names that the database alone holds to be the same
        Response.objects.filter(pk=locked.pk).update(edited_at=now)
        drafting.write_act(locked, by=by, now=now, verb="members listed", count=len(wanted))
    return list(SpokenFor.objects.filter(response=locked))


def _wanted(response: Response, ticked: set[str], typed: Iterable[str]) -> list[tuple[str, Contribution | None]]:
    """Each name once, whatever its capitals."""
    every = Contribution.objects.filter(collection__response=response, latest__isnull=False).select_related("latest")
    withheld = {row.name.casefold() for row in every if row.latest and row.latest.naming == Naming.WITHHOLD}
    found: dict[str, tuple[str, Contribution | None]] = {}
    for row in contributors(response):
        if row.code in ticked:
            if row.name.casefold() in withheld:
                raise Refusal(f"{row.name} asked not to be named.", field="ticked")
            found[row.name.casefold()] = (row.name, row)
    for name in typed:
        name = _name(name)
        if name.casefold() in withheld:
            raise Refusal(f"{name} gave input and asked not to be named.", field="typed")
        if name:
            found.setdefault(name.casefold(), (name, None))
    if len(found) > MOST:
        raise Refusal(f"The list holds {MOST:,} names at most. Attach a longer one as a file.", field="typed")
    return list(found.values())


def _name(typed: str) -> str:
    name = " ".join(drafting.clean_text(typed, field="typed").split())
    if len(name) > 200:
        raise Refusal(f"This name is too long: {name[:60]}…", field="typed")
    try:
        validate_one_line(name)
    except ValidationError as error:
        raise Refusal(f"{name[:60]}: {error.messages[0]}", field="typed") from error
    return name


# --- What staff see ---------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Also:
    """Somebody who responded too. `is_same_name`: known by the name alone, and nobody said that it is the same."""

    name: str
    response: Response | None = None
    is_same_name: bool = False


def with_their_own(user: User | AnonymousUser, submission: Submission) -> list[Also]:
    """The members that a submission names, each with the response it filed itself to the same paper and that stands,
    where `user` may see it: one query. For staff alone: a body must not learn from here who else responded."""
    rows: list[Row] = submission.content.get("speaks_for", [])
    if not rows:
        return []
    codes = {row["organisation"] for row in rows if row["organisation"]}
    names = {row["name"].lower() for row in rows}
    own = Response.objects.visible_to(user).submitted().filter(consultation=submission.response.consultation_id)
    own = own.exclude(pk=submission.response_id).annotate(lowered=Lower("organisation__name"))
    found = own.filter(Q(organisation__code__in=codes) | Q(lowered__in=names)).select_related("organisation", "latest")
    by_code = {row.organisation.code: row for row in found}
    by_name = {row.organisation.name.lower(): row for row in found}
    return [
        Also(
            name=row["name"],
            response=by_code.get(row["organisation"]) if row["organisation"] else by_name.get(row["name"].lower()),
            is_same_name=not row["organisation"],
        )
        for row in rows
    ]


def named_in(user: User | AnonymousUser, response: Response) -> list[Also]:
    """The standing submissions of others to the same paper that name this organisation among their members, of those
    that `user` may read: one query, over the bodies that have members."""
    code, name = response.organisation.code, response.organisation.name
    readable = Submission.objects.visible_to(user).values("pk")
    others = Response.objects.filter(
        consultation=response.consultation_id, state=State.SUBMITTED, organisation__kind__in=WITH_MEMBERS,
        latest__in=readable,
    ).exclude(pk=response.pk)  # fmt: skip
    linked = Q(latest__content__speaks_for__contains=[{"organisation": code}])
    same = Q(latest__content__speaks_for__contains=[{"name": name, "organisation": ""}])
    rows = others.filter(linked | same).annotate(is_linked=linked).select_related("organisation", "latest")
    rows = rows.defer("latest__content")
    return [
        Also(name=row.organisation.name, response=row, is_same_name=not row.is_linked)  # type: ignore[attr-defined]
        for row in rows
    ]
