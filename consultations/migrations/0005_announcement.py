import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("consultations", "0004_owner_and_outcome_due"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Announcement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("consultation_opened", "Opened"),
                            ("deadline_extended", "Deadline extended"),
                            ("consultation_withdrawn", "Withdrawn"),
                            ("outcome_published", "Outcome published"),
                        ],
                        max_length=40,
                        verbose_name="what happened",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="note added to the e-mail")),
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
            },
        ),
        migrations.AddField(
            model_name="announcement",
            name="change",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="consultations.deadlinechange",
            ),
        ),
        migrations.AddField(
            model_name="announcement",
            name="consultation",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="announcements",
                to="consultations.consultation",
            ),
        ),
        migrations.AddField(
            model_name="announcement",
            name="made_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="announcement",
            name="outcome",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="consultations.outcome",
            ),
        ),
        migrations.AddIndex(
            model_name="announcement",
            index=models.Index(
                models.F("held_at"),
                condition=models.Q(
                    ("cancelled_at__isnull", True), ("held_at__isnull", False), ("sent_at__isnull", True)
                ),
                name="announcement_waiting",
            ),
        ),
        migrations.AddConstraint(
            model_name="announcement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        ["consultation_opened", "deadline_extended", "consultation_withdrawn", "outcome_published"],
                    )
                ),
                name="announcement_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="announcement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("change__isnull", True),
                        ("consultation__isnull", True),
                        ("kind", "outcome_published"),
                        ("outcome__isnull", False),
                    ),
                    models.Q(
                        ("change__isnull", False),
                        ("consultation__isnull", False),
                        ("kind", "deadline_extended"),
                        ("outcome__isnull", True),
                    ),
                    models.Q(
                        ("change__isnull", True),
                        ("consultation__isnull", False),
                        ("kind__in", ["consultation_opened", "consultation_withdrawn"]),
                        ("outcome__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="announcement_of_one_event",
            ),
        ),
        migrations.AddConstraint(
            model_name="announcement",
            constraint=models.UniqueConstraint(
                models.F("kind"),
                models.F("consultation"),
                models.F("change"),
                models.F("outcome"),
                name="announcement_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="announcement",
            constraint=models.CheckConstraint(
                condition=models.Q(("sent_at__isnull", True), ("cancelled_at__isnull", True), _connector="OR"),
                name="announcement_sent_or_cancelled",
            ),
        ),
        migrations.AddConstraint(
            model_name="announcement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("cancelled_at__isnull", True), models.Q(("reason", ""), _negated=True), _connector="OR"
                ),
                name="announcement_cancelled_has_reason",
            ),
        ),
    ]
