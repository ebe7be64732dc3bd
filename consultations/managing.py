"""What an address hears of and when, changed by a link in its own e-mails, without an account.

The link opens this one person's choices and nothing else, and only while they have no account: from then on they sign
in. It does not run out, as the e-mails that carry it do not; once the address is deleted it opens nothing.
"""

from datetime import datetime

from django.db import transaction

from accounts import record
from accounts.models import User
from accounts.record import By
from consultations import following, links
from consultations.models import Follow
from notifications.refusal import Refusal

PURPOSE = "consultations.managing"
DAMAGED = "This link is damaged, or its address was deleted. Open the link in the newest e-mail."


def link(person: User) -> str:
    """The absolute address of the page on which the person chooses what to get."""
    return links.address("consultations:manage", token(person))


def token(person: User) -> str:
    return links.token(PURPOSE, person.pk)


def read(token: str) -> User:
    """Whose choices the link opens. Raises Refusal for one that was not made here, or of an address that is gone."""
    found = User.objects.filter(pk=links.read(PURPOSE, token, int, damaged=DAMAGED), is_active=True).first()
    if found is None:
        raise Refusal(DAMAGED, code="bad_token")
    return found


def by_link(person: User, ip: str | None) -> By:
    """Whoever holds the link acts for the person."""
    return By(user=person, door="link", ip=ip)


def stop(*, person: User, follow: int, by: By, now: datetime) -> str:
    """Follow one thing no more, in words; "" where the person followed it no longer. A consultation is muted."""
    row = _own(person, follow)
    if row is None:
        return ""
    following.stop(follow=row, by=by, now=now)
    return row.target


def hear_again(*, person: User, follow: int, by: By, now: datetime) -> str:
    """Follow a muted consultation again; its name, or "" where there was nothing muted."""
    row = _own(person, follow)
    if row is None or row.consultation is None or not row.muted:
        return ""
    following.follow(user=person, target=row.consultation, by=by, now=now)
    return row.target


def _own(person: User, follow: int) -> Follow | None:
    mine = Follow.objects.filter(user=person).select_related("user", "consultation", "authority", "topic")
    return mine.filter(pk=follow).first()


@transaction.atomic
def stop_all(*, person: User, by: By, now: datetime) -> None:
    """Follow nothing any more. What was muted stays so."""
    stopped, _ = Follow.objects.filter(user=person, muted=False).delete()
    if stopped:
        record.write(by=by, verb="unfollowed everything", subject=f"user:{person.pk}", at=now, follows=stopped)
