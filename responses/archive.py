"""All that an organisation holds, written as a ZIP row by row: memory stays flat whatever there is.

JSON lists are written as they are read from a server-side cursor, and files are copied in pieces. Nothing here asks who
is asking (exporting.py does); everything is found through the one organisation that is given.
"""

import json
import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO, Any

from django.core.serializers.json import DjangoJSONEncoder

from accounts.models import WITH_MEMBERS, Act, Membership, Organisation, User
from notifications.refusal import Conflict
from responses import archive_input, attaching, proving, snapshot
from responses.models import (
    Answer,
    AnswerVersion,
    Attachment,
    Comment,
    Guest,
    QuestionWork,
    Receipt,
    Response,
    Reuse,
    SignOff,
    Submission,
    TimeRequest,
)

ROWS = 500  # a round trip
UNSAFE = re.compile(r"[^\w.\- ]+")
README = """What {name} holds on Soundings, as of {at} (UTC).

organisation.json               the organisation and its members
more_time.json                  what was asked for more time, and what was decided
contributions.json              what was written for trade bodies: the draft, and each version that was sent
acts.json                       what its people and programs did, the oldest first
responses/CODE/                 one folder for each response; CODE is its code
  response.json                 the consultation, the state, the consents, and what was put into answers from elsewhere
  answers.json                  the draft answers as they stand
  versions.json                 every saved version of each answer, the oldest first; "set_aside": came too late to be
  work.json                     whose each question is, and which version of its answer was called ready
  comments.json                 what colleagues said to each other about it
  guests.json                   who was invited from outside to see it, or some sections of it
  sign_offs.json                who signed off what: the digest and the whole content that was signed;
                                acts.json has the SHA-256 of nonce and digest together
  collection.json               where there is one: what members were asked, and which of them it speaks for
  input.json                    and what they sent, every version, the oldest first
  submissions/REFERENCE.json    what was filed, in the exact bytes that its SHA-256 is over
  receipts/REFERENCE.json       the signed receipt of each version, which anybody can check
  submissions.json              when each version was received, by whom it was filed, and its receipt
  files.json                    every file that was attached, also those that were removed from the draft
  files/CODE-NAME               the files themselves

All text is UTF-8, all instants are UTC, and what is a list in JSON has a row on each line.
A file that the virus scanner has not passed, or that the store has lost, is left out; files.json says so of it.
"""


def write(target: IO[bytes], organisation: Organisation, *, now: datetime) -> None:
    """Write the whole archive to `target`, a file that can be written from its beginning."""
    with zipfile.ZipFile(target, "w", compression=zipfile.ZIP_DEFLATED) as archive:
        _text(archive, "README.txt", README.format(name=organisation.name, at=f"{now:%Y-%m-%d %H:%M}"))
        _one(archive, "organisation.json", _organisation(organisation))
        _rows(archive, "more_time.json", _more_time(organisation))
        _rows(archive, "contributions.json", archive_input.given(organisation))
        _rows(archive, "acts.json", _acts(organisation))
        for response in Response.objects.filter(organisation=organisation).order_by("pk").iterator(chunk_size=ROWS):
            _response(archive, response)


# --- What is in it ----------------------------------------------------------------------------------------------------
def _organisation(organisation: Organisation) -> dict[str, Any]:
    members = Membership.objects.filter(organisation=organisation, user__is_service=False).order_by("pk")
    return {
        "code": organisation.code,
        "name": organisation.name,
        "kind": organisation.kind,
        "frn": organisation.frn,
        "lei": organisation.lei,
        "company_number": organisation.company_number,
        "members": [
            {"email": row.user.email, "name": row.user.name, "role": row.role, "since": row.since}
            for row in members.select_related("user")
        ],
    }


def _more_time(organisation: Organisation) -> Iterator[dict[str, Any]]:
    rows = TimeRequest.objects.filter(organisation=organisation).select_related("deadline__consultation", "asked_by")
    for row in rows.order_by("pk").iterator(chunk_size=ROWS):
        yield {
            "consultation": row.deadline.consultation.code, "deadline": row.deadline.label, "closed_at": row.closes_at,
            "reason": row.reason, "wanted_on": row.wanted_on, "by": _who(row.asked_by), "at": row.asked_at,
            "decision": row.decision, "decided_at": row.decided_at, "decision_reason": row.decision_reason,
        }  # fmt: skip


def _acts(organisation: Organisation) -> Iterator[dict[str, Any]]:
    """Of the organisation's own people and programs, and the machine's. What staff do is in the regulator's record."""
    staff = User.objects.filter(is_staff=True).exclude(memberships__organisation=organisation)
    of_ours = Act.objects.filter(organisation_code=organisation.code).exclude(actor_id__in=staff.values("pk"))
    for act in of_ours.order_by("pk").iterator(chunk_size=ROWS):
        yield {
            "at": act.at, "what": act.verb, "who": act.actor, "from": act.door, "to": act.subject,
            "consultation": act.consultation_code, "details": act.detail,
        }  # fmt: skip


def _response(archive: zipfile.ZipFile, response: Response) -> None:
    folder = f"responses/{response.code}"
    _one(archive, f"{folder}/response.json", _of_response(response))
    _rows(archive, f"{folder}/answers.json", _answers(response))
    _rows(archive, f"{folder}/versions.json", _versions(response))
    _rows(archive, f"{folder}/work.json", _work(response))
    _rows(archive, f"{folder}/comments.json", _comments(response))
    _rows(archive, f"{folder}/guests.json", _guests(response))
    _rows(archive, f"{folder}/sign_offs.json", _sign_offs(response))
    if response.organisation.kind in WITH_MEMBERS:
        _one(archive, f"{folder}/collection.json", archive_input.collection(response))
        _rows(archive, f"{folder}/input.json", archive_input.received(response))
    _rows(archive, f"{folder}/submissions.json", _submissions(response))
    for submission in Submission.objects.filter(response=response).order_by("pk").iterator(chunk_size=1):
        _bytes(archive, f"{folder}/submissions/{submission.reference}.json", snapshot.canonical(submission.content))
    receipts = Receipt.objects.filter(submission__response=response).select_related("submission").order_by("pk")
    for receipt in receipts.iterator(chunk_size=1):
        if receipt.is_signed:
            _bytes(archive, f"{folder}/receipts/{receipt.submission.reference}.json", proving.document(receipt))
    _rows(archive, f"{folder}/files.json", _files(archive, folder, response))


def _of_response(response: Response) -> dict[str, Any]:
    paper = response.consultation
    reused = Reuse.objects.filter(answer__response=response).select_related("answer__question", "by")
    return {
        "code": response.code,
        "consultation": {"code": paper.code, "reference": paper.reference, "title": paper.title},
        "state": response.state,
        "started_at": response.started_at,
        "edited_at": response.edited_at,
        "withdrawn_at": response.withdrawn_at,
        "withdrawal_reason": response.withdrawal_reason,
        "consents": {
            "text": response.text_consent,
            "name": response.name_consent,
            "foi": response.foi_position,
            "foi_reason": response.foi_reason,
        },
        "taken_from_elsewhere": [
            {
                "question": row.answer.question.code, "answer_version": row.version, "from": row.source,
                "words": row.words, "by": _who(row.by), "at": row.at,
            }
            for row in reused
        ],
    }  # fmt: skip


def _answers(response: Response) -> Iterator[dict[str, Any]]:
    rows = Answer.objects.filter(response=response).select_related("question", "edited_by").order_by("pk")
    for row in rows.iterator(chunk_size=ROWS):
        yield {
            "question": row.question.code, "number": row.question.number, "asked": row.question.text,
            **_said(row), "version": row.version, "by": _who(row.edited_by), "at": row.edited_at,
        }  # fmt: skip


def _versions(response: Response) -> Iterator[dict[str, Any]]:
    rows = AnswerVersion.objects.filter(answer__response=response).select_related("answer__question", "by")
    for row in rows.order_by("answer", "ordinal").iterator(chunk_size=ROWS):
        yield {
            "question": row.answer.question.code, "ordinal": row.ordinal, "version": row.version, "how": row.how,
            **_said(row), "by": _who(row.by), "at": row.at,
        }  # fmt: skip


def _work(response: Response) -> Iterator[dict[str, Any]]:
    rows = QuestionWork.objects.filter(response=response).select_related("question", "owner", "ready_by")
    for row in rows.order_by("pk").iterator(chunk_size=ROWS):
        yield {
            "question": row.question.code, "owner": _who(row.owner), "assigned_at": row.assigned_at,
            "ready_version": row.ready_version, "ready_by": _who(row.ready_by), "ready_at": row.ready_at,
        }  # fmt: skip


def _comments(response: Response) -> Iterator[dict[str, Any]]:
    rows = Comment.objects.filter(response=response).select_related("question", "by", "settled_by")
    for row in rows.order_by("pk").iterator(chunk_size=ROWS):
        yield {
            "question": row.question.code, "text": row.text, "by": _who(row.by), "at": row.at,
            "settled_by": _who(row.settled_by), "settled_at": row.settled_at,
        }  # fmt: skip


def _guests(response: Response) -> Iterator[dict[str, Any]]:
    rows = Guest.objects.filter(response=response).select_related("invited_by").prefetch_related("sections")
    for row in rows.order_by("pk").iterator(chunk_size=ROWS):
        yield {
            "email": row.email, "may": row.may, "whole": row.whole,
            "sections": [str(section) for section in row.sections.all()],
            "invited_by": _who(row.invited_by), "invited_at": row.invited_at, "accepted_at": row.accepted_at,
            "declined_at": row.declined_at, "ended_at": row.ended_at,
        }  # fmt: skip


def _sign_offs(response: Response) -> Iterator[dict[str, Any]]:
    for row in SignOff.objects.filter(response=response).select_related("by").order_by("pk").iterator(chunk_size=1):
        yield {"by": _who(row.by), "at": row.at, "note": row.note, "sha256": row.sha256, "nonce": row.nonce,
               "content": row.content}  # fmt: skip


def _submissions(response: Response) -> Iterator[dict[str, Any]]:
    receipts = Receipt.objects.filter(submission__response=response).select_related("submission__submitted_by")
    for row in receipts.defer("submission__content").order_by("pk").iterator(chunk_size=ROWS):
        filed = row.submission
        yield {
            "reference": filed.reference, "version": filed.version, "sha256": filed.sha256,
            "received_at": filed.received_at, "submitted_at": filed.submitted_at, "by": _who(filed.submitted_by),
            "receipt": {"code": row.code, "issued_at": row.issued_at, "sha256": row.sha256},
        }  # fmt: skip


def _files(archive: zipfile.ZipFile, folder: str, response: Response) -> list[dict[str, Any]]:
    """Each file is copied as its row is made: a ZIP is written one member after another, so the rows wait for it."""
    found = []
    for row in Attachment.objects.filter(response=response).select_related("question", "uploaded_by").order_by("pk"):
        path = f"files/{row.code}-{UNSAFE.sub('_', row.name)[-100:]}"
        left_out = _copied(archive, f"{folder}/{path}", row)
        found.append({
            "code": row.code, "name": row.name, "path": "" if left_out else path, "left_out_because": left_out,
            "question": row.question.code if row.question else "", "content_type": row.content_type,
            "size": row.size, "sha256": row.sha256, "by": _who(row.uploaded_by), "at": row.uploaded_at,
            "removed_at": row.removed_at,
        })  # fmt: skip
    return found


def _copied(archive: zipfile.ZipFile, path: str, row: Attachment) -> str:
    """Why the file is not in the archive; "" where it is."""
    try:
        content = attaching.open_stored(row)
    except Conflict as refusal:
        return refusal.message
    except FileNotFoundError:
        return "The store has lost it."
    with content, archive.open(path, "w", force_zip64=True) as into:
        shutil.copyfileobj(content, into, 1024 * 256)
    return ""


def _said(row: Answer | AnswerVersion) -> dict[str, Any]:
    return {"text": row.text, "selected": row.selected, "number": None if row.number is None else f"{row.number:f}"}


def _who(user: Any) -> str:
    return user.email if user else ""


# --- How it is written ------------------------------------------------------------------------------------------------
def _text(archive: zipfile.ZipFile, name: str, text: str) -> None:
    _bytes(archive, name, text.encode())


def _bytes(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(name, content)


def _one(archive: zipfile.ZipFile, name: str, row: dict[str, Any]) -> None:
    _text(archive, name, json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1) + "\n")


def _rows(archive: zipfile.ZipFile, name: str, rows: Iterable[dict[str, Any]]) -> None:
    with archive.open(name, "w", force_zip64=True) as into:
        between = b"[\n"
        for row in rows:
            into.write(between + json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False).encode())
            between = b",\n"
        into.write(b"\n]\n" if between == b",\n" else b"[]\n")
