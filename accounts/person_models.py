"""Who signs in: people, and the service accounts that organisations' programs act as."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q, TextField, Value
from django.db.models.functions import Cast, Lower
from django.db.models.lookups import Regex

from accounts import zones
from accounts.alerts import LEADS_AS_TEXT, Holidays, Rhythm, default_leads, validate_lead
from accounts.identifiers import validate_one_line

# Addresses of service accounts end with it; .invalid is reserved, so no mail can ever arrive (RFC 2606).
SERVICE_DOMAIN = "service.invalid"


def validate_time_zone(value: str) -> None:
    if value not in zones.known():
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
