"""Where organisations' programs are told of events, and each event owed to them."""

import uuid
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.identifiers import public_code
from accounts.organisation_models import Organisation
from accounts.person_models import User


class WebhookEvent(models.TextChoices):
    """What programs can be told of. The last three are told to the organisation itself alone."""

    CONSULTATION_OPENED = "consultation.opened", "A consultation opened"
    DEADLINE_EXTENDED = "deadline.extended", "A deadline was extended"
    CONSULTATION_WITHDRAWN = "consultation.withdrawn", "A consultation was withdrawn"
    OUTCOME_PUBLISHED = "outcome.published", "An outcome was published"
    RESPONSE_SUBMITTED = "response.submitted", "Our response was submitted"
    RESPONSE_AMENDED = "response.amended", "Our response was amended"
    RESPONSE_WITHDRAWN = "response.withdrawn", "Our response was withdrawn"


class Webhook(models.Model):
    """Where an organisation's program is told of events. Its signing secret is made from `nonce` and our own key
    (webhooks.py), so that the table alone signs nothing."""

    code = models.CharField("code", max_length=10, unique=True, default=public_code, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="webhooks")
    url = models.URLField("address", max_length=500)
    events = ArrayField(models.CharField(max_length=40, choices=WebhookEvent.choices), verbose_name="events")
    nonce = models.UUIDField("nonce", default=uuid.uuid4, editable=False)
    old_nonce = models.UUIDField("nonce before", null=True, editable=False)
    old_until = models.DateTimeField("signed with the secret before as well until", null=True, editable=False)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField("created at")
    stopped_at = models.DateTimeField("stopped at", null=True, blank=True)
    stopped_because = models.CharField("why it was stopped", max_length=300, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return self.url


class DeliveryState(models.TextChoices):
    PENDING = "pending", "Waiting"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Accepted"
    FAILED = "failed", "Given up"


class WebhookDelivery(models.Model):
    """One event owed to one address. `reference` is the webhook-id: the same however often it is tried or replayed."""

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    reference = models.UUIDField("webhook-id", default=uuid.uuid4, unique=True, editable=False)
    key = models.CharField("about", max_length=120)
    event = models.CharField("event", max_length=40, choices=WebhookEvent.choices)
    happened_at = models.DateTimeField("happened at")
    data = models.JSONField("data", default=dict)
    state = models.CharField("state", max_length=10, choices=DeliveryState.choices, default=DeliveryState.PENDING)
    due_at = models.DateTimeField("due at")
    claimed_until = models.DateTimeField("being sent until", null=True)
    attempts = models.PositiveSmallIntegerField("attempts", default=0)
    tried_at = models.DateTimeField("last tried at", null=True)
    said = models.CharField("what came of it", max_length=300, blank=True)

    class Meta:
        verbose_name_plural = "webhook deliveries"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint("webhook", "event", "key", name="webhook_delivery_once"),
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="webhook_delivery_state_known"),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(
                "webhook", "due_at", "id", name="webhook_delivery_due", condition=Q(state__in=["pending", "sending"])
            ),
            models.Index("webhook", F("id").desc(), name="webhook_delivery_log"),
            models.Index("state", F("id").desc(), name="webhook_delivery_state"),
        ]

    def __str__(self) -> str:
        return f"{self.get_event_display()} ({self.reference})"
