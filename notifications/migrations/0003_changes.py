"""The number of changes that workers compare (notifications/changes.py)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_suppression_and_circuit")]

    operations = [
        migrations.RunSQL(
            # Taken once: the first value does not show in last_value, which is 1 before and after.
            "CREATE SEQUENCE notifications_changes; SELECT nextval('notifications_changes');",
            "DROP SEQUENCE notifications_changes;",
        )
    ]
