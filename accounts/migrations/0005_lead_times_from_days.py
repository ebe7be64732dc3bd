"""Lead times were numbers of days; each becomes the code of so many days."""

from django.db import migrations

TO_CODES = """
UPDATE accounts_user
SET leads = ARRAY(SELECT days || 'd' FROM (SELECT DISTINCT LEAST(chosen, 366) AS days FROM unnest(lead_days) AS chosen)
                  AS each ORDER BY days DESC)
"""
TO_DAYS = """
UPDATE accounts_user
SET lead_days = ARRAY(SELECT rtrim(lead, 'd')::smallint FROM unnest(leads) AS lead WHERE lead ~ '^[0-9]+d$')
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_lead_times'),
    ]

    operations = [
        migrations.RunSQL(TO_CODES, TO_DAYS),
    ]
