"""Forms of the staff pages: drawn by Django's own templates and ours, not by those of the pages for firms."""

from typing import Any

from django import forms
from django.db.models import Model
from django.forms.renderers import TemplatesSetting

from accounts.forms import time_zones


class StaffRenderer(TemplatesSetting):
    """`FORM_RENDERER` draws GOV.UK markup, whose style sheet the staff pages do not load."""

    form_template_name = "admin/staff/form.html"
    field_template_name = "admin/staff/field.html"


class StaffForm(forms.Form):
    """A small form behind a button, about `obj` (see Button)."""

    default_renderer = StaffRenderer
    use_required_attribute = False
    title = ""  # the page's title, where it is more than the button's label

    def __init__(self, *args: Any, obj: Model | None = None, **kwargs: Any) -> None:
        self.obj: Any = obj
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        return self.as_asked(cleaned) if not self.errors else cleaned

    def as_asked(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        """What the flow is called with; may raise Refusal."""
        return cleaned


class StaffModelForm(forms.ModelForm):  # type: ignore[type-arg]
    default_renderer = StaffRenderer
    use_required_attribute = False


class ZonedForm(StaffModelForm):
    """Of what has a time zone, which is chosen among those named for places and the one that is stored."""

    time_zone = forms.ChoiceField(label="Time zone", widget=forms.Select(attrs={"class": "sa-input"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "time_zone" in self.fields:
            stored = self.instance.time_zone
            first = [] if stored in dict(time_zones()) else [(stored, stored or "Choose one")]
            self.fields["time_zone"].initial = stored  # of one that is being added, the default
            self.fields["time_zone"].choices = [*first, *time_zones()]  # type: ignore[attr-defined]


class LinesField(forms.CharField):
    """A list of texts, one a line; empty lines are dropped."""

    widget = forms.Textarea(attrs={"rows": 5, "cols": 60, "class": "sa-input"})

    def __init__(self, *, max_length_each: int = 300, **kwargs: Any) -> None:
        self.max_length_each = max_length_each
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        if "\x00" in str(value):
            raise forms.ValidationError("Null characters are not allowed.", code="null_characters_not_allowed")
        lines = value if isinstance(value, list) else str(super().to_python(value)).splitlines()
        return [line.strip() for line in lines if line.strip()]

    def validate(self, value: Any) -> None:
        super().validate(value)
        for line in value:
            if len(line) > self.max_length_each:
                raise forms.ValidationError(f"“{line[:40]}…” is longer than {self.max_length_each} characters.")

    def has_changed(self, initial: Any, data: Any) -> bool:
        return list(initial or []) != self.to_python(data or "")


def text_input(**attrs: Any) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "sa-input", **attrs})


def text_area(rows: int = 4, **attrs: Any) -> forms.Textarea:
    return forms.Textarea(attrs={"class": "sa-input", "rows": rows, "cols": 60, **attrs})
