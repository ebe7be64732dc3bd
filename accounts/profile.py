"""What a person says about themselves. Passwords, addresses and second factors are allauth's pages."""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import record
from accounts.joining import a_person
from accounts.models import User
from accounts.record import By
from notifications import clock
from notifications.refusal import NotAllowed


@transaction.atomic
def change(*, by: By, name: str, time_zone: str) -> User:
    """One's own name and time zone. Instants are stored in UTC, so nothing else moves."""
    return _change(a_person(by), by, "changed profile", clock.now(), name=name, time_zone=time_zone)


@transaction.atomic
def choose_reminders(
    *, person: User, by: By, leads: list[str], time_zone: str, holidays: str, now: datetime | None = None
) -> User:
    """When and on whose calendar the person is reminded, of all that has no times of its own.

    Raises NotAllowed for anybody else.
    """
    if by.user != person:
        raise NotAllowed("These reminders are somebody else's.")
    now = now or clock.now()
    return _change(person, by, "changed reminders", now, leads=leads, time_zone=time_zone, holidays=holidays)


def _change(person: User, by: By, verb: str, now: datetime, **values: Any) -> User:
    user = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    changed = [name for name, value in values.items() if getattr(user, name) != value]
    for name in changed:
        setattr(user, name, values[name])
    if changed:
        user.save(update_fields=changed)
        record.write(by=by, verb=verb, subject=f"user:{user.pk}", at=now, fields=changed)
    return user
