"""An erasure may reach the firm's own versions of the answers as well: the database then lets what they say go, and
nothing else of them."""

from importlib import import_module

from django.db import migrations, models

BEFORE = import_module("responses.migrations.0005_keep_answer_versions").KEEP
BEFORE = BEFORE[: BEFORE.index("CREATE TRIGGER")].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
ALLOW = BEFORE.replace(
    "    IF TG_OP = 'UPDATE' THEN\n",
    """    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) = to_jsonb(OLD) || '{"text": "", "selected": [], "number": null}'
           AND EXISTS (SELECT FROM responses_erasure e
                       JOIN responses_submission s ON s.id = e.submission_id
                       JOIN responses_answer a ON a.response_id = s.response_id
                       WHERE e.drafts AND a.id = OLD.answer_id) THEN
            RETURN NEW;
        END IF;
""",
    1,
)


class Migration(migrations.Migration):
    dependencies = [("responses", "0017_nonce_of_sign_offs")]

    operations = [
        migrations.AddField(
            model_name="erasure",
            name="drafts",
            field=models.BooleanField(default=False, verbose_name="the firm's own versions as well"),
        ),
        migrations.RunSQL(ALLOW, BEFORE),
    ]
