"""The ledger of post: one row for every message that Soundings owes somebody."""

import uuid
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.postgres.indexes import BrinIndex, OpClass
from django.db import models
from django.db.models import Q


class State(models.TextChoices):
    """pending → claimed → sending → sent | skipped | failed. `docs/architecture.md` tells why each exists.

    What waits to be told together with other news is `kept` at first, and `skipped` once its digest has taken it.
    """

    KEPT = "kept", "Kept for a digest"
    PENDING = "pending", "Waiting"
    CLAIMED = "claimed", "Picked up"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    SKIPPED = "skipped", "Not sent: no longer needed"
    FAILED = "failed", "Failed"


FEW = [State.CLAIMED, State.SENDING, State.SKIPPED, State.FAILED]


class Priority(models.IntegerChoices):
    """Smaller goes first: a receipt never waits behind a hundred thousand reminders."""

    ACCOUNT = 0, "Account"
    RECEIPT = 1, "Receipt"
    NEWS = 5, "News"
    REMINDER = 7, "Reminder"


class NotificationQuerySet(models.QuerySet["Notification"]):
    def due(self, now: datetime) -> "NotificationQuerySet":
        """Waiting, and its moment has come, however long ago."""
        return self.filter(state=State.PENDING, due_at__lte=now)

    def unfinished(self) -> "NotificationQuerySet":
        return self.filter(state__in=[State.PENDING, State.CLAIMED, State.SENDING])

    def failed(self) -> "NotificationQuerySet":
        return self.filter(state=State.FAILED)


class Notification(models.Model):
    """One message to one address. Written in the transaction of the event it tells of; sent later, by the sweep.

    `key` is unique: whoever queues the same news to the same recipient again adds no row. `payload` holds the
    identifiers that the function named in settings.NOTIFICATION_KINDS needs to write the message when it is sent, so
    that what it says is true at that moment. Message text is not kept, since it may carry a confirmation link.
    """

    kind = models.CharField("kind", max_length=40)
    key = models.CharField("unique key", max_length=200)
    address = models.EmailField("to")
    payload = models.JSONField("about", default=dict)
    priority = models.SmallIntegerField("priority", choices=Priority.choices, default=Priority.NEWS)
    due_at = models.DateTimeField("due at")
    created_at = models.DateTimeField("queued at", auto_now_add=True)

    state = models.CharField("state", max_length=10, choices=State.choices, default=State.PENDING)
    claimed_by = models.CharField("picked up by", max_length=80, blank=True)
    claimed_until = models.DateTimeField("picked up until", null=True, blank=True)
    sending_at = models.DateTimeField("sending began at", null=True, blank=True)
    sent_at = models.DateTimeField("sent at", null=True, blank=True)
    finished_at = models.DateTimeField("sent, passed over or failed at", null=True, blank=True)
    doubted_at = models.DateTimeField(
        "in doubt since",
        null=True,
        blank=True,
        help_text="A worker died, or the line broke, while it was handed over. Kept once the doubt is settled.",
    )
    attempts = models.PositiveSmallIntegerField("attempts", default=0)
    reason = models.CharField("why not sent", max_length=500, blank=True)
    subject = models.CharField("subject as sent", max_length=300, blank=True)
    reference = models.UUIDField("reference", default=uuid.uuid4, editable=False)
    sent_again = models.BooleanField(
        "sent again after doubt",
        default=False,
        help_text="A worker died while sending and the mail server could not be asked whether it had the message.",
    )

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = "message"
        constraints: ClassVar[list[Any]] = [
            # Not the field's own `unique`, which would add a second index for searches by the beginning.
            models.UniqueConstraint(fields=["key"], name="notification_key"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="notification_state_known"),
            models.CheckConstraint(
                condition=~Q(state=State.SENT) | Q(sent_at__isnull=False), name="notification_sent_has_time"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[State.SKIPPED, State.FAILED]) | ~Q(reason=""),
                name="notification_unsent_has_reason",
            ),
        ]
        # Few and small: a hundred thousand rows are written at once, and each is changed three times as it is sent.
        indexes: ClassVar[list[Any]] = [
            models.Index("priority", "due_at", "id", name="notification_due", condition=Q(state=State.PENDING)),
            models.Index("due_at", "id", name="notification_kept", condition=Q(state=State.KEPT)),
            # Of the states in which few stand. What was sent is nearly everything, and is found without.
            models.Index("state", "id", name="notification_few", condition=Q(state__in=FEW)),
            # Not of reminders, which are nearly everything too.
            models.Index("kind", "id", name="notification_kind", condition=~Q(kind="deadline_coming")),
            # For the figures by the minute. Block ranges, so that marking a message as sent costs no index entry.
            BrinIndex(fields=["finished_at"], name="notification_finished"),
            models.Index("doubted_at", name="notification_doubted", condition=Q(doubted_at__isnull=False)),
            models.Index(OpClass("address", name="varchar_pattern_ops"), name="notification_address"),
        ]

    def __str__(self) -> str:
        return f"{self.kind.replace('_', ' ').capitalize()} to {self.address}"

    @property
    def message_id(self) -> str:
        """The Message-ID header: the same however often the message is tried."""
        return f"<{self.reference}@soundings>"


class SuppressionReason(models.TextChoices):
    BOUNCED = "bounced", "The address does not exist or refuses our post for good"
    COMPLAINED = "complained", "The reader reported our post as spam"
    UNSUBSCRIBED = "unsubscribed", "The reader unsubscribed with the e-mail service"
    BY_STAFF = "staff", "Stopped by staff"


class Suppression(models.Model):
    """An address that no post goes to (notifications/suppressing.py). Lifting keeps the row: the history is shown."""

    address = models.EmailField("address", help_text="In lower case.")
    reason = models.CharField("why", max_length=20, choices=SuppressionReason.choices)
    said = models.CharField("what was said", max_length=500, blank=True)
    since = models.DateTimeField("since")
    event_id = models.CharField("event of the e-mail service", max_length=200, blank=True)
    lifted_at = models.DateTimeField("lifted at", null=True, blank=True)
    lifted_by = models.CharField("lifted by", max_length=254, blank=True)

    class Meta:
        verbose_name = "suppressed address"
        verbose_name_plural = "suppressed addresses"
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(reason__in=SuppressionReason.values), name="suppression_reason_known"),
            models.UniqueConstraint("address", condition=Q(lifted_at__isnull=True), name="suppression_once"),
            models.UniqueConstraint("event_id", condition=~Q(event_id=""), name="suppression_event_once"),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(OpClass("address", name="varchar_pattern_ops"), name="suppression_address"),
        ]

    def __str__(self) -> str:
        return self.address


class Circuit(models.Model):
    """What the workers of every host know of the mail server together (notifications/circuit.py). One row."""

    name = models.CharField("mail server", max_length=60, primary_key=True)
    failures = models.PositiveIntegerField("failures in a row", default=0)
    open_until = models.DateTimeField("nobody calls it until", null=True, blank=True)
    reason = models.CharField("what it said", max_length=500, blank=True)
    next_slot_at = models.DateTimeField("the next message may go at", null=True, blank=True)

    class Meta:
        verbose_name = "mail server"

    def __str__(self) -> str:
        return self.name
