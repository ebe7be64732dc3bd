"""Reading responses and submissions as plain rows: what the API gives.

Whoever reads is a Reader, who starts from what the person may see. Of a response that is another's, staff get what was
filed: the draft's consents and when it was last worked on are the organisation's own.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from accounts.models import Membership, User
from notifications.compiled import AnyOf, Compiled, Kept, Listing, given
from responses import scanning
from responses.models import Answer, AnswerVersion, Attachment, Receipt, Response, Submission
from responses.progress import Part
from responses.querysets import Reads, ResponseQuerySet, State, SubmissionQuerySet, reads_filed

Row = dict[str, Any]
CONSENTS = {"text": "text_consent", "name": "name_consent", "foi": "foi_position", "foi_reason": "foi_reason"}
PAPER = ("code", "reference", "title", "is_rehearsal")
FIRM = ("code", "name")
OF_RESPONSE = ("code", "state", "started_at", "edited_at", "withdrawn_at")
OF_LATEST = ("reference", "version", "received_at", "sha256")
OF_SUBMISSION = (
    "reference", "version", "sha256", "answer_count", "question_count", "received_at", "submitted_at",
)  # fmt: skip
OF_VERSION = ("ordinal", "version", "based_on", "how", "at")
OF_FILE = ("code", "name", "content_type", "size", "sha256", "uploaded_at")


# --- Responses --------------------------------------------------------------------------------------------------------
class Reader:
    """Who is reading: asked once which organisations are theirs.

    `responses` and `submissions` are what the person may see. For members the ids of their organisations are said again
    as plain values: PostgreSQL can then tell how many rows that will be, and reads along the index that fits.
    """

    def __init__(self, user: User | AnonymousUser) -> None:
        self.user = user
        self.own = set(_ORGANISATIONS.all(user=user.pk))

    def responses(self) -> Listing:
        if reads_filed(self.user):
            return Listing(_own_or_filed, {"user": self.user.pk})
        return Listing(_own, {"user": self.user.pk, "own": [*self.own]})

    def submissions(self) -> Listing:
        match Reads.of(self.user):
            case Reads.ALL:
                return Listing(_all_filed)
            case Reads.PUBLISHABLE:
                return Listing(_own_or_publishable, {"user": self.user.pk})
        return Listing(_own_filed, {"user": self.user.pk, "own": [*self.own]})

    def page_of_responses(self, ids: Sequence[int]) -> list[Row]:
        return [self._response(row) for row in _RESPONSES.of(ids)]

    def page_of_submissions(self, ids: Sequence[int]) -> list[Row]:
        return [submission(row) for row in _SUBMISSIONS.of(ids)]

    def response(self, code: str) -> Row | None:
        """With its consents and every version that was filed; None where the person may not see it."""
        pk = self.responses().rows().filter(code=code).values_list("pk", flat=True).first()
        if pk is None:
            return None
        (row,) = _RESPONSES_IN_FULL.of([pk])
        prefix = "" if row["organisation_id"] in self.own else "latest__"
        versions = self.submissions().rows().filter(response=pk).order_by("version")
        return {
            **self._response(row),
            "withdrawal_reason": row["withdrawal_reason"],
            "consents": {short: row[prefix + name] for short, name in CONSENTS.items()},
            "submissions": list(versions.values(*OF_LATEST)),
        }

    def submission(self, reference: str) -> Row | None:
        """With exactly what was filed; None where the person may not see it."""
        pk = self.submissions().rows().filter(reference=reference).values_list("pk", flat=True).first()
        if pk is None:
            return None
        (row,) = _SUBMISSIONS_IN_FULL.of([pk])
        filer = row["submitted_by__name"] or row["submitted_by__email"]
        signed = {"signed_by": row["signed_by__name"] or row["signed_by__email"], "signed_at": row["signed_at"]}
        return {**submission(row), "submitted_by": filer, **signed, "content": row["content"]}

    def _response(self, row: Row) -> Row:
        return {
            **{name: row[name] for name in OF_RESPONSE},
            "edited_at": row["edited_at"] if row["organisation_id"] in self.own else None,
            "consultation": _part(row, "consultation", PAPER),
            "organisation": _part(row, "organisation", FIRM),
            "latest": _part(row, "latest", OF_LATEST) if row["latest__reference"] else None,
        }


def _of(relation: str, names: tuple[str, ...]) -> list[str]:
    return [f"{relation}__{name}" for name in names]


def _part(row: Row, relation: str, names: tuple[str, ...]) -> Row:
    return {name: row[f"{relation}__{name}"] for name in names}


def _facts(thing: object, names: tuple[str, ...]) -> Row:
    return {name: getattr(thing, name) for name in names}


# --- Answers and files ------------------------------------------------------------------------------------------------
def answer(question_code: str, stored: Answer | None) -> Row:
    """What stands for one question. Where nothing was saved yet it is empty, and its version is 0."""
    if stored is None:
        return {
            "question": question_code, "text": "", "selected": [], "number": None,
            "version": 0, "edited_by": None, "edited_at": None,
        }  # fmt: skip
    return {
        "question": question_code,
        "text": stored.text,
        "selected": list(stored.selected),
        "number": f"{stored.number.normalize():f}" if stored.number is not None else None,
        "version": stored.version,
        "edited_by": str(stored.edited_by) if stored.edited_by else None,
        "edited_at": stored.edited_at,
    }


def version(stored: AnswerVersion) -> Row:
    """One version of an answer, without what it says."""
    return {**_facts(stored, OF_VERSION), "by": str(stored.by) if stored.by else None}


def version_in_full(stored: AnswerVersion) -> Row:
    number = stored.number
    said = {"text": stored.text, "selected": list(stored.selected)}
    return {**version(stored), **said, "number": f"{number.normalize():f}" if number is not None else None}


def answers(parts: list[Part]) -> list[Row]:
    """Every question of the paper with what stands for it."""
    return [
        {
            **answer(item.question.code, item.answer),
            "question_number": item.question.number,
            "question_text": item.question.text,
            "kind": item.question.kind,
            "required": item.question.required,
            "word_limit": item.question.word_limit,
            "choices": item.question.choices,
            "section": {"number": part.section.number, "title": part.section.title},
            "is_open": part.is_open,
            "is_asked": item in part.items,
            "files": [file.code for file in item.files],
        }
        for part in parts
        for item in part.everything
    ]


def attachment(stored: Attachment) -> Row:
    """`state`: whether its content can be had."""
    return {
        **_facts(stored, OF_FILE),
        "state": scanning.state(stored),
        "question": stored.question.code if stored.question else None,
    }


# --- Submissions and receipts -----------------------------------------------------------------------------------------
def submission(row: Row) -> Row:
    """One row as the list gives it."""
    return {
        **{name: row[name] for name in OF_SUBMISSION},
        "status": _status(row["response__latest_id"] == row["id"], row["response__state"]),
        "response": row["response__code"],
        "receipt": row["receipt__code"],
        "consultation": _part(row, "response__consultation", PAPER),
        "organisation": _part(row, "response__organisation", FIRM),
        "consents": {short: row[name] for short, name in CONSENTS.items()},
    }


def filed(stored: Submission) -> Row:
    """A submission that was made just now and stands, as it is in memory."""
    of = stored.response
    return {
        **_facts(stored, OF_SUBMISSION),
        "status": "standing",
        "response": of.code,
        "receipt": stored.receipt.code,
        "consultation": _facts(of.consultation, PAPER),
        "organisation": _facts(of.organisation, FIRM),
        "consents": {short: getattr(stored, name) for short, name in CONSENTS.items()},
    }


def receipt(user: User | AnonymousUser, code: str) -> Row | None:
    found = (
        Receipt.objects.visible_to(user)
        .select_related("submission__response__consultation", "submission__response__organisation")
        .filter(code=code)
        .first()
    )
    if found is None:
        return None
    made = found.submission
    return {
        "code": found.code,
        "issued_at": found.issued_at,
        "sha256": found.sha256,
        "submission": made.reference,
        "version": made.version,
        "received_at": made.received_at,
        "submitted_at": made.submitted_at,
        "answer_count": made.answer_count,
        "question_count": made.question_count,
        "consultation": _facts(made.response.consultation, PAPER),
        "organisation": _facts(made.response.organisation, FIRM),
    }


def _status(is_latest: bool, state: str) -> str:
    if not is_latest:
        return "superseded"
    return "withdrawn" if state == State.WITHDRAWN else "standing"


# --- Statements -------------------------------------------------------------------------------------------------------
_ORGANISATIONS = Kept(
    lambda: Membership.objects.filter(user=given("user")).values_list("organisation_id", flat=True).order_by()
)


def _own(user: int, own: list[int]) -> ResponseQuerySet:
    return Response.objects.own(user).filter(AnyOf("organisation_id", own))


def _own_or_filed(user: int) -> ResponseQuerySet:
    return Response.objects.own_or_filed(user)


def _own_filed(user: int, own: list[int]) -> SubmissionQuerySet:
    return Submission.objects.own(user).filter(AnyOf("response__organisation_id", own))


def _own_or_publishable(user: int) -> SubmissionQuerySet:
    return Submission.objects.own_or_publishable(user)


def _all_filed() -> SubmissionQuerySet:
    return Submission.objects.all()


def _responses(*fields: str) -> QuerySet[Any, Any]:
    related = [*_of("consultation", PAPER), *_of("organisation", FIRM), *_of("latest", OF_LATEST)]
    made: QuerySet[Any, Any] = Response.objects.values("id", "organisation_id", *OF_RESPONSE, *related, *fields)
    return made


def _submissions(*fields: str) -> QuerySet[Any, Any]:
    of_response = [
        *_of("response", ("code", "state", "latest_id")),
        *_of("response__consultation", PAPER),
        *_of("response__organisation", FIRM),
    ]
    made: QuerySet[Any, Any] = Submission.objects.values(
        "id", "receipt__code", *OF_SUBMISSION, *CONSENTS.values(), *of_response, *fields
    )
    return made


_STATED = [prefix + name for prefix in ("", "latest__") for name in CONSENTS.values()]
_AT_RESPONSE = ("started_at", "edited_at", "withdrawn_at", "latest__received_at")
_AT_SUBMISSION = ("received_at", "submitted_at")
_RESPONSES = Compiled(_responses, instants=_AT_RESPONSE)
_RESPONSES_IN_FULL = Compiled(lambda: _responses("withdrawal_reason", *_STATED), instants=_AT_RESPONSE)
_SUBMISSIONS = Compiled(_submissions, instants=_AT_SUBMISSION)
_PEOPLE = [*_of("submitted_by", ("name", "email")), *_of("signed_by", ("name", "email"))]
_SUBMISSIONS_IN_FULL = Compiled(
    lambda: _submissions("content", "signed_at", *_PEOPLE), instants=(*_AT_SUBMISSION, "signed_at")
)
