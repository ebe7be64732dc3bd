"""{{ instant|moment:"Europe/London" }} in templates."""

from datetime import datetime

from django import template

from accounts import moments

register = template.Library()


@register.filter
def moment(instant: datetime | None, zone: str = "Europe/London") -> str:
    return moments.moment(instant, zone) if instant else ""
