"""What programs are told of consultations: names and addresses, with the instants; what is said is read there.

Called where followers are told, in the same transaction. An exercise is not told: nothing is to take it for a paper.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from accounts import webhooks
from accounts.models import WebhookEvent
from consultations.models import Consultation, DeadlineChange, Outcome


def opened(consultation: Consultation, now: datetime) -> None:
    _tell(WebhookEvent.CONSULTATION_OPENED, consultation, key=str(consultation.pk), now=now)


def extended(change: DeadlineChange, now: datetime) -> None:
    deadline = change.deadline
    _tell(
        WebhookEvent.DEADLINE_EXTENDED,
        deadline.consultation,
        key=str(change.pk),
        now=now,
        deadline={
            "label": deadline.label,
            "old_closes_at": change.old_closes_at,
            "new_closes_at": change.new_closes_at,
            "time_zone": deadline.time_zone,
            "version": change.version,
        },
        reason=change.reason,
    )


def withdrawn(consultation: Consultation, now: datetime) -> None:
    reason = consultation.withdrawal_reason
    _tell(WebhookEvent.CONSULTATION_WITHDRAWN, consultation, key=str(consultation.pk), now=now, reason=reason)


def answered(outcome: Outcome, now: datetime) -> None:
    """One event for each consultation that the outcome answers."""
    about = {"code": outcome.code, "kind": outcome.kind, "reference": outcome.reference, "url": outcome.url}
    for consultation in outcome.consultations.order_by("pk"):
        key = f"{outcome.pk}:{consultation.pk}"
        _tell(WebhookEvent.OUTCOME_PUBLISHED, consultation, key=key, now=now, outcome=about)


def named(consultation: Consultation) -> dict[str, Any]:
    """Which consultation, in a way that a program can look it up and a person can read it."""
    return {
        "code": consultation.code,
        "reference": consultation.reference,
        "title": consultation.title,
        "url": f"{settings.SITE_URL}{reverse('consultations:detail', args=[consultation.code])}",
    }


def _tell(event: WebhookEvent, consultation: Consultation, *, key: str, now: datetime, **data: Any) -> None:
    if consultation.is_rehearsal:
        return
    webhooks.owe(event=event, key=key, data={"consultation": named(consultation), **data}, now=now)
