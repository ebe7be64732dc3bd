"""Organisations, their members, and the offers to become one."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Upper

from accounts.identifiers import public_code, validate_company_number, validate_frn, validate_lei, validate_one_line
from accounts.person_models import User


class OrganisationKind(models.TextChoices):
    FIRM = "firm", "Firm"
    TRADE_BODY = "trade_body", "Trade body"
    LAW_FIRM = "law_firm", "Law firm"
    CONSUMER_BODY = "consumer_body", "Consumer body"
    PUBLIC_BODY = "public_body", "Public body"
    ACADEMIC = "academic", "Academic"
    INDIVIDUAL = "individual", "Individual"


# Those that speak for members, and may collect from them. A law firm answers for clients: it has no members.
WITH_MEMBERS = (OrganisationKind.TRADE_BODY, OrganisationKind.CONSUMER_BODY)


class SignOffRule(models.TextChoices):
    """Whether somebody must sign off a response before it is filed, and who may."""

    NONE = "none", "No: whoever may submit files it"
    REQUIRED = "required", "Yes: by somebody with the right to sign off"
    FOUR_EYES = "four_eyes", "Yes: by somebody with that right who wrote none of it"


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    def visible_to(self, user: User | AnonymousUser) -> "OrganisationQuerySet":
        """One's own organisations; staff with the right to see them, all."""
        if not user.is_authenticated:
            return self.none()
        if user.is_staff and user.has_perm("accounts.view_organisation"):
            return self
        return self.filter(memberships__user=user)


class Organisation(models.Model):
    """Who a response comes from. A person who answers for themselves is an organisation of kind "individual"."""

    code = models.CharField("code", max_length=10, unique=True, default=public_code, editable=False)
    name = models.CharField("name", max_length=200, validators=[validate_one_line])
    kind = models.CharField("kind", max_length=20, choices=OrganisationKind.choices, default=OrganisationKind.FIRM)
    frn = models.CharField("Firm Reference Number", max_length=7, blank=True, validators=[validate_frn])
    lei = models.CharField("Legal Entity Identifier", max_length=20, blank=True, validators=[validate_lei])
    company_number = models.CharField("company number", max_length=8, blank=True, validators=[validate_company_number])
    created_at = models.DateTimeField("created at", auto_now_add=True)
    members = models.ManyToManyField(User, through="Membership", related_name="organisations")
    sign_off = models.CharField(
        "sign-off before filing", max_length=10, choices=SignOffRule.choices, default=SignOffRule.NONE
    )

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["name", "id"]
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=~Q(name=""), name="organisation_has_name"),
            models.CheckConstraint(condition=Q(kind__in=OrganisationKind.values), name="organisation_kind_known"),
            models.CheckConstraint(condition=Q(sign_off__in=SignOffRule.values), name="organisation_sign_off_known"),
            models.UniqueConstraint("lei", condition=~Q(lei=""), name="organisation_lei_once"),
        ]
        indexes: ClassVar[list[Any]] = [
            GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="organisation_name_parts"),
        ]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What a member may do; each line of accounts/permissions.py reads from this list."""

    ADMIN = "admin", "Administrator: everything, and looks after members"
    SUBMITTER = "submitter", "Submitter: drafts and submits"
    DRAFTER = "drafter", "Drafter: drafts, cannot submit"
    READER = "reader", "Reader: reads only"

    @property
    def short(self) -> str:
        """The role in one word, for lists."""
        return str(self.label).partition(":")[0]


class MembershipQuerySet(models.QuerySet["Membership"]):
    def visible_to(self, user: User | AnonymousUser) -> "MembershipQuerySet":
        return self.filter(organisation__in=Organisation.objects.visible_to(user))


class Membership(models.Model):
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField("role", max_length=10, choices=Role.choices)
    may_sign_off = models.BooleanField("may sign off", default=False)
    since = models.DateTimeField("since", auto_now_add=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint("organisation", "user", name="membership_once"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.organisation}"

    @property
    def role_name(self) -> str:
        return Role(self.role).short


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self, now: datetime) -> "InvitationQuerySet":
        return self.filter(accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=now)

    def visible_to(self, user: User | AnonymousUser) -> "InvitationQuerySet":
        """Those of organisations that one administers."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(organisation__memberships__user=user, organisation__memberships__role=Role.ADMIN)


class Invitation(models.Model):
    """An offer to join an organisation. Its link is signed with SECRET_KEY when the e-mail is written
    (accounts/joining.py), so nothing in the database opens it.
    """

    code = models.CharField("code", max_length=10, unique=True, default=public_code, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField("e-mail address")
    role = models.CharField("role", max_length=10, choices=Role.choices)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField("invited at", auto_now_add=True)
    expires_at = models.DateTimeField("expires at")
    accepted_at = models.DateTimeField("accepted at", null=True, blank=True)
    accepted_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    revoked_at = models.DateTimeField("revoked at", null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                "organisation",
                Lower("email"),
                condition=Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="invitation_one_open_per_address",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.organisation}"

    @property
    def role_name(self) -> str:
        return Role(self.role).short
