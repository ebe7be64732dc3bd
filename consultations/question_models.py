"""What a paper asks, section by section, and what was put right in it."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.identifiers import public_code
from accounts.models import User
from consultations.deadline_models import Deadline
from consultations.paper_models import Consultation
from notifications.message import shortened


class Section(models.Model):
    """A chapter or part of a paper; it closes when its deadline does."""

    consultation = models.ForeignKey(Consultation, on_delete=models.CASCADE, related_name="sections")
    deadline = models.ForeignKey(
        Deadline,
        null=True,
        blank=True,
        on_delete=models.RESTRICT,
        related_name="sections",
        help_text="Empty: there is no closing date.",
    )
    number = models.CharField("number", max_length=20, blank=True)
    title = models.CharField("title", max_length=300, blank=True)
    introduction = models.TextField("introduction", blank=True, help_text="Markdown.")
    position = models.PositiveSmallIntegerField("position", default=0)

    class Meta:
        ordering: ClassVar[list[str]] = ["position", "id"]
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=~Q(number="", title=""), name="section_has_number_or_title"),
        ]

    def __str__(self) -> str:
        return " ".join(filter(None, [self.number, self.title]))

    def is_open(self, now: datetime) -> bool:
        return self.deadline is None or self.deadline.is_open(now)


class QuestionKind(models.TextChoices):
    TEXT = "text", "Free text"
    YES_NO_PARTLY = "yes_no_partly", "Yes, no or partly, with comments"
    SINGLE = "single", "One of several"
    MULTIPLE = "multiple", "Any of several"
    NUMBER = "number", "Number"
    FILE = "file", "File"


class Wording(models.TextChoices):
    PAPER = "paper", "The paper's own words"
    SOUNDINGS = "soundings", "Soundings' own prompt, not the paper's wording"


class Question(models.Model):
    """One question, as printed. Once published it changes only by a recorded correction (publishing.py)."""

    code = models.CharField("code", max_length=10, unique=True, default=public_code, editable=False)
    section = models.ForeignKey(Section, on_delete=models.CASCADE, related_name="questions")
    number = models.CharField("number as printed", max_length=20, blank=True)
    text = models.TextField("text")
    guidance = models.TextField("guidance", blank=True)
    kind = models.CharField("kind", max_length=20, choices=QuestionKind.choices, default=QuestionKind.TEXT)
    wording = models.CharField("whose words", max_length=10, choices=Wording.choices, default=Wording.PAPER)
    required = models.BooleanField("must be answered", default=False)
    word_limit = models.PositiveIntegerField("word limit", null=True, blank=True)
    options = ArrayField(
        models.CharField(max_length=300), default=list, blank=True, help_text="One a line, for choices."
    )
    shown_if = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.RESTRICT,
        related_name="leads_to",
        verbose_name="shown only after",
        help_text="An earlier question of the same paper with choices.",
    )
    shown_if_answer = models.CharField("and only if the answer is", max_length=300, blank=True)
    position = models.PositiveSmallIntegerField("position", default=0)

    class Meta:
        permissions: ClassVar[list[Any]] = [("correct_question", "Can correct published questions")]
        ordering: ClassVar[list[str]] = ["section__position", "section_id", "position", "id"]
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(kind__in=QuestionKind.values), name="question_kind_known"),
            models.CheckConstraint(condition=~Q(text=""), name="question_has_text"),
            models.CheckConstraint(
                condition=~Q(kind__in=["single", "multiple"]) | Q(options__len__gte=2),
                name="question_choices_have_options",
            ),
            models.CheckConstraint(
                condition=Q(shown_if__isnull=True, shown_if_answer="")
                | (Q(shown_if__isnull=False) & ~Q(shown_if_answer="")),
                name="question_condition_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return shortened(f"{self.number} {self.text}".strip(), 120)

    @property
    def choices(self) -> list[str]:
        """What may be chosen, in order; empty for kinds without choices."""
        return ["Yes", "No", "Partly"] if self.kind == QuestionKind.YES_NO_PARTLY else list(self.options)


class QuestionCorrection(models.Model):
    """A question was put right after opening: what it said, what it says, why. Shown to everybody who reads it."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="corrections")
    old_text = models.TextField("was")
    new_text = models.TextField("became")
    old_guidance = models.TextField("guidance was", blank=True)
    new_guidance = models.TextField("guidance became", blank=True)
    reason = models.TextField("reason")
    corrected_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    corrected_at = models.DateTimeField("corrected at")

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return f"Correction of {self.question}"
