"""Who may do what in an organisation: predicates over (user, object), shared by pages, API, admin and tests."""

from django.contrib.auth.models import AnonymousUser

from accounts.models import Membership, Organisation, Role, User
from notifications.compiled import Kept, given

MAY_DRAFT = (Role.ADMIN, Role.SUBMITTER, Role.DRAFTER)
MAY_SUBMIT = (Role.ADMIN, Role.SUBMITTER)
_ROLE = Kept(
    lambda: (
        Membership.objects.filter(user=given("user"), organisation=given("organisation"))
        .values_list("role", flat=True)
        .order_by()
    )
)


def role_in(user: User | AnonymousUser, organisation: Organisation) -> str:
    """The user's role in the organisation, "" if none."""
    if not user.is_authenticated:
        return ""
    return _ROLE.first(user=user.pk, organisation=organisation.pk) or ""


def can_draft(user: User | AnonymousUser, organisation: Organisation) -> bool:
    return role_in(user, organisation) in MAY_DRAFT


def can_submit(user: User | AnonymousUser, organisation: Organisation) -> bool:
    return role_in(user, organisation) in MAY_SUBMIT


def can_manage(user: User | AnonymousUser, organisation: Organisation) -> bool:
    """May change the organisation's details, members and tokens."""
    return role_in(user, organisation) == Role.ADMIN


def can_sign_off(user: User | AnonymousUser, organisation: Organisation) -> bool:
    """A right of its own, apart from the role: a director who only reads may sign. Never a program's."""
    if not user.is_authenticated or user.is_service:
        return False
    return Membership.objects.filter(user_id=user.pk, organisation=organisation, may_sign_off=True).exists()
