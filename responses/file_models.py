"""What is known of a file beyond the file: its text, and the pieces of one that is still on its way."""

from typing import Any, ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.identifiers import public_code
from accounts.models import User
from consultations.models import Question


class Screening(models.TextChoices):
    """What the virus scanner said. Where none is set up, all files wait, and may be read."""

    WAITING = "waiting", "Not scanned yet"
    CLEAN = "clean", "Clean"
    INFECTED = "infected", "Rejected by the virus scanner"


class Screened(models.Model):
    """`screening` changes only in scanning.py. `scan_due_at` is when a waiting file is tried, or tried again."""

    screening = models.CharField("virus scan", max_length=8, choices=Screening.choices, default=Screening.WAITING)
    scan_due_at = models.DateTimeField("to be scanned from", default=timezone.now)
    scan_tries = models.PositiveIntegerField("attempts to scan", default=0)
    scan_note = models.CharField("what the scanner said", max_length=300, blank=True)
    scanned_at = models.DateTimeField("scanned at", null=True, blank=True)

    class Meta:
        abstract = True


class Outcome(models.TextChoices):
    WAITING = "waiting", "Not read yet"
    READ = "read", "Read"
    EMPTY = "empty", "Holds no text"
    SCANNED = "scanned", "A scan, not recognised"
    LOCKED = "locked", "Locked with a password"
    BROKEN = "broken", "Damaged"
    ACTIVE = "active", "Active content"
    TOO_LARGE = "too_large", "Too large to read"
    NOT_READ = "not_read", "Of a kind that is not read"


class AttachmentText(models.Model):
    """The text of a file, apart from the file, which stays what it is. `text` has a form feed between pages."""

    attachment = models.OneToOneField("responses.Attachment", on_delete=models.CASCADE, related_name="extracted")
    outcome = models.CharField("text", max_length=9, choices=Outcome.choices, default=Outcome.WAITING)
    text = models.TextField("text", blank=True)
    pages = models.PositiveIntegerField("pages", default=0)
    notes = models.JSONField("notes", default=list, blank=True)
    tool = models.CharField("read by", max_length=200, blank=True)
    due_at = models.DateTimeField("to be read from", default=timezone.now)
    tries = models.PositiveIntegerField("attempts", default=0)
    read_at = models.DateTimeField("read at", null=True, blank=True)
    search = SearchVectorField(null=True, editable=False)

    class Meta:
        verbose_name = "text of a file"
        verbose_name_plural = "texts of files"
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="attachment_text_outcome_known"),
        ]
        indexes: ClassVar[list[Any]] = [
            GinIndex("search", name="attachment_text_search"),
            models.Index("due_at", name="attachment_text_due", condition=Q(outcome=Outcome.WAITING)),
        ]

    def __str__(self) -> str:
        return self.attachment.name


class Upload(models.Model):
    """A file that arrives in pieces. `received` is the truth: what the store holds beyond it is written over."""

    code = models.CharField("code", max_length=10, unique=True, default=public_code, editable=False)
    response = models.ForeignKey("responses.Response", on_delete=models.CASCADE, related_name="uploads")
    question = models.ForeignKey(Question, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    name = models.CharField("name", max_length=200)
    length = models.PositiveBigIntegerField("length in bytes")
    received = models.PositiveBigIntegerField("bytes received", default=0)
    started_at = models.DateTimeField("started at")
    expires_at = models.DateTimeField("kept until")

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(received__lte=models.F("length")), name="upload_not_beyond_its_length"),
        ]
        indexes: ClassVar[list[Any]] = [models.Index("expires_at", name="upload_expires")]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> str:
        return f"uploads/{self.code}"
