from django.db import migrations, models

# A body without a zone made every reminder of its deadlines fail. What the jurisdiction says is the best guess there is.
GUESSED = """
UPDATE consultations_authority
SET time_zone = CASE jurisdiction WHEN 'US' THEN 'America/New_York' ELSE 'Europe/London' END
WHERE time_zone = ''
"""


class Migration(migrations.Migration):
    dependencies = [("consultations", "0002_follow_criteria")]

    operations = [
        migrations.RunSQL(GUESSED, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="authority",
            constraint=models.CheckConstraint(
                condition=models.Q(("time_zone", ""), _negated=True), name="authority_has_time_zone"
            ),
        ),
    ]
