"""The record of acts can only be added to: the database itself refuses to change or delete a row."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION soundings_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: rows are neither changed nor deleted', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""


def refuse_on(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION soundings_refuse_change();",
        f"DROP TRIGGER {table}_append_only ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.RunSQL(REFUSE, "DROP FUNCTION soundings_refuse_change();"),
        refuse_on("accounts_act"),
        refuse_on("accounts_seal"),
    ]
