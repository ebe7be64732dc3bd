"""The forms in which members say who may see what of a response without joining the organisation."""

from typing import Any

from django import forms

from consultations.models import Section
from responses.models import Guest, May

WHOLE, SOME = "whole", "some"


class ShareForm(forms.Form):
    """What is shared, and what may be done with it. The flow refuses what does not fit."""

    share = forms.ChoiceField(
        label="What do you share?", choices=[(SOME, "Some sections"), (WHOLE, "All the questions and answers")],
        widget=forms.RadioSelect, error_messages={"required": "Choose what you share."},
    )  # fmt: skip
    sections = forms.MultipleChoiceField(
        label="Which sections?", required=False, widget=forms.CheckboxSelectMultiple,
        help_text="If you share some. Of the others the guest sees nothing, not even whether they are answered.",
        error_messages={"invalid_choice": "Choose from the sections of this consultation."},
    )  # fmt: skip
    may = forms.ChoiceField(
        label="What may the guest do?", choices=May.choices, widget=forms.RadioSelect,
        error_messages={"required": "Choose what the guest may do."},
    )  # fmt: skip

    def __init__(self, sections: list[Section], *args: Any, guest: Guest | None = None, **kwargs: Any) -> None:
        if guest is not None:
            chosen = [str(section.pk) for section in guest.sections.all()]
            kwargs["initial"] = {"share": WHOLE if guest.whole else SOME, "sections": chosen, "may": guest.may}
        super().__init__(*args, **kwargs)
        self.known = {str(section.pk): section for section in sections}
        self.fields["sections"].choices = [(key, str(section)) for key, section in self.known.items()]  # type: ignore[attr-defined]

    def given(self) -> dict[str, Any]:
        """For the flow."""
        cleaned = self.cleaned_data
        some = None if cleaned["share"] == WHOLE else [self.known[key] for key in cleaned["sections"]]
        return {"sections": some, "may": cleaned["may"]}


class InviteGuestForm(ShareForm):
    email = forms.EmailField(
        label="E-mail address", help_text="We send a link that works for 14 days, for this address alone.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": "Enter an e-mail address, such as name@example.org.",
            "invalid": "Enter an e-mail address, such as name@example.org.",
        },
    )  # fmt: skip
    field_order = ["email", "share", "sections", "may"]

    def given(self) -> dict[str, Any]:
        return {"email": self.cleaned_data["email"], **super().given()}
