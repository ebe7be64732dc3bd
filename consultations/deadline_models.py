"""When some or all of a consultation closes, and each time that was moved."""

from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q

from accounts.models import User, validate_time_zone
from consultations.paper_models import Consultation
from consultations.querysets import DeadlineQuerySet


class Certainty(models.TextChoices):
    STATED = "stated", "Stated by the body"
    INFERRED = "inferred", "Inferred"


class Deadline(models.Model):
    """When some or all of a consultation closes. `closes_at` null: there is no closing date.

    Answers count while now <= closes_at. The civil zone is the body's; a time that the source does not give is stored
    as the last second of the day there, and `time_assumed` says so.
    """

    consultation = models.ForeignKey(Consultation, on_delete=models.CASCADE, related_name="deadlines")
    label = models.CharField("label", max_length=200, help_text="What closes then, such as “Chapters 1 to 5”.")
    closes_at = models.DateTimeField("closes at", null=True, blank=True)
    time_zone = models.CharField("time zone", max_length=60, default="Europe/London", validators=[validate_time_zone])
    time_assumed = models.BooleanField("time of day assumed", default=False)
    certainty = models.CharField("certainty", max_length=10, choices=Certainty.choices, default=Certainty.STATED)
    note = models.CharField("note", max_length=300, blank=True)
    source = models.CharField("source", max_length=500, blank=True)
    version = models.PositiveSmallIntegerField("version", default=1, editable=False)
    position = models.PositiveSmallIntegerField("position", default=0)

    objects = DeadlineQuerySet.as_manager()

    class Meta:
        permissions: ClassVar[list[Any]] = [("extend_deadline", "Can extend deadlines")]
        ordering: ClassVar[list[str]] = ["position", "id"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint("consultation", "label", name="deadline_label_once"),
        ]
        indexes: ClassVar[list[Any]] = [models.Index("closes_at", name="deadline_closes")]

    def __str__(self) -> str:
        return self.label

    def is_open(self, now: datetime) -> bool:
        return self.closes_at is None or now <= self.closes_at

    @property
    def closes_local(self) -> datetime | None:
        """The closing moment as the clock on the wall of the deadline's own zone shows it."""
        return self.closes_at.astimezone(ZoneInfo(self.time_zone)) if self.closes_at else None


class DeadlineChange(models.Model):
    """A deadline was moved: both instants, why, and who moved it, kept for ever."""

    deadline = models.ForeignKey(Deadline, on_delete=models.CASCADE, related_name="changes")
    old_closes_at = models.DateTimeField("was", null=True)
    new_closes_at = models.DateTimeField("became", null=True)
    reason = models.TextField("reason")
    version = models.PositiveSmallIntegerField("version of the deadline that this made")
    changed_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    changed_by_name = models.CharField("who moved it", max_length=320, blank=True)
    changed_at = models.DateTimeField("moved at", null=True, help_text="Empty where the source does not say.")

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint("deadline", "version", name="deadline_change_once_a_version"),
            models.CheckConstraint(condition=~Q(reason=""), name="deadline_change_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.deadline}: moved"
