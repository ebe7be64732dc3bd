"""A sign-off has a nonce, with which its hash is kept in the record of acts; it is erased with what was signed.

A sign-off of before has none: the record holds its SHA-256 as it is, and stays as it was written.
"""

from importlib import import_module

from django.db import migrations, models

BEFORE = import_module("responses.migrations.0011_erasure").ALLOW.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
ALLOW = BEFORE.replace('"sha256": "", "note": ""}', '"sha256": "", "note": "", "nonce": ""}')


class Migration(migrations.Migration):
    dependencies = [("responses", "0016_organisation_calendar")]

    operations = [
        migrations.AddField(
            model_name="signoff",
            name="nonce",
            field=models.CharField(blank=True, default="", editable=False, max_length=32, verbose_name="nonce"),
            preserve_default=False,
        ),
        migrations.RunSQL(ALLOW, BEFORE),
    ]
