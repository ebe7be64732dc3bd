"""Who: people, organisations, what each may do in them, and the record of what was done."""

import uuid
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import available_timezones

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q, TextField, Value
from django.db.models.functions import Cast, Lower, Upper
from django.db.models.lookups import Regex

from accounts.alerts import LEADS_AS_TEXT, Holidays, Rhythm, default_leads, validate_lead
from accounts.identifiers import public_code, validate_company_number, validate_frn, validate_lei, validate_one_line

# Addresses of service accounts end with it; .invalid is reserved, so no mail can ever arrive (RFC 2606).
SERVICE_DOMAIN = "service.invalid"


def default_lead_days() -> list[int]:
    """Of a column that is gone; the first migration names it."""
    return []


def validate_time_zone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError("Choose a time zone from the list, such as Europe/London.")


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in by e-mail, or an organisation's own key to the API (`is_service`), which never does."""

    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField("full name", max_length=150, blank=True, validators=[validate_one_line])
    is_staff = models.BooleanField("staff", default=False, help_text="May sign in to the staff pages.")
    is_active = models.BooleanField("active", default=True)
    is_service = models.BooleanField("service account", default=False, editable=False)
    time_zone = models.CharField("time zone", max_length=60, default="Europe/London", validators=[validate_time_zone])
    leads = ArrayField(
        models.CharField(max_length=5, validators=[validate_lead]),
        verbose_name="reminders",
        default=default_leads,
        blank=True,
        help_text="Lead times before a deadline, such as 14d, 5w (working days), 3h, 0d (the morning of the last day).",
    )
    holidays = models.CharField(
        "bank holidays", max_length=6, blank=True, choices=Holidays.choices, help_text="Empty: those of the time zone."
    )
    rhythm = models.CharField("how soon", max_length=10, choices=Rhythm.choices, default=Rhythm.AT_ONCE)
    joined_at = models.DateTimeField("joined at", auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(Lower("email"), name="user_email_once_in_any_case"),
            models.CheckConstraint(condition=~Q(is_service=True, is_staff=True), name="user_service_never_staff"),
            models.CheckConstraint(
                condition=Regex(Cast("leads", TextField()), Value(LEADS_AS_TEXT)), name="user_leads_are_codes"
            ),
            models.CheckConstraint(condition=Q(rhythm__in=Rhythm.values), name="user_rhythm_known"),
            models.CheckConstraint(condition=Q(holidays__in=["", *Holidays.values]), name="user_holidays_known"),
        ]

    def __str__(self) -> str:
        return self.name or self.email


class OrganisationKind(models.TextChoices):
    FIRM = "firm", "Firm"
    TRADE_BODY = "trade_body", "Trade body"
    LAW_FIRM = "law_firm", "Law firm"
    CONSUMER_BODY = "consumer_body", "Consumer body"
    PUBLIC_BODY = "public_body", "Public body"
    ACADEMIC = "academic", "Academic"
    INDIVIDUAL = "individual", "Individual"


class SignOffRule(models.TextChoices):
    """Whether somebody must sign off a response before it is filed, and who may."""

    NONE = "none", "No: whoever may submit files it"
    REQUIRED = "required", "Yes: by somebody with the right to sign off"
    FOUR_EYES = "four_eyes", "Yes: by somebody with that right who wrote none of it"


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    def visible_to(self, user: "User | AnonymousUser") -> "OrganisationQuerySet":
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
    def visible_to(self, user: "User | AnonymousUser") -> "MembershipQuerySet":
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

    def visible_to(self, user: "User | AnonymousUser") -> "InvitationQuerySet":
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


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def usable(self, now: datetime) -> "ApiTokenQuerySet":
        return self.filter(revoked_at__isnull=True).filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now))

    def visible_to(self, user: "User | AnonymousUser") -> "ApiTokenQuerySet":
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


class Act(models.Model):
    """One thing that somebody did. Rows are only ever added: the database refuses to change or delete them.

    `subject` names what it was done to ("response:4TX…"), `organisation_code` whose business it is, if a firm's.
    `detail` holds facts, never answer text. The person is kept by id and by what they were called then, so that the
    record outlives the account.
    """

    at = models.DateTimeField("when")
    verb = models.CharField("what", max_length=60)
    actor_id = models.BigIntegerField("who (id)", null=True)
    actor = models.CharField("who", max_length=320)
    door = models.CharField("where from", max_length=10)
    ip = models.GenericIPAddressField("address", null=True)
    subject = models.CharField("to what", max_length=80)
    consultation_code = models.CharField("consultation", max_length=10, blank=True)
    organisation_code = models.CharField("organisation", max_length=10, blank=True)
    detail = models.JSONField("details", default=dict)

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index("subject", "id", name="act_subject"),
            models.Index("consultation_code", "id", name="act_consultation"),
            models.Index(OpClass("actor", name="varchar_pattern_ops"), name="act_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.actor}: {self.verb}"


class Seal(models.Model):
    """The hash chain over the record: each seal covers one act and the seal before it (accounts/record.py).

    Apart from the acts, so that writing an act never waits for the chain: acts are sealed within a minute.
    """

    number = models.BigIntegerField("number", primary_key=True)
    act = models.OneToOneField(Act, on_delete=models.PROTECT, related_name="seal")
    digest = models.CharField("SHA-256", max_length=64)
    sealed_at = models.DateTimeField("sealed at", auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.number}: {self.digest[:12]}"


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
