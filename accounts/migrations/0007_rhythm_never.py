"""Somebody may want no news of openings and outcomes, and yet be reminded of deadlines."""

from django.db import migrations, models

CHOICES = [("at_once", "As it happens"), ("daily", "Once a day"), ("weekly", "Once a week"), ("never", "Not at all")]


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_no_lead_days")]

    operations = [
        migrations.RemoveConstraint(model_name="user", name="user_rhythm_known"),
        migrations.AlterField(
            model_name="user",
            name="rhythm",
            field=models.CharField(choices=CHOICES, default="at_once", max_length=10, verbose_name="how soon"),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(rhythm__in=[value for value, _ in CHOICES]), name="user_rhythm_known"
            ),
        ),
    ]
