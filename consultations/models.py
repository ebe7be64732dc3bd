"""What is asked: consultations, their deadlines, sections, questions and outcomes."""

from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Cast
from django.db.models.lookups import Regex

from accounts import alerts
from accounts.alerts import LEADS_AS_TEXT, Rhythm, validate_lead
from accounts.identifiers import public_code
from accounts.models import Organisation, User, validate_time_zone
from consultations.querysets import (
    AnnouncementQuerySet,
    ConsultationQuerySet,
    DeadlineQuerySet,
    FollowQuerySet,
    OutcomeQuerySet,
)


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


class Certainty(models.TextChoices):
    STATED = "stated", "Stated by the body"
    INFERRED = "inferred", "Inferred"


class Deadline(models.Model):
    """When some or all of a consultation closes. `closes_at` null: there is no closing date.

    Answers count while now <= closes_at. The civil zone is the body's; a time that the source does not give is stored
    as the last second of the day there, and `time_assumed` says so.
    """

    consultation = models.ForeignKey(Consultation, on_delete=models.CASCADE, related_name="deadlines")
    label = models.CharField("label", max_length=200, help_text="What closes then, such as “Chapters 1 to 5”.")
    closes_at = models.DateTimeField("closes at", null=True, blank=True)
    time_zone = models.CharField("time zone", max_length=60, default="Europe/London", validators=[validate_time_zone])
    time_assumed = models.BooleanField("time of day assumed", default=False)
    certainty = models.CharField("certainty", max_length=10, choices=Certainty.choices, default=Certainty.STATED)
    note = models.CharField("note", max_length=300, blank=True)
    source = models.CharField("source", max_length=500, blank=True)
    version = models.PositiveSmallIntegerField("version", default=1, editable=False)
    position = models.PositiveSmallIntegerField("position", default=0)

    objects = DeadlineQuerySet.as_manager()

    class Meta:
        permissions: ClassVar[list[Any]] = [("extend_deadline", "Can extend deadlines")]
        ordering: ClassVar[list[str]] = ["position", "id"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint("consultation", "label", name="deadline_label_once"),
        ]
        indexes: ClassVar[list[Any]] = [models.Index("closes_at", name="deadline_closes")]

    def __str__(self) -> str:
        return self.label

    def is_open(self, now: datetime) -> bool:
        return self.closes_at is None or now <= self.closes_at

    @property
    def closes_local(self) -> datetime | None:
        """The closing moment as the clock on the wall of the deadline's own zone shows it."""
        return self.closes_at.astimezone(ZoneInfo(self.time_zone)) if self.closes_at else None


class DeadlineChange(models.Model):
    """A deadline was moved: both instants, why, and who moved it, kept for ever."""

    deadline = models.ForeignKey(Deadline, on_delete=models.CASCADE, related_name="changes")
    old_closes_at = models.DateTimeField("was", null=True)
    new_closes_at = models.DateTimeField("became", null=True)
    reason = models.TextField("reason")
    version = models.PositiveSmallIntegerField("version of the deadline that this made")
    changed_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    changed_by_name = models.CharField("who moved it", max_length=320, blank=True)
    changed_at = models.DateTimeField("moved at", null=True, help_text="Empty where the source does not say.")

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint("deadline", "version", name="deadline_change_once_a_version"),
            models.CheckConstraint(condition=~Q(reason=""), name="deadline_change_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.deadline}: moved"


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
        return f"{self.number} {self.text}".strip()[:120]

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


NOTHING_BUT_A_PAPER = Q(authority__isnull=True, topic__isnull=True, jurisdiction="", kind="", words="")


class Follow(models.Model):
    """What somebody wants to hear of: one consultation, or every one that all the given criteria fit.

    A body, topic, jurisdiction, kind or words alone, or several of them: a saved search. `muted`: no alerts about this
    consultation, whatever else the person follows. It is a person's own, or an organisation's, which those of its
    members hear who may draft. `leads` and `rhythm` null: as each person has chosen for themself. The one rule of what
    a row covers is consultations/hearing.py.
    """

    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="follows")
    organisation = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.CASCADE, related_name="follows"
    )
    consultation = models.ForeignKey(
        Consultation, null=True, blank=True, on_delete=models.CASCADE, related_name="follows"
    )
    authority = models.ForeignKey(Authority, null=True, blank=True, on_delete=models.CASCADE, related_name="follows")
    topic = models.ForeignKey(Topic, null=True, blank=True, on_delete=models.CASCADE, related_name="follows")
    jurisdiction = models.CharField("jurisdiction", max_length=2, blank=True, choices=Jurisdiction.choices)
    kind = models.CharField("kind", max_length=30, blank=True, choices=Kind.choices)
    words = models.CharField("words", max_length=200, blank=True, help_text="As in the search of the list.")
    muted = models.BooleanField("no alerts", default=False)
    leads = ArrayField(
        models.CharField(max_length=5, validators=[validate_lead]), verbose_name="reminders", null=True, blank=True
    )
    rhythm = models.CharField("how soon", max_length=10, null=True, blank=True, choices=Rhythm.choices)
    since = models.DateTimeField("since", auto_now_add=True)

    objects = FollowQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, organisation__isnull=True)
                | Q(user__isnull=True, organisation__isnull=False),
                name="follow_is_somebodys",
            ),
            models.CheckConstraint(
                condition=~NOTHING_BUT_A_PAPER | Q(consultation__isnull=False), name="follow_something"
            ),
            models.CheckConstraint(
                condition=Q(consultation__isnull=True) | NOTHING_BUT_A_PAPER, name="follow_paper_by_itself"
            ),
            models.CheckConstraint(
                condition=Q(muted=False) | Q(consultation__isnull=False, user__isnull=False),
                name="follow_muted_is_a_persons_paper",
            ),
            models.CheckConstraint(
                condition=Q(jurisdiction__in=["", *Jurisdiction.values], kind__in=["", *Kind.values]),
                name="follow_criteria_known",
            ),
            models.CheckConstraint(
                condition=Q(rhythm__isnull=True) | Q(rhythm__in=Rhythm.values), name="follow_rhythm_known"
            ),
            models.CheckConstraint(
                condition=Q(leads__isnull=True) | Q(Regex(Cast("leads", models.TextField()), Value(LEADS_AS_TEXT))),
                name="follow_leads_are_codes",
            ),
            models.UniqueConstraint(
                fields=["user", "organisation", "consultation", "authority", "topic", "jurisdiction", "kind", "words"],
                nulls_distinct=False,
                name="follow_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user or self.organisation} follows {self.target}"

    @property
    def lead_words(self) -> str:
        """Its own lead times in words; "none" where it is to remind of nothing."""
        return ", ".join(map(alerts.words, self.leads or [])) or "none"

    @property
    def is_of_one_thing(self) -> bool:
        """A consultation, a body or a topic, and nothing that narrows it: what the Follow buttons make."""
        things = [self.consultation_id, self.authority_id, self.topic_id]
        return sum(map(bool, things)) == 1 and not (self.jurisdiction or self.kind or self.words)

    @property
    def target(self) -> str:
        """What it covers, in words: "Financial Conduct Authority; Crypto; “custody”"."""
        if self.consultation:
            return self.consultation.name
        parts: list[object] = [self.authority, self.topic]
        parts += [Jurisdiction(self.jurisdiction).label if self.jurisdiction else None]
        parts += [Kind(self.kind).label if self.kind else None, f"“{self.words}”" if self.words else None]
        return "; ".join(str(part) for part in parts if part)


class News(models.TextChoices):
    """What followers are told at once; each is the kind of the e-mail that tells it."""

    OPENED = "consultation_opened", "Opened"
    EXTENDED = "deadline_extended", "Deadline extended"
    WITHDRAWN = "consultation_withdrawn", "Withdrawn"
    ANSWERED = "outcome_published", "Outcome published"


class Announcement(models.Model):
    """One event that followers are told of: who caused it, what they added to the e-mail, to how many it goes.

    Planned while the opening is still to come; then sent at once, or held for a second person to release or cancel
    (announcing.py). `consultation` is empty for an outcome, which may answer several.
    """

    kind = models.CharField("what happened", max_length=40, choices=News.choices)
    consultation = models.ForeignKey(
        Consultation, null=True, on_delete=models.CASCADE, related_name="announcements", editable=False
    )
    change = models.ForeignKey(DeadlineChange, null=True, on_delete=models.CASCADE, related_name="+", editable=False)
    outcome = models.ForeignKey(Outcome, null=True, on_delete=models.CASCADE, related_name="+", editable=False)
    note = models.CharField("note added to the e-mail", max_length=300, blank=True)
    made_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", editable=False)
    made_by_name = models.CharField("caused by", max_length=320, blank=True)
    made_at = models.DateTimeField("caused at")
    recipients = models.PositiveIntegerField("people", default=0)
    held_at = models.DateTimeField("held since", null=True)
    sent_at = models.DateTimeField("sent on its way at", null=True)
    released_by_name = models.CharField("released by", max_length=320, blank=True)
    cancelled_at = models.DateTimeField("cancelled at", null=True)
    cancelled_by_name = models.CharField("cancelled by", max_length=320, blank=True)
    reason = models.CharField("why it was cancelled", max_length=500, blank=True)

    objects = AnnouncementQuerySet.as_manager()

    class Meta:
        verbose_name = "alert"
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(kind__in=News.values), name="announcement_kind_known"),
            models.CheckConstraint(
                condition=Q(kind=News.ANSWERED, outcome__isnull=False, consultation__isnull=True, change__isnull=True)
                | Q(kind=News.EXTENDED, outcome__isnull=True, consultation__isnull=False, change__isnull=False)
                | Q(
                    kind__in=[News.OPENED, News.WITHDRAWN],
                    outcome__isnull=True,
                    consultation__isnull=False,
                    change__isnull=True,
                ),
                name="announcement_of_one_event",
            ),
            models.UniqueConstraint(
                "kind", "consultation", "change", "outcome", name="announcement_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True) | Q(cancelled_at__isnull=True), name="announcement_sent_or_cancelled"
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at__isnull=True) | ~Q(reason=""), name="announcement_cancelled_has_reason"
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(
                "held_at",
                name="announcement_waiting",
                condition=Q(held_at__isnull=False, sent_at__isnull=True, cancelled_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.consultation or self.outcome}"[:200]

    @property
    def papers(self) -> list[Consultation]:
        """What it is about: one consultation, or all that the outcome answers."""
        if self.outcome is not None:
            return list(self.outcome.consultations.order_by("pk"))
        return [self.consultation] if self.consultation else []

    @property
    def named(self) -> dict[str, int]:
        """What the payload of each of its messages names; `noted` where a note is to be looked up."""
        every = {"consultation": self.consultation_id, "change": self.change_id, "outcome": self.outcome_id}
        named = {name: pk for name, pk in every.items() if pk is not None}
        return {**named, "announcement": self.pk, **({"noted": 1} if self.note else {})}

    @property
    def is_waiting(self) -> bool:
        """Held, and neither released nor cancelled yet."""
        return self.held_at is not None and self.sent_at is None and self.cancelled_at is None
