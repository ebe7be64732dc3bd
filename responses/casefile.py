"""One response as staff read it: a version's answers by section, its consents, files, receipt, and what was done."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from accounts.staff.acts import acts_for
from consultations.closing import moment
from consultations.models import Question
from responses import scanning, snapshot, speaking_for
from responses.models import Attachment, FoiPosition, NameConsent, Receipt, Response, Submission, TextConsent
from responses.speaking_for import Also

UNREADABLE = "Confidential: you do not have the right to read it. An administrator can give it to you."
ACTS = 100


@dataclass(frozen=True, kw_only=True)
class CaseFile:
    versions: list[dict[str, Any]]
    shown: dict[str, Any] | None
    acts: list[dict[str, Any]]
    named_in: list[Also]


def read(user: User | AnonymousUser, response: Response, *, wanted: str = "") -> CaseFile:
    """The version that was asked for by number, or else the latest. Which texts may be read, Submission decides."""
    zone = getattr(user, "time_zone", "UTC")
    filed = list(
        Submission.objects.filter(response=response)
        .select_related("submitted_by")
        .defer("content")
        .order_by("-version")
    )
    chosen = next((row for row in filed if str(row.version) == wanted), filed[0] if filed else None)
    return CaseFile(
        versions=[
            {
                "version": row.version,
                "reference": row.reference,
                "received": moment(row.received_at, zone),
                "by": str(row.submitted_by),
                "answered": f"{row.answer_count} of {row.question_count}",
                "is_shown": row == chosen,
            }
            for row in filed
        ],
        shown=_version(user, chosen, zone) if chosen else None,
        acts=_acts(user, response, zone),
        named_in=speaking_for.named_in(user, response),
    )


def _version(user: User | AnonymousUser, row: Submission, zone: str) -> dict[str, Any]:
    whole = Submission.objects.visible_to(user).filter(pk=row.pk).first()
    receipt = Receipt.objects.filter(submission=row).first()
    return {
        "version": row.version,
        "reference": row.reference,
        "received": moment(row.received_at, zone),
        "submitted": moment(row.submitted_at, zone),
        "sha256": row.sha256,
        "is_intact": whole is not None and snapshot.digest(whole.content) == row.sha256,
        "may_read": whole is not None,
        "unreadable": UNREADABLE,
        "consents": _consents(row, may_read=whole is not None),
        "sections": _with_files(user, whole) if whole else [],
        "files": _files(user, whole, whole.content["files"]) if whole else [],
        "left_out": whole.content.get("left_out", []) if whole else [],
        "unanswered": _unanswered(whole) if whole else [],
        "speaks_for": speaking_for.with_their_own(user, whole) if whole else [],
        "receipt": receipt and {
            "code": receipt.code, "issued": moment(receipt.issued_at, zone), "fits": receipt.sha256 == row.sha256,
        },
    }  # fmt: skip


def _consents(row: Submission, *, may_read: bool) -> list[tuple[str, str]]:
    stated = [
        ("May the text be published?", dict(TextConsent.choices).get(row.text_consent)),
        ("May the name be listed?", dict(NameConsent.choices).get(row.name_consent)),
        ("Freedom of information", dict(FoiPosition.choices).get(row.foi_position)),
    ]
    reason = [("Reason for confidentiality", row.foi_reason)] if row.foi_reason and may_read else []
    return [(name, words or "Not stated: treated as confidential") for name, words in [*stated, *reason]]


def _with_files(user: User | AnonymousUser, row: Submission) -> list[dict[str, Any]]:
    readable = _readable(user, row)
    return [
        {
            **section,
            "questions": [
                {**question, "files": _openable(question.get("files", []), readable)}
                for question in section["questions"]
            ],
        }
        for section in row.content["sections"]
    ]


def _unanswered(row: Submission) -> list[Question]:
    """What was asked and is not in the version, where its section was open: also what hung on another answer."""
    known = {*snapshot.said_in(row.content), *(item["code"] for item in row.content.get("left_out", []))}
    asked = Question.objects.filter(section__consultation=row.response.consultation)
    return list(asked.exclude(code__in=known))


def _files(user: User | AnonymousUser, row: Submission, files: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return _openable(files, _readable(user, row))


def _readable(user: User | AnonymousUser, row: Submission) -> dict[str, str]:
    """Code → what the virus scanner says of it, "" for a file that may be opened."""
    return {
        file.code: scanning.state_words(file) for file in Attachment.objects.visible_to(user).filter(submitted_in=row)
    }


def _openable(files: list[dict[str, Any]], readable: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {**file, "may_open": readable.get(file["code"]) == "", "state": readable.get(file["code"], "")}
        for file in files
    ]


def _acts(user: User | AnonymousUser, response: Response, zone: str) -> list[dict[str, Any]]:
    rows = acts_for(user).filter(subject=f"response:{response.code}").order_by("-pk")[:ACTS]
    return [
        {
            "when": moment(row.at, zone),
            "who": row.actor,
            "verb": row.verb,
            "door": row.door,
            "detail": _facts(row.detail),
        }
        for row in rows
    ]


def _facts(detail: dict[str, Any]) -> str:
    return "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in detail.items() if name != "sha256")
