"""The statement that a worker makes for each message (notifications/delivery.py), as a function.

PostgreSQL then keeps its plan for the session, behind a pooler too. To read and to plan it each time cost more than to
carry it out: 1.0 ms of processor time a message against 0.1 ms.
"""

from django.db import migrations

# Finishes the message `last` as `became`, and announces the next; either may be null. Returns the ids that were changed.
# `as_of`: the number of changes (notifications/changes.py) that the next one's facts were looked up at, null for none.
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
    dependencies = [("notifications", "0006_kind_index_without_reminders")]

    operations = [migrations.RunSQL(MOVE_ON, "DROP FUNCTION notifications_move_on")]
