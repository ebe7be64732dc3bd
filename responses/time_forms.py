"""The form in which a firm asks for more time."""

from typing import Any

from django import forms

from accounts.models import Organisation
from consultations.closing import closing
from consultations.models import Deadline
from responses.more_time import MOST_REASON


class MoreTimeForm(forms.Form):
    """The flow says what may be asked; this keeps what was typed."""

    deadline = forms.ChoiceField(
        label="Which deadline?", widget=forms.RadioSelect, error_messages={"required": "Choose the deadline."}
    )
    wanted_on = forms.DateField(
        label="Until which day?", required=False, help_text="For example 27 3 2026. Leave it empty if any time helps.",
        input_formats=["%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d %m %Y", "%d %B %Y", "%d %b %Y"],
        error_messages={"invalid": "Enter a day, such as 27 3 2026."},
    )  # fmt: skip
    reason = forms.CharField(
        label="Why do you need more time?", max_length=MOST_REASON, widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Whoever runs the consultation reads it and decides.",
        error_messages={"required": "Say why you need more time."},
    )  # fmt: skip

    def __init__(self, deadlines: list[Deadline], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.deadlines = {str(deadline.pk): deadline for deadline in deadlines}
        choices = [(key, f"{deadline.label}: {closing(deadline)}") for key, deadline in self.deadlines.items()]
        self.fields["deadline"].choices = choices  # type: ignore[attr-defined]
        if len(choices) == 1:
            self.fields["deadline"].initial = choices[0][0]

    def given(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        deadline = self.deadlines[cleaned["deadline"]]
        return {"deadline": deadline, "wanted_on": cleaned["wanted_on"], "reason": cleaned["reason"]}


class LateForm(MoreTimeForm):
    """The same, for one of the organisations that have no response yet."""

    organisation = forms.ChoiceField(
        label="Who asks?", widget=forms.RadioSelect, error_messages={"required": "Choose the organisation that asks."}
    )
    field_order = ("organisation", "deadline", "wanted_on", "reason")

    def __init__(self, organisations: list[Organisation], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organisations = {organisation.code: organisation for organisation in organisations}
        if len(organisations) == 1:
            del self.fields["organisation"]
        else:
            names = [(code, organisation.name) for code, organisation in self.organisations.items()]
            self.fields["organisation"].choices = names  # type: ignore[attr-defined]

    def given(self) -> dict[str, Any]:
        code = self.cleaned_data.get("organisation") or next(iter(self.organisations))
        return {**super().given(), "organisation": self.organisations[code]}
