"""People, organisations and what they hold, for staff. The record of acts and the post are beside it."""

import re
from typing import Any

import allauth.account.admin
import allauth.mfa.admin  # noqa: F401
import django.contrib.auth.admin  # noqa: F401
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.contrib.admin import display
from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts import addresses, admin_post, admin_record, admin_suppression, admin_webhooks, tokens  # noqa: F401 (registers)
from accounts.identifiers import compact
from accounts.models import ApiToken, Invitation, Membership, Organisation, OrganisationKind, Role, User
from accounts.record import By
from accounts.staff import BaseAdmin, Button, ReadOnlyAdmin, SelectFilter, StaffModelForm
from accounts.staff.forms import ZonedForm
from notifications import clock

ROOMS = ("accounts", "analysis", "consultations", "notifications", "responses")
YES_NO = [("yes", "Yes"), ("no", "No")]
NUMBER = re.compile(r"[A-Z]{0,2}\d{6,8}")
RIGHTS = ("is_staff", "is_superuser", "groups")


def tick_boxes() -> forms.CheckboxSelectMultiple:
    return forms.CheckboxSelectMultiple(attrs={"class": "sa-ticks"})


class StaffFilter(SelectFilter):
    title = "staff"
    parameter_name = "staff"
    options = YES_NO

    def narrow(self, request: HttpRequest, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(is_staff=value == "yes")


class KindOfPersonFilter(SelectFilter):
    title = "state"
    parameter_name = "state"
    options = (
        ("active", "Active"),
        ("inactive", "Not active"),
        ("address", "E-mail address only"),
        ("service", "Service account"),
    )

    def narrow(self, request: HttpRequest, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value == "service":
            return queryset.filter(is_service=True)
        if value == "address":
            return queryset.filter(pk__in=addresses.bare().values("pk"))
        if value == "active":
            queryset = queryset.exclude(pk__in=addresses.bare().values("pk"))
        return queryset.filter(is_service=False, is_active=value == "active")


class PersonForm(ZonedForm):
    groups = forms.ModelMultipleChoiceField(
        Group.objects.order_by("name"), required=False, widget=tick_boxes(), help_text="What a member of staff may do."
    )

    class Meta:
        model = User
        fields = ("email", "name", "time_zone", "is_active", "is_staff", "is_superuser", "groups")
        labels = {"is_superuser": "Administrator"}
        help_texts = {"is_superuser": "May do everything, and say what others may do."}

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        if User.objects.filter(email__iexact=email).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("There is a person with this e-mail address already.")
        return email


@admin.register(User)
class PersonAdmin(BaseAdmin):
    """Who may do what is an administrator's to say: others see it and cannot change it."""

    form = PersonForm
    list_display = ("email", "name", "is_staff", "is_active", "joined_at")
    list_filter = (StaffFilter, KindOfPersonFilter)
    search_fields = ("email", "name")
    search_help = "Search by e-mail address or name"
    ordering = ("-id",)
    sortable_by = ("email", "joined_at")
    fieldsets = (
        (None, {"fields": ("email", "name", "time_zone", "is_active")}),
        (
            "What they may do",
            {
                "fields": RIGHTS,
                "description": "Only an administrator changes these. A password is never set here: "
                "the person chooses one at “Forgotten your password?”.",
            },
        ),
        ("Dates", {"fields": ("joined_at", "last_login")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fixed = ["joined_at", "last_login"]
        if obj is not None:
            fixed.append("email")  # the address that signs in is confirmed by its owner
        if not request.user.is_superuser or obj == request.user:
            fixed += RIGHTS
        return fixed

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A service account is its token's; an administrator is changed by another one."""
        may = super().has_change_permission(request, obj)
        if obj is None:
            return may
        return may and not obj.is_service and (request.user.is_superuser or not (obj.is_superuser or obj.is_staff))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # the record names them; "active" is taken away instead

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)


class KindFilter(SelectFilter):
    title = "kind"
    parameter_name = "kind"
    options = OrganisationKind.choices


@admin.register(Organisation)
class OrganisationAdmin(BaseAdmin):
    list_display = ("name", "kind", "frn", "lei", "created_at")
    list_filter = (KindFilter,)
    search_fields = ("name",)
    search_help = "Search by name, code, FRN, LEI or company number"
    ordering = ("-id",)
    sortable_by = ("name",)
    fields = ("code", "name", "kind", "frn", "lei", "company_number", "created_at", "members_list")
    readonly_fields = ("code", "created_at", "members_list")

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "kind":
            kwargs["help_text"] = (
                "Only a trade body or a consumer body has members: as any other kind, the members listed in its drafts "
                "are not filed, and it no longer sees what its members sent."
            )
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """A number of six to eight places is looked for as a number alone; all else by indexes."""
        words = search_term.replace("\x00", " ").strip()[:200]
        if not words:
            return queryset, False
        code = compact(words)
        if NUMBER.fullmatch(code):
            return queryset.filter(Q(frn=code) | Q(company_number=code)), False
        return queryset.filter(Q(name__icontains=words) | Q(code=code) | Q(lei=code)), False

    @display(description="members")
    def members_list(self, obj: Organisation) -> str:
        members = obj.memberships.select_related("user").order_by("id")[:101]
        lines = [f"{m.user} ({m.user.email}): {m.get_role_display()}" for m in members[:100]]
        return "\n".join([*lines, *(["and more"] if len(members) > 100 else [])]) or "None"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # founded by its first member

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RoleFilter(SelectFilter):
    title = "role"
    parameter_name = "role"
    options = Role.choices


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    list_display = ("organisation", "user", "role", "since")
    list_select_related = ("organisation", "user")
    list_filter = (RoleFilter,)
    search_fields = ("organisation__name", "user__email")
    search_help = "Search by organisation or e-mail address"
    ordering = ("-id",)
    sortable_by = ()
    fields = ("organisation", "user", "role", "since")


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """Its link is made when the e-mail is written, and nowhere shown."""

    list_display = ("email", "organisation", "role", "invited_at", "expires_at", "accepted_at", "revoked_at")
    list_select_related = ("organisation",)
    search_fields = ("email", "organisation__name")
    search_help = "Search by e-mail address or organisation"
    ordering = ("-id",)
    sortable_by = ()
    fields = (
        "code", "organisation", "email", "role", "invited_by", "invited_at", "expires_at", "accepted_at",
        "accepted_by", "revoked_at",
    )  # fmt: skip


class UsableFilter(SelectFilter):
    title = "usable"
    parameter_name = "usable"
    options = YES_NO

    def narrow(self, request: HttpRequest, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        usable = ApiToken.objects.usable(clock.now()).values("pk")
        return queryset.filter(pk__in=usable) if value == "yes" else queryset.exclude(pk__in=usable)


def revoke_token(token: ApiToken, _cleaned: dict[str, Any], by: By) -> str:
    tokens.revoke(token=token, by=by)
    return f"The token “{token.name}” opens nothing any more."


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    list_display = ("name", "prefix", "user", "organisation", "created_at", "expires_at", "last_used_at", "revoked_at")
    list_select_related = ("user", "organisation")
    list_filter = (UsableFilter,)
    search_fields = ("=prefix", "name", "user__email", "organisation__name")
    search_help = "Search by name, beginning, person or organisation"
    ordering = ("-id",)
    sortable_by = ()
    fields = (
        "name", "prefix", "user", "organisation", "created_by", "created_at", "expires_at", "last_used_at",
        "revoked_at",
    )  # fmt: skip
    buttons = (
        Button(
            path="revoke",
            label="Revoke",
            permission="accounts.change_apitoken",
            do=revoke_token,
            shown=lambda token: token.revoked_at is None,
            explain=lambda token: f"Whatever uses the token “{token.name}” will be refused from now on.",
            grave=True,
        ),
    )

    def subject(self, obj: Any) -> str:
        return f"api_token:{obj.prefix}"


# --- From other packages: with our lists, without their secrets ------------------------------------------------------
admin.site.unregister([EmailAddress, Authenticator, Group])


@admin.register(EmailAddress)
class EmailAddressAdmin(ReadOnlyAdmin):
    list_display = ("email", "user", "primary", "verified")
    list_select_related = ("user",)
    search_fields = ("email",)
    search_help = "Search by e-mail address"
    ordering = ("-id",)
    sortable_by = ()
    fields = ("email", "user", "primary", "verified")


@admin.register(Authenticator)
class AuthenticatorAdmin(ReadOnlyAdmin):
    """Second steps of signing in. What they hold is secret; one can be deleted for somebody who lost their device."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("user__email",)
    search_help = "Search by e-mail address"
    ordering = ("-id",)
    sortable_by = ()
    fields = ("user", "type", "created_at", "last_used_at")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)


class PermissionsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.content_type.app_label}: {obj.name}"


class GroupForm(StaffModelForm):
    permissions = PermissionsField(
        Permission.objects.filter(content_type__app_label__in=ROOMS)
        .select_related("content_type")
        .order_by("content_type__app_label", "name"),
        required=False,
        widget=tick_boxes(),
    )

    class Meta:
        model = Group
        fields = ("name", "permissions")


@admin.register(Group)
class GroupAdmin(BaseAdmin):
    form = GroupForm
    list_display = ("name",)
    search_fields = ("name",)
    search_help = "Search by name"
    ordering = ("name",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)  # whoever may change a group may give themselves every right

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)
