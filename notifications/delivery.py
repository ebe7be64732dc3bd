"""Sending what is owed: pending → claimed → sending → sent, skipped or failed, each message once.

A worker takes a batch under a lease (`claimed`), says of one message at a time that it is handing it to the mail
server (`sending`, committed before the server hears of it), and records what came of it in the same UPDATE that
announces the next. No row is locked while the network is waited for. A worker that dies leaves claims, which lapse,
and at most one message in doubt, about which the provider is asked once no pause of a process can explain the silence.

Every write names the run that made the claim, so a worker that wakes from a long pause changes nothing that another
has taken over. Leases are counted on the database's own clock; what is due is decided by `now`.
"""

import logging
import random
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from notifications import changes, circuit, clock, doubt, suppressing
from notifications.circuit import Turn
from notifications.courier import Courier, Fate, ServerAway
from notifications.message import Message, Skip, shortened
from notifications.models import Notification, State
from notifications.waking import woken
from notifications.writing import Desk

logger = logging.getLogger(__name__)

# A batch is what goes out in about two seconds, so that neither the urgent nor what a killed worker held waits long.
FIRST_BATCH, SMALLEST_BATCH, LARGEST_BATCH, BATCH_SECONDS = 50, 10, 200, 2
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=4)
TRIES_LATER = 36  # with the waits above: about five days, as mail servers themselves keep trying
TRIES_WRITING = 5

# The rows are chosen first: PostgreSQL may run a subquery of the UPDATE once for each row, and each run takes others.
CLAIM = """
WITH next AS MATERIALIZED (
    SELECT id FROM notifications_notification
    WHERE state = 'pending' AND due_at <= %(now)s
    ORDER BY priority, due_at, id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE notifications_notification
SET state = 'claimed', claimed_by = %(run)s, claimed_until = clock_timestamp() + %(lease)s
WHERE id IN (SELECT id FROM next)
RETURNING id
"""
# One statement finishes the last message and announces the next; either may be absent. The function is in
# migrations/0100_schema.py.
MOVE_ON = """
SELECT notifications_move_on(
    run => %(run)s, last => %(last)s, became => %(state)s, at => %(now)s, why => %(reason)s, due => %(due_at)s,
    tries => %(attempts)s, next => %(next)s, title => %(subject)s, as_of => %(as_of)s, doubt => %(doubt)s)
"""


@dataclass
class Counts:
    """What one sweep did."""

    sent: int = 0
    skipped: int = 0
    failed: int = 0
    later: int = 0
    in_doubt: int = 0


@dataclass
class Outcome:
    """What is to be written of one message."""

    row: Notification
    state: str
    reason: str = ""
    due_at: datetime | None = None
    attempts: int = 0


def deliver(
    *, now: datetime | None = None, worker: str = "worker", seconds: float = 50, limit: int | None = None
) -> Counts:
    """Send what is due until nothing is, `limit` messages are taken, or `seconds` have passed; then the next sweep.

    Any number of these may run at once, here and on other hosts. `now`: for tests; otherwise the database's clock.
    Must not be called inside a transaction: what it notes has to be there for others before the server hears of it.
    """
    woken()
    with transaction.atomic(durable=True):
        doubt.return_lapsed_claims()
    doubt.settle(now=now or clock.now())
    turn = circuit.turn()
    if turn is Turn.WAIT:
        return Counts()
    return Run(now=now, worker=worker, seconds=seconds, limit=limit, trying=turn is Turn.TRY).go()


@dataclass
class Run:
    """One sweep of one worker."""

    now: datetime | None
    worker: str
    seconds: float
    limit: int | None
    trying: bool = False  # the server was away, and this sweep finds out whether it is back
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        self.name = f"{self.worker[:60]}/{uuid.uuid4().hex[:12]}"
        self.until = time.monotonic() + self.seconds
        self.taken = 0
        self.size = FIRST_BATCH
        self.row: Notification | None = None  # the one in hand
        self.last: Outcome | None = None  # what became of the one before, not yet written

    def go(self) -> Counts:
        with Courier() as courier:
            while batch := self._claim():
                began = time.monotonic()
                if not self._work_through(batch, courier):
                    break
                at_this_pace = int(len(batch) / max(time.monotonic() - began, 0.001) * BATCH_SECONDS)
                self.size = max(SMALLEST_BATCH, min(at_this_pace, LARGEST_BATCH))
        return self.counts

    @property
    def moment(self) -> datetime:
        return self.now or clock.now()

    def _claim(self) -> list[Notification]:
        """The next batch, most urgent first; empty when there is none or the time is up."""
        size = circuit.batch(self.size if self.limit is None else min(self.size, self.limit - self.taken))
        if size <= 0 or time.monotonic() > self.until:
            return []
        lease: Any = timedelta(seconds=settings.POST_LEASE_SECONDS)
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, {"run": self.name, "lease": lease, "now": self.moment, "limit": size})
            ids = [row[0] for row in cursor.fetchall()]
        self.taken += len(ids)
        rows = Notification.objects.filter(pk__in=ids).order_by("priority", "due_at", "pk")
        return list(suppressing.with_suppression(rows))

    def _work_through(self, batch: list[Notification], courier: Courier) -> bool:
        """False: the mail server is away, and what is left was put back for the next sweep."""
        desk = Desk(batch, moment=lambda: self.moment)
        try:
            for row in batch:
                self.row = row
                self.last = self._deal_with(row, desk, courier)
        except ServerAway as error:
            logger.warning("mail server away, the post waits: %s", error)
            self._move_on()
            self._release(str(error))
            circuit.failed(str(error))
            return False
        self._move_on()
        return True

    def _deal_with(self, row: Notification, desk: Desk, courier: Courier) -> Outcome | None:
        """Send the message, or find out why not; what is to be written of it, or None where nothing is."""
        while True:
            message = self._write(row, desk)
            outcome = message if isinstance(message, Outcome) else self._begin(row, message, courier)
            if outcome or isinstance(message, Outcome):
                self._move_on()
                return outcome
            if self._move_on(next_row=row, subject=message.subject, as_of=desk.as_of):
                return self._send(row, courier)
            courier.forget()
            if desk.as_of in (None, changes.number()):  # another worker has it: this one slept past its lease
                return None
            desk.look_again()

    def _write(self, row: Notification, desk: Desk) -> Message | Outcome:
        """The message, or what becomes of the row without one. A fault in one message holds up no other."""
        if why := suppressing.why_not(row):
            return Outcome(row, State.SKIPPED, why)
        try:
            written = desk.write(row)
        except Exception as error:
            return self._at_fault(row, "written", error)
        if isinstance(written, Skip):
            return Outcome(row, State.SKIPPED, written.reason)
        return written

    def _begin(self, row: Notification, message: Message, courier: Courier) -> Outcome | None:
        try:
            courier.begin(row, message)
        except ServerAway:
            raise
        except Exception as error:
            return self._at_fault(row, "sent", error)
        return None

    def _send(self, row: Notification, courier: Courier) -> Outcome | None:
        """Hand it over. None: it stays `sending`, in doubt, until the provider can be asked."""
        try:
            fate, said = courier.hand_over()
            self._answered()
        except ServerAway:
            raise
        except Exception as error:
            return self._at_fault(row, "sent", error)
        if fate is Fate.DOUBT:
            logger.warning("message %s in doubt: the line broke while it was handed over: %s", row.pk, said)
            self.counts.in_doubt += 1
            doubt.note(row)
            return None
        if fate is Fate.REFUSED:
            return Outcome(row, State.FAILED, f"The mail server refused it: {said}")
        if fate is Fate.LATER:
            return self._again(row, f"The mail server asked to try later: {said}", tries=TRIES_LATER)
        return Outcome(row, State.SENT)

    def _at_fault(self, row: Notification, what: str, error: Exception) -> Outcome:
        logger.error("message %s (%s) could not be %s", row.pk, row.kind, what, exc_info=error)
        return self._again(row, f"It could not be {what}: {type(error).__name__}: {error}", tries=TRIES_WRITING)

    def _answered(self) -> None:
        if self.trying:
            circuit.answered()
            self.trying = False

    def _again(self, row: Notification, reason: str, *, tries: int) -> Outcome:
        """Back into the queue for later, or failed once it has been tried often enough."""
        attempts = row.attempts + 1
        if attempts >= tries:
            return Outcome(row, State.FAILED, reason, attempts=attempts)
        wait = min(FIRST_WAIT * 2 ** min(row.attempts, 12), LONGEST_WAIT) * random.uniform(0.8, 1.2)  # noqa: S311
        return Outcome(row, State.PENDING, reason, due_at=self.moment + wait, attempts=attempts)

    def _move_on(self, *, next_row: Notification | None = None, subject: str = "", as_of: int | None = None) -> bool:
        """Write what became of the last message, and announce the next. False: the next is not to be sent as it is.

        Then it is no longer this run's, or something has happened since `as_of` that it may speak of.
        """
        last, self.last = self.last, None
        if last is None and next_row is None:
            return True
        fields: dict[str, Any] = {
            "run": self.name,
            "now": self.now,
            "doubt": timedelta(seconds=settings.SENDING_DOUBT_SECONDS),
            "next": next_row and next_row.pk,
            "as_of": as_of,
            "subject": shortened(subject),
            "last": last and last.row.pk,
            "state": last.state if last else "",
            "reason": shortened(last.reason, 500) if last else "",
            "due_at": last and last.due_at,
            "attempts": (last.attempts or last.row.attempts) if last else 0,
        }
        with connection.cursor() as cursor:
            cursor.execute(MOVE_ON, fields)
            moved = {row[0] for row in cursor.fetchall()}
        if last and last.row.pk in moved:
            self._count(last.state)
        return next_row is None or next_row.pk in moved

    def _count(self, state: str) -> None:
        name = {State.SENT: "sent", State.SKIPPED: "skipped", State.FAILED: "failed", State.PENDING: "later"}
        field_name = name[State(state)]
        setattr(self.counts, field_name, getattr(self.counts, field_name) + 1)

    def _release(self, reason: str) -> None:
        """Give back what was claimed, and the message under way, which the server certainly does not have.

        That the server is away is no fault of any message, so it counts as no attempt: an outage fails nothing.
        """
        in_hand = Q(state=State.SENDING, pk=self.row.pk) if self.row else Q()
        Notification.objects.filter(Q(state=State.CLAIMED) | in_hand, claimed_by=self.name).update(
            state=State.PENDING,
            claimed_by="",
            claimed_until=None,
            reason=shortened(f"Waiting for the mail server: {reason}", 500),
        )
