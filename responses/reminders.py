"""Reminders of deadlines: who is owed which, when. The moments themselves are responses/moments.py's.

Who: everybody who hears of the consultation (consultations/following.py), and every member who may draft or submit
for an organisation that has a response to it; never who muted it, and not who has nothing left to file: all the
organisations with a response that they work for have filed one that covers the deadline. It is covered where the
version that stands answers something under it, and by any version where there is but one deadline, or no question
under this one. A response that was withdrawn covers nothing.

Which: of the lead times that a person chose, for all or for a follow that brings the paper, the nearest whose moment
has come. For one who follows late it says the true time left. After an outage those before it are passed over: each
that fell due in it gets a row that says so. A moment before the paper opened, or before the deadline was last moved, is
none: the news of that said the date.

Once: the key holds the deadline's version, so a moved deadline starts afresh, and emails.deadline_coming passes over
what was queued for the old one.
"""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import F, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Greatest

from accounts import alerts
from accounts.models import User
from accounts.permissions import MAY_DRAFT
from consultations.hearing import listening
from consultations.models import Deadline, DeadlineChange, Follow
from notifications import outbox
from notifications.models import Priority
from responses import moments
from responses.models import Planning

OUTAGE = "A reminder nearer to the deadline took its place: Soundings was not running at its moment."
AHEAD = timedelta(days=10)  # by more than that no moment comes before its base, however long the holidays
Reader = tuple[str, str]  # a zone and a calendar, as people have chosen them

# (…) IN and NOT IN rather than joins, where PostgreSQL cannot know how many rows come: they stay linear.
# `come` is what responses/moments.py worked out; `place` 0 is the nearest to the deadline.
HEARD = f"""
WITH come AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(come)s::jsonb) AS m (
        deadline_id bigint, version integer, time_zone text, holidays text, lead text, at timestamptz, place integer,
        missed boolean)
), near AS MATERIALIZED (
    SELECT d.id, d.version, c.id AS consultation_id,
           (SELECT count(*) FROM consultations_deadline o WHERE o.consultation_id = c.id) = 1
               OR NOT EXISTS (SELECT FROM consultations_section s
                              JOIN consultations_question q ON q.section_id = s.id
                              WHERE s.deadline_id = d.id) AS covered_by_any
    FROM consultations_deadline d
    JOIN consultations_consultation c ON c.id = d.consultation_id
    WHERE (d.id, d.version) IN (SELECT deadline_id, version FROM come)
      AND d.closes_at >= %(now)s AND c.published_at <= %(now)s AND c.withdrawn_at IS NULL
), paper AS MATERIALIZED (
    SELECT id, kind, reference, title, search, is_rehearsal FROM consultations_consultation
    WHERE id IN (SELECT consultation_id FROM near)
), listening AS (
    SELECT * FROM (
        SELECT n.id AS deadline_id, l.user_id, l.follow_id, l.leads, l.since
        FROM ({listening("paper")}) AS l
        JOIN near n ON n.consultation_id = l.consultation_id
        UNION ALL
        SELECT n.id, m.user_id, NULL, NULL, GREATEST(m.since, r.started_at) FROM near n
        JOIN responses_response r ON r.consultation_id = n.consultation_id
        JOIN accounts_membership m ON m.organisation_id = r.organisation_id AND m.role = ANY(%(may_draft)s)
    ) AS everybody {{only}}
)"""  # noqa: S608 (of our own text)
KEY = "concat_ws(':', 'deadline_coming', {of}.deadline_id, {of}.version, {of}.lead, {user})"
# Whoever of `fresh` has nothing left to file.
FINISHED = """, theirs AS MATERIALIZED (
    SELECT n.deadline_id, n.user_id, r.id AS response_id, r.state, r.latest_id
    FROM fresh n
    JOIN near a ON a.id = n.deadline_id
    JOIN accounts_membership m ON m.user_id = n.user_id AND m.role = ANY(%(may_draft)s)
    JOIN responses_response r ON r.organisation_id = m.organisation_id AND r.consultation_id = a.consultation_id
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
)"""
DUE = f"""
{HEARD.format(only="")}, reader AS MATERIALIZED (
    SELECT l.deadline_id, l.since, u.id AS user_id, u.email, u.time_zone, u.holidays,
           COALESCE(l.leads, u.leads) AS leads
    FROM listening l
    JOIN accounts_user u ON u.id = l.user_id AND u.is_active AND NOT u.is_service
), nearest AS MATERIALIZED (
    SELECT DISTINCT ON (r.deadline_id, r.user_id) r.deadline_id, r.user_id, r.email, r.time_zone, r.holidays,
           come.version, come.lead, come.at, come.place
    FROM reader r
    JOIN come ON come.deadline_id = r.deadline_id AND come.time_zone = r.time_zone AND come.holidays = r.holidays
             AND come.lead = ANY(r.leads)
    ORDER BY r.deadline_id, r.user_id, come.place
), missed AS (  -- none but after an outage
    SELECT DISTINCT n.deadline_id, n.user_id, n.email, n.time_zone, n.holidays,
           come.version, come.lead, come.at, come.place
    FROM come
    JOIN nearest n ON n.deadline_id = come.deadline_id AND n.time_zone = come.time_zone
                  AND n.holidays = come.holidays AND n.place < come.place AND n.at > come.at
    JOIN reader r ON r.deadline_id = n.deadline_id AND r.user_id = n.user_id AND r.since < come.at
                 AND come.lead = ANY(r.leads)
    WHERE come.missed
), named AS (
    SELECT w.*, {KEY.format(of="w", user="w.user_id")} AS key
    FROM (SELECT *, false AS is_passed FROM nearest UNION ALL SELECT *, true FROM missed) AS w
), fresh AS MATERIALIZED (  -- few, but for the minute after a moment: what follows is asked of these alone
    SELECT n.* FROM named n
    WHERE NOT EXISTS (SELECT FROM notifications_notification o WHERE o.key = n.key)
      AND (n.deadline_id, n.user_id) NOT IN (
          SELECT a.id, f.user_id FROM near a JOIN consultations_follow f ON f.consultation_id = a.consultation_id
          WHERE f.muted AND f.user_id IS NOT NULL)
      -- nor after a nearer one, which the person no longer wants or no longer has a reason for
      AND (n.is_passed OR NOT EXISTS (
          SELECT FROM come
          JOIN notifications_notification o
            ON o.key = {KEY.format(of="come", user="n.user_id")}
          WHERE come.deadline_id = n.deadline_id AND come.time_zone = n.time_zone AND come.holidays = n.holidays
            AND come.place < n.place))
){FINISHED}
SELECT 'deadline_coming' AS kind,
       n.key,
       n.email AS address,
       jsonb_build_object('deadline', n.deadline_id, 'version', n.version, 'lead', n.lead, 'user', n.user_id)
           AS payload,
       %(priority)s AS priority,
       CASE WHEN n.is_passed THEN n.at ELSE %(now)s END AS due_at,
       CASE WHEN n.is_passed THEN %(outage)s ELSE '' END AS passed_over
FROM fresh n
WHERE (n.deadline_id, n.user_id) NOT IN (SELECT deadline_id, user_id FROM finished)
  AND EXISTS (SELECT FROM account_emailaddress e
              WHERE e.user_id = n.user_id AND e.verified AND lower(e.email) = lower(n.email))
ORDER BY n.deadline_id, n.user_id  -- sorted, all is asked before the first row is written, not of a table that grows
"""  # noqa: S608 (of our own text)


@transaction.atomic
def queue_due(now: datetime) -> int:
    """Owe every reminder whose moment has come, in one statement; returns how many rows were new.

    Run as often as you like: what is owed, was sent or was passed over already is not written again.
    """
    planned, _ = Planning.objects.get_or_create(pk=Planning.REMINDERS, defaults={"until": now})
    readers, leads = _chosen()
    come = [row for row in worked_out(with_news(now), readers, leads, until=now) if row["at"] <= now]
    added = 0
    if come:
        for row in come:
            row["missed"] = planned.until < row["at"] < now
        params = {**parameters(come, now), "priority": int(Priority.REMINDER), "outage": OUTAGE}
        added = outbox.queue_selected(kind="deadline_coming", select=DUE, params=params, passing_over=True)
    if planned.until < now:
        Planning.objects.filter(pk=Planning.REMINDERS, until__lt=now).update(until=now)
    return added


def parameters(come: list[dict[str, Any]], now: datetime) -> dict[str, Any]:
    """What the statements above are given."""
    return {
        "come": json.dumps(come, cls=DjangoJSONEncoder),
        "now": now,
        "may_draft": [str(role) for role in MAY_DRAFT],
    }


def _chosen() -> tuple[set[Reader], set[str]]:
    """Every zone and calendar, and every lead time, that anybody has chosen."""
    people = User.objects.filter(is_active=True, is_service=False).order_by()
    readers, leads = set(), set()
    for zone, holidays, chosen in people.values_list("time_zone", "holidays", "leads").distinct():
        readers.add((zone, holidays))
        leads.update(chosen)
    of_follows = Follow.objects.filter(leads__isnull=False).order_by()
    for own in of_follows.values_list("leads", flat=True).distinct():
        leads.update(own or [])
    return readers, leads


def with_news(now: datetime) -> QuerySet[Any, Any]:
    """The deadlines ahead, as `worked_out` takes them; `news_at`: when the date was last told."""
    moved = DeadlineChange.objects.filter(deadline=OuterRef("pk")).values("deadline").annotate(last=Max("changed_at"))
    news_at = Greatest("consultation__published_at", "consultation__opens_at", Subquery(moved.values("last")))
    return (
        Deadline.objects.ahead(now)
        .annotate(news_at=news_at, deadline_id=F("pk"))
        .values("deadline_id", "version", "closes_at", "time_zone", "news_at")
    )


def worked_out(
    deadlines: Iterable[dict[str, Any]], readers: Iterable[Reader], leads: Iterable[str], *, until: datetime
) -> list[dict[str, Any]]:
    """The moments after the news, for each deadline and reader, the nearest to the deadline first (`place` 0).

    Two at the same moment stand beside each other, the shorter lead time first. What is sure to come after `until` may
    be left out, so `place` counts among those that are here.
    """
    readers, order = list(readers), alerts.in_order(leads)
    found = []
    for row in deadlines:
        about = {"closes_at": row["closes_at"], "time_zone": row["time_zone"]}
        near = [lead for lead in order if moments.base(**about, lead=lead) <= until + AHEAD]
        for zone, holidays in readers:
            theirs = [
                (moments.moment(**about, lead=lead, news_at=row["news_at"], reader_zone=zone, reader_holidays=holidays),
                 number, lead)
                for number, lead in enumerate(near)
            ]  # fmt: skip
            after_news = sorted((each for each in theirs if row["news_at"] < each[0] <= until), reverse=True)
            found += [
                {"deadline_id": row["deadline_id"], "version": row["version"], "time_zone": zone, "holidays": holidays,
                 "lead": lead, "at": at, "place": place}
                for place, (at, _, lead) in enumerate(after_news)
            ]  # fmt: skip
    return found
