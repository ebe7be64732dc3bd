"""What is about to close with few responses, for staff: in time to remind those who meant to answer.

Counted is what was filed and stands. What is being drafted is not: that a firm drafts at all is its own.
"""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.urls import reverse

from consultations import duties
from consultations.duties import Duty
from consultations.emails import marked, said, short_name
from consultations.models import Deadline
from notifications.message import Message, Skip
from notifications.models import Notification

# Responses that stand and answer something under the deadline d, no more of them than are few.
FILED = """
    SELECT FROM responses_response r
    WHERE r.consultation_id = d.consultation_id AND r.state = 'submitted'
      AND ((SELECT count(*) FROM consultations_deadline o WHERE o.consultation_id = d.consultation_id) = 1
           OR EXISTS (SELECT FROM responses_submission f
                      CROSS JOIN LATERAL jsonb_path_query(f.content, '$.sections[*].id') AS filed(section_id)
                      JOIN consultations_section s ON s.id = filed.section_id::bigint AND s.deadline_id = d.id
                      WHERE f.id = r.latest_id))
    LIMIT %(few)s"""
CLOSING = f"""
SELECT d.id AS subject_id, ((d.closes_at AT TIME ZONE d.time_zone) - interval '12 hours')::date AS due_on,
       d.time_zone AS zone, ARRAY[3, 1] AS leads, 0 AS every, c.owner_id, NULL::bigint AS not_id
FROM consultations_deadline d JOIN consultations_consultation c ON c.id = d.consultation_id
WHERE d.closes_at >= %(now)s AND d.closes_at < %(now)s + interval '5 days' AND c.published_at <= %(now)s
  AND COALESCE(c.opens_at <= %(now)s, true) AND c.withdrawn_at IS NULL AND c.takes_responses AND NOT c.is_rehearsal
  AND EXISTS (SELECT FROM consultations_section s JOIN consultations_question q ON q.section_id = s.id
              WHERE s.deadline_id = d.id)
  AND (SELECT count(*) FROM ({FILED}) AS filed) < %(few)s
"""  # noqa: S608 (our own)


def _named(ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    return {
        row.pk: (
            f"Few responses: {short_name(row.consultation)}, {row.label}",
            reverse("admin:consultations_consultation_change", args=[row.consultation_id]),
        )
        for row in Deadline.objects.filter(pk__in=ids).select_related("consultation")
    }


FEW_RESPONSES = Duty(kind="few_responses", select=CLOSING, named=_named)


def few_responses(notification: Notification, now: datetime) -> Message | Skip:
    found = duties.still(notification, now)
    if isinstance(found, Skip):
        return found
    reader, due = found
    deadline = Deadline.objects.select_related("consultation").get(pk=due.subject_id)
    paper, count = deadline.consultation, filed(deadline)
    what = f"{count} response{'' if count == 1 else 's'}" if count else "no response"
    return duties.reminder(
        subject=marked(f"{what} so far ({deadline.label})", paper),
        name=paper.name,
        says=f"It closes soon and has had {what}. Most come in the last hours; even so, some may not have heard of it.",
        facts=[("What", deadline.label), ("Closes", said(deadline, paper, reader.time_zone))],
        do=("Open the consultation", reverse("admin:consultations_consultation_change", args=[paper.pk])),
    )


def filed(deadline: Deadline) -> int:
    """How many responses that stand answer something under the deadline, counted up to what is few."""
    one = "SELECT FROM consultations_deadline d, LATERAL"
    select = f"SELECT count(*) FROM ({one} ({FILED}) AS filed WHERE d.id = %(id)s) AS counted"  # noqa: S608 (our own)
    with connection.cursor() as cursor:
        cursor.execute(select, {"few": settings.FEW_RESPONSES, "id": deadline.pk})
        return int(cursor.fetchone()[0])
