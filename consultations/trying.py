"""A test of an alert, sent to the member of staff who is about to cause it: the e-mail itself, and nothing else.

What they are about to do is done by the flow that does it, in a transaction that is undone once the e-mail is written
by the function that writes it for the followers. Nobody is told, nothing is kept; the words go to them alone.
"""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from accounts.models import User
from accounts.record import By
from consultations import publishing
from consultations.models import Announcement, Consultation, Deadline, Follow, News, Outcome
from notifications import clock, outbox
from notifications.message import Message, Skip
from notifications.models import Notification, Priority
from notifications.refusal import NotAllowed, Refusal

KIND = "preview"  # responses/previewing.py sends it on, marked as a test


def opening(paper: Consultation, cleaned: dict[str, Any], by: By) -> str:
    now = clock.now()
    publish = partial(publishing.publish, consultation=paper, by=by, now=now, trial=True, **cleaned)
    return _send(News.OPENED, publish, by=by, now=now, of=cleaned["at"] or now)


def extension(deadline: Deadline, cleaned: dict[str, Any], by: By) -> str:
    now = clock.now()
    extend = partial(publishing.extend_deadline, deadline=deadline, by=by, now=now, trial=True, **cleaned)
    return _send(News.EXTENDED, extend, by=by, now=now, of=now)


def withdrawal(paper: Consultation, cleaned: dict[str, Any], by: By) -> str:
    now = clock.now()
    withdraw = partial(publishing.withdraw, consultation=paper, by=by, now=now, trial=True, **cleaned)
    return _send(News.WITHDRAWN, withdraw, by=by, now=now, of=now)


def outcome(row: Outcome, cleaned: dict[str, Any], by: By) -> str:
    now = clock.now()
    publish = partial(publishing.publish_outcome, outcome=row, by=by, now=now, trial=True, **cleaned)
    return _send(News.ANSWERED, publish, by=by, now=now, of=now)


def waiting(row: Announcement, _cleaned: dict[str, Any], by: By) -> str:
    """What is held, for the second person to read before they release it."""
    now = clock.now()
    return _send(News(row.kind), lambda: None, by=by, now=now, of=now, made=row)


def _send(
    kind: News, act: Callable[[], object], *, by: By, now: datetime, of: datetime, made: Announcement | None = None
) -> str:
    """Owe the test; returns the sentence that says so. Raises whatever the act itself would refuse."""
    reader = by.user
    if reader is None:
        raise NotAllowed("Only a member of staff can be sent a test.")
    written = _written(kind, act, reader=reader, of=of, made=made)
    if isinstance(written, Skip):
        raise Refusal(f"There is nothing to send. {written.reason}")
    outbox.queue(
        kind=KIND,
        key=f"{KIND}:{kind}:{reader.pk}:{now.isoformat()}",
        address=reader.email,
        payload={"user": reader.pk, "message": asdict(written), "secret": True},
        now=now,
        priority=Priority.ACCOUNT,
    )
    return f"A test is on its way to {reader.email}. Nothing else has happened."


def _written(
    kind: News, act: Callable[[], object], *, reader: User, of: datetime, made: Announcement | None
) -> Message | Skip:
    with transaction.atomic():
        act()
        made = made or Announcement.objects.filter(kind=kind, made_by=reader).latest("pk")
        EmailAddress.objects.update_or_create(user=reader, email=reader.email, defaults={"verified": True})
        for paper in made.papers:
            Follow.objects.update_or_create(user=reader, consultation=paper, defaults={"muted": False})
        row = Notification(kind=kind, address=reader.email, payload={"user": reader.pk, **made.named})
        message: Message | Skip = import_string(settings.NOTIFICATION_KINDS[kind])(row, of)
        transaction.set_rollback(True)
    return message
