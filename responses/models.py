"""What is answered: a firm's response, its draft answers and files, and the submissions that were made of it."""

import uuid
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Left

from accounts.identifiers import public_code
from accounts.models import Organisation, User
from consultations.models import Consultation, Question
from responses.collection_models import Collection as Collection
from responses.collection_models import Contribution as Contribution
from responses.collection_models import ContributionAnswer as ContributionAnswer
from responses.collection_models import MemberInvitation as MemberInvitation
from responses.collection_models import SentInput as SentInput
from responses.collection_models import SpokenFor as SpokenFor
from responses.draft_models import AnswerVersion as AnswerVersion
from responses.draft_models import How as How
from responses.draft_models import SignOff as SignOff
from responses.file_models import Screened, Screening
from responses.guest_models import Guest as Guest
from responses.guest_models import May as May
from responses.holding_models import Export as Export
from responses.holding_models import FiledText as FiledText
from responses.holding_models import Reuse as Reuse
from responses.querysets import (
    AnswerQuerySet,
    AttachmentQuerySet,
    ReceiptQuerySet,
    ResponseQuerySet,
    State,
    SubmissionQuerySet,
)
from responses.receipt_models import Erasure as Erasure
from responses.receipt_models import Proof
from responses.receipt_models import ReceiptHead as ReceiptHead
from responses.receipt_models import ReceiptKey as ReceiptKey
from responses.receipt_models import ReceiptSeal as ReceiptSeal
from responses.team_models import Comment as Comment
from responses.team_models import QuestionWork as QuestionWork
from responses.time_models import Allowance as Allowance
from responses.time_models import Decision as Decision
from responses.time_models import TimeRequest as TimeRequest

# from → the states it may become. Submitting again is amending; a withdrawn response may be submitted afresh.
MOVES: dict[str, frozenset[str]] = {
    State.DRAFT: frozenset({State.SUBMITTED}),
    State.SUBMITTED: frozenset({State.SUBMITTED, State.WITHDRAWN}),
    State.WITHDRAWN: frozenset({State.SUBMITTED}),
}


class TextConsent(models.TextChoices):
    PUBLISH = "publish", "Yes, the text may be published"
    CONFIDENTIAL = "confidential", "No, keep the text confidential"


class NameConsent(models.TextChoices):
    LIST = "list", "Yes, our name may be listed as a respondent"
    WITHHOLD = "withhold", "No, do not list our name"


class FoiPosition(models.TextChoices):
    NO_OBJECTION = "no_objection", "We have no objection to disclosure under freedom of information law"
    CONSULT = "consult", "Ask us before any disclosure under freedom of information law"
    CONFIDENTIAL = "confidential", "We ask that it be treated as confidential, for the reason given"


class Consents(models.Model):
    """The three axes of consent. Empty: not stated yet, and treated as confidential until it is."""

    text_consent = models.CharField(
        "may the text be published?", max_length=12, choices=TextConsent.choices, blank=True
    )
    name_consent = models.CharField("may the name be listed?", max_length=12, choices=NameConsent.choices, blank=True)
    foi_position = models.CharField("freedom of information", max_length=12, choices=FoiPosition.choices, blank=True)
    foi_reason = models.TextField("reason for confidentiality", blank=True)

    class Meta:
        abstract = True


class Response(Consents):
    """One organisation's response to one consultation. `state` changes only in submission.py."""

    code = models.CharField("code", max_length=10, unique=True, default=public_code, editable=False)
    consultation = models.ForeignKey(Consultation, on_delete=models.PROTECT, related_name="responses")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="responses")
    state = models.CharField("state", max_length=10, choices=State.choices, default=State.DRAFT)
    started_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    started_at = models.DateTimeField("started at")
    edited_at = models.DateTimeField("last edited at")
    withdrawn_at = models.DateTimeField("withdrawn at", null=True, blank=True)
    withdrawal_reason = models.TextField("why it was withdrawn", blank=True)
    latest = models.OneToOneField(
        "Submission", null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name="latest version"
    )

    objects = ResponseQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint("consultation", "organisation", name="response_one_per_organisation"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="response_state_known"),
            models.CheckConstraint(
                condition=Q(state=State.DRAFT, latest__isnull=True) | Q(~Q(state=State.DRAFT), latest__isnull=False),
                name="response_submitted_has_submission",
            ),
            models.CheckConstraint(
                condition=Q(state=State.WITHDRAWN, withdrawn_at__isnull=False)
                | Q(~Q(state=State.WITHDRAWN), withdrawn_at__isnull=True),
                name="response_withdrawn_has_time",
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index("organisation", F("id").desc(), name="response_of_organisation"),
            models.Index("consultation", "state", F("id").desc(), name="response_of_consultation"),
            models.Index("state", F("id").desc(), name="response_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.organisation} on {self.consultation.reference or self.consultation}"

    def may_become(self, state: str) -> bool:
        return state in MOVES[self.state]


# What a draft answer is searched by (searching.py), and what its index is over: as much as a tsvector surely holds.
WORDS = SearchVector(Left("text", 80_000), config="english")


class Answer(models.Model):
    """What stands in the draft for one question. `version` rises with each save; a stale save is refused."""

    response = models.ForeignKey(Response, on_delete=models.CASCADE, related_name="answers")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="answers")
    text = models.TextField("text", blank=True)
    selected = ArrayField(models.CharField(max_length=300), verbose_name="choices", default=list, blank=True)
    number = models.DecimalField("number", max_digits=24, decimal_places=6, null=True, blank=True)
    version = models.PositiveIntegerField("version", default=1)
    edited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    edited_at = models.DateTimeField("edited at")

    objects = AnswerQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint("response", "question", name="answer_once_a_question"),
        ]
        indexes: ClassVar[list[Any]] = [GinIndex(WORDS, name="answer_words")]

    def __str__(self) -> str:
        return f"Answer to {self.question.number or self.question_id}"

    @property
    def is_empty(self) -> bool:
        return not self.text.strip() and not self.selected and self.number is None


def attachment_path(attachment: "Attachment", filename: str) -> str:  # noqa: ARG001 (Django gives it)
    """Where a file is stored: nothing of the name that the sender gave it."""
    return f"attachments/{attachment.code[:2]}/{attachment.code}"


class Attachment(Screened):
    """A file given with a response, for one question or for the whole. Never served inline, never by URL."""

    code = models.CharField("code", max_length=10, unique=True, default=public_code, editable=False)
    response = models.ForeignKey(Response, on_delete=models.PROTECT, related_name="attachments")
    question = models.ForeignKey(Question, null=True, blank=True, on_delete=models.PROTECT, related_name="attachments")
    file = models.FileField("file", upload_to=attachment_path)
    name = models.CharField("name", max_length=200)
    content_type = models.CharField("type", max_length=100)
    size = models.PositiveBigIntegerField("size in bytes")
    sha256 = models.CharField("SHA-256", max_length=64)
    uploaded_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    uploaded_at = models.DateTimeField("uploaded at")
    removed_at = models.DateTimeField("removed from the draft at", null=True, blank=True)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(screening__in=Screening.values), name="attachment_screening_known"),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index("scan_due_at", name="attachment_to_scan", condition=Q(screening=Screening.WAITING)),
            models.Index("response", name="attachment_current", condition=Q(removed_at=None)),
        ]

    def __str__(self) -> str:
        return self.name


class Submission(Consents):
    """What was filed: an immutable snapshot. The database refuses to change or delete it (migration 0100), but for an
    erasure that was written down first.

    `content` is canonical: {"consultation", "organisation", "consents", "sections": [{"number", "title", "questions":
    [{"code", "number", "text", "kind", "answer": {"text", "selected", "number"}, "files": [...]}]}], "files":
    [{"code", "name", "size", "sha256"}], "left_out": [...]}; `sha256` is over its canonical JSON
    (responses/snapshot.py). `received_at` is the database's clock when the request arrived: what lateness is decided
    by; `submitted_at` when the record was written.
    """

    response = models.ForeignKey(Response, on_delete=models.PROTECT, related_name="submissions")
    version = models.PositiveIntegerField("version")
    reference = models.CharField("reference", max_length=30, unique=True)
    content = models.JSONField("content")
    sha256 = models.CharField("SHA-256 of the content", max_length=64)
    answer_count = models.PositiveIntegerField("questions answered")
    question_count = models.PositiveIntegerField("questions that could be answered")
    submitted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    signed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField("signed off at", null=True)
    received_at = models.DateTimeField("received at")
    submitted_at = models.DateTimeField("submitted at")
    attachments = models.ManyToManyField(Attachment, related_name="submitted_in")

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        permissions: ClassVar[list[Any]] = [("view_confidential", "Can read confidential responses")]
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint("response", "version", name="submission_version_once"),
        ]
        indexes: ClassVar[list[Any]] = [models.Index(F("received_at").desc(), name="submission_received")]

    def __str__(self) -> str:
        return self.reference


class Receipt(Proof):
    """Proof of filing, one for each submission; immutable like it, but for an erasure (migration 0100)."""

    submission = models.OneToOneField(Submission, on_delete=models.PROTECT, related_name="receipt")
    code = models.CharField("code", max_length=10, unique=True, default=public_code, editable=False)
    issued_at = models.DateTimeField("issued at")
    sha256 = models.CharField("SHA-256 of the content", max_length=64)

    objects = ReceiptQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return f"Receipt for {self.submission.reference}"


class IdempotentRequest(models.Model):
    """A request that carried an Idempotency-Key, and what was answered to it (responses/idempotency.py)."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [models.UniqueConstraint("user", "key", name="idempotent_request_once")]

    def __str__(self) -> str:
        return self.key


class CalendarAddress(models.Model):
    """The address at which a person's or an organisation's calendar reads deadlines.

    The token in it is made from `nonce` and our own key (subscribing.py), so that the table alone opens nobody's
    calendar; another nonce ends the old address.
    """

    user = models.OneToOneField(User, null=True, on_delete=models.CASCADE, related_name="calendar_address")
    organisation = models.OneToOneField(
        Organisation, null=True, on_delete=models.CASCADE, related_name="calendar_address"
    )
    nonce = models.UUIDField("nonce", default=uuid.uuid4, unique=True, editable=False)
    renewed_at = models.DateTimeField("renewed at")

    class Meta:
        verbose_name_plural = "calendar addresses"
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(user=None, organisation__isnull=False) | Q(user__isnull=False, organisation=None),
                name="calendar_address_of_one",
            ),
        ]

    def __str__(self) -> str:
        return f"Calendar of {self.user or self.organisation}"


class Planning(models.Model):
    """Up to when something was planned, so that after an outage it is known what fell due in it. One row for each."""

    REMINDERS = "reminders"

    of = models.CharField("of what", max_length=20, primary_key=True)
    until = models.DateTimeField("planned until")

    def __str__(self) -> str:
        return f"{self.of}: {self.until}"
