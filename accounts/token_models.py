"""Keys to the API."""

from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q

from accounts.identifiers import validate_one_line
from accounts.organisation_models import Membership, Organisation, Role
from accounts.person_models import User


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def usable(self, now: datetime) -> "ApiTokenQuerySet":
        return self.filter(revoked_at__isnull=True).filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now))

    def visible_to(self, user: User | AnonymousUser) -> "ApiTokenQuerySet":
        """One's own, and those of organisations that one administers."""
        if not user.is_authenticated:
            return self.none()
        administered = Membership.objects.filter(user_id=user.pk, role=Role.ADMIN).values("organisation")
        return self.filter(Q(user_id=user.pk) | Q(organisation__in=administered))


class ApiToken(models.Model):
    """A key to the API. Shown once; only its SHA-256 is kept (it is random, so a slow hash would add nothing).

    A person's token acts as that person. An organisation's token acts as a service account that is a member of that
    organisation alone, with a role of its own, so that the one rule of visibility serves both.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens", verbose_name="acts as")
    organisation = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.CASCADE, related_name="api_tokens"
    )
    name = models.CharField("name", max_length=100, validators=[validate_one_line])
    prefix = models.CharField("begins with", max_length=12, unique=True)
    digest = models.CharField("SHA-256", max_length=64, unique=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("created at", auto_now_add=True)
    expires_at = models.DateTimeField("expires at", null=True, blank=True)
    last_used_at = models.DateTimeField("last used at", null=True, blank=True)
    revoked_at = models.DateTimeField("revoked at", null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
