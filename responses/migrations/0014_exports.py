"""Exports of all that an organisation holds."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accounts.identifiers
import responses.holding_models


class Migration(migrations.Migration):
    dependencies = [
        ("responses", "0013_reuse"),
        ("accounts", "0009_sign_off"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Export",
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
                ("asked_at", models.DateTimeField(verbose_name="asked for at")),
                ("due_at", models.DateTimeField(verbose_name="to be built from")),
                ("tries", models.PositiveIntegerField(default=0, verbose_name="attempts")),
                ("failed", models.CharField(blank=True, max_length=300, verbose_name="why it could not be built")),
                ("built_at", models.DateTimeField(null=True, verbose_name="built at")),
                ("expires_at", models.DateTimeField(null=True, verbose_name="kept until")),
                (
                    "file",
                    models.FileField(blank=True, upload_to=responses.holding_models.export_path, verbose_name="file"),
                ),
                ("size", models.PositiveBigIntegerField(default=0, verbose_name="size in bytes")),
                ("sha256", models.CharField(blank=True, max_length=64, verbose_name="SHA-256")),
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
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="exports", to="accounts.organisation"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("organisation"),
                        condition=models.Q(("built_at", None), ("failed", "")),
                        name="export_one_under_way",
                    )
                ],
                "indexes": [
                    models.Index(
                        models.F("due_at"), condition=models.Q(("built_at", None), ("failed", "")), name="export_due"
                    )
                ],
            },
        ),
    ]
