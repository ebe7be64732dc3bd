"""Rows for script/bench, made by PostgreSQL itself, so that a hundred thousand take seconds. All plainly made up."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.utils import timezone

from accounts import tokens
from accounts.models import User
from accounts.record import By
from consultations.models import Authority, Consultation, Deadline, Question, Section

# Ten characters as codes have them: four of the batch, six of the number. No 0, 1, A or E, so that no word comes of it.
CODE = "translate(upper(substr(md5(%s), 1, 4)) || lpad(n::text, 6, '0'), '01AE', 'ZXBC')"


def sql(statement: str, *params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchall() if cursor.description else []


def settle() -> None:
    """As after a quiet night: what was just stored is vacuumed and on the disk, so that a large table is not measured
    together with the work of having filled it."""
    sql("VACUUM (ANALYZE)")
    sql("CHECKPOINT")


def consultation(*, closes_at: datetime | None = None) -> Question:
    """An open paper with one question; the question."""
    body, _ = Authority.objects.get_or_create(
        slug="bench", defaults={"name": "Bench authority", "jurisdiction": "UK", "time_zone": "Europe/London"}
    )
    now = timezone.now()
    paper = Consultation.objects.create(
        reference=f"B{uuid.uuid4().hex[:8]}", title="Bench", kind="consultation_paper",
        published_at=now - timedelta(days=1), announced_at=now,
    )  # fmt: skip
    paper.authorities.add(body)
    deadline = Deadline.objects.create(
        consultation=paper, label="All of it", closes_at=closes_at or now + timedelta(days=30)
    )
    section = Section.objects.create(consultation=paper, deadline=deadline, title="Questions")
    return Question.objects.create(section=section, number="1", text="What do you think?")


def stored_responses(count: int, question: Question) -> None:
    """Bring the submitted responses to `count` in all, each of an organisation of its own."""
    have = sql("SELECT count(*) FROM responses_response WHERE state = 'submitted'")[0][0]
    paper = question.section.consultation
    batch = uuid.uuid4().hex[:8]
    filer = User.objects.filter(email="bench-filer@example.org").first() or User.objects.create_user(
        "bench-filer@example.org"
    )
    if count <= have:
        return
    sql(
        f"""
        WITH new AS (SELECT n, {CODE} AS code FROM generate_series(1, %s) AS n),
        organisations AS (
            INSERT INTO accounts_organisation (code, name, kind, frn, lei, company_number, sign_off, created_at)
            SELECT code, 'Bench organisation ' || code, 'firm', '', '', '', 'none', now() FROM new RETURNING id, code),
        drafts AS (
            INSERT INTO responses_response (code, consultation_id, organisation_id, state, started_at, edited_at,
                text_consent, name_consent, foi_position, foi_reason, withdrawal_reason)
            SELECT code, %s, id, 'draft', now(), now(), 'publish', 'list', 'no_objection', '', '' FROM organisations
            RETURNING id, code)
        INSERT INTO responses_submission (response_id, version, reference, content, sha256, answer_count,
            question_count, submitted_by_id, received_at, submitted_at, text_consent, name_consent, foi_position,
            foi_reason)
        SELECT id, 1, code || '-1', jsonb_build_object('sections', '[]'::jsonb, 'files', '[]'::jsonb,
            'filler', repeat('What was said. ', 60)), md5(code) || md5(code), 1, 1, %s, now(), now(), 'publish',
            'list', 'no_objection', '' FROM drafts
        """,
        batch, count - have, paper.pk, filer.pk,
    )  # fmt: skip
    sql(
        "INSERT INTO responses_receipt (submission_id, code, issued_at, sha256, nonces, signature, key_id) "
        "SELECT s.id, r.code, now(), s.sha256, '{}', '', '' "
        "FROM responses_submission s JOIN responses_response r ON r.id = s.response_id WHERE r.latest_id IS NULL"
    )
    sql(
        "UPDATE responses_response r SET state = 'submitted', latest_id = s.id "
        "FROM responses_submission s WHERE s.response_id = r.id AND r.latest_id IS NULL"
    )
    settle()


def stored_consultations(count: int) -> None:
    """Bring the published consultations to `count`, each with a deadline and a body."""
    have = Consultation.objects.count()
    body = Authority.objects.get(slug="bench")
    sql(
        f"""
        WITH new AS (SELECT n, {CODE} AS code FROM generate_series(1, %s) AS n),
        papers AS (
            INSERT INTO consultations_consultation (code, reference, title, kind, summary, body, published_at,
                announced_at, withdrawal_reason, published_on_text, takes_responses, closing_unknown, respond_via,
                confidentiality_note, confidentiality_source, docket_id, rin, fr_document_number, fr_citation, sources,
                record_note, is_rehearsal, created_at)
            SELECT code, 'BP' || n, 'Bench paper ' || code, 'consultation_paper', 'A summary of a made-up paper.', '',
                now() - n * interval '1 minute', now(), '', '', true, false, '{{}}', '', '', '', '', '', '', '{{}}',
                '', false, now() FROM new RETURNING id),
        deadlines AS (
            INSERT INTO consultations_deadline (consultation_id, label, closes_at, time_zone, time_assumed, certainty,
                note, source, version, position)
            SELECT id, 'All of it',
                now() + (CASE WHEN id %% 2000 = 0 THEN 1 ELSE -1 END) * (1 + id %% 50) * interval '1 day',
                'Europe/London', false, 'stated', '', '', 1, 0 FROM papers)
        INSERT INTO consultations_consultationauthority (consultation_id, authority_id, position)
        SELECT id, %s, 0 FROM papers
        """,
        uuid.uuid4().hex[:8], max(0, count - have), body.pk,
    )  # fmt: skip
    settle()


def drafts(count: int, question: Question, member: User) -> list[str]:
    """So many answered drafts ready to submit, each of an organisation of its own that `member` may submit for."""
    batch = uuid.uuid4().hex[:8]
    rows = sql(
        f"""
        WITH new AS (SELECT n, {CODE} AS code FROM generate_series(1, %s) AS n),
        organisations AS (
            INSERT INTO accounts_organisation (code, name, kind, frn, lei, company_number, sign_off, created_at)
            SELECT code, 'Bench organisation ' || code, 'firm', '', '', '', 'none', now() FROM new RETURNING id, code),
        members AS (
            INSERT INTO accounts_membership (organisation_id, user_id, role, may_sign_off, since)
            SELECT id, %s, 'submitter', false, now() FROM organisations),
        responses AS (
            INSERT INTO responses_response (code, consultation_id, organisation_id, state, started_at, edited_at,
                text_consent, name_consent, foi_position, foi_reason, withdrawal_reason)
            SELECT code, %s, id, 'draft', now(), now(), 'publish', 'list', 'no_objection', '', '' FROM organisations
            RETURNING id, code),
        answers AS (
            INSERT INTO responses_answer (response_id, question_id, text, selected, version, edited_at)
            SELECT id, %s, repeat('We agree for the most part. ', 40), '{{}}', 1, now() FROM responses)
        SELECT code FROM responses
        """,
        batch, count, member.pk, question.section.consultation.pk, question.pk,
    )  # fmt: skip
    sql("ANALYZE responses_response, responses_answer, accounts_membership, accounts_organisation")
    return [row[0] for row in rows]


def member(name: str) -> User:
    """Somebody who files for many, with a confirmed address, so that e-mails are queued as they would be."""
    from allauth.account.models import EmailAddress

    user, made = User.objects.get_or_create(email=f"{name}@example.org")
    if made:
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def staff() -> User:
    user, _ = User.objects.get_or_create(email="bench-staff@example.org", is_staff=True, is_superuser=True)
    return user


def token(user: User) -> str:
    """A token that acts as the user."""
    _, secret = tokens.create(by=By(user=user, door="command"), user=user, name="bench", expires_in=None)
    return secret


def session(user: User) -> str:
    """The cookie of a signed-in browser."""
    from django.contrib.auth import login
    from django.http import HttpRequest

    request = HttpRequest()
    request.session = SessionStore()
    login(request, user, backend="allauth.account.auth_backends.AuthenticationBackend")
    request.session.save()
    return str(request.session.session_key)
