"""A firm asks for more time, and may be given it for itself alone."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accounts.identifiers


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_sign_off"),
        ("consultations", "0006_follow_rhythm_never"),
        ("responses", "0014_exports"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="TimeRequest",
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
                (
                    "closes_at",
                    models.DateTimeField(
                        help_text="The deadline's moment when this was asked.", verbose_name="closed then at"
                    ),
                ),
                ("reason", models.TextField(verbose_name="why more time is needed")),
                ("wanted_on", models.DateField(null=True, verbose_name="wanted until")),
                ("asked_at", models.DateTimeField(verbose_name="asked at")),
                (
                    "decision",
                    models.CharField(
                        choices=[
                            ("asked", "Waiting for a decision"),
                            ("granted", "Granted"),
                            ("extended", "Extended for everybody"),
                            ("refused", "Refused"),
                        ],
                        default="asked",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True, verbose_name="decided at")),
                ("decision_reason", models.TextField(blank=True, verbose_name="reason of the decision")),
                (
                    "asked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "deadline",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="time_requests",
                        to="consultations.deadline",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.organisation"
                    ),
                ),
            ],
            options={
                "verbose_name": "request for more time",
                "verbose_name_plural": "requests for more time",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Allowance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("until", models.DateTimeField(verbose_name="until")),
                ("used_at", models.DateTimeField(null=True, verbose_name="used at")),
                (
                    "deadline",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="consultations.deadline"
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.organisation"
                    ),
                ),
                (
                    "used_in",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="allowances",
                        to="responses.submission",
                    ),
                ),
                (
                    "request",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="allowance",
                        to="responses.timerequest",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="timerequest",
            index=models.Index(models.F("id"), condition=models.Q(("decision", "asked")), name="time_request_waiting"),
        ),
        migrations.AddConstraint(
            model_name="timerequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("decision", "asked")),
                fields=("organisation", "deadline"),
                name="time_request_one_waiting",
            ),
        ),
        migrations.AddConstraint(
            model_name="timerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("decision__in", ["asked", "granted", "extended", "refused"])),
                name="time_request_decision_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="timerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at", None), ("decision", "asked")),
                    models.Q(models.Q(("decision", "asked"), _negated=True), ("decided_at__isnull", False)),
                    _connector="OR",
                ),
                name="time_request_decided_at",
            ),
        ),
        migrations.AddIndex(
            model_name="allowance",
            index=models.Index(
                models.F("organisation"),
                models.F("deadline"),
                condition=models.Q(("used_in", None)),
                name="allowance_unused",
            ),
        ),
        migrations.AddConstraint(
            model_name="allowance",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("used_at", None), ("used_in", None)),
                    models.Q(("used_at__isnull", False), ("used_in__isnull", False)),
                    _connector="OR",
                ),
                name="allowance_used_at",
            ),
        ),
    ]
