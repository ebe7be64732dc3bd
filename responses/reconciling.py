"""Comparing, each hour, the post that should exist with the post that does, and saying what is missing.

What should exist is asked of the functions that plan it, five minutes back, in a transaction that is rolled back: what
they would still add was missed. It repairs nothing, since the next planning does; a number that stays above 0 means
that planning has stopped or goes wrong.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max

from accounts import record
from accounts.models import Act, Membership
from accounts.record import By
from consultations import announcing
from consultations.models import Announcement, Consultation, Follow, News
from notifications import figures
from notifications.models import Notification, State
from responses import digests, reminders

logger = logging.getLogger(__name__)

GRACE = timedelta(minutes=5)
LOOK_BACK = timedelta(days=1)
HOUR = timedelta(hours=1)
SUBJECT = "post:reconciliation"
SHOWN = 20


class _RollBack(Exception):  # noqa: N818 (no error: how a planning that was only asked about is undone)
    pass


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """What was found. `missing`: (kind, address, key) of each message that ought to be a row and is not."""

    missing: list[tuple[str, str, str]] = field(default_factory=list)
    unannounced: list[str] = field(default_factory=list)  # codes of consultations that opened and were not announced
    late: bool = False
    failed: int = 0
    doubted: int = 0

    @property
    def is_clean(self) -> bool:
        return not (self.missing or self.unannounced or self.late)


def reconcile(now: datetime) -> Reconciliation:
    """Compare, write what was found to the record of acts, and log an error where something is missing."""
    last_hour = Notification.objects.filter(finished_at__gt=now - HOUR, finished_at__lte=now)
    found = Reconciliation(
        missing=_missing(now - GRACE),
        unannounced=list(Consultation.objects.to_announce(now - GRACE).values_list("code", flat=True)),
        late=figures.is_late(now),
        failed=last_hour.filter(state=State.FAILED).count(),
        doubted=Notification.objects.filter(doubted_at__gt=now - HOUR).count(),
    )
    if not found.is_clean:
        shown = ", ".join(key for _, _, key in found.missing[:SHOWN])
        logger.error(
            "post reconciled: %d missing (%s), %d openings not announced, late: %s",
            len(found.missing), shown, len(found.unannounced), found.late,
        )  # fmt: skip
    record.write(
        by=By(user=None, door="task"), verb="post reconciled", subject=SUBJECT, at=now,
        missing=len(found.missing), keys=[key for _, _, key in found.missing[:SHOWN]],
        unannounced=found.unannounced[:SHOWN], late=found.late, failed=found.failed, doubted=found.doubted,
    )  # fmt: skip
    return found


def last(now: datetime) -> dict[str, float]:
    """What the last reconciliation found, for the metrics."""
    act = Act.objects.filter(subject=SUBJECT).order_by("-id").first()
    if act is None:
        return {"missing": 0.0, "reconciled_seconds": -1.0}
    missing = act.detail["missing"] + len(act.detail["unannounced"])
    return {"missing": float(missing), "reconciled_seconds": (now - act.at).total_seconds()}


def _missing(then: datetime) -> list[tuple[str, str, str]]:
    """Rows that planning as of `then` would add now, without those for people who joined in since."""
    rows: list[dict[str, Any]] = []
    try:
        with transaction.atomic():
            before = Notification.objects.aggregate(last=Max("id"))["last"] or 0
            _plan(then)
            added = Notification.objects.filter(pk__gt=before, due_at=then, state=State.PENDING)
            rows = [dict(row) for row in added.order_by("pk").values("kind", "address", "key", "payload")]
            raise _RollBack
    except _RollBack:
        return [(row["kind"], row["address"], row["key"]) for row in _without_newcomers(rows, then)]


def _plan(then: datetime) -> None:
    reminders.queue_due(then)
    digests.queue_due(then)
    told = Announcement.objects.filter(kind=News.EXTENDED, sent_at__gt=then - LOOK_BACK, sent_at__lte=then)
    for row in told.select_related("consultation", "change__deadline"):
        if not announcing.why_stale(row, then):  # a deadline that moved twice is told of by its last change
            announcing.queue(row, then)


def _without_newcomers(rows: list[dict[str, Any]], then: datetime) -> list[dict[str, Any]]:
    """Without those for whoever began to follow after the moment looked at, or after a deadline had moved."""
    people = {row["payload"].get("user") for row in rows} - {None}
    late = _joined_since(people, then)
    too_late_for_news = _joined_since(people, then - LOOK_BACK)
    return [
        row
        for row in rows
        if row["payload"].get("user") not in (too_late_for_news if row["kind"] == "deadline_extended" else late)
    ]


def _joined_since(people: set[int], since: datetime) -> set[int]:
    follows = Follow.objects.filter(since__gt=since)
    theirs = follows.filter(user__in=people).values_list("user_id", flat=True)
    members = Membership.objects.filter(user__in=people)
    joined = members.filter(since__gt=since).values_list("user_id", flat=True)
    by_organisation = members.filter(organisation__in=follows.values("organisation")).values_list("user_id", flat=True)
    return {person for person in (*theirs, *joined, *by_organisation) if person is not None}
