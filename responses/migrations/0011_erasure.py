"""The content of a submission may be lawfully erased: the database allows exactly that, once an erasure is written."""

import django.db.models.deletion
from django.db import migrations, models

# Of a submission its content but for whose and of what it is; of its receipt the nonces; of a sign-off of the same
# content what was signed. Everything else of the rows stays as it was, and no row goes.
ALLOW = """
CREATE FUNCTION responses_keep_filed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    gone CONSTANT jsonb := '{"consents": {"text": "", "name": "", "foi": "", "foi_reason": ""},
                             "sections": [], "files": [], "left_out": []}';
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'responses_submission' THEN
        IF to_jsonb(NEW) = to_jsonb(OLD) || jsonb_build_object(
               'content', OLD.content || gone, 'sha256', '', 'foi_reason', '', 'text_consent', '',
               'name_consent', '', 'foi_position', '')
           AND EXISTS (SELECT FROM responses_erasure WHERE submission_id = OLD.id) THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'responses_receipt' THEN
        IF to_jsonb(NEW) = to_jsonb(OLD) || '{"nonces": {}, "sha256": ""}'
           AND EXISTS (SELECT FROM responses_erasure WHERE submission_id = OLD.submission_id) THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'responses_signoff' THEN
        IF to_jsonb(NEW) = to_jsonb(OLD) || '{"content": {}, "sha256": "", "note": ""}'
           AND EXISTS (SELECT FROM responses_erasure e JOIN responses_submission s ON s.id = e.submission_id
                       WHERE s.response_id = OLD.response_id) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% is append-only: rows are neither changed nor deleted', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""


def instead(table: str, trigger: str) -> migrations.RunSQL:
    """The table's trigger calls this function from now on."""
    made = "CREATE TRIGGER {trigger} BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}();"
    drop = f"DROP TRIGGER {trigger} ON {table};"
    return migrations.RunSQL(
        drop + made.format(table=table, trigger=trigger, function="responses_keep_filed"),
        drop + made.format(table=table, trigger=trigger, function="soundings_refuse_change"),
    )


class Migration(migrations.Migration):
    dependencies = [("responses", "0010_signed_receipts")]

    operations = [
        migrations.CreateModel(
            name="Erasure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.TextField(verbose_name="reason")),
                ("by", models.CharField(max_length=320, verbose_name="by")),
                ("at", models.DateTimeField(verbose_name="erased at")),
                (
                    "submission",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="erasure", to="responses.submission"
                    ),
                ),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=~models.Q(reason=""), name="erasure_has_reason")],
            },
        ),
        migrations.RunSQL(
            "CREATE TRIGGER responses_erasure_append_only BEFORE UPDATE OR DELETE ON responses_erasure "
            "FOR EACH ROW EXECUTE FUNCTION soundings_refuse_change();",
            "DROP TRIGGER responses_erasure_append_only ON responses_erasure;",
        ),
        migrations.RunSQL(ALLOW, "DROP FUNCTION responses_keep_filed();"),
        instead("responses_submission", "responses_submission_immutable"),
        instead("responses_receipt", "responses_receipt_immutable"),
        instead("responses_signoff", "responses_signoff_append_only"),
    ]
