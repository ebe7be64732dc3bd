"""What is made of all that a firm holds: a search over it, passages used again, and exports of it."""

from typing import Any, ClassVar, Self

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q

from accounts.identifiers import public_code
from accounts.models import Membership, Organisation, Role, User


class FiledTextQuerySet(models.QuerySet["FiledText"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """The organisation's own, whoever else may read the submission."""
        if not user.is_authenticated:
            return self.none()
        mine = Membership.objects.filter(user=user).values("organisation")
        return self.filter(submission__response__organisation__in=mine)

    def standing(self) -> Self:
        """Of the version that stands, not of those it replaced."""
        return self.filter(submission=F("submission__response__latest"))


class FiledText(models.Model):
    """The words of one filed answer, for search alone: the text is read from the submission. `question` is its code;
    "" in the one row that every submission has, by which it is known that it was read (searching.py)."""

    submission = models.ForeignKey("responses.Submission", on_delete=models.CASCADE, related_name="filed_texts")
    question = models.CharField("question", max_length=10, blank=True)
    search = SearchVectorField(null=True, editable=False)

    objects = FiledTextQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint("submission", "question", name="filed_text_once"),
        ]
        indexes: ClassVar[list[Any]] = [GinIndex("search", name="filed_text_search")]

    def __str__(self) -> str:
        return f"{self.submission_id}: {self.question}"


class ReuseQuerySet(models.QuerySet["Reuse"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """As the answer's draft: for the organisation alone."""
        from responses.models import Answer

        return self.filter(answer__in=Answer.objects.visible_to(user))


class Reuse(models.Model):
    """A passage was put into a draft answer: into which version of it, and from where, which is one of `submission`,
    `draft` and `sent` (a member's input; `sha256` is then that of the passage)."""

    answer = models.ForeignKey("responses.Answer", on_delete=models.CASCADE, related_name="reuses")
    version = models.PositiveIntegerField("the answer's version with it")
    submission = models.ForeignKey("responses.Submission", null=True, on_delete=models.PROTECT, related_name="+")
    draft = models.ForeignKey("responses.Answer", null=True, on_delete=models.SET_NULL, related_name="+")
    sent = models.ForeignKey("responses.SentInput", null=True, on_delete=models.PROTECT, related_name="+")
    source = models.CharField("where it came from", max_length=300)
    sha256 = models.CharField("SHA-256 of the passage", max_length=64, blank=True)
    words = models.PositiveIntegerField("words taken over")
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField("when")

    objects = ReuseQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=~Q(submission__isnull=False, draft__isnull=False)
                & (Q(sent=None) | Q(submission=None, draft=None)),
                name="reuse_of_one",
            ),
        ]

    def __str__(self) -> str:
        return self.source


class ExportQuerySet(models.QuerySet["Export"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """For who administers the organisation now. Never for staff: it holds drafts."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(organisation__memberships__user=user, organisation__memberships__role=Role.ADMIN)


def export_path(export: "Export", filename: str) -> str:  # noqa: ARG001 (Django gives it)
    return f"exports/{export.code[:2]}/{export.code}"


class Export(models.Model):
    """All that an organisation holds, as one ZIP that is built in the background and kept until it expires."""

    code = models.CharField("code", max_length=10, unique=True, default=public_code, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="exports")
    asked_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField("asked for at")
    due_at = models.DateTimeField("to be built from")
    tries = models.PositiveIntegerField("attempts", default=0)
    failed = models.CharField("why it could not be built", max_length=300, blank=True)
    built_at = models.DateTimeField("built at", null=True)
    expires_at = models.DateTimeField("kept until", null=True)
    file = models.FileField("file", upload_to=export_path, blank=True)
    size = models.PositiveBigIntegerField("size in bytes", default=0)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint("organisation", condition=Q(built_at=None, failed=""), name="export_one_under_way"),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index("due_at", name="export_due", condition=Q(built_at=None, failed="")),
        ]

    def __str__(self) -> str:
        return self.code
