"""What each answer says becomes its first version. From then on a version is neither changed nor deleted, but for an
autosave that is open (responses/keeping.py): its writer's next save replaces it. An account that goes leaves it."""

from django.db import migrations

FIRST_VERSIONS = """
INSERT INTO responses_answerversion
    (answer_id, ordinal, version, based_on, how, text, selected, number, by_id, began_at, at)
SELECT id, 1, version, 0, 'typed', text, selected, number, edited_by_id, edited_at, edited_at
FROM responses_answer
"""
KEEP = """
CREATE FUNCTION responses_keep_answer_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.by_id IS NULL AND to_jsonb(NEW) - 'by_id' = to_jsonb(OLD) - 'by_id' THEN
            RETURN NEW;
        END IF;
        IF OLD.how = 'autosaved' AND NEW.how IN ('autosaved', 'typed') AND NEW.by_id = OLD.by_id
           AND (NEW.id, NEW.answer_id, NEW.ordinal, NEW.based_on, NEW.began_at)
             = (OLD.id, OLD.answer_id, OLD.ordinal, OLD.based_on, OLD.began_at)
           AND NEW.at < OLD.began_at + interval '10 minutes'
           AND NOT EXISTS (
               SELECT FROM responses_answerversion AS later
               WHERE later.answer_id = OLD.answer_id AND later.ordinal > OLD.ordinal
           ) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% is append-only: rows are neither changed nor deleted', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER responses_answerversion_kept BEFORE UPDATE OR DELETE ON responses_answerversion
FOR EACH ROW EXECUTE FUNCTION responses_keep_answer_version();
"""
LET_GO = """
DROP TRIGGER responses_answerversion_kept ON responses_answerversion;
DROP FUNCTION responses_keep_answer_version();
"""


class Migration(migrations.Migration):
    dependencies = [("responses", "0004_answer_versions")]

    operations = [
        migrations.RunSQL(FIRST_VERSIONS, migrations.RunSQL.noop),
        migrations.RunSQL(KEEP, LET_GO),
    ]
