"""What people type in about themselves and their organisations. Forms give shape; the flows decide."""

from typing import Any, cast

from allauth.account.forms import SignupForm as AllauthSignupForm
from django import forms
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from accounts import arriving, zones
from accounts.identifiers import compact, validate_lei, validate_one_line
from accounts.models import WITH_MEMBERS, Organisation, Role, SignOffRule, User
from accounts.tokens import TOKEN_ROLES


class SignupForm(AllauthSignupForm):  # type: ignore[misc]
    name = forms.CharField(
        label="Full name",
        max_length=150,
        validators=[validate_one_line],
        help_text="Colleagues in your organisation see it.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ["name", "email", "password1"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "E-mail address"
        self.fields["email"].help_text = "You sign in with it. We send a link to confirm it."

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """The account and its address are made together. Whoever was a moment faster with the same address wins, and
        the other is answered like everybody whose address is already known.
        """
        arriving.want(request)
        try:
            with transaction.atomic():
                return super().try_save(request)  # type: ignore[no-any-return]
        except IntegrityError:
            self.account_already_exists = True
            return super().try_save(request)  # type: ignore[no-any-return]


def time_zones() -> list[tuple[str, str]]:
    """Zones that are named for places: the others are aliases and fixed offsets."""
    places = sorted(zone for zone in zones.known() if "/" in zone and not zone.startswith("Etc/"))
    return [("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in places)]


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=time_zones,
        help_text="For times on your own pages. Deadlines keep the zone of the body that set them.",
    )

    class Meta:
        model = User
        fields = ("name", "time_zone")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True
        self.fields["name"].widget.attrs["autocomplete"] = "name"


class IdentifierField(forms.CharField):
    """Spaces and small letters are put right."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput(attrs={"class": "govuk-input--width-20", "spellcheck": "false"})
        super().__init__(required=False, widget=widget, **options)

    def to_python(self, value: Any) -> str:
        return compact(super().to_python(value) or "")


NO_MEMBERS_LEFT = (
    "Only a trade body or a consumer body has members: as any other kind, the members that you list in a draft are not "
    "filed, and the pages with your members’ input are closed. What was filed stays; changed back, all is there again."
)


class OrganisationForm(forms.ModelForm):  # type: ignore[type-arg]
    mark_optional = True

    frn = IdentifierField(
        label="Firm Reference Number", help_text="As on the Financial Services Register: six or seven digits."
    )
    lei = IdentifierField(
        label="Legal Entity Identifier", help_text="20 letters and digits.", validators=[validate_lei]
    )
    company_number = IdentifierField(
        label="Company number", help_text="Eight characters, such as 01234567 or SC123456."
    )

    class Meta:
        model = Organisation
        fields = ("name", "kind", "frn", "lei", "company_number")
        help_texts = {"kind": "Choose Individual if you answer for yourself alone."}
        widgets = {"kind": forms.RadioSelect, "name": forms.TextInput(attrs={"autocomplete": "organization"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.kind in WITH_MEMBERS:
            self.fields["kind"].help_text = NO_MEMBERS_LEFT

    def _get_validation_exclusions(self) -> set[str]:
        """Whether the LEI is here already is left to the flow, which can say at its field what to do."""
        return {*super()._get_validation_exclusions(), "lei"}  # type: ignore[misc]


class RoleForm(forms.Form):
    role = forms.ChoiceField(label="Role", choices=Role.choices, widget=forms.RadioSelect)


class SignOffForm(forms.Form):
    rule = forms.ChoiceField(
        label="Must a response be signed off before it is filed?",
        choices=SignOffRule.choices,
        widget=forms.RadioSelect,
        help_text="A sign-off holds for exactly what was signed: any change makes a new one necessary.",
    )


class MayForm(forms.Form):
    may_sign_off = forms.TypedChoiceField(
        label="May this person sign off responses before they are filed?",
        choices=[("yes", "Yes"), ("no", "No")],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        help_text="Apart from the role: somebody who only reads may sign off too.",
    )


class InviteForm(forms.Form):
    email = forms.EmailField(
        label="E-mail address",
        help_text="Only the person with this confirmed address can accept.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label="Role", choices=Role.choices, initial=Role.DRAFTER, widget=forms.RadioSelect)


ONESELF = "me"  # codes of organisations have no small letters


class TokenForm(forms.Form):
    """`owner` is ONESELF, or the code of one of the organisations given."""

    name = forms.CharField(
        label="Name",
        max_length=100,
        validators=[validate_one_line],
        help_text="What it is for, such as “Filing system, test”.",
    )
    owner = forms.ChoiceField(label="Acts as", widget=forms.RadioSelect)
    role = forms.ChoiceField(
        label="What an organisation’s token may do",
        choices=[(role.value, role.label) for role in TOKEN_ROLES],
        initial=Role.READER,
        required=False,
        widget=forms.RadioSelect,
        help_text="Your own token may do what you may do.",
    )
    days = forms.TypedChoiceField(
        label="Valid for",
        coerce=int,
        empty_value=None,
        required=False,
        initial=365,
        choices=[(30, "30 days"), (90, "90 days"), (365, "One year"), ("", "Until it is revoked")],
    )

    def __init__(self, *args: Any, organisations: QuerySet[Organisation], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owners = [(organisation.code, organisation.name) for organisation in organisations]
        owner = cast(forms.ChoiceField, self.fields["owner"])
        owner.choices, owner.initial = [(ONESELF, "Yourself"), *owners], ONESELF
        if not owners:
            owner.widget = forms.HiddenInput()
            del self.fields["role"]
