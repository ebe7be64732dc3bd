"""Of what one follows, one may want no news of openings and outcomes, and yet be reminded of deadlines."""

from django.db import migrations, models

CHOICES = [("at_once", "As it happens"), ("daily", "Once a day"), ("weekly", "Once a week"), ("never", "Not at all")]


class Migration(migrations.Migration):
    dependencies = [("consultations", "0005_announcement")]

    operations = [
        migrations.RemoveConstraint(model_name="follow", name="follow_rhythm_known"),
        migrations.AlterField(
            model_name="follow",
            name="rhythm",
            field=models.CharField(blank=True, choices=CHOICES, max_length=10, null=True, verbose_name="how soon"),
        ),
        migrations.AddConstraint(
            model_name="follow",
            constraint=models.CheckConstraint(
                condition=models.Q(rhythm__isnull=True) | models.Q(rhythm__in=[value for value, _ in CHOICES]),
                name="follow_rhythm_known",
            ),
        ),
    ]
