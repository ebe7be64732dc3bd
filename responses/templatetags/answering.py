"""What the templates of responses ask for that Django's language cannot say."""

from datetime import datetime

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.safestring import SafeString

from accounts.models import User
from consultations import showing
from consultations.markdown import render
from consultations.models import Deadline, Question
from consultations.templatetags.moments import closing
from responses import forms
from responses.models import Answer, AnswerVersion, Reuse
from responses.pages import Desk
from responses.progress import Part

register = template.Library()


@register.filter
def left(deadline: Deadline, now: datetime) -> str:
    """ "3 days left", "Closes today" """
    return showing.left(deadline, now)


@register.filter
def closes(part: Part, now: datetime) -> str:
    """ "Closes 11:59pm on …"; of a section that is open for this organisation alone, that too."""
    if part.section.deadline is None:
        return "No closing date"
    said = closing(part.section.deadline)
    if for_us_alone(part, now):
        return f"Closed {said}, and is open for you"
    return f"Closes {said}" if part.is_open else f"Closed {said}"


@register.filter
def for_us_alone(part: Part, now: datetime) -> bool:
    """Whether its deadline has passed and the organisation was given more time under it."""
    return part.is_open and not part.section.is_open(now)


@register.filter
def plain_number(answer: Answer | AnswerVersion) -> str:
    """The number as typed: 1250, not 1250.000000."""
    return forms.plain_number(answer)


@register.filter
def markdown(text: str) -> SafeString:
    return render(text)


@register.filter
def named(question: Question) -> str:
    """ "question 2.1" """
    return forms.name_of(question)


@register.filter
def of_answer(rows: dict[int, list[Reuse]], answer: Answer | None) -> list[Reuse]:
    """Of what was put into the answers on a page, what is in this one."""
    return rows.get(answer.pk, []) if answer else []


@register.filter
def amount(number: str | None) -> str:
    """A number as filed, with its thousands apart: 1250000.5 → 1,250,000.5."""
    return intcomma(number, use_l10n=False) if number else ""


@register.filter
def author(user: User | None, desk: Desk) -> str:
    """Who saved something, and that they were let in from outside: "A. Name (a guest, name@example.org)"."""
    if user is None:
        return "somebody who has left"
    address = desk.guests.get(user.pk)
    return f"{user} (a guest, {address})" if address else str(user)
