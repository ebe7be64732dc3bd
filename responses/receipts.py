"""The receipt as a PDF: made anew from the immutable submission each time it is asked for, so none is kept.

What people typed reaches Typst as JSON data and is never read as markup: `typst/receipt.typ` is the only source.
"""

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

import typst
from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.urls import reverse

from consultations.closing import moment, zone_of
from responses import snapshot
from responses.models import Receipt, Submission
from responses.querysets import State

TEMPLATE = Path(__file__).parent / "typst" / "receipt.typ"
logger = logging.getLogger(__name__)


def pdf(receipt: Receipt) -> bytes:
    return typeset(TEMPLATE, {"receipt": json.dumps(facts(receipt))}, of=receipt.code)


def typeset(template: Path, data: dict[str, str], *, of: str) -> bytes:
    """A PDF/UA-1 document. Where a text needs letters that Typst's own fonts lack, the system's fonts are tried."""
    try:
        return _compile(template, data, ignore_system_fonts=True, pdf_standards=["ua-1"])
    except typst.TypstError as error:
        logger.warning("made without PDF/UA", extra={"of": of, "reason": str(error)[:200]})
        return _compile(template, data)


def _compile(template: Path, data: dict[str, str], **options: Any) -> bytes:
    source = template.read_bytes()
    return bytes(typst.compile(source, root=str(template.parent), sys_inputs=data, format="pdf", **options))


def facts(receipt: Receipt) -> dict[str, Any]:
    """What the PDF says. `receipt` has its submission, and that its response with consultation and organisation."""
    submission = receipt.submission
    response, content = submission.response, submission.content
    paper = content["consultation"]
    zone = zone_of(response.consultation)
    return {
        "reference": submission.reference,
        "rehearsal": response.consultation.is_rehearsal,
        "status": _status(submission),
        "facts": [
            ("Reference", submission.reference, False),
            ("Consultation", f"{paper['reference']} {paper['title']}".strip() or str(response.consultation), False),
            ("From", content["organisation"]["name"], False),
            *(("Speaks for", name, False) for name in snapshot.members_named(content)),
            ("Submitted by", str(submission.submitted_by), False),
            ("Received", moment(submission.received_at, zone), False),
            ("Received (UTC)", submission.received_at.isoformat(), False),
            ("Version", str(submission.version), False),
            ("Questions answered", str(submission.answer_count), False),
            ("SHA-256 of the content", receipt.sha256, True),
        ],
        "questions": [
            (_name(question), _sha256(question)) for section in content["sections"] for question in section["questions"]
        ],
        "files": [
            (f"{file['name']} ({filesizeformat(file['size'])})", file["sha256"]) for file in files_of(submission)
        ],
        "key": receipt.key_id,
        "check": settings.SITE_URL + reverse("responses:check_receipt"),
        "left_out": [" ".join(filter(None, [row["number"], row["section"]])) for row in content["left_out"]],
    }


def files_of(submission: Submission) -> list[snapshot.Content]:
    """The files that the version holds, those of questions first, as its content names them."""
    content = submission.content
    of_questions = [
        file for section in content["sections"] for question in section["questions"] for file in question["files"]
    ]
    return [*of_questions, *content["files"]]


def _status(submission: Submission) -> str:
    response = submission.response
    if response.latest_id not in (None, submission.pk):
        return "A later version of this response was submitted after this one."
    return "This response was withdrawn after it was submitted." if response.state == State.WITHDRAWN else ""


def _name(question: snapshot.Content) -> str:
    text = question["text"] if len(question["text"]) <= 90 else f"{question['text'][:89]}…"
    return f"{question['number']} {text}".strip()


def _sha256(question: snapshot.Content) -> str:
    return hashlib.sha256(snapshot.canonical(question)).hexdigest()
