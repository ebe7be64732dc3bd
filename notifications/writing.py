"""Writing the messages of a batch, each just before it goes, from facts that are looked up for many at once.

What a message says is true as it goes out: facts older than FRESH seconds are looked up again, and at once when
something has happened that they may speak of (notifications/changes.py).
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.utils.module_loading import import_string

from notifications import changes
from notifications.message import Message, Skip
from notifications.models import Notification

logger = logging.getLogger(__name__)

FRESH = 2.0  # seconds
Facts = TypeVar("Facts")


@dataclass(frozen=True)
class InBatches(Generic[Facts]):
    """How a kind that goes to many is written: `look_up` asks in a constant number of queries for any number of rows.

    Called with one row, as any writer is, it looks up for that row alone.
    """

    look_up: Callable[[Sequence[Notification], datetime], Facts]
    write: Callable[[Notification, Facts], Message | Skip]

    def __call__(self, row: Notification, now: datetime) -> Message | Skip:
        return self.write(row, self.look_up([row], now))


def in_batches(
    look_up: Callable[[Sequence[Notification], datetime], Facts],
) -> Callable[[Callable[[Notification, Facts], Message | Skip]], InBatches[Facts]]:
    """`@in_batches(look_up)` over the function that writes one message from what was looked up."""
    return lambda write: InBatches(look_up, write)


@dataclass
class Desk:
    """The rows of one batch in the order in which they go, and what was looked up for them.

    `as_of`: what was written last rests on facts looked up at this number of changes; None: just before it was written.
    """

    rows: list[Notification]
    moment: Callable[[], datetime]
    as_of: int | None = None
    _facts: dict[str, Any] = field(default_factory=dict)
    _number: int = 0
    _looked_at: float = -FRESH

    def write(self, row: Notification) -> Message | Skip:
        """The message for a row of the batch. Raises whatever the function that writes it does."""
        writer: Any = import_string(settings.NOTIFICATION_KINDS[row.kind])
        if not isinstance(writer, InBatches):
            self.as_of = None
            written: Message | Skip = writer(row, self.moment())
            return written
        if time.monotonic() - self._looked_at >= FRESH:
            self.look_again()
        facts = self._facts_for(row, writer)
        self.as_of = self._number
        return writer.write(row, facts)

    def look_again(self) -> None:
        """Something happened, or it is too long ago: what was looked up is forgotten."""
        self._facts.clear()
        self._number, self._looked_at = changes.number(), time.monotonic()

    def _facts_for(self, row: Notification, writer: InBatches[Any]) -> Any:
        if row.kind in self._facts:
            return self._facts[row.kind]
        ahead = [each for each in self.rows[self.rows.index(row) :] if each.kind == row.kind]
        try:
            self._facts[row.kind] = writer.look_up(ahead, self.moment())
        except Exception:  # one of them is at fault: it is not to hold up the others
            logger.exception("could not look up %d messages (%s) together", len(ahead), row.kind)
            return writer.look_up([row], self.moment())
        return self._facts[row.kind]
