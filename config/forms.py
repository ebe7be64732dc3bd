"""How every form on our own pages is drawn: Django's forms, GOV.UK Design System markup, no change to any form.

The admin shares the renderer (Django has one), so Django's and Unfold's own templates are left as they are: only the
template names that a widget asks for directly are answered with ours.
"""

from typing import Any

from django.core.validators import EmailValidator
from django.forms import BaseForm, BoundField, EmailField, Field, FileInput, Select
from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.text import Truncator

WIDGETS = "django/forms/widgets/"
INPUTS = ("text", "email", "number", "url", "tel", "search", "password", "date", "datetime", "time")
OWN = ("textarea", "select", "radio", "checkbox", "checkbox_select", "file", "clearable_file_input", "splitdatetime")
OURS = {
    **{f"{WIDGETS}{name}.html": "soundings/forms/input.html" for name in INPUTS},
    **{f"{WIDGETS}{name}.html": f"soundings/forms/{name}.html" for name in OWN},
}


class GovukBoundField(BoundField):
    """A field as the templates need it: what a template cannot work out for itself."""

    def __init__(self, form: BaseForm, field: Field, name: str) -> None:
        super().__init__(form, field, name)
        if isinstance(field, EmailField) and str(self.label) == "Email":  # on the pages that come with a library
            self.label = "E-mail address"

    @property
    def word_limit(self) -> int | None:
        """Words allowed, from the widget's `data-maxwords`; it turns on the word count."""
        limit = self.field.widget.attrs.get("data-maxwords")
        return int(limit) if limit else None

    @property
    def info_id(self) -> str:
        return f"{self.auto_id}-info"  # the name that govuk-frontend's character count looks for

    @property
    def is_checkbox(self) -> bool:
        """One box with its label after it, not a group of them."""
        return getattr(self.field.widget, "input_type", "") == "checkbox" and not self.use_fieldset

    @property
    def is_password(self) -> bool:
        return getattr(self.field.widget, "input_type", "") == "password"

    @property
    def aria_describedby(self) -> str | None:
        described_by = super().aria_describedby
        if described_by is None or self.word_limit is None:
            return described_by
        return f"{described_by} {self.info_id}".strip()

    @property
    def problems(self) -> list[str]:
        """The errors as shown. Django's own "This field is required." says neither which field nor what to do, and of
        an address it does not say what one looks like."""
        said = {
            str(Field.default_error_messages["required"]): self.ask,
            str(EmailValidator.message): "Enter an e-mail address, such as name@example.org.",
        }
        return [said.get(str(message), str(message)) for message in self.errors]

    @property
    def ask(self) -> str:
        """ "Enter your name", "Choose a file", from the label; a label that is a question is quoted."""
        label = Truncator(str(self.label)).chars(80)
        if self.is_checkbox:
            return f"Tick the box: {label}"
        if label.endswith(("?", ".", "…")):
            return f"Answer this: {label}"
        verb = "Choose" if self.use_fieldset or isinstance(self.field.widget, Select | FileInput) else "Enter"
        name = label if label[1:2].isupper() else label[:1].lower() + label[1:]
        return f"{verb} {name}"

    @property
    def first_id(self) -> str:
        """The id an error summary links to: for a group (radios, checkboxes, date and time), its first input."""
        if not self.use_fieldset:
            return self.id_for_label
        parts: list[dict[str, Any]] = [part.data for part in self.subwidgets]
        inputs = (parts[0].get("subwidgets") or parts) if parts else []
        return str(inputs[0]["attrs"].get("id", self.auto_id)) if inputs else self.auto_id


class GovukFormRenderer(TemplatesSetting):
    """Draws fields with label, hint and error tied together, and widgets with govuk-frontend's classes."""

    form_template_name = "soundings/forms/form.html"
    field_template_name = "soundings/forms/field.html"
    formset_template_name = "soundings/forms/formset.html"
    bound_field_class = GovukBoundField

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> SafeString:
        if template_name in OURS:
            mark_invalid(context["widget"])
        html: SafeString = super().render(OURS.get(template_name, template_name), context, request)  # type: ignore[assignment]
        return html


def mark_invalid(widget: dict[str, Any]) -> None:
    """Lets the templates of a widget and of its parts add the error class: they cannot read `aria-invalid`."""
    widget["invalid"] = widget["attrs"].get("aria-invalid") == "true"
    for part in widget.get("subwidgets", ()):
        mark_invalid(part)
