"""A trade body collects the input of its members."""

import uuid

import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import accounts.identifiers


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_sign_off"),
        ("consultations", "0006_follow_rhythm_never"),
        ("responses", "0019_guests"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Collection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
                    models.CharField(
                        default=accounts.identifiers.public_code,
                        editable=False,
                        max_length=10,
                        unique=True,
                        verbose_name="code",
                    ),
                ),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("note", models.TextField(blank=True, verbose_name="note to members")),
                ("closes_at", models.DateTimeField(verbose_name="closes at")),
                ("time_zone", models.CharField(max_length=60, verbose_name="time zone")),
                ("nonce", models.UUIDField(default=uuid.uuid4, editable=False, null=True, verbose_name="nonce")),
                ("code_expires_at", models.DateTimeField(verbose_name="sharing code good until")),
                ("opened_at", models.DateTimeField(verbose_name="opened at")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended at")),
            ],
        ),
        migrations.CreateModel(
            name="Contribution",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
                    models.CharField(
                        default=accounts.identifiers.public_code,
                        editable=False,
                        max_length=10,
                        unique=True,
                        verbose_name="code",
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="from")),
                (
                    "naming",
                    models.CharField(
                        blank=True,
                        choices=[("list", "Yes, we may be listed as a member"), ("withhold", "No, do not name us")],
                        max_length=8,
                        verbose_name="may it be named?",
                    ),
                ),
                ("joined_at", models.DateTimeField(verbose_name="joined at")),
                ("withdrawn_at", models.DateTimeField(null=True, verbose_name="withdrawn at")),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="ContributionAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField(blank=True, verbose_name="text")),
                ("version", models.PositiveIntegerField(default=1, verbose_name="version")),
                ("edited_at", models.DateTimeField(verbose_name="edited at")),
            ],
        ),
        migrations.CreateModel(
            name="MemberInvitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
                    models.CharField(
                        default=accounts.identifiers.public_code,
                        editable=False,
                        max_length=10,
                        unique=True,
                        verbose_name="code",
                    ),
                ),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail address")),
                ("invited_at", models.DateTimeField(verbose_name="invited at")),
                ("expires_at", models.DateTimeField(verbose_name="expires at")),
                ("accepted_at", models.DateTimeField(null=True, verbose_name="accepted at")),
                ("revoked_at", models.DateTimeField(null=True, verbose_name="withdrawn at")),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="SentInput",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(verbose_name="version")),
                ("content", models.JSONField(verbose_name="content")),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256 of the content")),
                (
                    "naming",
                    models.CharField(
                        choices=[("list", "Yes, we may be listed as a member"), ("withhold", "No, do not name us")],
                        max_length=8,
                        verbose_name="may it be named?",
                    ),
                ),
                ("sent_at", models.DateTimeField(verbose_name="sent at")),
            ],
            options={
                "ordering": ["-number"],
            },
        ),
        migrations.AddField(
            model_name="collection",
            name="opened_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="collection",
            name="questions",
            field=models.ManyToManyField(related_name="+", to="consultations.question"),
        ),
        migrations.AddField(
            model_name="collection",
            name="response",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="collection", to="responses.response"
            ),
        ),
        migrations.AddField(
            model_name="contribution",
            name="collection",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="contributions", to="responses.collection"
            ),
        ),
        migrations.AddField(
            model_name="contribution",
            name="organisation",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.organisation"
            ),
        ),
        migrations.AddField(
            model_name="contribution",
            name="started_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="contributionanswer",
            name="contribution",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="answers", to="responses.contribution"
            ),
        ),
        migrations.AddField(
            model_name="contributionanswer",
            name="edited_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="contributionanswer",
            name="question",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="consultations.question"
            ),
        ),
        migrations.AddField(
            model_name="memberinvitation",
            name="accepted_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="memberinvitation",
            name="collection",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="invitations", to="responses.collection"
            ),
        ),
        migrations.AddField(
            model_name="memberinvitation",
            name="invited_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="sentinput",
            name="contribution",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="responses.contribution"
            ),
        ),
        migrations.AddField(
            model_name="sentinput",
            name="sent_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="contribution",
            name="latest",
            field=models.OneToOneField(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="responses.sentinput"
            ),
        ),
        migrations.AddConstraint(
            model_name="collection",
            constraint=models.CheckConstraint(
                condition=models.Q(("title", ""), _negated=True), name="collection_has_title"
            ),
        ),
        migrations.AddConstraint(
            model_name="contributionanswer",
            constraint=models.UniqueConstraint(
                models.F("contribution"), models.F("question"), name="contribution_answer_once"
            ),
        ),
        migrations.AddIndex(
            model_name="memberinvitation",
            index=models.Index(models.F("invited_by"), models.F("invited_at"), name="member_invitation_by"),
        ),
        migrations.AddConstraint(
            model_name="memberinvitation",
            constraint=models.UniqueConstraint(
                models.F("collection"),
                django.db.models.functions.text.Lower("email"),
                condition=models.Q(("accepted_at", None), ("revoked_at", None)),
                name="member_invitation_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="sentinput",
            constraint=models.UniqueConstraint(models.F("contribution"), models.F("number"), name="sent_input_once"),
        ),
        migrations.AddConstraint(
            model_name="sentinput",
            constraint=models.CheckConstraint(
                condition=models.Q(("naming__in", ["list", "withhold"])), name="sent_input_naming_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="contribution",
            constraint=models.UniqueConstraint(
                models.F("collection"), models.F("organisation"), name="contribution_once_an_organisation"
            ),
        ),
        migrations.AddConstraint(
            model_name="contribution",
            constraint=models.UniqueConstraint(
                models.F("collection"),
                models.F("started_by"),
                condition=models.Q(("organisation", None)),
                name="contribution_once_a_person",
            ),
        ),
        migrations.RunSQL(
            "CREATE TRIGGER responses_sentinput_append_only BEFORE UPDATE OR DELETE ON responses_sentinput "
            "FOR EACH ROW EXECUTE FUNCTION soundings_refuse_change();",
            "DROP TRIGGER responses_sentinput_append_only ON responses_sentinput;",
        ),
    ]
