"""The tables of what is answered. What was filed, sent or kept stays as it was: the database itself refuses to change or
delete it, but for what the functions below let go."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import migrations, models
from django.db.models.functions import Left, Lower
from django.utils import timezone

import accounts.identifiers
import responses.holding_models
import responses.models
from notifications.tables import CreateTables

# The content of a submission may be lawfully erased: the database allows exactly that, once an erasure is written. Of a
# submission its content but for whose and of what it is, and whom it speaks for; of its receipt the nonces; of a
# sign-off of the same content what was signed, and the nonce with which the record of acts holds its hash. Everything
# else of the rows stays as it was, and no row goes.
KEEP_FILED = """
CREATE FUNCTION responses_keep_filed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    gone CONSTANT jsonb := '{"consents": {"text": "", "name": "", "foi": "", "foi_reason": ""},
                             "sections": [], "files": [], "left_out": []}';
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'responses_submission' THEN
        IF to_jsonb(NEW) = to_jsonb(OLD) || jsonb_build_object(
               'content', (OLD.content || gone) - 'speaks_for', 'sha256', '', 'foi_reason', '', 'text_consent', '',
               'name_consent', '', 'foi_position', '')
           AND EXISTS (SELECT FROM responses_erasure WHERE submission_id = OLD.id) THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'responses_receipt' THEN
        IF to_jsonb(NEW) = to_jsonb(OLD) || '{"nonces": {}, "sha256": ""}'
           AND EXISTS (SELECT FROM responses_erasure WHERE submission_id = OLD.submission_id) THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'responses_signoff' THEN
        IF to_jsonb(NEW) = to_jsonb(OLD) || '{"content": {}, "sha256": "", "note": "", "nonce": ""}'
           AND EXISTS (SELECT FROM responses_erasure e JOIN responses_submission s ON s.id = e.submission_id
                       WHERE s.response_id = OLD.response_id) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% is append-only: rows are neither changed nor deleted', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""

# A version of an answer is neither changed nor deleted, but for an autosave that is open (responses/keeping.py): its
# writer's next save replaces it. An account that goes leaves it. An erasure may reach the firm's own versions as well:
# what they say goes, and nothing else of them.
KEEP_ANSWER_VERSION = """
CREATE FUNCTION responses_keep_answer_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) = to_jsonb(OLD) || '{"text": "", "selected": [], "number": null}'
           AND EXISTS (SELECT FROM responses_erasure e
                       JOIN responses_submission s ON s.id = e.submission_id
                       JOIN responses_answer a ON a.response_id = s.response_id
                       WHERE e.drafts AND a.id = OLD.answer_id) THEN
            RETURN NEW;
        END IF;
        IF NEW.by_id IS NULL AND to_jsonb(NEW) - 'by_id' = to_jsonb(OLD) - 'by_id' THEN
            RETURN NEW;
        END IF;
        IF OLD.how = 'autosaved' AND NEW.how IN ('autosaved', 'typed') AND NEW.by_id = OLD.by_id
           AND (NEW.id, NEW.answer_id, NEW.ordinal, NEW.based_on, NEW.began_at)
             = (OLD.id, OLD.answer_id, OLD.ordinal, OLD.based_on, OLD.began_at)
           AND NEW.at < OLD.began_at + interval '10 minutes'
           AND NOT EXISTS (
               SELECT FROM responses_answerversion AS later
               WHERE later.answer_id = OLD.answer_id AND later.ordinal > OLD.ordinal
           ) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% is append-only: rows are neither changed nor deleted', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""

# What a member sent may be emptied once, when the law demands it.
KEEP_INPUT = """
CREATE FUNCTION responses_keep_input() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND to_jsonb(NEW) =
        to_jsonb(OLD) || jsonb_build_object('content', '{}'::jsonb, 'sha256', '', 'erased_at', NEW.erased_at) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only: rows are neither changed nor deleted', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""


def trigger(table: str, kind: str, function: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_{kind} BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}();",
        f"DROP TRIGGER {table}_{kind} ON {table};",
    )


class Migration(migrations.Migration):
    replaces = [
        ("responses", "0001_initial"),
        ("responses", "0002_immutable"),
        ("responses", "0003_calendar_address"),
        ("responses", "0004_answer_versions"),
        ("responses", "0005_keep_answer_versions"),
        ("responses", "0006_planning"),
        ("responses", "0007_lead_times_in_post"),
        ("responses", "0008_files_scanned_and_read"),
        ("responses", "0009_sign_off"),
        ("responses", "0010_signed_receipts"),
        ("responses", "0011_erasure"),
        ("responses", "0012_search_of_what_was_written"),
        ("responses", "0012_working_together"),
        ("responses", "0013_reuse"),
        ("responses", "0014_exports"),
        ("responses", "0015_more_time"),
        ("responses", "0016_organisation_calendar"),
        ("responses", "0017_nonce_of_sign_offs"),
        ("responses", "0018_erasure_of_drafts"),
        ("responses", "0019_guests"),
        ("responses", "0020_collections"),
        ("responses", "0021_input_copied"),
        ("responses", "0022_members_spoken_for"),
        ("responses", "0023_erasure_of_input"),
    ]

    initial = True

    dependencies = [
        ("accounts", "0100_schema"),
        ("consultations", "0100_schema"),
    ]

    operations = [
        CreateTables(
            migrations.CreateModel(
                name="Response",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("text_consent", models.CharField(blank=True, choices=[("publish", "Yes, the text may be published"), ("confidential", "No, keep the text confidential")], max_length=12, verbose_name="may the text be published?")),
                    ("name_consent", models.CharField(blank=True, choices=[("list", "Yes, our name may be listed as a respondent"), ("withhold", "No, do not list our name")], max_length=12, verbose_name="may the name be listed?")),
                    (
                        "foi_position",
                        models.CharField(
                            blank=True,
                            choices=[("no_objection", "We have no objection to disclosure under freedom of information law"), ("consult", "Ask us before any disclosure under freedom of information law"), ("confidential", "We ask that it be treated as confidential, for the reason given")],
                            max_length=12,
                            verbose_name="freedom of information",
                        ),
                    ),
                    ("foi_reason", models.TextField(blank=True, verbose_name="reason for confidentiality")),
                    ("code", models.CharField(default=accounts.identifiers.public_code, editable=False, max_length=10, unique=True, verbose_name="code")),
                    ("consultation", models.ForeignKey(on_delete=models.PROTECT, related_name="responses", to="consultations.consultation")),
                    ("organisation", models.ForeignKey(on_delete=models.PROTECT, related_name="responses", to="accounts.organisation")),
                    ("state", models.CharField(choices=[("draft", "Draft"), ("submitted", "Submitted"), ("withdrawn", "Withdrawn")], default="draft", max_length=10, verbose_name="state")),
                    ("started_by", models.ForeignKey(null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("started_at", models.DateTimeField(verbose_name="started at")),
                    ("edited_at", models.DateTimeField(verbose_name="last edited at")),
                    ("withdrawn_at", models.DateTimeField(blank=True, null=True, verbose_name="withdrawn at")),
                    ("withdrawal_reason", models.TextField(blank=True, verbose_name="why it was withdrawn")),
                    ("latest", models.OneToOneField(blank=True, null=True, on_delete=models.PROTECT, related_name="+", to="responses.submission", verbose_name="latest version")),
                ],
                options={
                    "ordering": ["-id"],
                    "indexes": [
                        models.Index(models.F("organisation"), models.OrderBy(models.F("id"), descending=True), name="response_of_organisation"),
                        models.Index(models.F("consultation"), models.F("state"), models.OrderBy(models.F("id"), descending=True), name="response_of_consultation"),
                        models.Index(models.F("state"), models.OrderBy(models.F("id"), descending=True), name="response_by_state"),
                    ],
                    "constraints": [
                        models.UniqueConstraint(models.F("consultation"), models.F("organisation"), name="response_one_per_organisation"),
                        models.CheckConstraint(condition=models.Q(("state__in", ["draft", "submitted", "withdrawn"])), name="response_state_known"),
                        models.CheckConstraint(condition=models.Q(models.Q(("latest__isnull", True), ("state", "draft")), models.Q(models.Q(("state", "draft"), _negated=True), ("latest__isnull", False)), _connector="OR"), name="response_submitted_has_submission"),
                        models.CheckConstraint(condition=models.Q(models.Q(("state", "withdrawn"), ("withdrawn_at__isnull", False)), models.Q(models.Q(("state", "withdrawn"), _negated=True), ("withdrawn_at__isnull", True)), _connector="OR"), name="response_withdrawn_has_time"),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Answer",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("response", models.ForeignKey(on_delete=models.CASCADE, related_name="answers", to="responses.response")),
                    ("question", models.ForeignKey(on_delete=models.PROTECT, related_name="answers", to="consultations.question")),
                    ("text", models.TextField(blank=True, verbose_name="text")),
                    ("selected", ArrayField(base_field=models.CharField(max_length=300), blank=True, default=list, size=None, verbose_name="choices")),
                    ("number", models.DecimalField(blank=True, decimal_places=6, max_digits=24, null=True, verbose_name="number")),
                    ("version", models.PositiveIntegerField(default=1, verbose_name="version")),
                    ("edited_by", models.ForeignKey(null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("edited_at", models.DateTimeField(verbose_name="edited at")),
                ],
                options={
                    "indexes": [GinIndex(SearchVector(Left("text", 80000), config="english"), name="answer_words")],
                    "constraints": [models.UniqueConstraint(models.F("response"), models.F("question"), name="answer_once_a_question")],
                },
            ),
            migrations.CreateModel(
                name="AnswerVersion",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("answer", models.ForeignKey(on_delete=models.PROTECT, related_name="versions", to="responses.answer")),
                    ("ordinal", models.PositiveIntegerField(help_text="1, 2, 3 … within the answer.", verbose_name="version")),
                    ("version", models.PositiveIntegerField(help_text="What the answer's version was then; none when set aside.", null=True, verbose_name="the answer's version")),
                    ("based_on", models.PositiveIntegerField(default=0, verbose_name="written against version")),
                    (
                        "how",
                        models.CharField(
                            choices=[("typed", "Saved"), ("autosaved", "Saved while writing"), ("merged", "Put together from two texts"), ("restored", "An earlier version restored"), ("imported", "Imported"), ("set_aside", "Kept beside: somebody else had saved meanwhile")], max_length=10, verbose_name="how"
                        ),
                    ),
                    ("text", models.TextField(blank=True, verbose_name="text")),
                    ("selected", ArrayField(base_field=models.CharField(max_length=300), blank=True, default=list, size=None, verbose_name="choices")),
                    ("number", models.DecimalField(blank=True, decimal_places=6, max_digits=24, null=True, verbose_name="number")),
                    ("by", models.ForeignKey(null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("began_at", models.DateTimeField(verbose_name="begun at")),
                    ("at", models.DateTimeField(verbose_name="saved at")),
                ],
                options={
                    "ordering": ["-ordinal"],
                    "constraints": [
                        models.UniqueConstraint(models.F("answer"), models.F("ordinal"), name="answer_version_once"),
                        models.UniqueConstraint(models.F("answer"), models.F("version"), name="answer_version_of_line_once"),
                        models.CheckConstraint(condition=models.Q(("how__in", ["typed", "autosaved", "merged", "restored", "imported", "set_aside"])), name="answer_version_how_known"),
                        models.CheckConstraint(condition=models.Q(models.Q(("how", "set_aside"), ("version__isnull", True)), models.Q(models.Q(("how", "set_aside"), _negated=True), ("version__isnull", False)), _connector="OR"), name="answer_version_set_aside_is_none"),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Attachment",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("screening", models.CharField(choices=[("waiting", "Not scanned yet"), ("clean", "Clean"), ("infected", "Rejected by the virus scanner")], default="waiting", max_length=8, verbose_name="virus scan")),
                    ("scan_due_at", models.DateTimeField(default=timezone.now, verbose_name="to be scanned from")),
                    ("scan_tries", models.PositiveIntegerField(default=0, verbose_name="attempts to scan")),
                    ("scan_note", models.CharField(blank=True, max_length=300, verbose_name="what the scanner said")),
                    ("scanned_at", models.DateTimeField(blank=True, null=True, verbose_name="scanned at")),
                    ("code", models.CharField(default=accounts.identifiers.public_code, editable=False, max_length=10, unique=True, verbose_name="code")),
                    ("response", models.ForeignKey(on_delete=models.PROTECT, related_name="attachments", to="responses.response")),
                    ("question", models.ForeignKey(blank=True, null=True, on_delete=models.PROTECT, related_name="attachments", to="consultations.question")),
                    ("file", models.FileField(upload_to=responses.models.attachment_path, verbose_name="file")),
                    ("name", models.CharField(max_length=200, verbose_name="name")),
                    ("content_type", models.CharField(max_length=100, verbose_name="type")),
                    ("size", models.PositiveBigIntegerField(verbose_name="size in bytes")),
                    ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                    ("uploaded_by", models.ForeignKey(null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("uploaded_at", models.DateTimeField(verbose_name="uploaded at")),
                    ("removed_at", models.DateTimeField(blank=True, null=True, verbose_name="removed from the draft at")),
                ],
                options={
                    "ordering": ["id"],
                    "indexes": [models.Index(models.F("scan_due_at"), condition=models.Q(("screening", "waiting")), name="attachment_to_scan"), models.Index(models.F("response"), condition=models.Q(("removed_at", None)), name="attachment_current")],
                    "constraints": [models.CheckConstraint(condition=models.Q(("screening__in", ["waiting", "clean", "infected"])), name="attachment_screening_known")],
                },
            ),
            migrations.CreateModel(
                name="AttachmentText",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("attachment", models.OneToOneField(on_delete=models.CASCADE, related_name="extracted", to="responses.attachment")),
                    (
                        "outcome",
                        models.CharField(
                            choices=[
                                ("waiting", "Not read yet"),
                                ("read", "Read"),
                                ("empty", "Holds no text"),
                                ("scanned", "A scan, not recognised"),
                                ("locked", "Locked with a password"),
                                ("broken", "Damaged"),
                                ("active", "Active content"),
                                ("too_large", "Too large to read"),
                                ("not_read", "Of a kind that is not read"),
                            ],
                            default="waiting",
                            max_length=9,
                            verbose_name="text",
                        ),
                    ),
                    ("text", models.TextField(blank=True, verbose_name="text")),
                    ("pages", models.PositiveIntegerField(default=0, verbose_name="pages")),
                    ("notes", models.JSONField(blank=True, default=list, verbose_name="notes")),
                    ("tool", models.CharField(blank=True, max_length=200, verbose_name="read by")),
                    ("due_at", models.DateTimeField(default=timezone.now, verbose_name="to be read from")),
                    ("tries", models.PositiveIntegerField(default=0, verbose_name="attempts")),
                    ("read_at", models.DateTimeField(blank=True, null=True, verbose_name="read at")),
                    ("search", SearchVectorField(editable=False, null=True)),
                ],
                options={
                    "verbose_name": "text of a file",
                    "verbose_name_plural": "texts of files",
                    "indexes": [GinIndex(models.F("search"), name="attachment_text_search"), models.Index(models.F("due_at"), condition=models.Q(("outcome", "waiting")), name="attachment_text_due")],
                    "constraints": [models.CheckConstraint(condition=models.Q(("outcome__in", ["waiting", "read", "empty", "scanned", "locked", "broken", "active", "too_large", "not_read"])), name="attachment_text_outcome_known")],
                },
            ),
            migrations.CreateModel(
                name="Upload",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("code", models.CharField(default=accounts.identifiers.public_code, editable=False, max_length=10, unique=True, verbose_name="code")),
                    ("response", models.ForeignKey(on_delete=models.CASCADE, related_name="uploads", to="responses.response")),
                    ("question", models.ForeignKey(blank=True, null=True, on_delete=models.CASCADE, related_name="+", to="consultations.question")),
                    ("user", models.ForeignKey(on_delete=models.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("name", models.CharField(max_length=200, verbose_name="name")),
                    ("length", models.PositiveBigIntegerField(verbose_name="length in bytes")),
                    ("received", models.PositiveBigIntegerField(default=0, verbose_name="bytes received")),
                    ("started_at", models.DateTimeField(verbose_name="started at")),
                    ("expires_at", models.DateTimeField(verbose_name="kept until")),
                ],
                options={
                    "indexes": [models.Index(models.F("expires_at"), name="upload_expires")],
                    "constraints": [models.CheckConstraint(condition=models.Q(("received__lte", models.F("length"))), name="upload_not_beyond_its_length")],
                },
            ),
            migrations.CreateModel(
                name="Submission",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("text_consent", models.CharField(blank=True, choices=[("publish", "Yes, the text may be published"), ("confidential", "No, keep the text confidential")], max_length=12, verbose_name="may the text be published?")),
                    ("name_consent", models.CharField(blank=True, choices=[("list", "Yes, our name may be listed as a respondent"), ("withhold", "No, do not list our name")], max_length=12, verbose_name="may the name be listed?")),
                    (
                        "foi_position",
                        models.CharField(
                            blank=True,
                            choices=[("no_objection", "We have no objection to disclosure under freedom of information law"), ("consult", "Ask us before any disclosure under freedom of information law"), ("confidential", "We ask that it be treated as confidential, for the reason given")],
                            max_length=12,
                            verbose_name="freedom of information",
                        ),
                    ),
                    ("foi_reason", models.TextField(blank=True, verbose_name="reason for confidentiality")),
                    ("response", models.ForeignKey(on_delete=models.PROTECT, related_name="submissions", to="responses.response")),
                    ("version", models.PositiveIntegerField(verbose_name="version")),
                    ("reference", models.CharField(max_length=30, unique=True, verbose_name="reference")),
                    ("content", models.JSONField(verbose_name="content")),
                    ("sha256", models.CharField(max_length=64, verbose_name="SHA-256 of the content")),
                    ("answer_count", models.PositiveIntegerField(verbose_name="questions answered")),
                    ("question_count", models.PositiveIntegerField(verbose_name="questions that could be answered")),
                    ("submitted_by", models.ForeignKey(on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("signed_by", models.ForeignKey(null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("signed_at", models.DateTimeField(null=True, verbose_name="signed off at")),
                    ("received_at", models.DateTimeField(verbose_name="received at")),
                    ("submitted_at", models.DateTimeField(verbose_name="submitted at")),
                    ("attachments", models.ManyToManyField(related_name="submitted_in", to="responses.attachment")),
                ],
                options={
                    "ordering": ["-id"],
                    "permissions": [("view_confidential", "Can read confidential responses")],
                    "indexes": [models.Index(models.OrderBy(models.F("received_at"), descending=True), name="submission_received")],
                    "constraints": [models.UniqueConstraint(models.F("response"), models.F("version"), name="submission_version_once")],
                },
            ),
            migrations.CreateModel(
                name="Receipt",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("payload", models.JSONField(editable=False, null=True, verbose_name="what is signed")),
                    ("nonces", models.JSONField(default=dict, editable=False, verbose_name="nonces")),
                    ("signature", models.CharField(blank=True, editable=False, max_length=100, verbose_name="signature")),
                    ("key_id", models.CharField(blank=True, editable=False, max_length=16, verbose_name="key")),
                    ("submission", models.OneToOneField(on_delete=models.PROTECT, related_name="receipt", to="responses.submission")),
                    ("code", models.CharField(default=accounts.identifiers.public_code, editable=False, max_length=10, unique=True, verbose_name="code")),
                    ("issued_at", models.DateTimeField(verbose_name="issued at")),
                    ("sha256", models.CharField(max_length=64, verbose_name="SHA-256 of the content")),
                ],
                options={
                    "ordering": ["-id"],
                },
            ),
            migrations.CreateModel(
                name="Collection",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("code", models.CharField(default=accounts.identifiers.public_code, editable=False, max_length=10, unique=True, verbose_name="code")),
                    ("response", models.OneToOneField(on_delete=models.PROTECT, related_name="collection", to="responses.response")),
                    ("title", models.CharField(max_length=200, verbose_name="title")),
                    ("note", models.TextField(blank=True, verbose_name="note to members")),
                    ("closes_at", models.DateTimeField(verbose_name="closes at")),
                    ("time_zone", models.CharField(max_length=60, verbose_name="time zone")),
                    ("nonce", models.UUIDField(default=uuid.uuid4, editable=False, null=True, verbose_name="nonce")),
                    ("code_expires_at", models.DateTimeField(verbose_name="sharing code good until")),
                    ("opened_by", models.ForeignKey(null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("opened_at", models.DateTimeField(verbose_name="opened at")),
                    ("ended_at", models.DateTimeField(null=True, verbose_name="ended at")),
                    ("questions", models.ManyToManyField(related_name="+", to="consultations.question")),
                ],
                options={
                    "constraints": [models.CheckConstraint(condition=models.Q(("title", ""), _negated=True), name="collection_has_title")],
                },
            ),
            migrations.CreateModel(
                name="MemberInvitation",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("code", models.CharField(default=accounts.identifiers.public_code, editable=False, max_length=10, unique=True, verbose_name="code")),
                    ("collection", models.ForeignKey(on_delete=models.PROTECT, related_name="invitations", to="responses.collection")),
                    ("email", models.EmailField(max_length=254, verbose_name="e-mail address")),
                    ("invited_by", models.ForeignKey(on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("invited_at", models.DateTimeField(verbose_name="invited at")),
                    ("expires_at", models.DateTimeField(verbose_name="expires at")),
                    ("accepted_at", models.DateTimeField(null=True, verbose_name="accepted at")),
                    ("accepted_by", models.ForeignKey(null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("revoked_at", models.DateTimeField(null=True, verbose_name="withdrawn at")),
                ],
                options={
                    "ordering": ["id"],
                    "indexes": [models.Index(models.F("invited_by"), models.F("invited_at"), name="member_invitation_by")],
                    "constraints": [models.UniqueConstraint(models.F("collection"), Lower("email"), condition=models.Q(("accepted_at", None), ("revoked_at", None)), name="member_invitation_one_open")],
                },
            ),
            migrations.CreateModel(
                name="Contribution",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("code", models.CharField(default=accounts.identifiers.public_code, editable=False, max_length=10, unique=True, verbose_name="code")),
                    ("collection", models.ForeignKey(on_delete=models.PROTECT, related_name="contributions", to="responses.collection")),
                    ("organisation", models.ForeignKey(null=True, on_delete=models.PROTECT, related_name="+", to="accounts.organisation")),
                    ("name", models.CharField(max_length=200, verbose_name="from")),
                    ("naming", models.CharField(blank=True, choices=[("list", "Yes, we may be listed as a member"), ("withhold", "No, do not name us")], max_length=8, verbose_name="may it be named?")),
                    ("started_by", models.ForeignKey(null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("joined_at", models.DateTimeField(verbose_name="joined at")),
                    ("latest", models.OneToOneField(null=True, on_delete=models.PROTECT, related_name="+", to="responses.sentinput")),
                    ("withdrawn_at", models.DateTimeField(null=True, verbose_name="withdrawn at")),
                ],
                options={
                    "ordering": ["id"],
                    "constraints": [models.UniqueConstraint(models.F("collection"), models.F("organisation"), name="contribution_once_an_organisation"), models.UniqueConstraint(models.F("collection"), models.F("started_by"), condition=models.Q(("organisation", None)), name="contribution_once_a_person")],
                },
            ),
            migrations.CreateModel(
                name="ContributionAnswer",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("contribution", models.ForeignKey(on_delete=models.CASCADE, related_name="answers", to="responses.contribution")),
                    ("question", models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="consultations.question")),
                    ("text", models.TextField(blank=True, verbose_name="text")),
                    ("version", models.PositiveIntegerField(default=1, verbose_name="version")),
                    ("edited_by", models.ForeignKey(null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("edited_at", models.DateTimeField(verbose_name="edited at")),
                ],
                options={
                    "constraints": [models.UniqueConstraint(models.F("contribution"), models.F("question"), name="contribution_answer_once")],
                },
            ),
            migrations.CreateModel(
                name="SentInput",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("contribution", models.ForeignKey(on_delete=models.PROTECT, related_name="versions", to="responses.contribution")),
                    ("number", models.PositiveIntegerField(verbose_name="version")),
                    ("content", models.JSONField(verbose_name="content")),
                    ("sha256", models.CharField(blank=True, max_length=64, verbose_name="SHA-256 of the content")),
                    ("naming", models.CharField(choices=[("list", "Yes, we may be listed as a member"), ("withhold", "No, do not name us")], max_length=8, verbose_name="may it be named?")),
                    ("erased_at", models.DateTimeField(editable=False, null=True, verbose_name="erased at")),
                    ("sent_by", models.ForeignKey(on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("sent_at", models.DateTimeField(verbose_name="sent at")),
                ],
                options={
                    "ordering": ["-number"],
                    "constraints": [models.UniqueConstraint(models.F("contribution"), models.F("number"), name="sent_input_once"), models.CheckConstraint(condition=models.Q(("naming__in", ["list", "withhold"])), name="sent_input_naming_known")],
                },
            ),
            migrations.CreateModel(
                name="SpokenFor",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("response", models.ForeignKey(on_delete=models.CASCADE, related_name="members", to="responses.response")),
                    ("name", models.CharField(max_length=200, verbose_name="name")),
                    ("contribution", models.ForeignKey(null=True, on_delete=models.PROTECT, related_name="+", to="responses.contribution")),
                    ("added_by", models.ForeignKey(null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("added_at", models.DateTimeField(verbose_name="added at")),
                ],
                options={
                    "ordering": [Lower("name"), "id"],
                    "constraints": [models.UniqueConstraint(models.F("response"), Lower("name"), name="spoken_for_once"), models.CheckConstraint(condition=models.Q(("name", ""), _negated=True), name="spoken_for_has_name")],
                },
            ),
            migrations.CreateModel(
                name="SignOff",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("response", models.ForeignKey(on_delete=models.PROTECT, related_name="sign_offs", to="responses.response")),
                    ("content", models.JSONField(verbose_name="content")),
                    ("sha256", models.CharField(max_length=64, verbose_name="SHA-256 of the content")),
                    ("by", models.ForeignKey(on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("at", models.DateTimeField(verbose_name="signed at")),
                    ("note", models.TextField(blank=True, verbose_name="note")),
                    ("nonce", models.CharField(blank=True, editable=False, max_length=32, verbose_name="nonce")),
                ],
                options={
                    "ordering": ["-id"],
                    "indexes": [models.Index(models.F("response"), models.F("sha256"), name="sign_off_of_content")],
                },
            ),
            migrations.CreateModel(
                name="Guest",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("code", models.CharField(default=accounts.identifiers.public_code, editable=False, max_length=10, unique=True, verbose_name="code")),
                    ("response", models.ForeignKey(on_delete=models.CASCADE, related_name="guests", to="responses.response")),
                    ("email", models.EmailField(max_length=254, verbose_name="e-mail address")),
                    ("user", models.ForeignKey(null=True, on_delete=models.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("whole", models.BooleanField(default=False, verbose_name="the whole response")),
                    ("may", models.CharField(choices=[("read", "Read the answers"), ("draft", "Read and draft the answers")], default="read", max_length=5, verbose_name="may")),
                    ("invited_by", models.ForeignKey(on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("invited_at", models.DateTimeField(verbose_name="invited at")),
                    ("expires_at", models.DateTimeField(verbose_name="expires at")),
                    ("accepted_at", models.DateTimeField(null=True, verbose_name="accepted at")),
                    ("declined_at", models.DateTimeField(null=True, verbose_name="declined at")),
                    ("ended_at", models.DateTimeField(null=True, verbose_name="ended at")),
                    ("ended_by", models.ForeignKey(null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("sections", models.ManyToManyField(related_name="+", to="consultations.section", verbose_name="sections")),
                ],
                options={
                    "ordering": ["id"],
                    "constraints": [
                        models.UniqueConstraint(models.F("response"), Lower("email"), condition=models.Q(("declined_at", None), ("ended_at", None)), name="guest_once_at_a_time"),
                        models.CheckConstraint(condition=models.Q(models.Q(("accepted_at", None), ("user", None)), models.Q(("accepted_at__isnull", False), ("user__isnull", False)), _connector="OR"), name="guest_accepted_is_somebody"),
                        models.CheckConstraint(condition=models.Q(("may__in", ["read", "draft"])), name="guest_may_known"),
                    ],
                },
            ),
            migrations.CreateModel(
                name="FiledText",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("submission", models.ForeignKey(on_delete=models.CASCADE, related_name="filed_texts", to="responses.submission")),
                    ("question", models.CharField(blank=True, max_length=10, verbose_name="question")),
                    ("search", SearchVectorField(editable=False, null=True)),
                ],
                options={
                    "indexes": [GinIndex(models.F("search"), name="filed_text_search")],
                    "constraints": [models.UniqueConstraint(models.F("submission"), models.F("question"), name="filed_text_once")],
                },
            ),
            migrations.CreateModel(
                name="Reuse",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("answer", models.ForeignKey(on_delete=models.CASCADE, related_name="reuses", to="responses.answer")),
                    ("version", models.PositiveIntegerField(verbose_name="the answer's version with it")),
                    ("submission", models.ForeignKey(null=True, on_delete=models.PROTECT, related_name="+", to="responses.submission")),
                    ("draft", models.ForeignKey(null=True, on_delete=models.SET_NULL, related_name="+", to="responses.answer")),
                    ("sent", models.ForeignKey(null=True, on_delete=models.PROTECT, related_name="+", to="responses.sentinput")),
                    ("source", models.CharField(max_length=300, verbose_name="where it came from")),
                    ("sha256", models.CharField(blank=True, max_length=64, verbose_name="SHA-256 of the passage")),
                    ("words", models.PositiveIntegerField(verbose_name="words taken over")),
                    ("by", models.ForeignKey(null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("at", models.DateTimeField(verbose_name="when")),
                ],
                options={
                    "ordering": ["id"],
                    "constraints": [models.CheckConstraint(condition=models.Q(models.Q(("draft__isnull", False), ("submission__isnull", False), _negated=True), models.Q(("sent", None), models.Q(("draft", None), ("submission", None)), _connector="OR")), name="reuse_of_one")],
                },
            ),
            migrations.CreateModel(
                name="Export",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("code", models.CharField(default=accounts.identifiers.public_code, editable=False, max_length=10, unique=True, verbose_name="code")),
                    ("organisation", models.ForeignKey(on_delete=models.CASCADE, related_name="exports", to="accounts.organisation")),
                    ("asked_by", models.ForeignKey(null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("asked_at", models.DateTimeField(verbose_name="asked for at")),
                    ("due_at", models.DateTimeField(verbose_name="to be built from")),
                    ("tries", models.PositiveIntegerField(default=0, verbose_name="attempts")),
                    ("failed", models.CharField(blank=True, max_length=300, verbose_name="why it could not be built")),
                    ("built_at", models.DateTimeField(null=True, verbose_name="built at")),
                    ("expires_at", models.DateTimeField(null=True, verbose_name="kept until")),
                    ("file", models.FileField(blank=True, upload_to=responses.holding_models.export_path, verbose_name="file")),
                    ("size", models.PositiveBigIntegerField(default=0, verbose_name="size in bytes")),
                    ("sha256", models.CharField(blank=True, max_length=64, verbose_name="SHA-256")),
                ],
                options={
                    "ordering": ["-id"],
                    "indexes": [models.Index(models.F("due_at"), condition=models.Q(("built_at", None), ("failed", "")), name="export_due")],
                    "constraints": [models.UniqueConstraint(models.F("organisation"), condition=models.Q(("built_at", None), ("failed", "")), name="export_one_under_way")],
                },
            ),
            migrations.CreateModel(
                name="ReceiptKey",
                fields=[
                    ("key_id", models.CharField(max_length=16, primary_key=True, serialize=False, verbose_name="key")),
                    ("public_key", models.CharField(max_length=60, verbose_name="public key")),
                    ("first_used_at", models.DateTimeField(verbose_name="first used at")),
                ],
                options={
                    "ordering": ["-first_used_at"],
                },
            ),
            migrations.CreateModel(
                name="ReceiptSeal",
                fields=[
                    ("number", models.BigIntegerField(primary_key=True, serialize=False, verbose_name="number")),
                    ("receipt", models.OneToOneField(on_delete=models.PROTECT, related_name="seal", to="responses.receipt")),
                    ("leaf", models.CharField(max_length=64, verbose_name="SHA-256 of what is signed")),
                    ("digest", models.CharField(max_length=64, verbose_name="SHA-256")),
                    ("sealed_at", models.DateTimeField(verbose_name="sealed at")),
                ],
            ),
            migrations.CreateModel(
                name="ReceiptHead",
                fields=[
                    ("day", models.DateField(primary_key=True, serialize=False, verbose_name="day")),
                    ("number", models.BigIntegerField(verbose_name="number of the last link")),
                    ("digest", models.CharField(max_length=64, verbose_name="SHA-256")),
                ],
                options={
                    "ordering": ["-day"],
                },
            ),
            migrations.CreateModel(
                name="Erasure",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("submission", models.OneToOneField(on_delete=models.PROTECT, related_name="erasure", to="responses.submission")),
                    ("reason", models.TextField(verbose_name="reason")),
                    ("by", models.CharField(max_length=320, verbose_name="by")),
                    ("at", models.DateTimeField(verbose_name="erased at")),
                    ("drafts", models.BooleanField(default=False, verbose_name="the firm's own versions as well")),
                ],
                options={
                    "constraints": [models.CheckConstraint(condition=models.Q(("reason", ""), _negated=True), name="erasure_has_reason")],
                },
            ),
            migrations.CreateModel(
                name="QuestionWork",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("response", models.ForeignKey(on_delete=models.CASCADE, related_name="work", to="responses.response")),
                    ("question", models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="consultations.question")),
                    ("owner", models.ForeignKey(null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("assigned_at", models.DateTimeField(null=True, verbose_name="assigned at")),
                    ("ready_version", models.PositiveIntegerField(null=True, verbose_name="ready in version")),
                    ("ready_by", models.ForeignKey(null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("ready_at", models.DateTimeField(null=True, verbose_name="ready since")),
                ],
                options={
                    "constraints": [models.UniqueConstraint(models.F("response"), models.F("question"), name="question_work_once")],
                },
            ),
            migrations.CreateModel(
                name="Comment",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("response", models.ForeignKey(on_delete=models.PROTECT, related_name="comments", to="responses.response")),
                    ("question", models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="consultations.question")),
                    ("text", models.TextField(verbose_name="comment")),
                    ("by", models.ForeignKey(null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("at", models.DateTimeField(verbose_name="said at")),
                    ("settled_at", models.DateTimeField(null=True, verbose_name="settled at")),
                    ("settled_by", models.ForeignKey(null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    "ordering": ["id"],
                    "indexes": [models.Index(models.F("response"), models.F("question"), name="comment_of_question")],
                },
            ),
            migrations.CreateModel(
                name="TimeRequest",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("code", models.CharField(default=accounts.identifiers.public_code, editable=False, max_length=10, unique=True, verbose_name="code")),
                    ("organisation", models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="accounts.organisation")),
                    ("deadline", models.ForeignKey(on_delete=models.PROTECT, related_name="time_requests", to="consultations.deadline")),
                    ("closes_at", models.DateTimeField(help_text="The deadline's moment when this was asked.", verbose_name="closed then at")),
                    ("reason", models.TextField(verbose_name="why more time is needed")),
                    ("wanted_on", models.DateField(null=True, verbose_name="wanted until")),
                    ("asked_by", models.ForeignKey(null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("asked_at", models.DateTimeField(verbose_name="asked at")),
                    ("decision", models.CharField(choices=[("asked", "Waiting for a decision"), ("granted", "Granted"), ("extended", "Extended for everybody"), ("refused", "Refused")], default="asked", max_length=8, verbose_name="state")),
                    ("decided_by", models.ForeignKey(null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("decided_at", models.DateTimeField(null=True, verbose_name="decided at")),
                    ("decision_reason", models.TextField(blank=True, verbose_name="reason of the decision")),
                ],
                options={
                    "verbose_name": "request for more time",
                    "verbose_name_plural": "requests for more time",
                    "ordering": ["-id"],
                    "indexes": [models.Index(models.F("id"), condition=models.Q(("decision", "asked")), name="time_request_waiting")],
                    "constraints": [
                        models.UniqueConstraint(condition=models.Q(("decision", "asked")), fields=("organisation", "deadline"), name="time_request_one_waiting"),
                        models.CheckConstraint(condition=models.Q(("decision__in", ["asked", "granted", "extended", "refused"])), name="time_request_decision_known"),
                        models.CheckConstraint(condition=models.Q(models.Q(("decided_at", None), ("decision", "asked")), models.Q(models.Q(("decision", "asked"), _negated=True), ("decided_at__isnull", False)), _connector="OR"), name="time_request_decided_at"),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Allowance",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("request", models.OneToOneField(on_delete=models.PROTECT, related_name="allowance", to="responses.timerequest")),
                    ("organisation", models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="accounts.organisation")),
                    ("deadline", models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="consultations.deadline")),
                    ("until", models.DateTimeField(verbose_name="until")),
                    ("used_in", models.ForeignKey(null=True, on_delete=models.PROTECT, related_name="allowances", to="responses.submission")),
                    ("used_at", models.DateTimeField(null=True, verbose_name="used at")),
                ],
                options={
                    "indexes": [models.Index(models.F("organisation"), models.F("deadline"), condition=models.Q(("used_in", None)), name="allowance_unused")],
                    "constraints": [models.CheckConstraint(condition=models.Q(models.Q(("used_at", None), ("used_in", None)), models.Q(("used_at__isnull", False), ("used_in__isnull", False)), _connector="OR"), name="allowance_used_at")],
                },
            ),
            migrations.CreateModel(
                name="IdempotentRequest",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("user", models.ForeignKey(on_delete=models.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL)),
                    ("key", models.CharField(max_length=200)),
                    ("fingerprint", models.CharField(max_length=64)),
                    ("status", models.PositiveSmallIntegerField()),
                    ("body", models.JSONField()),
                    ("created_at", models.DateTimeField(auto_now_add=True)),
                ],
                options={
                    "constraints": [models.UniqueConstraint(models.F("user"), models.F("key"), name="idempotent_request_once")],
                },
            ),
            migrations.CreateModel(
                name="CalendarAddress",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("user", models.OneToOneField(null=True, on_delete=models.CASCADE, related_name="calendar_address", to=settings.AUTH_USER_MODEL)),
                    ("organisation", models.OneToOneField(null=True, on_delete=models.CASCADE, related_name="calendar_address", to="accounts.organisation")),
                    ("nonce", models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="nonce")),
                    ("renewed_at", models.DateTimeField(verbose_name="renewed at")),
                ],
                options={
                    "verbose_name_plural": "calendar addresses",
                    "constraints": [models.CheckConstraint(condition=models.Q(models.Q(("organisation__isnull", False), ("user", None)), models.Q(("organisation", None), ("user__isnull", False)), _connector="OR"), name="calendar_address_of_one")],
                },
            ),
            migrations.CreateModel(
                name="Planning",
                fields=[
                    ("of", models.CharField(max_length=20, primary_key=True, serialize=False, verbose_name="of what")),
                    ("until", models.DateTimeField(verbose_name="planned until")),
                ],
            ),
        ),
        # What was filed stays as it was, and so does what shows it: sign-offs, keys, the chain of receipts, erasures.
        migrations.RunSQL(KEEP_FILED, "DROP FUNCTION responses_keep_filed();"),
        trigger("responses_submission", "immutable", "responses_keep_filed"),
        trigger("responses_receipt", "immutable", "responses_keep_filed"),
        trigger("responses_signoff", "append_only", "responses_keep_filed"),
        trigger("responses_submission_attachments", "immutable", "soundings_refuse_change"),
        trigger("responses_receiptkey", "append_only", "soundings_refuse_change"),
        trigger("responses_receipthead", "append_only", "soundings_refuse_change"),
        trigger("responses_receiptseal", "append_only", "soundings_refuse_change"),
        trigger("responses_erasure", "append_only", "soundings_refuse_change"),
        migrations.RunSQL(KEEP_ANSWER_VERSION, "DROP FUNCTION responses_keep_answer_version();"),
        trigger("responses_answerversion", "kept", "responses_keep_answer_version"),
        migrations.RunSQL(KEEP_INPUT, "DROP FUNCTION responses_keep_input();"),
        trigger("responses_sentinput", "append_only", "responses_keep_input"),
    ]
