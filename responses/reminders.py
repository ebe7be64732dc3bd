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
), standing AS MATERIALIZED (  -- where each response stands on each deadline
    SELECT a.id AS deadline_id, r.organisation_id,
           CASE WHEN r.state <> 'submitted' THEN false
                WHEN a.covered_by_any THEN true
                ELSE EXISTS (
                    SELECT FROM responses_submission f
                    CROSS JOIN LATERAL jsonb_path_query(f.content, '$.sections[*].id') AS filed(section_id)
                    JOIN consultations_section s ON s.id = filed.section_id::bigint AND s.deadline_id = a.id
                    WHERE f.id = r.latest_id)
           END AS covered
    FROM near a JOIN responses_response r ON r.consultation_id = a.consultation_id
), working AS (
    SELECT t.deadline_id, m.user_id, bool_and(t.covered) AS finished
    FROM standing t
    JOIN accounts_membership m ON m.organisation_id = t.organisation_id AND m.role = ANY(%(may_draft)s)
    GROUP BY t.deadline_id, m.user_id
), listening AS (
    SELECT a.id AS deadline_id, f.user_id FROM near a
    JOIN consultations_follow f ON f.consultation_id = a.consultation_id
    UNION
    SELECT a.id, f.user_id FROM near a
    JOIN consultations_consultationauthority ca ON ca.consultation_id = a.consultation_id
    JOIN consultations_follow f ON f.authority_id = ca.authority_id WHERE NOT a.is_rehearsal
    UNION
    SELECT a.id, f.user_id FROM near a
    JOIN consultations_consultation_topics ct ON ct.consultation_id = a.consultation_id
    JOIN consultations_follow f ON f.topic_id = ct.topic_id WHERE NOT a.is_rehearsal
    UNION
    SELECT deadline_id, user_id FROM working
), nearest AS (
    SELECT l.deadline_id, u.id AS user_id, u.email, min(come.days) AS days
    FROM listening l
    JOIN accounts_user u ON u.id = l.user_id AND u.is_active AND NOT u.is_service
    JOIN come ON come.deadline_id = l.deadline_id AND come.days = ANY(u.lead_days)
    LEFT JOIN working w ON w.deadline_id = l.deadline_id AND w.user_id = l.user_id
    WHERE NOT COALESCE(w.finished, false)
      AND EXISTS (SELECT FROM account_emailaddress e
                  WHERE e.user_id = u.id AND e.verified AND lower(e.email) = lower(u.email))
      AND NOT EXISTS (SELECT FROM consultations_follow f JOIN near a ON a.consultation_id = f.consultation_id
                      WHERE a.id = l.deadline_id AND f.user_id = u.id AND f.muted)
    GROUP BY l.deadline_id, u.id, u.email
)
SELECT 'deadline_coming' AS kind,
       concat_ws(':', 'deadline_coming', a.id, a.version, n.days, n.user_id) AS key,
       n.email AS address,
       jsonb_build_object('deadline', a.id, 'version', a.version, 'days', n.days, 'user', n.user_id) AS payload,
       %(priority)s AS priority,
       %(now)s AS due_at
FROM nearest n JOIN near a ON a.id = n.deadline_id
"""


def queue_due(now: datetime) -> int:
    """Owe every reminder whose moment has come, in one statement; returns how many were new.

    Run as often as you like: what is owed or was sent already is not owed again.
    """
    params = {"now": now, "may_draft": [str(role) for role in MAY_DRAFT], "priority": int(Priority.REMINDER)}
    return outbox.queue_selected(kind="deadline_coming", select=DUE, params=params)
