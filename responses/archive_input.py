"""What of collecting input belongs into an organisation's archive, as rows: what a body asked and was sent, and what a
member wrote. A body's holds nothing that was not sent to it, or was withdrawn."""

from collections.abc import Iterator
from typing import Any

from accounts.models import Organisation
from responses.models import Collection, Contribution, Response, SentInput, SpokenFor

ROWS = 500


def collection(response: Response) -> dict[str, Any]:
    """What was asked, who was invited, and the members that the draft speaks for."""
    found = Collection.objects.filter(response=response).first()
    names = SpokenFor.objects.filter(response=response).values_list("name", flat=True)
    asked = {
        "title": found.title, "note": found.note, "opened_at": found.opened_at, "closes_at": found.closes_at,
        "time_zone": found.time_zone, "ended_at": found.ended_at,
        "questions": list(found.questions.values_list("code", flat=True)),
        "invitations": list(
            found.invitations.values("email", "invited_at", "expires_at", "accepted_at", "revoked_at")
        ),
    } if found else None  # fmt: skip
    return {"collection": asked, "speaks_for": list(names)}


def received(response: Response) -> Iterator[dict[str, Any]]:
    """Every version that members sent, the oldest first."""
    rows = SentInput.objects.filter(contribution__collection__response=response, contribution__withdrawn_at=None)
    return _versions(rows)


def given(organisation: Organisation) -> Iterator[dict[str, Any]]:
    """What the organisation wrote for trade bodies: the draft as it stands, and each version that it sent."""
    rows = Contribution.objects.filter(organisation=organisation).select_related(
        "collection__response__organisation", "collection__response__consultation"
    )
    for row in rows.order_by("pk").iterator(chunk_size=ROWS):
        response = row.collection.response
        yield {
            "code": row.code, "to": response.organisation.name, "consultation": response.consultation.code,
            "joined_at": row.joined_at, "withdrawn_at": row.withdrawn_at, "naming": row.naming,
            "draft": {answer.question.code: answer.text for answer in row.answers.select_related("question")},
            "sent": list(_versions(SentInput.objects.filter(contribution=row))),
        }  # fmt: skip


def _versions(rows: Any) -> Iterator[dict[str, Any]]:
    for row in rows.select_related("contribution", "sent_by").order_by("pk").iterator(chunk_size=ROWS):
        yield {
            "contribution": row.contribution.code, "from": row.contribution.name, "version": row.number,
            "content": row.content, "sha256": row.sha256, "naming": row.naming, "by": row.sent_by.email,
            "at": row.sent_at,
        }  # fmt: skip
