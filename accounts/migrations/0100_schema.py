"""The tables of people and organisations. The record of acts can only be added to: the database itself refuses to change
or delete a row."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models
from django.db.models.functions import Cast, Lower, Upper
from django.db.models.lookups import Regex

import accounts.alerts
import accounts.identifiers
import accounts.person_models

# Called by the trigger of every table of which nothing may change, in the rooms above as well.
REFUSE = """
CREATE FUNCTION soundings_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: rows are neither changed nor deleted', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""


def refuse_on(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION soundings_refuse_change();",
        f"DROP TRIGGER {table}_append_only ON {table};",
    )


class Migration(migrations.Migration):
    replaces = [
        ("accounts", "0001_initial"),
        ("accounts", "0002_append_only"),
        ("accounts", "0003_webhooks"),
        ("accounts", "0004_lead_times"),
        ("accounts", "0005_lead_times_from_days"),
        ("accounts", "0006_no_lead_days"),
        ("accounts", "0007_rhythm_never"),
        ("accounts", "0008_webhook_old_secret"),
        ("accounts", "0009_sign_off"),
    ]

    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        TrigramExtension(),
        migrations.CreateModel(
            name="User",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                ("is_superuser", models.BooleanField(default=False, help_text="Designates that this user has all permissions without explicitly assigning them.", verbose_name="superuser status")),
                ("email", models.EmailField(max_length=254, unique=True, verbose_name="e-mail address")),
                ("name", models.CharField(blank=True, max_length=150, validators=[accounts.identifiers.validate_one_line], verbose_name="full name")),
                ("is_staff", models.BooleanField(default=False, help_text="May sign in to the staff pages.", verbose_name="staff")),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                ("is_service", models.BooleanField(default=False, editable=False, verbose_name="service account")),
                ("time_zone", models.CharField(default="Europe/London", max_length=60, validators=[accounts.person_models.validate_time_zone], verbose_name="time zone")),
                (
                    "leads",
                    ArrayField(base_field=models.CharField(max_length=5, validators=[accounts.alerts.validate_lead]), blank=True, default=accounts.alerts.default_leads, help_text="Lead times before a deadline, such as 14d, 5w (working days), 3h, 0d (the morning of the last day).", size=None, verbose_name="reminders"),
                ),
                ("holidays", models.CharField(blank=True, choices=[("GB-ENG", "England and Wales"), ("GB-SCT", "Scotland"), ("GB-NIR", "Northern Ireland"), ("US", "United States (federal)"), ("none", "None")], help_text="Empty: those of the time zone.", max_length=6, verbose_name="bank holidays")),
                ("rhythm", models.CharField(choices=[("at_once", "As it happens"), ("daily", "Once a day"), ("weekly", "Once a week"), ("never", "Not at all")], default="at_once", max_length=10, verbose_name="how soon")),
                ("joined_at", models.DateTimeField(auto_now_add=True, verbose_name="joined at")),
                ("groups", models.ManyToManyField(blank=True, help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.", related_name="user_set", related_query_name="user", to="auth.group", verbose_name="groups")),
                ("user_permissions", models.ManyToManyField(blank=True, help_text="Specific permissions for this user.", related_name="user_set", related_query_name="user", to="auth.permission", verbose_name="user permissions")),
            ],
            options={
                "verbose_name": "person",
                "verbose_name_plural": "people",
                "constraints": [
                    models.UniqueConstraint(Lower("email"), name="user_email_once_in_any_case"),
                    models.CheckConstraint(condition=models.Q(("is_service", True), ("is_staff", True), _negated=True), name="user_service_never_staff"),
                    models.CheckConstraint(condition=Regex(Cast("leads", models.TextField()), models.Value("^\\{((0d|[1-9][0-9]{0,2}[dwh])(,(0d|[1-9][0-9]{0,2}[dwh]))*)?\\}$")), name="user_leads_are_codes"),
                    models.CheckConstraint(condition=models.Q(("rhythm__in", ["at_once", "daily", "weekly", "never"])), name="user_rhythm_known"),
                    models.CheckConstraint(condition=models.Q(("holidays__in", ["", "GB-ENG", "GB-SCT", "GB-NIR", "US", "none"])), name="user_holidays_known"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Organisation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(default=accounts.identifiers.public_code, editable=False, max_length=10, unique=True, verbose_name="code")),
                ("name", models.CharField(max_length=200, validators=[accounts.identifiers.validate_one_line], verbose_name="name")),
                ("kind", models.CharField(choices=[("firm", "Firm"), ("trade_body", "Trade body"), ("law_firm", "Law firm"), ("consumer_body", "Consumer body"), ("public_body", "Public body"), ("academic", "Academic"), ("individual", "Individual")], default="firm", max_length=20, verbose_name="kind")),
                ("frn", models.CharField(blank=True, max_length=7, validators=[accounts.identifiers.validate_frn], verbose_name="Firm Reference Number")),
                ("lei", models.CharField(blank=True, max_length=20, validators=[accounts.identifiers.validate_lei], verbose_name="Legal Entity Identifier")),
                ("company_number", models.CharField(blank=True, max_length=8, validators=[accounts.identifiers.validate_company_number], verbose_name="company number")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                ("sign_off", models.CharField(choices=[("none", "No: whoever may submit files it"), ("required", "Yes: by somebody with the right to sign off"), ("four_eyes", "Yes: by somebody with that right who wrote none of it")], default="none", max_length=10, verbose_name="sign-off before filing")),
            ],
            options={
                "ordering": ["name", "id"],
                "indexes": [GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="organisation_name_parts")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("name", ""), _negated=True), name="organisation_has_name"),
                    models.CheckConstraint(condition=models.Q(("kind__in", ["firm", "trade_body", "law_firm", "consumer_body", "public_body", "academic", "individual"])), name="organisation_kind_known"),
                    models.CheckConstraint(condition=models.Q(("sign_off__in", ["none", "required", "four_eyes"])), name="organisation_sign_off_known"),
                    models.UniqueConstraint(models.F("lei"), condition=models.Q(("lei", ""), _negated=True), name="organisation_lei_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organisation", models.ForeignKey(on_delete=models.CASCADE, related_name="memberships", to="accounts.organisation")),
                ("user", models.ForeignKey(on_delete=models.CASCADE, related_name="memberships", to=settings.AUTH_USER_MODEL)),
                ("role", models.CharField(choices=[("admin", "Administrator: everything, and looks after members"), ("submitter", "Submitter: drafts and submits"), ("drafter", "Drafter: drafts, cannot submit"), ("reader", "Reader: reads only")], max_length=10, verbose_name="role")),
                ("may_sign_off", models.BooleanField(default=False, verbose_name="may sign off")),
                ("since", models.DateTimeField(auto_now_add=True, verbose_name="since")),
            ],
            options={
                "constraints": [models.UniqueConstraint(models.F("organisation"), models.F("user"), name="membership_once"), models.CheckConstraint(condition=models.Q(("role__in", ["admin", "submitter", "drafter", "reader"])), name="membership_role_known")],
            },
        ),
        migrations.AddField(
            model_name="organisation",
            name="members",
            field=models.ManyToManyField(related_name="organisations", through="accounts.Membership", to=settings.AUTH_USER_MODEL),
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(default=accounts.identifiers.public_code, editable=False, max_length=10, unique=True, verbose_name="code")),
                ("organisation", models.ForeignKey(on_delete=models.CASCADE, related_name="invitations", to="accounts.organisation")),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail address")),
                ("role", models.CharField(choices=[("admin", "Administrator: everything, and looks after members"), ("submitter", "Submitter: drafts and submits"), ("drafter", "Drafter: drafts, cannot submit"), ("reader", "Reader: reads only")], max_length=10, verbose_name="role")),
                ("invited_by", models.ForeignKey(on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("invited_at", models.DateTimeField(auto_now_add=True, verbose_name="invited at")),
                ("expires_at", models.DateTimeField(verbose_name="expires at")),
                ("accepted_at", models.DateTimeField(blank=True, null=True, verbose_name="accepted at")),
                ("accepted_by", models.ForeignKey(blank=True, null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("revoked_at", models.DateTimeField(blank=True, null=True, verbose_name="revoked at")),
            ],
            options={
                "constraints": [models.UniqueConstraint(models.F("organisation"), Lower("email"), condition=models.Q(("accepted_at__isnull", True), ("revoked_at__isnull", True)), name="invitation_one_open_per_address")],
            },
        ),
        migrations.CreateModel(
            name="Act",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(verbose_name="when")),
                ("verb", models.CharField(max_length=60, verbose_name="what")),
                ("actor_id", models.BigIntegerField(null=True, verbose_name="who (id)")),
                ("actor", models.CharField(max_length=320, verbose_name="who")),
                ("door", models.CharField(max_length=10, verbose_name="where from")),
                ("ip", models.GenericIPAddressField(null=True, verbose_name="address")),
                ("subject", models.CharField(max_length=80, verbose_name="to what")),
                ("consultation_code", models.CharField(blank=True, max_length=10, verbose_name="consultation")),
                ("organisation_code", models.CharField(blank=True, max_length=10, verbose_name="organisation")),
                ("detail", models.JSONField(default=dict, verbose_name="details")),
            ],
            options={
                "indexes": [models.Index(models.F("subject"), models.F("id"), name="act_subject"), models.Index(models.F("consultation_code"), models.F("id"), name="act_consultation"), models.Index(OpClass("actor", name="varchar_pattern_ops"), name="act_actor")],
            },
        ),
        migrations.CreateModel(
            name="Seal",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False, verbose_name="number")),
                ("act", models.OneToOneField(on_delete=models.PROTECT, related_name="seal", to="accounts.act")),
                ("digest", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("sealed_at", models.DateTimeField(auto_now_add=True, verbose_name="sealed at")),
            ],
        ),
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user", models.ForeignKey(on_delete=models.CASCADE, related_name="api_tokens", to=settings.AUTH_USER_MODEL, verbose_name="acts as")),
                ("organisation", models.ForeignKey(blank=True, null=True, on_delete=models.CASCADE, related_name="api_tokens", to="accounts.organisation")),
                ("name", models.CharField(max_length=100, validators=[accounts.identifiers.validate_one_line], verbose_name="name")),
                ("prefix", models.CharField(max_length=12, unique=True, verbose_name="begins with")),
                ("digest", models.CharField(max_length=64, unique=True, verbose_name="SHA-256")),
                ("created_by", models.ForeignKey(on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="expires at")),
                ("last_used_at", models.DateTimeField(blank=True, null=True, verbose_name="last used at")),
                ("revoked_at", models.DateTimeField(blank=True, null=True, verbose_name="revoked at")),
            ],
            options={
                "verbose_name": "API token",
            },
        ),
        migrations.CreateModel(
            name="Webhook",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(default=accounts.identifiers.public_code, editable=False, max_length=10, unique=True, verbose_name="code")),
                ("organisation", models.ForeignKey(on_delete=models.CASCADE, related_name="webhooks", to="accounts.organisation")),
                ("url", models.URLField(max_length=500, verbose_name="address")),
                (
                    "events",
                    ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("consultation.opened", "A consultation opened"),
                                ("deadline.extended", "A deadline was extended"),
                                ("consultation.withdrawn", "A consultation was withdrawn"),
                                ("outcome.published", "An outcome was published"),
                                ("response.submitted", "Our response was submitted"),
                                ("response.amended", "Our response was amended"),
                                ("response.withdrawn", "Our response was withdrawn"),
                            ],
                            max_length=40,
                        ),
                        size=None,
                        verbose_name="events",
                    ),
                ),
                ("nonce", models.UUIDField(default=uuid.uuid4, editable=False, verbose_name="nonce")),
                ("old_nonce", models.UUIDField(editable=False, null=True, verbose_name="nonce before")),
                ("old_until", models.DateTimeField(editable=False, null=True, verbose_name="signed with the secret before as well until")),
                ("created_by", models.ForeignKey(null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("created_at", models.DateTimeField(verbose_name="created at")),
                ("stopped_at", models.DateTimeField(blank=True, null=True, verbose_name="stopped at")),
                ("stopped_because", models.CharField(blank=True, max_length=300, verbose_name="why it was stopped")),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("webhook", models.ForeignKey(on_delete=models.CASCADE, related_name="deliveries", to="accounts.webhook")),
                ("reference", models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="webhook-id")),
                ("key", models.CharField(max_length=120, verbose_name="about")),
                (
                    "event",
                    models.CharField(
                        choices=[
                            ("consultation.opened", "A consultation opened"),
                            ("deadline.extended", "A deadline was extended"),
                            ("consultation.withdrawn", "A consultation was withdrawn"),
                            ("outcome.published", "An outcome was published"),
                            ("response.submitted", "Our response was submitted"),
                            ("response.amended", "Our response was amended"),
                            ("response.withdrawn", "Our response was withdrawn"),
                        ],
                        max_length=40,
                        verbose_name="event",
                    ),
                ),
                ("happened_at", models.DateTimeField(verbose_name="happened at")),
                ("data", models.JSONField(default=dict, verbose_name="data")),
                ("state", models.CharField(choices=[("pending", "Waiting"), ("sending", "Being sent"), ("sent", "Accepted"), ("failed", "Given up")], default="pending", max_length=10, verbose_name="state")),
                ("due_at", models.DateTimeField(verbose_name="due at")),
                ("claimed_until", models.DateTimeField(null=True, verbose_name="being sent until")),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("tried_at", models.DateTimeField(null=True, verbose_name="last tried at")),
                ("said", models.CharField(blank=True, max_length=300, verbose_name="what came of it")),
            ],
            options={
                "verbose_name_plural": "webhook deliveries",
                "indexes": [
                    models.Index(models.F("webhook"), models.F("due_at"), models.F("id"), condition=models.Q(("state__in", ["pending", "sending"])), name="webhook_delivery_due"),
                    models.Index(models.F("webhook"), models.OrderBy(models.F("id"), descending=True), name="webhook_delivery_log"),
                    models.Index(models.F("state"), models.OrderBy(models.F("id"), descending=True), name="webhook_delivery_state"),
                ],
                "constraints": [models.UniqueConstraint(models.F("webhook"), models.F("event"), models.F("key"), name="webhook_delivery_once"), models.CheckConstraint(condition=models.Q(("state__in", ["pending", "sending", "sent", "failed"])), name="webhook_delivery_state_known")],
            },
        ),
        migrations.RunSQL(REFUSE, "DROP FUNCTION soundings_refuse_change();"),
        refuse_on("accounts_act"),
        refuse_on("accounts_seal"),
    ]
