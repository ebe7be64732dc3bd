"""What was filed stays as it was: the database itself refuses to change or delete a submission or its receipt."""

from django.db import migrations

TABLES = ["responses_submission", "responses_receipt", "responses_submission_attachments"]


def refuse_on(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_immutable BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION soundings_refuse_change();",
        f"DROP TRIGGER {table}_immutable ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("responses", "0001_initial"), ("accounts", "0002_append_only")]

    operations = [refuse_on(table) for table in TABLES]
