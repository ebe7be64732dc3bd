"""What a person says about themselves. Passwords, addresses and second factors are allauth's pages."""

from django.db import transaction

from accounts import record
from accounts.joining import a_person
from accounts.models import User
from accounts.record import By
from notifications import clock


@transaction.atomic
def change(*, by: By, name: str, time_zone: str) -> User:
    """One's own name and time zone. Instants are stored in UTC, so nothing else moves."""
    user = User.objects.select_for_update(no_key=True).get(pk=a_person(by).pk)
    changed = [field for field, value in (("name", name), ("time_zone", time_zone)) if getattr(user, field) != value]
    user.name, user.time_zone = name, time_zone
    if changed:
        user.save(update_fields=changed)
        record.write(by=by, verb="changed profile", subject=f"user:{user.pk}", at=clock.now(), fields=changed)
    return user
