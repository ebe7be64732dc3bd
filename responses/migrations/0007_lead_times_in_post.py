"""Reminders in the ledger were named by a number of days, and now are by the code of a lead time."""

from django.db import migrations

TO_CODES = """
UPDATE notifications_notification
SET key = regexp_replace(key, '^(deadline_coming:[0-9]+:[0-9]+:[0-9]+):([0-9]+)$', '\\1d:\\2'),
    payload = payload - 'days' || jsonb_build_object('lead', (payload->>'days') || 'd')
WHERE kind = 'deadline_coming' AND payload ? 'days'
"""
TO_DAYS = """
UPDATE notifications_notification
SET key = regexp_replace(key, '^(deadline_coming:[0-9]+:[0-9]+:[0-9]+)d:([0-9]+)$', '\\1:\\2'),
    payload = payload - 'lead' || jsonb_build_object('days', rtrim(payload->>'lead', 'd')::integer)
WHERE kind = 'deadline_coming' AND payload->>'lead' ~ '^[0-9]+d$'
"""


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0002_suppression_and_circuit'),
        ('responses', '0006_planning'),
    ]

    operations = [
        migrations.RunSQL(TO_CODES, TO_DAYS),
    ]
