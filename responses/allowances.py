"""The one place that knows of allowances: whether a section is open, for one organisation, at a moment.

A section that has closed stands open for the organisation that was allowed more time, until that moment and until it
submits. Reminders do not know of allowances: they follow the deadlines of everybody.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from accounts.models import Organisation
from consultations.models import Consultation, Section
from responses.models import Allowance, Response, Submission

Allowed = dict[int, datetime]  # the id of a deadline → until when


def of(response: Response, now: datetime) -> Allowed:
    """What the response's organisation may still use at `now`."""
    return of_all([response], now).get(response.pk, {})


def of_all(responses: Iterable[Response], now: datetime) -> dict[int, Allowed]:
    """Response id → what its organisation may still use, in one query."""
    of_whom = {(row.organisation_id, row.consultation_id): row.pk for row in responses}
    rows = Allowance.objects.filter(used_in=None, until__gte=now, organisation__in={pair[0] for pair in of_whom})
    found: dict[int, Allowed] = {}
    for organisation, consultation, deadline, until in rows.order_by("until").values_list(
        "organisation_id", "deadline__consultation_id", "deadline_id", "until"
    ):
        if response := of_whom.get((organisation, consultation)):
            found.setdefault(response, {})[deadline] = until  # of several, the latest
    return found


def is_open(section: Section, response: Response, now: datetime) -> bool:
    """Its questions may be answered by that response's organisation. Asks the database only where it has closed."""
    return section.is_open(now) or section.deadline_id in of(response, now)


def lets_begin(organisation: Organisation, consultation: Consultation, now: datetime) -> bool:
    """The organisation was allowed more time under one of the deadlines: it may begin a response late."""
    rows = Allowance.objects.filter(organisation=organisation, deadline__consultation=consultation)
    return rows.filter(used_in=None, until__gte=now).exists()


def use(submission: Submission, *, opened: set[int], now: datetime) -> int:
    """The submission uses up what let it answer under the deadlines `opened`. In its transaction; returns how many."""
    response = submission.response
    rows = Allowance.objects.filter(
        Q(deadline__in=opened), organisation=response.organisation_id, used_in=None, until__gte=now
    )
    return rows.update(used_in=submission, used_at=now)


def was_used_by(submission: Submission | None) -> bool:
    return submission is not None and Allowance.objects.filter(used_in=submission).exists()
