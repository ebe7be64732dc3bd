"""The tables of what is asked, and of who follows it."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import CombinedSearchVector, SearchConfig, SearchVector, SearchVectorField
from django.db import migrations, models
from django.db.models.functions import Cast
from django.db.models.lookups import Regex

import accounts.alerts
import accounts.identifiers
import accounts.person_models
from notifications.tables import CreateTables


class Migration(migrations.Migration):
    replaces = [
        ("consultations", "0001_initial"),
        ("consultations", "0002_follow_criteria"),
        ("consultations", "0003_authority_time_zone"),
        ("consultations", "0004_owner_and_outcome_due"),
        ("consultations", "0005_announcement"),
        ("consultations", "0006_follow_rhythm_never"),
    ]

    initial = True

    dependencies = [
        ("accounts", "0100_schema"),
    ]

    operations = [
        CreateTables(
            migrations.CreateModel(
                name="Authority",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("slug", models.SlugField(max_length=60, unique=True, verbose_name="slug")),
                    ("name", models.CharField(max_length=200, unique=True, verbose_name="name")),
                    ("short_name", models.CharField(blank=True, max_length=40, verbose_name="short name")),
                    ("jurisdiction", models.CharField(choices=[("UK", "United Kingdom"), ("US", "United States")], max_length=2, verbose_name="jurisdiction")),
                    ("time_zone", models.CharField(max_length=60, validators=[accounts.person_models.validate_time_zone], verbose_name="time zone")),
                ],
                options={
                    "verbose_name_plural": "authorities",
                    "ordering": ["name"],
                    "constraints": [models.CheckConstraint(condition=models.Q(("time_zone", ""), _negated=True), name="authority_has_time_zone")],
                },
            ),
            migrations.CreateModel(
                name="Topic",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("slug", models.SlugField(max_length=60, unique=True, verbose_name="slug")),
                    ("name", models.CharField(max_length=100, unique=True, verbose_name="name")),
                ],
                options={
                    "ordering": ["name"],
                },
            ),
            migrations.CreateModel(
                name="Consultation",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("code", models.CharField(default=accounts.identifiers.public_code, editable=False, max_length=10, unique=True, verbose_name="code")),
                    ("reference", models.CharField(blank=True, help_text="As printed, such as CP25/25.", max_length=100, verbose_name="reference")),
                    ("title", models.CharField(blank=True, max_length=400, verbose_name="title")),
                    (
                        "kind",
                        models.CharField(
                            choices=[
                                ("consultation_paper", "Consultation paper"),
                                ("discussion_paper", "Discussion paper"),
                                ("guidance_consultation", "Guidance consultation"),
                                ("call_for_input", "Call for input"),
                                ("draft_legislation", "Draft legislation"),
                                ("request_for_comment", "Request for comment"),
                                ("anprm", "Advance notice of proposed rulemaking"),
                                ("nprm", "Notice of proposed rulemaking"),
                            ],
                            max_length=30,
                            verbose_name="kind",
                        ),
                    ),
                    ("summary", models.TextField(blank=True, verbose_name="summary")),
                    ("body", models.TextField(blank=True, help_text="Markdown.", verbose_name="body")),
                    ("published_at", models.DateTimeField(blank=True, help_text="When it becomes public here. Empty: a draft.", null=True, verbose_name="published at")),
                    ("opens_at", models.DateTimeField(blank=True, help_text="When responses are first taken. Empty: on publication.", null=True, verbose_name="opens at")),
                    ("withdrawn_at", models.DateTimeField(blank=True, null=True, verbose_name="withdrawn at")),
                    ("withdrawal_reason", models.TextField(blank=True, verbose_name="why it was withdrawn")),
                    ("published_on", models.DateField(blank=True, null=True, verbose_name="date on the paper")),
                    ("published_on_text", models.CharField(blank=True, max_length=60, verbose_name="date as printed")),
                    ("takes_responses", models.BooleanField(default=True, verbose_name="responses are taken here")),
                    ("closing_unknown", models.BooleanField(default=False, verbose_name="closing date not known")),
                    ("known_closed_at", models.DateTimeField(blank=True, help_text="Where the closing date itself is not known.", null=True, verbose_name="known to have closed by")),
                    ("question_count", models.PositiveSmallIntegerField(blank=True, help_text="As counted in the paper, where known.", null=True, verbose_name="number of questions in the paper")),
                    ("respond_via", models.JSONField(blank=True, default=dict, verbose_name="how to respond elsewhere")),
                    ("confidentiality_note", models.TextField(blank=True, verbose_name="what the body says of confidentiality")),
                    ("confidentiality_source", models.URLField(blank=True, max_length=500, verbose_name="source of that")),
                    ("docket_id", models.CharField(blank=True, max_length=60, verbose_name="docket")),
                    ("rin", models.CharField(blank=True, max_length=20, verbose_name="RIN")),
                    ("fr_document_number", models.CharField(blank=True, max_length=20, verbose_name="Federal Register document")),
                    ("fr_citation", models.CharField(blank=True, max_length=30, verbose_name="Federal Register citation")),
                    ("responses_received", models.PositiveIntegerField(blank=True, null=True, verbose_name="responses the body says it received")),
                    ("sources", ArrayField(base_field=models.CharField(max_length=500), blank=True, default=list, size=None, verbose_name="sources")),
                    ("record_note", models.TextField(blank=True, help_text="What is uncertain, and why.", verbose_name="note on the record")),
                    ("source_key", models.CharField(blank=True, editable=False, max_length=200, null=True, unique=True, verbose_name="key in the shipped data")),
                    ("rehearsal_of", models.ForeignKey(blank=True, editable=False, null=True, on_delete=models.PROTECT, related_name="rehearsals", to="consultations.consultation")),
                    ("is_rehearsal", models.BooleanField(default=False, editable=False, verbose_name="rehearsal")),
                    ("owner", models.ForeignKey(blank=True, help_text="Who is reminded of its dates. Empty: everybody who may publish.", null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("outcome_due_on", models.DateField(blank=True, help_text="By when an outcome is to be published here.", null=True, verbose_name="outcome due on")),
                    ("created_by", models.ForeignKey(blank=True, editable=False, null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                    ("announced_at", models.DateTimeField(blank=True, editable=False, help_text="When the opening alerts were queued.", null=True, verbose_name="followers told at")),
                    (
                        "search",
                        models.GeneratedField(
                            db_persist=True,
                            expression=CombinedSearchVector(
                                CombinedSearchVector(CombinedSearchVector(SearchVector("reference", config="simple", weight="A"), "||", SearchVector("title", config="english", weight="A"), SearchConfig("simple")), "||", SearchVector("summary", config="english", weight="B"), SearchConfig("simple")),
                                "||",
                                SearchVector("body", config="english", weight="C"),
                                SearchConfig("simple"),
                            ),
                            output_field=SearchVectorField(),
                        ),
                    ),
                    ("authorities", models.ManyToManyField(related_name="consultations", through="consultations.ConsultationAuthority", to="consultations.authority")),
                    ("topics", models.ManyToManyField(blank=True, related_name="consultations", to="consultations.topic")),
                ],
                options={
                    "ordering": ["-published_at", "-id"],
                    "permissions": [("publish_consultation", "Can publish and schedule consultations"), ("withdraw_consultation", "Can withdraw consultations")],
                    "indexes": [
                        GinIndex(models.F("search"), name="consultation_search"),
                        models.Index(models.OrderBy(models.F("published_at"), descending=True), models.OrderBy(models.F("id"), descending=True), name="consultation_newest"),
                        models.Index(models.F("published_at"), condition=models.Q(("announced_at__isnull", True)), name="consultation_unannounced"),
                    ],
                    "constraints": [
                        models.CheckConstraint(condition=models.Q(("kind__in", ["consultation_paper", "discussion_paper", "guidance_consultation", "call_for_input", "draft_legislation", "request_for_comment", "anprm", "nprm"])), name="consultation_kind_known"),
                        models.CheckConstraint(condition=models.Q(("reference", ""), ("summary", ""), ("title", ""), _negated=True), name="consultation_can_be_named"),
                        models.CheckConstraint(condition=models.Q(("withdrawn_at__isnull", True), models.Q(("withdrawal_reason", ""), _negated=True), _connector="OR"), name="consultation_withdrawal_has_reason"),
                        models.CheckConstraint(condition=models.Q(("opens_at__isnull", True), models.Q(("published_at__isnull", False), ("opens_at__gte", models.F("published_at"))), _connector="OR"), name="consultation_opens_after_publication"),
                        models.CheckConstraint(condition=models.Q(("is_rehearsal", True), ("rehearsal_of__isnull", True), _connector="OR"), name="consultation_rehearsal_is_marked"),
                    ],
                },
            ),
            migrations.CreateModel(
                name="ConsultationAuthority",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("consultation", models.ForeignKey(on_delete=models.CASCADE, to="consultations.consultation")),
                    ("authority", models.ForeignKey(on_delete=models.PROTECT, to="consultations.authority")),
                    ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                ],
                options={
                    "ordering": ["position", "id"],
                    "constraints": [models.UniqueConstraint(models.F("consultation"), models.F("authority"), name="consultation_authority_once")],
                },
            ),
            migrations.CreateModel(
                name="Document",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("code", models.CharField(default=accounts.identifiers.public_code, editable=False, max_length=10, unique=True, verbose_name="code")),
                    ("consultation", models.ForeignKey(on_delete=models.CASCADE, related_name="documents", to="consultations.consultation")),
                    ("title", models.CharField(max_length=300, verbose_name="title")),
                    ("url", models.URLField(blank=True, max_length=500, verbose_name="address")),
                    ("file", models.FileField(blank=True, upload_to="documents/%Y/%m/", verbose_name="file")),
                    ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                ],
                options={
                    "ordering": ["position", "id"],
                    "constraints": [models.CheckConstraint(condition=models.Q(("file", ""), ("url", ""), _negated=True), name="document_is_somewhere")],
                },
            ),
            migrations.CreateModel(
                name="Outcome",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("code", models.CharField(default=accounts.identifiers.public_code, editable=False, max_length=10, unique=True, verbose_name="code")),
                    ("kind", models.CharField(help_text="Such as policy statement, government response, report.", max_length=40, verbose_name="kind")),
                    ("reference", models.CharField(blank=True, max_length=200, verbose_name="reference")),
                    ("title", models.CharField(blank=True, max_length=400, verbose_name="title")),
                    ("summary", models.TextField(blank=True, verbose_name="summary")),
                    ("url", models.URLField(blank=True, max_length=500, verbose_name="address")),
                    ("published_on", models.DateField(blank=True, null=True, verbose_name="date on the document")),
                    ("published_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="published here at")),
                    ("is_final", models.BooleanField(default=True, help_text="No for an extension notice or a further consultation.", verbose_name="ends the consultation")),
                    ("note", models.TextField(blank=True, verbose_name="note")),
                    ("source_key", models.CharField(blank=True, editable=False, max_length=400, null=True, unique=True)),
                    ("consultations", models.ManyToManyField(related_name="outcomes", to="consultations.consultation")),
                ],
                options={
                    "ordering": ["published_on", "id"],
                    "permissions": [("publish_outcome", "Can publish outcomes")],
                },
            ),
            migrations.CreateModel(
                name="Deadline",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("consultation", models.ForeignKey(on_delete=models.CASCADE, related_name="deadlines", to="consultations.consultation")),
                    ("label", models.CharField(help_text="What closes then, such as “Chapters 1 to 5”.", max_length=200, verbose_name="label")),
                    ("closes_at", models.DateTimeField(blank=True, null=True, verbose_name="closes at")),
                    ("time_zone", models.CharField(default="Europe/London", max_length=60, validators=[accounts.person_models.validate_time_zone], verbose_name="time zone")),
                    ("time_assumed", models.BooleanField(default=False, verbose_name="time of day assumed")),
                    ("certainty", models.CharField(choices=[("stated", "Stated by the body"), ("inferred", "Inferred")], default="stated", max_length=10, verbose_name="certainty")),
                    ("note", models.CharField(blank=True, max_length=300, verbose_name="note")),
                    ("source", models.CharField(blank=True, max_length=500, verbose_name="source")),
                    ("version", models.PositiveSmallIntegerField(default=1, editable=False, verbose_name="version")),
                    ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                ],
                options={
                    "ordering": ["position", "id"],
                    "permissions": [("extend_deadline", "Can extend deadlines")],
                    "indexes": [models.Index(models.F("closes_at"), name="deadline_closes")],
                    "constraints": [models.UniqueConstraint(models.F("consultation"), models.F("label"), name="deadline_label_once")],
                },
            ),
            migrations.CreateModel(
                name="DeadlineChange",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("deadline", models.ForeignKey(on_delete=models.CASCADE, related_name="changes", to="consultations.deadline")),
                    ("old_closes_at", models.DateTimeField(null=True, verbose_name="was")),
                    ("new_closes_at", models.DateTimeField(null=True, verbose_name="became")),
                    ("reason", models.TextField(verbose_name="reason")),
                    ("version", models.PositiveSmallIntegerField(verbose_name="version of the deadline that this made")),
                    ("changed_by", models.ForeignKey(null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("changed_by_name", models.CharField(blank=True, max_length=320, verbose_name="who moved it")),
                    ("changed_at", models.DateTimeField(help_text="Empty where the source does not say.", null=True, verbose_name="moved at")),
                ],
                options={
                    "ordering": ["id"],
                    "constraints": [models.UniqueConstraint(models.F("deadline"), models.F("version"), name="deadline_change_once_a_version"), models.CheckConstraint(condition=models.Q(("reason", ""), _negated=True), name="deadline_change_has_reason")],
                },
            ),
            migrations.CreateModel(
                name="Announcement",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("kind", models.CharField(choices=[("consultation_opened", "Opened"), ("deadline_extended", "Deadline extended"), ("consultation_withdrawn", "Withdrawn"), ("outcome_published", "Outcome published")], max_length=40, verbose_name="what happened")),
                    ("consultation", models.ForeignKey(editable=False, null=True, on_delete=models.CASCADE, related_name="announcements", to="consultations.consultation")),
                    ("change", models.ForeignKey(editable=False, null=True, on_delete=models.CASCADE, related_name="+", to="consultations.deadlinechange")),
                    ("outcome", models.ForeignKey(editable=False, null=True, on_delete=models.CASCADE, related_name="+", to="consultations.outcome")),
                    ("note", models.CharField(blank=True, max_length=300, verbose_name="note added to the e-mail")),
                    ("made_by", models.ForeignKey(editable=False, null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("made_by_name", models.CharField(blank=True, max_length=320, verbose_name="caused by")),
                    ("made_at", models.DateTimeField(verbose_name="caused at")),
                    ("recipients", models.PositiveIntegerField(default=0, verbose_name="people")),
                    ("held_at", models.DateTimeField(null=True, verbose_name="held since")),
                    ("sent_at", models.DateTimeField(null=True, verbose_name="sent on its way at")),
                    ("released_by_name", models.CharField(blank=True, max_length=320, verbose_name="released by")),
                    ("cancelled_at", models.DateTimeField(null=True, verbose_name="cancelled at")),
                    ("cancelled_by_name", models.CharField(blank=True, max_length=320, verbose_name="cancelled by")),
                    ("reason", models.CharField(blank=True, max_length=500, verbose_name="why it was cancelled")),
                ],
                options={
                    "verbose_name": "alert",
                    "ordering": ["-id"],
                    "indexes": [models.Index(models.F("held_at"), condition=models.Q(("cancelled_at__isnull", True), ("held_at__isnull", False), ("sent_at__isnull", True)), name="announcement_waiting")],
                    "constraints": [
                        models.CheckConstraint(condition=models.Q(("kind__in", ["consultation_opened", "deadline_extended", "consultation_withdrawn", "outcome_published"])), name="announcement_kind_known"),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("change__isnull", True), ("consultation__isnull", True), ("kind", "outcome_published"), ("outcome__isnull", False)),
                                models.Q(("change__isnull", False), ("consultation__isnull", False), ("kind", "deadline_extended"), ("outcome__isnull", True)),
                                models.Q(("change__isnull", True), ("consultation__isnull", False), ("kind__in", ["consultation_opened", "consultation_withdrawn"]), ("outcome__isnull", True)),
                                _connector="OR",
                            ),
                            name="announcement_of_one_event",
                        ),
                        models.UniqueConstraint(models.F("kind"), models.F("consultation"), models.F("change"), models.F("outcome"), name="announcement_once", nulls_distinct=False),
                        models.CheckConstraint(condition=models.Q(("sent_at__isnull", True), ("cancelled_at__isnull", True), _connector="OR"), name="announcement_sent_or_cancelled"),
                        models.CheckConstraint(condition=models.Q(("cancelled_at__isnull", True), models.Q(("reason", ""), _negated=True), _connector="OR"), name="announcement_cancelled_has_reason"),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Follow",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("user", models.ForeignKey(blank=True, null=True, on_delete=models.CASCADE, related_name="follows", to=settings.AUTH_USER_MODEL)),
                    ("organisation", models.ForeignKey(blank=True, null=True, on_delete=models.CASCADE, related_name="follows", to="accounts.organisation")),
                    ("consultation", models.ForeignKey(blank=True, null=True, on_delete=models.CASCADE, related_name="follows", to="consultations.consultation")),
                    ("authority", models.ForeignKey(blank=True, null=True, on_delete=models.CASCADE, related_name="follows", to="consultations.authority")),
                    ("topic", models.ForeignKey(blank=True, null=True, on_delete=models.CASCADE, related_name="follows", to="consultations.topic")),
                    ("jurisdiction", models.CharField(blank=True, choices=[("UK", "United Kingdom"), ("US", "United States")], max_length=2, verbose_name="jurisdiction")),
                    (
                        "kind",
                        models.CharField(
                            blank=True,
                            choices=[
                                ("consultation_paper", "Consultation paper"),
                                ("discussion_paper", "Discussion paper"),
                                ("guidance_consultation", "Guidance consultation"),
                                ("call_for_input", "Call for input"),
                                ("draft_legislation", "Draft legislation"),
                                ("request_for_comment", "Request for comment"),
                                ("anprm", "Advance notice of proposed rulemaking"),
                                ("nprm", "Notice of proposed rulemaking"),
                            ],
                            max_length=30,
                            verbose_name="kind",
                        ),
                    ),
                    ("words", models.CharField(blank=True, help_text="As in the search of the list.", max_length=200, verbose_name="words")),
                    ("muted", models.BooleanField(default=False, verbose_name="no alerts")),
                    ("leads", ArrayField(base_field=models.CharField(max_length=5, validators=[accounts.alerts.validate_lead]), blank=True, null=True, size=None, verbose_name="reminders")),
                    ("rhythm", models.CharField(blank=True, choices=[("at_once", "As it happens"), ("daily", "Once a day"), ("weekly", "Once a week"), ("never", "Not at all")], max_length=10, null=True, verbose_name="how soon")),
                    ("since", models.DateTimeField(auto_now_add=True, verbose_name="since")),
                ],
                options={
                    "constraints": [
                        models.CheckConstraint(condition=models.Q(models.Q(("organisation__isnull", True), ("user__isnull", False)), models.Q(("organisation__isnull", False), ("user__isnull", True)), _connector="OR"), name="follow_is_somebodys"),
                        models.CheckConstraint(condition=models.Q(models.Q(("authority__isnull", True), ("jurisdiction", ""), ("kind", ""), ("topic__isnull", True), ("words", ""), _negated=True), ("consultation__isnull", False), _connector="OR"), name="follow_something"),
                        models.CheckConstraint(condition=models.Q(("consultation__isnull", True), models.Q(("authority__isnull", True), ("jurisdiction", ""), ("kind", ""), ("topic__isnull", True), ("words", "")), _connector="OR"), name="follow_paper_by_itself"),
                        models.CheckConstraint(condition=models.Q(("muted", False), models.Q(("consultation__isnull", False), ("user__isnull", False)), _connector="OR"), name="follow_muted_is_a_persons_paper"),
                        models.CheckConstraint(condition=models.Q(("jurisdiction__in", ["", "UK", "US"]), ("kind__in", ["", "consultation_paper", "discussion_paper", "guidance_consultation", "call_for_input", "draft_legislation", "request_for_comment", "anprm", "nprm"])), name="follow_criteria_known"),
                        models.CheckConstraint(condition=models.Q(("rhythm__isnull", True), ("rhythm__in", ["at_once", "daily", "weekly", "never"]), _connector="OR"), name="follow_rhythm_known"),
                        models.CheckConstraint(condition=models.Q(("leads__isnull", True), Regex(Cast("leads", models.TextField()), models.Value("^\\{((0d|[1-9][0-9]{0,2}[dwh])(,(0d|[1-9][0-9]{0,2}[dwh]))*)?\\}$")), _connector="OR"), name="follow_leads_are_codes"),
                        models.UniqueConstraint(fields=("user", "organisation", "consultation", "authority", "topic", "jurisdiction", "kind", "words"), name="follow_once", nulls_distinct=False),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Section",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("consultation", models.ForeignKey(on_delete=models.CASCADE, related_name="sections", to="consultations.consultation")),
                    ("deadline", models.ForeignKey(blank=True, help_text="Empty: there is no closing date.", null=True, on_delete=models.RESTRICT, related_name="sections", to="consultations.deadline")),
                    ("number", models.CharField(blank=True, max_length=20, verbose_name="number")),
                    ("title", models.CharField(blank=True, max_length=300, verbose_name="title")),
                    ("introduction", models.TextField(blank=True, help_text="Markdown.", verbose_name="introduction")),
                    ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                ],
                options={
                    "ordering": ["position", "id"],
                    "constraints": [models.CheckConstraint(condition=models.Q(("number", ""), ("title", ""), _negated=True), name="section_has_number_or_title")],
                },
            ),
            migrations.CreateModel(
                name="Question",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("code", models.CharField(default=accounts.identifiers.public_code, editable=False, max_length=10, unique=True, verbose_name="code")),
                    ("section", models.ForeignKey(on_delete=models.CASCADE, related_name="questions", to="consultations.section")),
                    ("number", models.CharField(blank=True, max_length=20, verbose_name="number as printed")),
                    ("text", models.TextField(verbose_name="text")),
                    ("guidance", models.TextField(blank=True, verbose_name="guidance")),
                    ("kind", models.CharField(choices=[("text", "Free text"), ("yes_no_partly", "Yes, no or partly, with comments"), ("single", "One of several"), ("multiple", "Any of several"), ("number", "Number"), ("file", "File")], default="text", max_length=20, verbose_name="kind")),
                    ("wording", models.CharField(choices=[("paper", "The paper's own words"), ("soundings", "Soundings' own prompt, not the paper's wording")], default="paper", max_length=10, verbose_name="whose words")),
                    ("required", models.BooleanField(default=False, verbose_name="must be answered")),
                    ("word_limit", models.PositiveIntegerField(blank=True, null=True, verbose_name="word limit")),
                    ("options", ArrayField(base_field=models.CharField(max_length=300), blank=True, default=list, help_text="One a line, for choices.", size=None)),
                    ("shown_if", models.ForeignKey(blank=True, help_text="An earlier question of the same paper with choices.", null=True, on_delete=models.RESTRICT, related_name="leads_to", to="consultations.question", verbose_name="shown only after")),
                    ("shown_if_answer", models.CharField(blank=True, max_length=300, verbose_name="and only if the answer is")),
                    ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                ],
                options={
                    "ordering": ["section__position", "section_id", "position", "id"],
                    "permissions": [("correct_question", "Can correct published questions")],
                    "constraints": [
                        models.CheckConstraint(condition=models.Q(("kind__in", ["text", "yes_no_partly", "single", "multiple", "number", "file"])), name="question_kind_known"),
                        models.CheckConstraint(condition=models.Q(("text", ""), _negated=True), name="question_has_text"),
                        models.CheckConstraint(condition=models.Q(models.Q(("kind__in", ["single", "multiple"]), _negated=True), ("options__len__gte", 2), _connector="OR"), name="question_choices_have_options"),
                        models.CheckConstraint(condition=models.Q(models.Q(("shown_if__isnull", True), ("shown_if_answer", "")), models.Q(("shown_if__isnull", False), models.Q(("shown_if_answer", ""), _negated=True)), _connector="OR"), name="question_condition_is_whole"),
                    ],
                },
            ),
            migrations.CreateModel(
                name="QuestionCorrection",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("question", models.ForeignKey(on_delete=models.CASCADE, related_name="corrections", to="consultations.question")),
                    ("old_text", models.TextField(verbose_name="was")),
                    ("new_text", models.TextField(verbose_name="became")),
                    ("old_guidance", models.TextField(blank=True, verbose_name="guidance was")),
                    ("new_guidance", models.TextField(blank=True, verbose_name="guidance became")),
                    ("reason", models.TextField(verbose_name="reason")),
                    ("corrected_by", models.ForeignKey(null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("corrected_at", models.DateTimeField(verbose_name="corrected at")),
                ],
                options={
                    "ordering": ["id"],
                },
            ),
        ),
    ]
