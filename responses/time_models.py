"""More time for one respondent: what was asked for and decided, and the allowance that came of it."""

from typing import Any, ClassVar, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q

from accounts.identifiers import public_code
from accounts.models import Membership, Organisation, User
from consultations.models import Deadline


class Decision(models.TextChoices):
    ASKED = "asked", "Waiting for a decision"
    GRANTED = "granted", "Granted"
    EXTENDED = "extended", "Extended for everybody"
    REFUSED = "refused", "Refused"


class TimeRequestQuerySet(models.QuerySet["TimeRequest"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """The organisation's own; all of them for staff with the right."""
        if not user.is_authenticated:
            return self.none()
        if user.is_staff and user.has_perm("responses.view_timerequest"):
            return self
        return self.filter(organisation__in=Membership.objects.filter(user=user).values("organisation"))

    def waiting(self) -> Self:
        return self.filter(decision=Decision.ASKED)


class TimeRequest(models.Model):
    """An organisation asks for more time under one deadline, or to be heard after it. Decided once (more_time.py)."""

    code = models.CharField("code", max_length=10, unique=True, default=public_code, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    deadline = models.ForeignKey(Deadline, on_delete=models.PROTECT, related_name="time_requests")
    closes_at = models.DateTimeField("closed then at", help_text="The deadline's moment when this was asked.")
    reason = models.TextField("why more time is needed")
    wanted_on = models.DateField("wanted until", null=True)
    asked_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField("asked at")
    decision = models.CharField("state", max_length=8, choices=Decision.choices, default=Decision.ASKED)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField("decided at", null=True)
    decision_reason = models.TextField("reason of the decision", blank=True)

    objects = TimeRequestQuerySet.as_manager()

    class Meta:
        verbose_name = "request for more time"
        verbose_name_plural = "requests for more time"
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["organisation", "deadline"],
                condition=Q(decision=Decision.ASKED),
                name="time_request_one_waiting",
            ),
            models.CheckConstraint(condition=Q(decision__in=Decision.values), name="time_request_decision_known"),
            models.CheckConstraint(
                condition=Q(decision=Decision.ASKED, decided_at=None)
                | Q(~Q(decision=Decision.ASKED), decided_at__isnull=False),
                name="time_request_decided_at",
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index("id", name="time_request_waiting", condition=Q(decision=Decision.ASKED)),
        ]

    def __str__(self) -> str:
        paper = self.deadline.consultation
        return f"{self.organisation}: {paper.reference or paper.title[:60]}, {self.deadline}"

    @property
    def is_waiting(self) -> bool:
        return self.decision == Decision.ASKED


class Allowance(models.Model):
    """One organisation may submit once under one deadline until a moment of its own. Used up by that submission."""

    request = models.OneToOneField(TimeRequest, on_delete=models.PROTECT, related_name="allowance")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    deadline = models.ForeignKey(Deadline, on_delete=models.PROTECT, related_name="+")
    until = models.DateTimeField("until")
    used_in = models.ForeignKey("responses.Submission", null=True, on_delete=models.PROTECT, related_name="allowances")
    used_at = models.DateTimeField("used at", null=True)

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index("organisation", "deadline", name="allowance_unused", condition=Q(used_in=None)),
        ]
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(used_in=None, used_at=None) | Q(used_in__isnull=False, used_at__isnull=False),
                name="allowance_used_at",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation}: {self.deadline}"
