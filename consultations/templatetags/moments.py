"""{{ instant|moment:"Europe/London" }} and {{ deadline|closing }} in templates."""

from collections.abc import Container

from django import template

from accounts.templatetags import clocks
from consultations import closing as words
from consultations.models import Deadline

register = template.Library()
register.filter("moment", clocks.moment)


@register.filter
def closing(deadline: Deadline) -> str:
    """The deadline's moment; its consultation's bodies' zones beside it, where those were fetched with it."""
    bodies = deadline.consultation.authorities.all()
    return words.closing(deadline, zones=[body.time_zone for body in bodies])


@register.filter
def in_set(value: object, among: Container[object]) -> bool:
    return value in among
