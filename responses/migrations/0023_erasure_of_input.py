"""What a member sent may be emptied once, when the law demands it. The database refuses every other change, as before."""

from django.db import migrations, models

ALLOW = """
CREATE FUNCTION responses_keep_input() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND to_jsonb(NEW) =
        to_jsonb(OLD) || jsonb_build_object('content', '{}'::jsonb, 'sha256', '', 'erased_at', NEW.erased_at) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only: rows are neither changed nor deleted', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
DROP TRIGGER responses_sentinput_append_only ON responses_sentinput;
CREATE TRIGGER responses_sentinput_append_only BEFORE UPDATE OR DELETE ON responses_sentinput
FOR EACH ROW EXECUTE FUNCTION responses_keep_input();
"""
BEFORE = """
DROP TRIGGER responses_sentinput_append_only ON responses_sentinput;
CREATE TRIGGER responses_sentinput_append_only BEFORE UPDATE OR DELETE ON responses_sentinput
FOR EACH ROW EXECUTE FUNCTION soundings_refuse_change();
DROP FUNCTION responses_keep_input();
"""


class Migration(migrations.Migration):
    dependencies = [("responses", "0022_members_spoken_for")]

    operations = [
        migrations.AddField(
            model_name="sentinput",
            name="erased_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="erased at"),
        ),
        migrations.AlterField(
            model_name="sentinput",
            name="sha256",
            field=models.CharField(blank=True, max_length=64, verbose_name="SHA-256 of the content"),
        ),
        migrations.RunSQL(ALLOW, BEFORE),
    ]
