"""What our templates ask for that Django's language cannot say."""

from collections.abc import Iterable
from typing import Any, NamedTuple, cast

from django import template
from django.forms import BaseForm, BaseFormSet

from config.forms import GovukBoundField

register = template.Library()


class Problem(NamedTuple):
    """One line of an error summary; `target` is the id of the input to go to, or empty where no input is to blame."""

    message: str
    target: str


@register.simple_tag
def problems(*sources: Any) -> list[Problem]:
    """Every error of the given forms, formsets or lists of forms, in the order of the page. Nothing given, no error."""
    return [problem for source in sources if source for problem in problems_of(source)]


def problems_of(source: Any) -> Iterable[Problem]:
    if isinstance(source, BaseFormSet):
        yield from (Problem(str(error), "") for error in source.non_form_errors())
        source = source.forms
    if not isinstance(source, BaseForm):
        for form in source:
            yield from problems_of(form)
        return
    yield from (Problem(str(error), "") for error in source.non_field_errors())
    for field in cast("Iterable[GovukBoundField]", source):
        target = "" if field.is_hidden else field.first_id
        yield from (Problem(problem, target) for problem in field.problems)
