"""The members that a response speaks for; erased with the content that they were filed in."""

from importlib import import_module

import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

BEFORE = import_module("responses.migrations.0017_nonce_of_sign_offs").ALLOW
ALLOW = BEFORE.replace("OLD.content || gone", "(OLD.content || gone) - 'speaks_for'")


class Migration(migrations.Migration):
    dependencies = [("responses", "0021_input_copied"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="SpokenFor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                ("added_at", models.DateTimeField(verbose_name="added at")),
            ],
            options={
                "ordering": [django.db.models.functions.text.Lower("name"), "id"],
            },
        ),
        migrations.AddField(
            model_name="spokenfor",
            name="added_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="spokenfor",
            name="contribution",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="responses.contribution"
            ),
        ),
        migrations.AddField(
            model_name="spokenfor",
            name="response",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="members", to="responses.response"
            ),
        ),
        migrations.AddConstraint(
            model_name="spokenfor",
            constraint=models.UniqueConstraint(
                models.F("response"), django.db.models.functions.text.Lower("name"), name="spoken_for_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="spokenfor",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True), name="spoken_for_has_name"
            ),
        ),
        migrations.RunSQL(ALLOW, BEFORE),
    ]
