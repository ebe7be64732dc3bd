"""A paper that asks for views: who publishes it, what it says, what belongs to it and what came of it."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import F, Q

from accounts.identifiers import public_code
from accounts.models import User, validate_time_zone
from consultations.querysets import ConsultationQuerySet, OutcomeQuerySet


class Jurisdiction(models.TextChoices):
    UK = "UK", "United Kingdom"
    US = "US", "United States"


class Authority(models.Model):
    """A body that publishes consultations: a regulator, a ministry, a central bank."""

    slug = models.SlugField("slug", max_length=60, unique=True)
    name = models.CharField("name", max_length=200, unique=True)
    short_name = models.CharField("short name", max_length=40, blank=True)
    jurisdiction = models.CharField("jurisdiction", max_length=2, choices=Jurisdiction.choices)
    time_zone = models.CharField("time zone", max_length=60, validators=[validate_time_zone])

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]
        verbose_name_plural = "authorities"
        constraints: ClassVar[list[Any]] = [
            # A body without a zone would make every reminder of its deadlines fail.
            models.CheckConstraint(condition=~Q(time_zone=""), name="authority_has_time_zone"),
        ]

    def __str__(self) -> str:
        return self.short_name or self.name


class Topic(models.Model):
    slug = models.SlugField("slug", max_length=60, unique=True)
    name = models.CharField("name", max_length=100, unique=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name


class Kind(models.TextChoices):
    CONSULTATION_PAPER = "consultation_paper", "Consultation paper"
    DISCUSSION_PAPER = "discussion_paper", "Discussion paper"
    GUIDANCE_CONSULTATION = "guidance_consultation", "Guidance consultation"
    CALL_FOR_INPUT = "call_for_input", "Call for input"
    DRAFT_LEGISLATION = "draft_legislation", "Draft legislation"
    REQUEST_FOR_COMMENT = "request_for_comment", "Request for comment"
    ANPRM = "anprm", "Advance notice of proposed rulemaking"
    NPRM = "nprm", "Notice of proposed rulemaking"


class Consultation(models.Model):
    """A paper that asks for views.

    Its status is never stored: `Consultation.objects.with_status(now)` computes it from the instants below and the
    deadlines. What is not known stays null or empty. `takes_responses` is False for papers recorded from elsewhere:
    Soundings says where to respond, and takes no response that would not reach the body.
    """

    code = models.CharField("code", max_length=10, unique=True, default=public_code, editable=False)
    reference = models.CharField("reference", max_length=100, blank=True, help_text="As printed, such as CP25/25.")
    title = models.CharField("title", max_length=400, blank=True)
    kind = models.CharField("kind", max_length=30, choices=Kind.choices)
    authorities = models.ManyToManyField(Authority, through="ConsultationAuthority", related_name="consultations")
    topics = models.ManyToManyField(Topic, blank=True, related_name="consultations")
    summary = models.TextField("summary", blank=True)
    body = models.TextField("body", blank=True, help_text="Markdown.")

    published_at = models.DateTimeField(
        "published at", null=True, blank=True, help_text="When it becomes public here. Empty: a draft."
    )
    opens_at = models.DateTimeField(
        "opens at", null=True, blank=True, help_text="When responses are first taken. Empty: on publication."
    )
    withdrawn_at = models.DateTimeField("withdrawn at", null=True, blank=True)
    withdrawal_reason = models.TextField("why it was withdrawn", blank=True)
    published_on = models.DateField("date on the paper", null=True, blank=True)
    published_on_text = models.CharField("date as printed", max_length=60, blank=True)

    takes_responses = models.BooleanField("responses are taken here", default=True)
    closing_unknown = models.BooleanField("closing date not known", default=False)
    known_closed_at = models.DateTimeField(
        "known to have closed by", null=True, blank=True, help_text="Where the closing date itself is not known."
    )
    question_count = models.PositiveSmallIntegerField(
        "number of questions in the paper", null=True, blank=True, help_text="As counted in the paper, where known."
    )
    respond_via = models.JSONField("how to respond elsewhere", default=dict, blank=True)
    confidentiality_note = models.TextField("what the body says of confidentiality", blank=True)
    confidentiality_source = models.URLField("source of that", max_length=500, blank=True)
    docket_id = models.CharField("docket", max_length=60, blank=True)
    rin = models.CharField("RIN", max_length=20, blank=True)
    fr_document_number = models.CharField("Federal Register document", max_length=20, blank=True)
    fr_citation = models.CharField("Federal Register citation", max_length=30, blank=True)
    responses_received = models.PositiveIntegerField("responses the body says it received", null=True, blank=True)
    sources = ArrayField(models.CharField(max_length=500), verbose_name="sources", default=list, blank=True)
    record_note = models.TextField("note on the record", blank=True, help_text="What is uncertain, and why.")
    source_key = models.CharField(
        "key in the shipped data", max_length=200, null=True, blank=True, unique=True, editable=False
    )

    rehearsal_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="rehearsals", editable=False
    )
    is_rehearsal = models.BooleanField("rehearsal", default=False, editable=False)
    owner = models.ForeignKey(
        User,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Who is reminded of its dates. Empty: everybody who may publish.",
    )
    outcome_due_on = models.DateField(
        "outcome due on", null=True, blank=True, help_text="By when an outcome is to be published here."
    )
    created_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    created_at = models.DateTimeField("created at", auto_now_add=True)
    announced_at = models.DateTimeField(
        "followers told at", null=True, blank=True, editable=False, help_text="When the opening alerts were queued."
    )
    search = models.GeneratedField(
        expression=SearchVector("reference", weight="A", config="simple")
        + SearchVector("title", weight="A", config="english")
        + SearchVector("summary", weight="B", config="english")
        + SearchVector("body", weight="C", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = ConsultationQuerySet.as_manager()

    class Meta:
        permissions: ClassVar[list[Any]] = [
            ("publish_consultation", "Can publish and schedule consultations"),
            ("withdraw_consultation", "Can withdraw consultations"),
        ]
        ordering: ClassVar[list[str]] = ["-published_at", "-id"]
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="consultation_kind_known"),
            models.CheckConstraint(condition=~Q(reference="", title="", summary=""), name="consultation_can_be_named"),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | ~Q(withdrawal_reason=""),
                name="consultation_withdrawal_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(opens_at__isnull=True)
                | (Q(published_at__isnull=False) & Q(opens_at__gte=F("published_at"))),
                name="consultation_opens_after_publication",
            ),
            models.CheckConstraint(
                condition=Q(is_rehearsal=True) | Q(rehearsal_of__isnull=True), name="consultation_rehearsal_is_marked"
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            GinIndex("search", name="consultation_search"),
            models.Index(F("published_at").desc(), F("id").desc(), name="consultation_newest"),
            models.Index("published_at", name="consultation_unannounced", condition=Q(announced_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}".strip() or self.summary[:80]

    @property
    def name(self) -> str:
        """What to call it where there is room for one line."""
        return str(self)

    @property
    def opening(self) -> datetime | None:
        """When responses are first taken; None for a draft."""
        return self.opens_at or self.published_at

    def is_public(self, now: datetime) -> bool:
        return self.published_at is not None and self.published_at <= now

    def is_taking(self, now: datetime) -> bool:
        """Responses may be taken at all; whether a question still may be answered is its deadline's to say."""
        opening = self.opening
        return self.takes_responses and self.withdrawn_at is None and opening is not None and opening <= now


class ConsultationAuthority(models.Model):
    """Which bodies run a consultation; position 0 leads."""

    consultation = models.ForeignKey(Consultation, on_delete=models.CASCADE)
    authority = models.ForeignKey(Authority, on_delete=models.PROTECT)
    position = models.PositiveSmallIntegerField("position", default=0)

    class Meta:
        ordering: ClassVar[list[str]] = ["position", "id"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint("consultation", "authority", name="consultation_authority_once"),
        ]

    def __str__(self) -> str:
        return str(self.authority)


class Document(models.Model):
    """The paper itself or something published with it: a file kept here or an address elsewhere."""

    code = models.CharField("code", max_length=10, unique=True, default=public_code, editable=False)
    consultation = models.ForeignKey(Consultation, on_delete=models.CASCADE, related_name="documents")
    title = models.CharField("title", max_length=300)
    url = models.URLField("address", max_length=500, blank=True)
    file = models.FileField("file", upload_to="documents/%Y/%m/", blank=True)
    position = models.PositiveSmallIntegerField("position", default=0)

    class Meta:
        ordering: ClassVar[list[str]] = ["position", "id"]
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=~Q(url="", file=""), name="document_is_somewhere"),
        ]

    def __str__(self) -> str:
        return self.title


class Outcome(models.Model):
    """What came of it: one outcome may answer many consultations, and one consultation may lead to many outcomes."""

    code = models.CharField("code", max_length=10, unique=True, default=public_code, editable=False)
    consultations = models.ManyToManyField(Consultation, related_name="outcomes")
    kind = models.CharField("kind", max_length=40, help_text="Such as policy statement, government response, report.")
    reference = models.CharField("reference", max_length=200, blank=True)
    title = models.CharField("title", max_length=400, blank=True)
    summary = models.TextField("summary", blank=True)
    url = models.URLField("address", max_length=500, blank=True)
    published_on = models.DateField("date on the document", null=True, blank=True)
    published_at = models.DateTimeField("published here at", null=True, blank=True, editable=False)
    is_final = models.BooleanField(
        "ends the consultation", default=True, help_text="No for an extension notice or a further consultation."
    )
    note = models.TextField("note", blank=True)
    source_key = models.CharField(max_length=400, null=True, blank=True, unique=True, editable=False)

    objects = OutcomeQuerySet.as_manager()

    class Meta:
        permissions: ClassVar[list[Any]] = [("publish_outcome", "Can publish outcomes")]
        ordering: ClassVar[list[str]] = ["published_on", "id"]

    def __str__(self) -> str:
        return " ".join(filter(None, [self.reference, self.title])) or self.kind
