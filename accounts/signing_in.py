"""What people do with their own account goes into the record too: allauth tells us by its signals."""

from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from django.contrib.auth.signals import user_logged_out
from django.dispatch import Signal
from django.http import HttpRequest

from accounts import record
from accounts.models import User
from accounts.record import By, client_ip
from notifications import clock

VERBS: dict[str, Signal] = {
    "registered": account.user_signed_up,
    "signed in": account.user_logged_in,
    "signed out": user_logged_out,
    "set password": account.password_set,
    "changed password": account.password_changed,
    "reset password": account.password_reset,
    "confirmed e-mail address": account.email_confirmed,
    "changed e-mail address": account.email_changed,
    "removed e-mail address": account.email_removed,
    "added second factor": mfa.authenticator_added,
    "removed second factor": mfa.authenticator_removed,
    "failed second factor": mfa.authentication_failed,
}


def connect() -> None:
    for verb, signal in VERBS.items():
        signal.connect(recorder(verb), dispatch_uid=f"accounts.signing_in: {verb}", weak=False)


def recorder(verb: str) -> Any:
    def note(*, request: HttpRequest | None, user: User | None = None, **facts: Any) -> None:
        address = facts.get("email_address") or facts.get("to_email_address")
        person = user or (address.user if address else None)
        if person is None or not person.pk:  # signing out without having signed in
            return
        record.write(
            by=By(user=person, door="page", ip=client_ip(request) if request else None),
            verb=verb,
            subject=f"user:{person.pk}",
            at=clock.now(),
            **({"address": address.email} if address else {}),
        )

    return note
