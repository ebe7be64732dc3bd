"""A receipt as a file that anybody can check: what is signed, with what, and how its hashes are taken.

Each question, each file and the whole content has its SHA-256. Answers are often one word, and a hash of one word can
be guessed: so what is signed is the SHA-256 of a random nonce followed by that SHA-256 (both as hexadecimal text).
The nonces are kept with the receipt and given to the firm in it; erased with the content, they leave hashes
that say nothing. docs/receipts.md describes the file.
"""

import hashlib
import json
import secrets
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from consultations.closing import moment, zone_of
from notifications.compiled import insert
from responses import keys, snapshot
from responses.models import Receipt, SignOff, Submission
from responses.snapshot import SPEAKS_FOR

FORMAT = "soundings-receipt/1"


def issue(submission: Submission, *, signed: SignOff | None = None) -> Receipt:
    """The receipt of a submission that has just been filed; signed where a key is set. In the caller's transaction."""
    nonces = _nonces(submission.content)
    receipt = Receipt(submission=submission, issued_at=submission.submitted_at, sha256=submission.sha256)
    payload = _payload(receipt, nonces, signed)
    receipt.key_id, receipt.signature = keys.sign(snapshot.canonical(payload))
    if receipt.key_id:
        receipt.payload, receipt.nonces = payload, nonces
    insert(receipt)
    return receipt


def sealed(nonce: str, sha256: str) -> str:
    """What is signed in place of a hash."""
    return hashlib.sha256((nonce + sha256).encode()).hexdigest()


def kept_hash(receipt: Receipt) -> str:
    """The hash of the content for the record of acts, which is never erased."""
    return str(receipt.payload["content"]["sealed"]) if receipt.payload else receipt.sha256


def hashes(content: snapshot.Content) -> dict[str, dict[str, str]]:
    """The SHA-256 of each part of the content: {"content": {"": …}, "questions": {code: …}, "files": {code: …}}, and
    where members are named {"speaks_for": {"": …}}."""
    members = {SPEAKS_FOR: {"": snapshot.digest(content[SPEAKS_FOR])}} if SPEAKS_FOR in content else {}
    return {
        **members,
        "content": {"": snapshot.digest(content)},
        "questions": {question["code"]: snapshot.digest(question) for question in _questions(content)},
        "files": {file["code"]: file["sha256"] for file in _files(content)},
    }


def document(receipt: Receipt) -> bytes:
    """receipt.json: the same bytes each time, until the content is erased. `receipt` has its submission."""
    whole = {
        "format": FORMAT,
        "payload": receipt.payload,
        "signature": receipt.signature,
        "key_id": receipt.key_id,
        "opened": opened(receipt),
    }
    return json.dumps(whole, sort_keys=True, indent=2, ensure_ascii=False).encode() + b"\n"


def opened(receipt: Receipt) -> dict[str, Any]:
    """The hashes that are sealed in the payload, each with its nonce; {} once erased."""
    if not receipt.nonces:
        return {}
    content, nonces = receipt.submission.content, receipt.nonces
    members = {}
    if SPEAKS_FOR in nonces:
        members = {SPEAKS_FOR: {"nonce": nonces[SPEAKS_FOR], "sha256": snapshot.digest(content[SPEAKS_FOR])}}
    return {
        **members,
        "content": {"nonce": nonces["content"], "sha256": snapshot.digest(content)},
        "questions": [
            {
                "code": question["code"], "number": question["number"],
                "nonce": nonces["questions"][question["code"]], "sha256": snapshot.digest(question),
            }
            for question in _questions(content)
        ],
        "files": [
            {
                "code": file["code"], "name": file["name"],
                "nonce": nonces["files"][file["code"]], "sha256": file["sha256"],
            }
            for file in _files(content)
        ],
    }  # fmt: skip


def differences(payload: dict[str, Any], receipt: Receipt) -> list[str]:
    """What of the stored submission no longer gives the hashes of the payload, each named; nothing when all of it does.

    Must not be asked of a submission that was erased. Holds for any payload whose signature is good.
    """
    stored, nonces = hashes(receipt.submission.content), receipt.nonces
    found = []
    for question in payload["questions"]:
        code, name = question["code"], f"question {question['number'] or question['code']}"
        if not _gives(question, stored["questions"].get(code), nonces.get("questions", {}).get(code)):
            found.append(f"The answer to {name} is not what was filed.")
    for file in payload["files"]:
        code = file["code"]
        if not _gives(file, stored["files"].get(code), nonces.get("files", {}).get(code)):
            found.append(f"The file {code} is not what was filed.")
    if SPEAKS_FOR in payload:
        sha256 = stored.get(SPEAKS_FOR, {}).get("")
        if not _gives(payload[SPEAKS_FOR], sha256, nonces.get(SPEAKS_FOR)):
            found.append("The list of members that it speaks for is not what was filed.")
    if not found and not _gives(payload["content"], stored["content"][""], nonces.get("content")):
        found.append("The content, apart from the answers and files, is not what was filed.")
    return found


def _gives(row: dict[str, Any], sha256: str | None, nonce: str | None) -> bool:
    return bool(sha256 and nonce) and row["sealed"] == sealed(str(nonce), str(sha256))


def _payload(receipt: Receipt, nonces: dict[str, Any], signed: SignOff | None) -> dict[str, Any]:
    submission, content = receipt.submission, receipt.submission.content
    consultation = submission.response.consultation
    zone = zone_of(consultation)
    made = hashes(content)
    members = {}
    if SPEAKS_FOR in made:
        members = {SPEAKS_FOR: {"sealed": sealed(nonces[SPEAKS_FOR], made[SPEAKS_FOR][""])}}
    return {
        **members,
        "format": FORMAT,
        "site": settings.SITE_URL,
        "receipt": receipt.code,
        "reference": submission.reference,
        "version": submission.version,
        "consultation": content["consultation"],
        "organisation": content["organisation"],
        "rehearsal": consultation.is_rehearsal,
        "received_at": _instant(submission.received_at),
        "received_at_local": moment(submission.received_at, zone),
        "time_zone": zone,
        "issued_at": _instant(receipt.issued_at),
        "submitted_by": str(submission.submitted_by),
        "signed_off_by": str(signed.by) if signed else "",
        "content": {"sealed": sealed(nonces["content"], made["content"][""])},
        "questions": [
            {
                "code": question["code"], "number": question["number"],
                "sealed": sealed(nonces["questions"][question["code"]], made["questions"][question["code"]]),
            }
            for question in _questions(content)
        ],
        "files": [
            {"code": code, "sealed": sealed(nonces["files"][code], sha256)} for code, sha256 in made["files"].items()
        ],
    }  # fmt: skip


def _nonces(content: snapshot.Content) -> dict[str, Any]:
    return {
        **({SPEAKS_FOR: secrets.token_hex(16)} if SPEAKS_FOR in content else {}),
        "content": secrets.token_hex(16),
        "questions": {question["code"]: secrets.token_hex(16) for question in _questions(content)},
        "files": {file["code"]: secrets.token_hex(16) for file in _files(content)},
    }


def _questions(content: snapshot.Content) -> list[snapshot.Content]:
    return [question for section in content["sections"] for question in section["questions"]]


def _files(content: snapshot.Content) -> list[snapshot.Content]:
    """Those of questions first."""
    return [*(file for question in _questions(content) for file in question["files"]), *content["files"]]


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
