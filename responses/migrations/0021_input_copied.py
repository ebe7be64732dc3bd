"""Where a passage came from may be a member's input."""

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("responses", "0020_collections")]

    operations = [
        migrations.RemoveConstraint(
            model_name="reuse",
            name="reuse_of_one",
        ),
        migrations.AddField(
            model_name="reuse",
            name="sha256",
            field=models.CharField(blank=True, max_length=64, verbose_name="SHA-256 of the passage"),
        ),
        migrations.AddField(
            model_name="reuse",
            name="sent",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="responses.sentinput"
            ),
        ),
        migrations.AddConstraint(
            model_name="reuse",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("draft__isnull", False), ("submission__isnull", False), _negated=True),
                    models.Q(("sent", None), models.Q(("draft", None), ("submission", None)), _connector="OR"),
                ),
                name="reuse_of_one",
            ),
        ),
    ]
