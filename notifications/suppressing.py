"""Addresses that no post goes to: they bounced for good, or their readers reported us. Staff can see and lift it.

E-mail services tell of both by webhook (notifications/hearing.py). Mail services punish a sender who goes on writing to
such addresses, and then nobody's reminders arrive.
"""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Lower

from notifications import clock
from notifications.models import Notification, Priority, Suppression, SuppressionReason
from notifications.refusal import Conflict

ASKED_FOR_ITSELF = {SuppressionReason.COMPLAINED, SuppressionReason.UNSUBSCRIBED}


def suppress(*, address: str, reason: SuppressionReason, said: str = "", event_id: str = "", now: datetime) -> bool:
    """Send nothing more to the address. False: it is suppressed already, or this event was heard before."""
    try:
        with transaction.atomic():
            Suppression.objects.create(
                address=address.strip().lower(), reason=reason, said=said[:500], event_id=event_id[:200], since=now
            )
    except IntegrityError:
        return False
    return True


def lift(*, suppression: Suppression, who: str) -> None:
    """Post may go to the address again; the row stays. The caller records the act. Raises Conflict if it was lifted."""
    lifted = Suppression.objects.filter(pk=suppression.pk, lifted_at=None).update(
        lifted_at=clock.now(), lifted_by=who[:254]
    )
    if not lifted:
        raise Conflict("This address is not suppressed any more.")


def with_suppression(rows: QuerySet[Notification]) -> QuerySet[Notification]:
    """The rows, each knowing whether its address is suppressed, at the cost of the one statement that fetches them."""
    standing = Suppression.objects.filter(address=Lower(OuterRef("address")), lifted_at=None)
    return rows.annotate(suppressed=Subquery(standing.values("reason")[:1]))


def why_not(row: Notification) -> str:
    """Why nothing may go to the address of a row from `with_suppression`; "" when it may.

    A link that its reader asked for a moment ago (to confirm an address, to reset a password) goes even to one who
    once pressed "spam" or "unsubscribe": without it nobody could come back.
    """
    reason: str = getattr(row, "suppressed", None) or ""
    if not reason or (row.priority == Priority.ACCOUNT and reason in ASKED_FOR_ITSELF):
        return ""
    return f"The address is suppressed: {SuppressionReason(reason).label}."
