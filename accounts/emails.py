"""E-mails about accounts, and which people e-mail can reach."""

from datetime import datetime

from allauth.account.models import EmailAddress
from django.db.models import Exists, OuterRef, QuerySet

from accounts.joining import link
from accounts.models import Invitation, User
from accounts.moments import moment
from notifications.message import Message, Skip, write
from notifications.models import Notification


def reachable() -> QuerySet[User]:
    """People whom alerts may go to: active, not a service account, and the owner of the address has confirmed it."""
    confirmed = EmailAddress.objects.filter(user=OuterRef("pk"), verified=True, email__iexact=OuterRef("email"))
    return User.objects.filter(Exists(confirmed), is_active=True, is_service=False)


def invitation(notification: Notification, now: datetime) -> Message | Skip:
    """An offer to join an organisation; the link is signed as the e-mail is written."""
    invited = (
        Invitation.objects.open(now)
        .select_related("organisation", "invited_by")
        .filter(pk=notification.payload["invitation"])
        .first()
    )
    if invited is None:
        return Skip("The invitation was accepted or withdrawn, or has run out.")
    return write(
        "accounts/email/invitation",
        subject=f"Join {invited.organisation} on Soundings",
        why=f"You get this e-mail because {invited.invited_by.email} gave this address in an invitation.",
        inviter=invited.invited_by.email,
        organisation=str(invited.organisation),
        role=invited.get_role_display(),
        link=link(invited),
        expires=moment(invited.expires_at, invited.invited_by.time_zone),
    )


def account_mail(notification: Notification, now: datetime) -> Message | Skip:  # noqa: ARG001 (one shape for all)
    """What the sign-in pages send: a link to confirm an address, or to set a new password. Its text is not kept."""
    payload = notification.payload
    if "text" not in payload:
        return Skip("Its text was blanked for safety.")
    return write(
        "accounts/email/account_mail",
        subject=payload["subject"],
        why="You get this e-mail because somebody gave this address on Soundings.",
        body=payload["text"],
    )
