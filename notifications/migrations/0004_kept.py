"""A message may be kept until a digest takes it."""

from django.db import migrations, models

CHOICES = [
    ("kept", "Kept for a digest"),
    ("pending", "Waiting"),
    ("claimed", "Picked up"),
    ("sending", "Being sent"),
    ("sent", "Sent"),
    ("skipped", "Not sent: no longer needed"),
    ("failed", "Failed"),
]


class Migration(migrations.Migration):
    dependencies = [("notifications", "0003_changes")]

    operations = [
        migrations.RemoveConstraint(model_name="notification", name="notification_state_known"),
        migrations.AlterField(
            model_name="notification",
            name="state",
            field=models.CharField(choices=CHOICES, default="pending", max_length=10, verbose_name="state"),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(state__in=[value for value, _ in CHOICES]), name="notification_state_known"
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index("due_at", "id", name="notification_kept", condition=models.Q(state="kept")),
        ),
    ]
