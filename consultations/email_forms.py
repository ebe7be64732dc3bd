"""What readers without an account type in: an address, and what it is to hear of."""

from typing import Any

from django import forms
from django.contrib.auth.models import AnonymousUser

from consultations.models import Authority, Consultation, Follow, Jurisdiction, Kind, Topic
from notifications import clock


class AddressForm(forms.Form):
    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        help_text="We send one e-mail with a link. You follow once you have confirmed it there.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"invalid": "Enter an e-mail address, such as name@example.org."},
    )


class WantedForm(forms.Form):
    """What is to be followed, named as in the addresses of the list: one consultation, or what all of these fit."""

    consultation = forms.ModelChoiceField(Consultation.objects.none(), to_field_name="code", required=False)
    body = forms.ModelChoiceField(Authority.objects.all(), to_field_name="slug", required=False)
    topic = forms.ModelChoiceField(Topic.objects.all(), to_field_name="slug", required=False)
    jurisdiction = forms.ChoiceField(choices=Jurisdiction.choices, required=False)
    kind = forms.ChoiceField(choices=Kind.choices, required=False)
    q = forms.CharField(max_length=200, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        public = Consultation.objects.visible_to(AnonymousUser(), clock.now())
        self.fields["consultation"].queryset = public  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        if not any(self.cleaned_data.values()):
            raise forms.ValidationError("Choose what to follow.")
        return self.cleaned_data

    def wanted(self) -> Follow:
        """A follow of nobody's, not saved. A consultation is followed by itself."""
        found = self.cleaned_data
        if found["consultation"]:
            return Follow(consultation=found["consultation"])
        return Follow(
            authority=found["body"],
            topic=found["topic"],
            jurisdiction=found["jurisdiction"],
            kind=found["kind"],
            words=found["q"],
        )

    @staticmethod
    def typed(wanted: Follow) -> dict[str, str]:
        """The same again, for the address of a page or its hidden fields."""
        named = {
            "consultation": wanted.consultation and wanted.consultation.code,
            "body": wanted.authority and wanted.authority.slug,
            "topic": wanted.topic and wanted.topic.slug,
            "jurisdiction": wanted.jurisdiction,
            "kind": wanted.kind,
            "q": wanted.words,
        }
        return {name: value for name, value in named.items() if value}


class DeleteForm(forms.Form):
    sure = forms.BooleanField(
        label="Delete my address, what it follows and my choices",
        error_messages={"required": "Tick the box if you want the address deleted."},
    )
