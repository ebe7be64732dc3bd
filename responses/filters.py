"""What the API's lists of responses and submissions can be narrowed to."""

from django_filters import rest_framework as filters

from consultations.filters import InstantFilter
from responses.querysets import State


class ResponseFilters(filters.FilterSet):  # type: ignore[misc]
    consultation = filters.CharFilter(
        field_name="consultation__code", max_length=10, help_text="A consultation's code."
    )
    organisation = filters.CharFilter(
        field_name="organisation__code", max_length=10, help_text="An organisation's code."
    )
    state = filters.MultipleChoiceFilter(choices=State.choices, help_text="One or several.")


class SubmissionFilters(filters.FilterSet):  # type: ignore[misc]
    response = filters.CharFilter(field_name="response__code", max_length=10, help_text="A response's code.")
    consultation = filters.CharFilter(
        field_name="response__consultation__code", max_length=10, help_text="A consultation's code."
    )
    organisation = filters.CharFilter(
        field_name="response__organisation__code", max_length=10, help_text="An organisation's code."
    )
    received_after = InstantFilter(field_name="received_at", lookup_expr="gte", help_text="This moment or later.")
    received_before = InstantFilter(field_name="received_at", lookup_expr="lte", help_text="This moment or earlier.")
