"""What the API's callers send and get about organisations, and what every body that is sent has in common."""

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework import serializers

from accounts.models import OrganisationKind, Role


class _IsText:
    """A number is no text: whoever sends one meant something else, and it would be kept, or filed, as if typed."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            raise serializers.ValidationError("Send text, in quotation marks.", code="invalid")
        return super().to_internal_value(data)  # type: ignore[misc]


class Text(_IsText, serializers.CharField):
    pass


class Coded(_IsText, serializers.RegexField):
    """Text of one form, which `such` says to whoever sent another."""

    def __init__(self, regex: str, *, such: str, **options: Any) -> None:
        super().__init__(regex, error_messages={"invalid": f"This is not {such}."}, **options)


class Given(serializers.Serializer[Any]):
    """A body that a caller sends. A key that is not known is refused: it would be left unread, and nobody told."""

    default_error_messages: ClassVar[dict[str, Any]] = {"invalid": "Send one JSON object: names, each with its value."}

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and (unknown := set(data) - set(self.fields)):
            known = ", ".join(self.fields) or "nothing"
            raise serializers.ValidationError(
                {str(key): [f"There is no such field here. Known: {known}."] for key in sorted(unknown, key=str)}
            )
        return super().to_internal_value(data)


class OrganisationSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="What it is called in addresses and in other calls.")
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=OrganisationKind.choices)
    frn = serializers.CharField(help_text="Firm Reference Number, where given.")
    lei = serializers.CharField(help_text="Legal Entity Identifier, where given.")
    company_number = serializers.CharField()
    role = serializers.ChoiceField(
        choices=Role.choices, allow_null=True, help_text="The caller's own in it; null for staff who are no member."
    )
