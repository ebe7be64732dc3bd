"""Guests: people from outside, such as counsel, who were invited to one response, or to some sections of it, without
joining the organisation. They are no members: what starts from `visible_to` never shows them anything."""

from datetime import datetime
from typing import Any, ClassVar, Self

from allauth.account.models import EmailAddress
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower

from accounts.identifiers import public_code
from accounts.models import Membership, User
from consultations.models import Section


class May(models.TextChoices):
    """What a guest may do. Nothing else is ever a guest's: no filing, no sign-off, no comments, no consents."""

    READ = "read", "Read the answers"
    DRAFT = "draft", "Read and draft the answers"


class GuestQuerySet(models.QuerySet["Guest"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Who was invited is the organisation's own to know: not staff's, and not other guests'."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(response__organisation__in=Membership.objects.filter(user=user).values("organisation"))

    def standing(self) -> Self:
        """Invited or accepted, and neither declined nor ended; an invitation may have run out."""
        return self.filter(declined_at=None, ended_at=None)

    def open(self, now: datetime) -> Self:
        """Invitations that can still be accepted."""
        return self.standing().filter(accepted_at=None, expires_at__gt=now)

    def live(self) -> Self:
        """Those who are let in: accepted, not ended, and the account still has the invited address confirmed."""
        confirmed = EmailAddress.objects.filter(user=OuterRef("user"), verified=True, email__iexact=OuterRef("email"))
        return self.standing().filter(Exists(confirmed), accepted_at__isnull=False, user__is_active=True)

    def of(self, user: User | AnonymousUser) -> Self:
        """What this person is let into as a guest: never more than that, and not where they are a member."""
        if not user.is_authenticated or user.is_service:
            return self.none()
        member = Membership.objects.filter(user=user, organisation=OuterRef("response__organisation"))
        return self.live().filter(~Exists(member), user=user)


class Guest(models.Model):
    """One person's invitation to one response, and what came of it. Changed in guests.py alone.

    Its link is signed with SECRET_KEY when the e-mail is written (guests.py), as that of an invitation to the
    organisation: nothing in the database, not even a hash, opens it. `whole`: also sections that the paper gets later.
    """

    code = models.CharField("code", max_length=10, unique=True, default=public_code, editable=False)
    response = models.ForeignKey("responses.Response", on_delete=models.CASCADE, related_name="guests")
    email = models.EmailField("e-mail address")
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    whole = models.BooleanField("the whole response", default=False)
    sections = models.ManyToManyField(Section, related_name="+", verbose_name="sections")
    may = models.CharField("may", max_length=5, choices=May.choices, default=May.READ)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField("invited at")
    expires_at = models.DateTimeField("expires at")
    accepted_at = models.DateTimeField("accepted at", null=True)
    declined_at = models.DateTimeField("declined at", null=True)
    ended_at = models.DateTimeField("ended at", null=True)
    ended_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    objects = GuestQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                "response", Lower("email"), condition=Q(declined_at=None, ended_at=None), name="guest_once_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None, user=None) | Q(accepted_at__isnull=False, user__isnull=False),
                name="guest_accepted_is_somebody",
            ),
            models.CheckConstraint(condition=Q(may__in=May.values), name="guest_may_known"),
        ]

    def __str__(self) -> str:
        return f"{self.email}, a guest of response {self.response_id}"

    @property
    def may_draft(self) -> bool:
        return self.may == May.DRAFT
