"""People from outside are invited to one response, or to some sections of it."""

import accounts.identifiers
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("consultations", "0006_follow_rhythm_never"),
        ("responses", "0018_erasure_of_drafts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Guest",
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
                ("whole", models.BooleanField(default=False, verbose_name="the whole response")),
                (
                    "may",
                    models.CharField(
                        choices=[("read", "Read the answers"), ("draft", "Read and draft the answers")],
                        default="read",
                        max_length=5,
                        verbose_name="may",
                    ),
                ),
                ("invited_at", models.DateTimeField(verbose_name="invited at")),
                ("expires_at", models.DateTimeField(verbose_name="expires at")),
                ("accepted_at", models.DateTimeField(null=True, verbose_name="accepted at")),
                ("declined_at", models.DateTimeField(null=True, verbose_name="declined at")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended at")),
                (
                    "ended_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "invited_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "response",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="guests", to="responses.response"
                    ),
                ),
                (
                    "sections",
                    models.ManyToManyField(related_name="+", to="consultations.section", verbose_name="sections"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("response"),
                        django.db.models.functions.text.Lower("email"),
                        condition=models.Q(("declined_at", None), ("ended_at", None)),
                        name="guest_once_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("accepted_at", None), ("user", None)),
                            models.Q(("accepted_at__isnull", False), ("user__isnull", False)),
                            _connector="OR",
                        ),
                        name="guest_accepted_is_somebody",
                    ),
                    models.CheckConstraint(condition=models.Q(("may__in", ["read", "draft"])), name="guest_may_known"),
                ],
            },
        ),
    ]
