"""What belongs to a draft while several people work on it: the versions of its answers, and who signed it off."""

from typing import Any, ClassVar, Self

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.models import Membership, User


class How(models.TextChoices):
    """How a version of an answer came to be."""

    TYPED = "typed", "Saved"
    AUTOSAVED = "autosaved", "Saved while writing"
    MERGED = "merged", "Put together from two texts"
    RESTORED = "restored", "An earlier version restored"
    IMPORTED = "imported", "Imported"
    SET_ASIDE = "set_aside", "Kept beside: somebody else had saved meanwhile"


class AnswerVersionQuerySet(models.QuerySet["AnswerVersion"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """As the answer's draft: for the organisation alone."""
        from responses.models import Answer

        return self.filter(answer__in=Answer.objects.visible_to(user))

    def of_the_line(self) -> Self:
        """What the answer said at one time or another; not what was set aside."""
        return self.filter(version__isnull=False)


class AnswerVersion(models.Model):
    """One state of an answer that somebody saved, or (`set_aside`) tried to save when another had been faster.

    The database refuses to change or delete a row (migration 0100) but for an autosave that is still open: the same
    person's next save, within ten minutes of its beginning and with nothing after it, replaces it and may close it.
    """

    answer = models.ForeignKey("responses.Answer", on_delete=models.PROTECT, related_name="versions")
    ordinal = models.PositiveIntegerField("version", help_text="1, 2, 3 … within the answer.")
    version = models.PositiveIntegerField(
        "the answer's version", null=True, help_text="What the answer's version was then; none when set aside."
    )
    based_on = models.PositiveIntegerField("written against version", default=0)
    how = models.CharField("how", max_length=10, choices=How.choices)
    text = models.TextField("text", blank=True)
    selected = ArrayField(models.CharField(max_length=300), verbose_name="choices", default=list, blank=True)
    number = models.DecimalField("number", max_digits=24, decimal_places=6, null=True, blank=True)
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    began_at = models.DateTimeField("begun at")
    at = models.DateTimeField("saved at")

    objects = AnswerVersionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-ordinal"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint("answer", "ordinal", name="answer_version_once"),
            models.UniqueConstraint("answer", "version", name="answer_version_of_line_once"),
            models.CheckConstraint(condition=Q(how__in=How.values), name="answer_version_how_known"),
            models.CheckConstraint(
                condition=Q(how=How.SET_ASIDE, version__isnull=True) | Q(~Q(how=How.SET_ASIDE), version__isnull=False),
                name="answer_version_set_aside_is_none",
            ),
        ]

    def __str__(self) -> str:
        return f"Version {self.ordinal} of {self.answer}"


class SignOffQuerySet(models.QuerySet["SignOff"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """The organisation's own."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(
            response__organisation__in=Membership.objects.filter(user=user).values_list("organisation_id", flat=True)
        )


class SignOff(models.Model):
    """Somebody with the right to signed exactly this: `content` as it would have been filed, `sha256` over it.

    The record of acts keeps the hash with `nonce` before it (signing.kept_hash); one of before nonces has none. The
    database refuses to change or delete a row (migration 0100), but for an erasure. Whether it still holds is
    never stored: it holds while what would be filed has this digest.
    """

    response = models.ForeignKey("responses.Response", on_delete=models.PROTECT, related_name="sign_offs")
    content = models.JSONField("content")
    sha256 = models.CharField("SHA-256 of the content", max_length=64)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField("signed at")
    note = models.TextField("note", blank=True)
    nonce = models.CharField("nonce", max_length=32, blank=True, editable=False)

    objects = SignOffQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        indexes: ClassVar[list[Any]] = [models.Index("response", "sha256", name="sign_off_of_content")]

    def __str__(self) -> str:
        return f"{self.by} on {self.sha256[:12]}"
