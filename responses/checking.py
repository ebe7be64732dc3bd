"""Checking a receipt against the record, for anybody who holds one. Nothing of what is given is kept.

Four questions, each answered by itself: is the signature good, is the receipt in the record, does the stored submission
still give its hashes, and is the chain whole from its link to the published head. What is said of a record is said only
to whoever shows a good signature.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from consultations.closing import moment
from notifications.refusal import Refusal
from responses import chain, keys, proving, snapshot
from responses.models import Erasure, Receipt, ReceiptSeal

MOST_BYTES = 2 * 1024 * 1024
NOT_ONE = "This is not a receipt of Soundings. Give the file receipt.json as you downloaded it."


@dataclass(frozen=True, kw_only=True)
class Finding:
    """`is_good` is None where there is nothing to say for or against, and `says` tells why."""

    asked: str
    is_good: bool | None
    says: str

    @property
    def word(self) -> str:
        return {True: "Yes", False: "No", None: "Not checked"}[self.is_good]


@dataclass(kw_only=True)
class Report:
    payload: dict[str, Any]
    findings: list[Finding] = field(default_factory=list)
    erased: str = ""

    @property
    def is_good(self) -> bool:
        return all(finding.is_good is not False for finding in self.findings)

    def find(self, asked: str, is_good: bool | None, says: str) -> bool:
        self.findings.append(Finding(asked=asked, is_good=is_good, says=says))
        return is_good is True


SIGNATURE = "Is the signature good?"
RECORD = "Is the receipt in the record?"
HASHES = "Does what is stored still give its hashes?"
CHAIN = "Is the chain whole?"


def check(document: bytes) -> Report:
    """Raises Refusal for what is no receipt at all."""
    payload, signature, key_id = _read(document)
    report = Report(payload=payload)
    if not _signature(report, payload, signature, key_id):
        for asked in (RECORD, HASHES, CHAIN):
            report.find(asked, None, "Asked only of a receipt whose signature is good.")
        return report
    receipt = (
        Receipt.objects.select_related("submission", "submission__erasure", "seal")
        .filter(code=str(payload.get("receipt", "")))
        .first()
    )
    if receipt is None:
        report.find(RECORD, False, "The signature is ours, and the receipt is not in the record: it was removed.")
        for asked in (HASHES, CHAIN):
            report.find(asked, None, "There is no receipt in the record to ask of.")
        return report
    same = receipt.payload == payload
    report.find(
        RECORD, same, "As it was issued." if same else "A receipt with this code is, and it says something else."
    )
    _hashes(report, payload, receipt)
    _chain(report, payload, receipt)
    return report


def _read(document: bytes) -> tuple[dict[str, Any], str, str]:
    if len(document) > MOST_BYTES:
        raise Refusal(f"This is larger than any receipt ({MOST_BYTES // 1024 // 1024} MB).", field="file")
    try:
        whole = json.loads(document.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Refusal(NOT_ONE, field="file") from error
    payload = whole.get("payload") if isinstance(whole, dict) else None
    if not isinstance(payload, dict):
        raise Refusal(NOT_ONE, field="file")
    return payload, str(whole.get("signature", "")), str(whole.get("key_id", ""))


def _signature(report: Report, payload: dict[str, Any], signature: str, key_id: str) -> bool:
    key = keys.published().get(key_id)
    if key is None:
        return report.find(SIGNATURE, False, "It names a key that is none of ours.")
    try:
        signed = snapshot.canonical(payload)
    except (UnicodeEncodeError, RecursionError):
        return report.find(SIGNATURE, False, "What is signed has broken characters in it.")
    if not keys.is_signed_by(key, signed, signature):
        return report.find(SIGNATURE, False, "The receipt was altered, or it was not made here.")
    return report.find(SIGNATURE, True, f"It was made with our key {key.key_id}, and nothing in it was altered since.")


def _hashes(report: Report, payload: dict[str, Any], receipt: Receipt) -> None:
    erasure: Erasure | None = getattr(receipt.submission, "erasure", None)
    if erasure is not None:
        report.erased = f"Erased on {moment(erasure.at, 'UTC')} because: {erasure.reason}"
        report.find(HASHES, None, f"The content was lawfully erased. {report.erased}")
        return
    wrong = proving.differences(payload, receipt)
    report.find(HASHES, not wrong, " ".join(wrong) or "Every question, every file and the whole content does.")


def _chain(report: Report, payload: dict[str, Any], receipt: Receipt) -> None:
    seal: ReceiptSeal | None = getattr(receipt, "seal", None)
    if seal is None:
        report.find(CHAIN, None, "This receipt is so new that it is not in the chain yet. Check again in two minutes.")
        return
    if seal.leaf != chain.leaf(payload):
        report.find(CHAIN, False, f"Link {seal.number} covers something else than this receipt.")
        return
    wrong, led = chain.fault_from(seal)
    report.find(CHAIN, not wrong, wrong or f"It is, from link {seal.number}, which covers this receipt, to {led}.")
