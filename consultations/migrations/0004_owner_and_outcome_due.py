import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("consultations", "0003_authority_time_zone"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="consultation",
            name="outcome_due_on",
            field=models.DateField(
                blank=True,
                help_text="By when an outcome is to be published here.",
                null=True,
                verbose_name="outcome due on",
            ),
        ),
        migrations.AddField(
            model_name="consultation",
            name="owner",
            field=models.ForeignKey(
                blank=True,
                help_text="Who is reminded of its dates. Empty: everybody who may publish.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
