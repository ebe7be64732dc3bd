"""What the e-mail service tells us of messages it took: bounces and complaints, by webhook through django-anymail.

The address is /anymail/<service>/tracking/. It is there only when WEBHOOK_SECRET is set: each call must carry it, and
anymail checks the service's own signature too where the service signs.
"""

import logging
import re
from typing import Any

from anymail.signals import tracking
from django.dispatch import receiver

from notifications import clock
from notifications.models import SuppressionReason
from notifications.suppressing import suppress

logger = logging.getLogger(__name__)

# A soft bounce ("deferred", a full mailbox) suppresses nobody: the service tries again by itself.
REASONS = {
    "bounced": SuppressionReason.BOUNCED,
    "complained": SuppressionReason.COMPLAINED,
    "unsubscribed": SuppressionReason.UNSUBSCRIBED,
}
# What a bounce is called when it is not the address's own fault, or may pass.
PASSING = {"timed_out", "spam", "blocked", "other"}
# How services name a bounce that may pass, where anymail does not tell it from one for good.
SOFT = re.compile(r"soft.?bounce|transient|temporary", re.IGNORECASE)
NAMED_BY = ("Type", "bounceType", "severity", "event", "status")


@receiver(tracking, dispatch_uid="notifications.hearing")
def heard(*, event: Any, esp_name: str, **_: Any) -> None:
    """One event of one recipient. Told twice it counts once; anything else than these three is not ours to act on."""
    reason = REASONS.get(event.event_type)
    if reason is None or not event.recipient:
        return
    if reason is SuppressionReason.BOUNCED and _may_pass(event):
        logger.info("%s: a bounce that may pass: %s", esp_name, event.reject_reason)
        return
    event_id = f"{esp_name}:{event.event_id}" if event.event_id else ""
    said = event.mta_response or event.description or ""
    suppress(address=event.recipient, reason=reason, said=str(said), event_id=event_id, now=clock.now())


def _may_pass(event: Any) -> bool:
    if event.reject_reason in PASSING or str(event.mta_response or "").startswith("4"):
        return True
    raw = event.esp_event if isinstance(event.esp_event, dict) else {}
    return any(SOFT.search(str(raw.get(name, ""))) for name in NAMED_BY)
