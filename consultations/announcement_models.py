"""What followers were told of, what is held back, and who let it go."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from accounts.models import User
from consultations.deadline_models import DeadlineChange
from consultations.paper_models import Consultation, Outcome
from consultations.querysets import AnnouncementQuerySet


class News(models.TextChoices):
    """What followers are told at once; each is the kind of the e-mail that tells it."""

    OPENED = "consultation_opened", "Opened"
    EXTENDED = "deadline_extended", "Deadline extended"
    WITHDRAWN = "consultation_withdrawn", "Withdrawn"
    ANSWERED = "outcome_published", "Outcome published"


class Announcement(models.Model):
    """One event that followers are told of: who caused it, what they added to the e-mail, to how many it goes.

    Planned while the opening is still to come; then sent at once, or held for a second person to release or cancel
    (announcing.py). `consultation` is empty for an outcome, which may answer several.
    """

    kind = models.CharField("what happened", max_length=40, choices=News.choices)
    consultation = models.ForeignKey(
        Consultation, null=True, on_delete=models.CASCADE, related_name="announcements", editable=False
    )
    change = models.ForeignKey(DeadlineChange, null=True, on_delete=models.CASCADE, related_name="+", editable=False)
    outcome = models.ForeignKey(Outcome, null=True, on_delete=models.CASCADE, related_name="+", editable=False)
    note = models.CharField("note added to the e-mail", max_length=300, blank=True)
    made_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", editable=False)
    made_by_name = models.CharField("caused by", max_length=320, blank=True)
    made_at = models.DateTimeField("caused at")
    recipients = models.PositiveIntegerField("people", default=0)
    held_at = models.DateTimeField("held since", null=True)
    sent_at = models.DateTimeField("sent on its way at", null=True)
    released_by_name = models.CharField("released by", max_length=320, blank=True)
    cancelled_at = models.DateTimeField("cancelled at", null=True)
    cancelled_by_name = models.CharField("cancelled by", max_length=320, blank=True)
    reason = models.CharField("why it was cancelled", max_length=500, blank=True)

    objects = AnnouncementQuerySet.as_manager()

    class Meta:
        verbose_name = "alert"
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(kind__in=News.values), name="announcement_kind_known"),
            models.CheckConstraint(
                condition=Q(kind=News.ANSWERED, outcome__isnull=False, consultation__isnull=True, change__isnull=True)
                | Q(kind=News.EXTENDED, outcome__isnull=True, consultation__isnull=False, change__isnull=False)
                | Q(
                    kind__in=[News.OPENED, News.WITHDRAWN],
                    outcome__isnull=True,
                    consultation__isnull=False,
                    change__isnull=True,
                ),
                name="announcement_of_one_event",
            ),
            models.UniqueConstraint(
                "kind", "consultation", "change", "outcome", name="announcement_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True) | Q(cancelled_at__isnull=True), name="announcement_sent_or_cancelled"
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at__isnull=True) | ~Q(reason=""), name="announcement_cancelled_has_reason"
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(
                "held_at",
                name="announcement_waiting",
                condition=Q(held_at__isnull=False, sent_at__isnull=True, cancelled_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.consultation or self.outcome}"[:200]

    @property
    def papers(self) -> list[Consultation]:
        """What it is about: one consultation, or all that the outcome answers."""
        if self.outcome is not None:
            return list(self.outcome.consultations.order_by("pk"))
        return [self.consultation] if self.consultation else []

    @property
    def named(self) -> dict[str, int]:
        """What the payload of each of its messages names; `noted` where a note is to be looked up."""
        every = {"consultation": self.consultation_id, "change": self.change_id, "outcome": self.outcome_id}
        named = {name: pk for name, pk in every.items() if pk is not None}
        return {**named, "announcement": self.pk, **({"noted": 1} if self.note else {})}

    @property
    def is_waiting(self) -> bool:
        """Held, and neither released nor cancelled yet."""
        return self.held_at is not None and self.sent_at is None and self.cancelled_at is None
