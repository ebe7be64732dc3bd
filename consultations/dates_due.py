"""What staff have to do about consultations by a day: publish an outcome, and release or cancel what is held."""

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse

from consultations import duties
from consultations.closing import HOME_ZONE, day_words, moment
from consultations.duties import Duty
from consultations.emails import marked
from consultations.models import Announcement, Consultation
from notifications.message import Message, Skip
from notifications.models import Notification

LEADING_ZONE = f"""COALESCE((
    SELECT a.time_zone FROM consultations_consultationauthority ca
    JOIN consultations_authority a ON a.id = ca.authority_id
    WHERE ca.consultation_id = c.id ORDER BY ca.position, ca.id LIMIT 1), '{HOME_ZONE}')"""  # noqa: S608 (our own)
OUTCOMES = f"""
SELECT c.id AS subject_id, c.outcome_due_on AS due_on, {LEADING_ZONE} AS zone, ARRAY[14, 7, 1, -1] AS leads,
       7 AS every, c.owner_id, NULL::bigint AS not_id
FROM consultations_consultation c
WHERE c.outcome_due_on IS NOT NULL AND c.withdrawn_at IS NULL AND c.published_at <= %(now)s AND NOT c.is_rehearsal
  AND NOT EXISTS (
      SELECT FROM consultations_outcome_consultations oc JOIN consultations_outcome o ON o.id = oc.outcome_id
      WHERE oc.consultation_id = c.id AND o.is_final AND o.published_at <= %(now)s)
"""  # noqa: S608 (our own)
# By whoever may publish and did not cause it: at once, and each day that it waits.
HELD = f"""
SELECT h.id AS subject_id, (h.held_at AT TIME ZONE {LEADING_ZONE})::date AS due_on, {LEADING_ZONE} AS zone,
       ARRAY[0] AS leads, 1 AS every, NULL::bigint AS owner_id, h.made_by_id AS not_id
FROM consultations_announcement h LEFT JOIN consultations_consultation c ON c.id = h.consultation_id
WHERE h.held_at IS NOT NULL AND h.sent_at IS NULL AND h.cancelled_at IS NULL
"""  # noqa: S608 (our own)


def _papers(ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    return {
        row.pk: (f"Outcome: {row}", reverse("admin:consultations_consultation_change", args=[row.pk]))
        for row in Consultation.objects.filter(pk__in=ids)
    }


def _alerts(ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    return {
        row.pk: (str(row), reverse("admin:consultations_announcement_change", args=[row.pk]))
        for row in Announcement.objects.filter(pk__in=ids).select_related("consultation", "outcome")
    }


OUTCOME_DUE = Duty(kind="outcome_due", select=OUTCOMES, named=_papers)
ALERT_HELD = Duty(kind="alert_held", select=HELD, named=_alerts, on_front_page=False)  # it has a box of its own


def outcome_due(notification: Notification, now: datetime) -> Message | Skip:
    found = duties.still(notification, now)
    if isinstance(found, Skip):
        return found
    _, due = found
    paper = Consultation.objects.get(pk=due.subject_id)
    words = due.words(now)
    return duties.reminder(
        subject=marked(f"outcome {words}", paper),
        name=paper.name,
        says=f"The outcome is {words}. None that ends this consultation is published on Soundings yet.",
        facts=[("Due on", day_words(due.due_on))],
        do=("Open the consultation", reverse("admin:consultations_consultation_change", args=[paper.pk])),
    )


def alert_held(notification: Notification, now: datetime) -> Message | Skip:
    found = duties.still(notification, now)
    if isinstance(found, Skip):
        return found
    _, due = found
    row = Announcement.objects.select_related("consultation", "outcome").get(pk=due.subject_id)
    since = moment(row.held_at, due.zone) if row.held_at else ""
    facts = [("People", f"{row.recipients:,}"), ("Caused by", row.made_by_name), ("Waiting since", since)]
    return duties.reminder(
        subject=marked(f"alert to release. {row.get_kind_display()}", row.papers[0]),
        name=str(row),
        says="It goes to so many people that a second member of staff has to release it. Nothing is sent before.",
        facts=facts + ([("Note", row.note)] if row.note else []),
        do=("Read and decide", reverse("admin:consultations_announcement_change", args=[row.pk])),
    )
