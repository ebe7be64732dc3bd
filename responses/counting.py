"""How many responded to a consultation, and how many of those answered each question."""

from dataclasses import dataclass

from django.db import connection
from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse

from consultations.models import Consultation, Question
from consultations.workbench import Panel
from responses.models import Response
from responses.querysets import State

# Each question of each latest version that stands, once.
ANSWERED = """
SELECT question->>'code', count(*)
FROM responses_response response
JOIN responses_submission submission ON submission.id = response.latest_id
CROSS JOIN LATERAL jsonb_array_elements(submission.content->'sections') AS section
CROSS JOIN LATERAL jsonb_array_elements(section->'questions') AS question
WHERE response.consultation_id = %s AND response.state = 'submitted'
GROUP BY 1
"""


@dataclass(frozen=True, kw_only=True)
class Line:
    number: str
    text: str
    answered: int
    base: int

    @property
    def words(self) -> str:
        if not self.base:
            return "nobody has responded yet"
        return f"{self.answered:,} of the {self.base:,} who responded ({self.answered / self.base:.0%})"


def by_state(consultation: Consultation) -> dict[str, int]:
    """Responses that were submitted, and those withdrawn since: counted on an index."""
    rows = Response.objects.filter(consultation=consultation, state__in=[State.SUBMITTED, State.WITHDRAWN])
    return dict(rows.order_by().values_list("state").annotate(Count("pk")))


def by_question(consultation: Consultation) -> list[Line]:
    """Every question in order. The base is the responses that stand; what was withdrawn is in neither number."""
    base = by_state(consultation).get(State.SUBMITTED, 0)
    with connection.cursor() as cursor:
        cursor.execute(ANSWERED, [consultation.pk])
        answered = dict(cursor.fetchall())
    return [
        Line(number=row.number, text=row.text, answered=answered.get(row.code, 0), base=base)
        for row in Question.objects.filter(section__consultation=consultation)
    ]


def panel(request: HttpRequest, consultation: Consultation) -> Panel | None:
    """For the consultation's page."""
    if not request.user.has_perm("responses.view_response") or consultation.published_at is None:
        return None
    states = by_state(consultation)
    standing, withdrawn = states.get(State.SUBMITTED, 0), states.get(State.WITHDRAWN, 0)
    lines = [f"{standing:,} submitted; {withdrawn:,} more withdrawn."]
    if not consultation.takes_responses:
        lines = ["Responses to it are not taken here."]
        if consultation.responses_received is not None:
            lines.append(f"The body says that it received {consultation.responses_received:,}.")
    of_it = f"{reverse('admin:responses_response_changelist')}?consultation={consultation.code}"
    who = reverse("admin:responses_response_questions", args=[consultation.code])
    links = [("See the responses", of_it), ("Who answered what", who)] if standing or withdrawn else []
    return Panel(title="Responses", lines=lines, links=links)
