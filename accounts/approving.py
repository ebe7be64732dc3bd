"""Sign-off: whether an organisation asks for it before anything is filed, and which of its members may give it."""

from datetime import datetime

from django.db import transaction

from accounts import joining
from accounts.models import Membership, MembershipQuerySet, Organisation, SignOffRule
from accounts.record import By
from notifications.refusal import Refusal


@transaction.atomic
def set_rule(*, by: By, organisation: Organisation, rule: str, now: datetime | None = None) -> Organisation:
    """Raises NotAllowed but for an administrator, Refusal at `rule` where nobody could sign."""
    locked = joining.lock(by, organisation)
    if rule not in SignOffRule.values:
        raise Refusal("Choose one of the answers.", field="rule")
    if rule != SignOffRule.NONE and not signers(locked).exists():
        raise Refusal("Nobody may sign off yet. Give the right to at least one member first.", field="rule")
    if locked.sign_off != rule:
        before, locked.sign_off = locked.sign_off, rule
        locked.save(update_fields=["sign_off"])
        joining.write(by, "changed sign-off rule", locked, now, before=before, rule=rule)
    return locked


@transaction.atomic
def allow(*, by: By, membership: Membership, may: bool, now: datetime | None = None) -> Membership:
    """Give a member the right to sign off, or take it away. What they signed stays signed."""
    organisation = joining.lock(by, membership.organisation)
    member = joining.member_of(organisation, membership)
    if (
        not may
        and organisation.sign_off != SignOffRule.NONE
        and not signers(organisation).exclude(pk=member.pk).exists()
    ):
        raise Refusal(
            "Nobody else may sign off, and your organisation asks for it. Give the right to another member first.",
            field="may_sign_off",
        )
    if member.may_sign_off != may:
        member.may_sign_off = may
        member.save(update_fields=["may_sign_off"])
        verb = "gave right to sign off" if may else "took away right to sign off"
        joining.write(by, verb, organisation, now, member=member.user.email)
    return member


def signers(organisation: Organisation) -> MembershipQuerySet:
    """The members who may sign off; never a program."""
    return organisation.memberships.filter(may_sign_off=True, user__is_active=True, user__is_service=False)
