"""The tables of the post; the number of changes that workers compare (notifications/changes.py); and the statement that a
worker makes for each message (notifications/delivery.py), as a function."""

import uuid

from django.contrib.postgres.indexes import BrinIndex, OpClass
from django.db import migrations, models

# Finishes the message `last` as `became`, and announces the next; either may be null. Returns the ids that were changed.
# `as_of`: the number of changes (notifications/changes.py) that the next one's facts were looked up at, null for none.
#
# A function, so that PostgreSQL keeps its plan for the session, behind a pooler too. To read and to plan it each time
# cost more than to carry it out: 1.0 ms of processor time a message against 0.1 ms.
MOVE_ON = """
CREATE FUNCTION notifications_move_on(
    run text, last bigint, became text, at timestamptz, why text, due timestamptz, tries integer,
    next bigint, title text, as_of bigint, doubt interval
) RETURNS SETOF bigint LANGUAGE plpgsql AS $$
BEGIN
    at := COALESCE(at, clock_timestamp());
    RETURN QUERY
    UPDATE notifications_notification AS n
    SET state = CASE WHEN n.id = next THEN 'sending' ELSE became END,
        sending_at = CASE WHEN n.id = next THEN clock_timestamp() ELSE n.sending_at END,
        sent_at = CASE WHEN n.id = last AND became = 'sent' THEN at ELSE n.sent_at END,
        finished_at = CASE WHEN n.id = last AND became <> 'pending' THEN at ELSE n.finished_at END,
        subject = CASE WHEN n.id = next THEN title ELSE n.subject END,
        attempts = CASE WHEN n.id = next THEN n.attempts ELSE tries END,
        due_at = CASE WHEN n.id = next THEN n.due_at ELSE COALESCE(due, n.due_at) END,
        reason = CASE WHEN n.id = next THEN n.reason ELSE why END,
        claimed_by = CASE WHEN n.id = next THEN n.claimed_by ELSE '' END,
        claimed_until = CASE WHEN n.id = next THEN clock_timestamp() + doubt END,
        payload = CASE WHEN n.id = last AND became IN ('sent', 'skipped', 'failed') AND n.payload ? 'secret'
                  THEN '{"secret": true}' ELSE n.payload END
    WHERE n.id IN (last, next) AND n.claimed_by = run
      AND ((n.id = last AND n.state IN ('claimed', 'sending'))
           OR (n.id = next AND n.state = 'claimed'
               AND (as_of IS NULL OR as_of = (SELECT last_value FROM notifications_changes))))
    RETURNING n.id;
END
$$
"""


class Migration(migrations.Migration):
    replaces = [
        ("notifications", "0001_initial"),
        ("notifications", "0002_suppression_and_circuit"),
        ("notifications", "0003_changes"),
        ("notifications", "0004_kept"),
        ("notifications", "0005_fewer_indexes"),
        ("notifications", "0006_kind_index_without_reminders"),
        ("notifications", "0007_moving_on"),
    ]

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Notification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=40, verbose_name="kind")),
                ("key", models.CharField(max_length=200, verbose_name="unique key")),
                ("address", models.EmailField(max_length=254, verbose_name="to")),
                ("payload", models.JSONField(default=dict, verbose_name="about")),
                ("priority", models.SmallIntegerField(choices=[(0, "Account"), (1, "Receipt"), (5, "News"), (7, "Reminder")], default=5, verbose_name="priority")),
                ("due_at", models.DateTimeField(verbose_name="due at")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="queued at")),
                ("state", models.CharField(choices=[("kept", "Kept for a digest"), ("pending", "Waiting"), ("claimed", "Picked up"), ("sending", "Being sent"), ("sent", "Sent"), ("skipped", "Not sent: no longer needed"), ("failed", "Failed")], default="pending", max_length=10, verbose_name="state")),
                ("claimed_by", models.CharField(blank=True, max_length=80, verbose_name="picked up by")),
                ("claimed_until", models.DateTimeField(blank=True, null=True, verbose_name="picked up until")),
                ("sending_at", models.DateTimeField(blank=True, null=True, verbose_name="sending began at")),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="sent at")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="sent, passed over or failed at")),
                ("doubted_at", models.DateTimeField(blank=True, help_text="A worker died, or the line broke, while it was handed over. Kept once the doubt is settled.", null=True, verbose_name="in doubt since")),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("reason", models.CharField(blank=True, max_length=500, verbose_name="why not sent")),
                ("subject", models.CharField(blank=True, max_length=300, verbose_name="subject as sent")),
                ("reference", models.UUIDField(default=uuid.uuid4, editable=False, verbose_name="reference")),
                ("sent_again", models.BooleanField(default=False, help_text="A worker died while sending and the mail server could not be asked whether it had the message.", verbose_name="sent again after doubt")),
            ],
            options={
                "verbose_name": "message",
                "indexes": [
                    models.Index(models.F("priority"), models.F("due_at"), models.F("id"), condition=models.Q(("state", "pending")), name="notification_due"),
                    models.Index(models.F("due_at"), models.F("id"), condition=models.Q(("state", "kept")), name="notification_kept"),
                    models.Index(models.F("state"), models.F("id"), condition=models.Q(("state__in", ["claimed", "sending", "skipped", "failed"])), name="notification_few"),
                    models.Index(models.F("kind"), models.F("id"), condition=models.Q(("kind", "deadline_coming"), _negated=True), name="notification_kind"),
                    BrinIndex(fields=["finished_at"], name="notification_finished"),
                    models.Index(models.F("doubted_at"), condition=models.Q(("doubted_at__isnull", False)), name="notification_doubted"),
                    models.Index(OpClass("address", name="varchar_pattern_ops"), name="notification_address"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("key",), name="notification_key"),
                    models.CheckConstraint(condition=models.Q(("state__in", ["kept", "pending", "claimed", "sending", "sent", "skipped", "failed"])), name="notification_state_known"),
                    models.CheckConstraint(condition=models.Q(models.Q(("state", "sent"), _negated=True), ("sent_at__isnull", False), _connector="OR"), name="notification_sent_has_time"),
                    models.CheckConstraint(condition=models.Q(models.Q(("state__in", ["skipped", "failed"]), _negated=True), models.Q(("reason", ""), _negated=True), _connector="OR"), name="notification_unsent_has_reason"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Suppression",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.EmailField(help_text="In lower case.", max_length=254, verbose_name="address")),
                ("reason", models.CharField(choices=[("bounced", "The address does not exist or refuses our post for good"), ("complained", "The reader reported our post as spam"), ("unsubscribed", "The reader unsubscribed with the e-mail service"), ("staff", "Stopped by staff")], max_length=20, verbose_name="why")),
                ("said", models.CharField(blank=True, max_length=500, verbose_name="what was said")),
                ("since", models.DateTimeField(verbose_name="since")),
                ("event_id", models.CharField(blank=True, max_length=200, verbose_name="event of the e-mail service")),
                ("lifted_at", models.DateTimeField(blank=True, null=True, verbose_name="lifted at")),
                ("lifted_by", models.CharField(blank=True, max_length=254, verbose_name="lifted by")),
            ],
            options={
                "verbose_name": "suppressed address",
                "verbose_name_plural": "suppressed addresses",
                "indexes": [models.Index(OpClass("address", name="varchar_pattern_ops"), name="suppression_address")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("reason__in", ["bounced", "complained", "unsubscribed", "staff"])), name="suppression_reason_known"),
                    models.UniqueConstraint(models.F("address"), condition=models.Q(("lifted_at__isnull", True)), name="suppression_once"),
                    models.UniqueConstraint(models.F("event_id"), condition=models.Q(("event_id", ""), _negated=True), name="suppression_event_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Circuit",
            fields=[
                ("name", models.CharField(max_length=60, primary_key=True, serialize=False, verbose_name="mail server")),
                ("failures", models.PositiveIntegerField(default=0, verbose_name="failures in a row")),
                ("open_until", models.DateTimeField(blank=True, null=True, verbose_name="nobody calls it until")),
                ("reason", models.CharField(blank=True, max_length=500, verbose_name="what it said")),
                ("next_slot_at", models.DateTimeField(blank=True, null=True, verbose_name="the next message may go at")),
            ],
            options={
                "verbose_name": "mail server",
            },
        ),
        # Taken once: the first value does not show in last_value, which is 1 before and after.
        migrations.RunSQL("CREATE SEQUENCE notifications_changes; SELECT nextval('notifications_changes');", "DROP SEQUENCE notifications_changes;"),
        migrations.RunSQL(MOVE_ON, "DROP FUNCTION notifications_move_on"),
    ]
