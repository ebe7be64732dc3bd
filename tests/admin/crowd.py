"""Very many rows, made inside the database: a hundred thousand responses in some ten seconds.

    DATABASE_URL=… .venv/bin/python -m tests.admin.crowd 100000

fills a development database and prints how long the staff pages take with it.
"""

import os
import sys
import time

from django.db import connection

CROWD = """
INSERT INTO accounts_user (email, password, name, is_superuser, is_staff, is_active, is_service, time_zone, leads,
                           holidays, rhythm, joined_at)
SELECT 'crowd@example.org', '!', 'Demonstration Crowd', false, false, true, false, 'Europe/London', '{14d}', '',
       'at_once', now()
ON CONFLICT DO NOTHING;

INSERT INTO accounts_organisation (code, name, kind, frn, lei, company_number, sign_off, created_at)
SELECT %(prefix)s || lpad(n::text, 8, '0'), 'Demonstration Crowd Firm ' || n, 'firm', '', '', '', 'none', now()
FROM generate_series(1, %(rows)s) AS n;

INSERT INTO responses_response (code, consultation_id, organisation_id, state, started_at, edited_at, text_consent,
                                name_consent, foi_position, foi_reason, withdrawal_reason)
SELECT org.code, papers.ids[1 + org.id %% array_length(papers.ids, 1)], org.id, 'draft', now(), now(), 'publish',
       'list', 'no_objection', '', ''
FROM accounts_organisation org, (SELECT array_agg(id ORDER BY id) AS ids FROM consultations_consultation
                                 WHERE id = ANY(%(papers)s)) AS papers
WHERE org.code LIKE %(prefix)s || '%%';

INSERT INTO responses_submission (response_id, version, reference, content, sha256, answer_count, question_count,
                                  submitted_by_id, received_at, submitted_at, text_consent, name_consent, foi_position,
                                  foi_reason)
SELECT response.id, 1, response.code || '-1',
       '{"sections": [{"number": "1", "title": "Proposals", "questions": []}], "files": [], "left_out": []}', '', 3, 5,
       (SELECT id FROM accounts_user WHERE email = 'crowd@example.org'), now() - response.id * interval '1 second',
       now(), 'publish', 'list', 'no_objection', ''
FROM responses_response response WHERE response.code LIKE %(prefix)s || '%%';

INSERT INTO responses_receipt (submission_id, code, issued_at, sha256, nonces, signature, key_id)
SELECT submission.id, response.code, now(), '', '{}', '', ''
FROM responses_submission submission JOIN responses_response response ON response.id = submission.response_id
WHERE response.code LIKE %(prefix)s || '%%';

UPDATE responses_response response SET state = 'submitted', latest_id = submission.id
FROM responses_submission submission
WHERE submission.response_id = response.id AND response.code LIKE %(prefix)s || '%%';

INSERT INTO accounts_act (at, verb, actor, door, subject, consultation_code, organisation_code, detail)
SELECT now(), 'response submitted', 'crowd@example.org', 'page', 'response:' || response.code, '', response.code, '{}'
FROM responses_response response WHERE response.code LIKE %(prefix)s || '%%';

INSERT INTO notifications_notification (kind, key, address, payload, priority, due_at, created_at, state, claimed_by,
                                        attempts, reason, subject, reference, sent_again, sent_at)
SELECT 'response_submitted', 'crowd:' || response.code, 'crowd-' || response.id || '@example.org', '{}', 1, now(),
       now(), CASE WHEN response.id %% 100 = 0 THEN 'failed' ELSE 'sent' END, '', 1, 'as the crowd is', '',
       gen_random_uuid(), false, now()
FROM responses_response response WHERE response.code LIKE %(prefix)s || '%%';
"""
ANALYSED = (
    "accounts_organisation", "responses_response", "responses_submission", "accounts_act",
    "notifications_notification",
)  # fmt: skip


def gather(rows: int, *, papers: list[int], prefix: str = "ZZ", analyse: bool = False) -> None:
    """So many organisations, each with one submitted response to one of `papers`, its receipt, act and message."""
    with connection.cursor() as cursor:
        for statement in CROWD.split(";\n"):
            if statement.strip():
                cursor.execute(statement, {"rows": rows, "papers": papers, "prefix": prefix})
        for table in ANALYSED if analyse else ():
            cursor.execute(f"VACUUM ANALYSE {table}")


PAGES = (
    "/admin/",
    "/admin/responses/response/",
    "/admin/responses/response/?p=2",
    "/admin/responses/response/?p=1500",
    "/admin/responses/response/?o=6",
    "/admin/responses/response/?state=submitted",
    "/admin/responses/response/?state=withdrawn",
    "/admin/responses/response/?body=fca",
    "/admin/responses/response/?body=sec&status=open",
    "/admin/responses/response/?status=closed",
    "/admin/responses/response/?status=open&topic=stablecoins",
    "/admin/responses/response/?rehearsal=yes",
    "/admin/responses/response/?received_from=2026-01-01&received_to=2026-01-02",
    "/admin/responses/response/?closes_from=2026-12-01&closes_to=2026-12-31",
    "/admin/responses/response/?q=ZZ00000042",
    "/admin/responses/response/?q=ZZ00000042-1",
    "/admin/responses/response/?q=Firm+4242",
    "/admin/responses/response/?q=nobody+is+called+this",
    "/admin/responses/response/?q=CP25/25",
    "/admin/accounts/act/",
    "/admin/accounts/act/?q=crowd",
    "/admin/accounts/act/?q=nobody",
    "/admin/accounts/act/?q=response:ZZ00000042",
    "/admin/accounts/act/?at_from=2020-01-01&at_to=2020-01-02",
    "/admin/notifications/notification/",
    "/admin/notifications/notification/?state=failed",
    "/admin/notifications/notification/?kind=invitation",
    "/admin/notifications/notification/?q=crowd-42",
    "/admin/accounts/organisation/",
    "/admin/accounts/organisation/?q=Firm+4242",
    "/admin/consultations/consultation/",
)


def main(rows: int) -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from accounts.models import User
    from consultations.models import Consultation
    from responses.models import Response

    if Response.objects.count() < rows:
        started = time.monotonic()
        gather(rows, papers=list(Consultation.objects.values_list("pk", flat=True)), analyse=True)
        print(f"{rows:,} responses made in {time.monotonic() - started:.1f} s")
    staff = User.objects.filter(email="crowd-staff@example.org").first() or User.objects.create_superuser(
        "crowd-staff@example.org"
    )
    client = Client(headers={"host": "localhost"})
    client.force_login(staff)
    client.get("/admin/")
    print("     ms  in SQL  queries  page")
    for page in PAGES:
        with CaptureQueriesContext(connection) as queries:
            started = time.perf_counter()
            status = client.get(page).status_code
            took = 1000 * (time.perf_counter() - started)
        in_sql = 1000 * sum(float(query["time"]) for query in queries)
        print(f"{took:7.0f} {in_sql:7.0f}  {len(queries):7}  {page}" + ("" if status == 200 else f" → {status}"))


if __name__ == "__main__":
    main(int(sys.argv[1]))
