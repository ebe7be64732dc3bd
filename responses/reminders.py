"""Reminders of deadlines, each at a civil moment: 9 in the morning, where the deadline is, so many days before.

Days are counted back from the last day that can be worked on: the closing date, or the day before where it closes in
the morning, so that the reminder of the last day leaves at least three hours.

Who: everybody who hears of the consultation (consultations/following.py), and every member who may draft or submit
for an organisation that has a response to it; never who muted it, and not who has nothing left to file: all the
organisations with a response that they work for have filed one that covers the deadline. It is covered where the
version that stands answers something under it, and by any version where there is but one deadline, or no question
under this one. A response that was withdrawn covers nothing.

Which: of the days that a person chose, the nearest whose moment has come. After an outage, or for one who follows
late, those before it are passed over and leave no row; it says the true time left. A moment before the paper opened,
or before the deadline was last moved, is passed over too: the news of that said the date.

Once: the key holds the deadline's version, so a moved deadline starts afresh, and emails.deadline_coming passes over
what was queued for the old one.
"""

from datetime import datetime

from accounts.permissions import MAY_DRAFT
from notifications import outbox
from notifications.models import Priority

# (…) IN and NOT IN rather than joins, where PostgreSQL cannot know how many rows come: they stay linear.
DUE = """
WITH ahead AS MATERIALIZED (
    SELECT d.id, d.version, d.time_zone, c.id AS consultation_id, c.is_rehearsal,
           ((d.closes_at AT TIME ZONE d.time_zone) - interval '12 hours')::date AS last_day,
           GREATEST(c.published_at, c.opens_at, (SELECT max(g.changed_at) FROM consultations_deadlinechange g
                                                 WHERE g.deadline_id = d.id)) AS news_at,
           (SELECT count(*) FROM consultations_deadline o WHERE o.consultation_id = c.id) = 1
               OR NOT EXISTS (SELECT FROM consultations_section s
                              JOIN consultations_question q ON q.section_id = s.id
                              WHERE s.deadline_id = d.id) AS covered_by_any
    FROM consultations_deadline d
    JOIN consultations_consultation c ON c.id = d.consultation_id
    WHERE d.closes_at >= %(now)s AND c.published_at <= %(now)s AND COALESCE(c.opens_at <= %(now)s, true)
      AND c.withdrawn_at IS NULL
), come AS MATERIALIZED (  -- the days whose moment has come, of all that anybody chose
    SELECT a.id AS deadline_id, chosen.days
    FROM ahead a
    CROSS JOIN (SELECT DISTINCT unnest(lead_days) AS days FROM accounts_user) AS chosen
    CROSS JOIN LATERAL (SELECT (a.last_day - chosen.days + time '09:00') AT TIME ZONE a.time_zone AS at) AS moment
    WHERE moment.at <= %(now)s AND moment.at > a.news_at
), near AS MATERIALIZED (
    SELECT * FROM ahead WHERE id IN (SELECT deadline_id FROM come)
), listening AS (
    SELECT a.id AS deadline_id, f.user_id FROM near a
    JOIN consultations_follow f ON f.consultation_id = a.consultation_id AND NOT f.muted
    UNION ALL
    SELECT a.id, f.user_id FROM near a
    JOIN consultations_consultationauthority ca ON ca.consultation_id = a.consultation_id
    JOIN consultations_follow f ON f.authority_id = ca.authority_id WHERE NOT a.is_rehearsal
    UNION ALL
    SELECT a.id, f.user_id FROM near a
    JOIN consultations_consultation_topics ct ON ct.consultation_id = a.consultation_id
    JOIN consultations_follow f ON f.topic_id = ct.topic_id WHERE NOT a.is_rehearsal
    UNION ALL
    SELECT a.id, m.user_id FROM near a
    JOIN responses_response r ON r.consultation_id = a.consultation_id
    JOIN accounts_membership m ON m.organisation_id = r.organisation_id AND m.role = ANY(%(may_draft)s)
), nearest AS (
    SELECT l.deadline_id, u.id AS user_id, u.email, min(come.days) AS days
    FROM listening l
    JOIN accounts_user u ON u.id = l.user_id AND u.is_active AND NOT u.is_service
    JOIN come ON come.deadline_id = l.deadline_id AND come.days = ANY(u.lead_days)
    GROUP BY l.deadline_id, u.id, u.email
), named AS MATERIALIZED (
    SELECT n.*, a.version, a.consultation_id,
           concat_ws(':', 'deadline_coming', a.id, a.version, n.days, n.user_id) AS key
    FROM nearest n JOIN near a ON a.id = n.deadline_id
), fresh AS MATERIALIZED (  -- few, but for the minute after a moment: what follows is asked of these alone
    SELECT n.* FROM named n
    WHERE NOT EXISTS (SELECT FROM notifications_notification o WHERE o.key = n.key)
      AND NOT EXISTS (SELECT FROM consultations_follow f
                      WHERE f.user_id = n.user_id AND f.consultation_id = n.consultation_id AND f.muted)
), theirs AS MATERIALIZED (
    SELECT n.deadline_id, n.user_id, r.id AS response_id, r.state, r.latest_id
    FROM fresh n
    JOIN accounts_membership m ON m.user_id = n.user_id AND m.role = ANY(%(may_draft)s)
    JOIN responses_response r ON r.organisation_id = m.organisation_id AND r.consultation_id = n.consultation_id
), standing AS MATERIALIZED (  -- where each of their responses stands on each deadline
    SELECT t.deadline_id, t.response_id,
           CASE WHEN t.state <> 'submitted' THEN false
                WHEN a.covered_by_any THEN true
                ELSE EXISTS (
                    SELECT FROM responses_submission f
                    CROSS JOIN LATERAL jsonb_path_query(f.content, '$.sections[*].id') AS filed(section_id)
                    JOIN consultations_section s ON s.id = filed.section_id::bigint AND s.deadline_id = t.deadline_id
                    WHERE f.id = t.latest_id)
           END AS covered
    FROM (SELECT DISTINCT deadline_id, response_id, state, latest_id FROM theirs) AS t
    JOIN near a ON a.id = t.deadline_id
), finished AS (
    SELECT deadline_id, user_id FROM theirs
    GROUP BY deadline_id, user_id
    HAVING bool_and((deadline_id, response_id) IN (SELECT deadline_id, response_id FROM standing WHERE covered))
)
SELECT 'deadline_coming' AS kind,
       n.key,
       n.email AS address,
       jsonb_build_object('deadline', n.deadline_id, 'version', n.version, 'days', n.days, 'user', n.user_id)
           AS payload,
       %(priority)s AS priority,
       %(now)s AS due_at
FROM fresh n
WHERE (n.deadline_id, n.user_id) NOT IN (SELECT deadline_id, user_id FROM finished)
  AND EXISTS (SELECT FROM account_emailaddress e
              WHERE e.user_id = n.user_id AND e.verified AND lower(e.email) = lower(n.email))
"""


def queue_due(now: datetime) -> int:
    """Owe every reminder whose moment has come, in one statement; returns how many were new.

    Run as often as you like: what is owed or was sent already is not owed again.
    """
    params = {"now": now, "may_draft": [str(role) for role in MAY_DRAFT], "priority": int(Priority.REMINDER)}
    return outbox.queue_selected(kind="deadline_coming", select=DUE, params=params)
