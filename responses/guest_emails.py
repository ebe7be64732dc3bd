"""E-mails about guests: the invitation, and to who sent it what became of it. None says a word of what the response
says, and no subject says whose it is: staff see subjects, and that a firm drafts at all is its own."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse

from accounts.emails import reachable
from accounts.permissions import role_in
from consultations.closing import moment
from consultations.emails import marked
from notifications.message import Message, Skip, write
from notifications.models import Notification
from responses import guests
from responses.models import Guest


def guest_invited(notification: Notification, now: datetime) -> Message | Skip:
    """An offer of access to one response; the link is signed as the e-mail is written."""
    found = Guest.objects.open(now).select_related("response__organisation", "response__consultation", "invited_by")
    guest = found.filter(pk=notification.payload["guest"]).first()
    if guest is None:
        return Skip("The invitation was answered or withdrawn, or has run out.")
    paper = guest.response.consultation
    return write(
        "responses/email/guest_invited",
        subject=marked("you are invited to work on a response", paper),
        why=f"You get this e-mail because {guest.invited_by.email} gave this address in an invitation.",
        rehearsal=paper.is_rehearsal,
        inviter=guest.invited_by.email,
        organisation=guest.response.organisation,
        paper=paper,
        guest=guest,
        sections=[] if guest.whole else [str(section) for section in guest.sections.order_by("position", "id")],
        link=guests.link(guest),
        expires=moment(guest.expires_at, guest.invited_by.time_zone),
    )


def guest_answered(notification: Notification, now: datetime) -> Message | Skip:  # noqa: ARG001 (one shape for all)
    """An invitation was accepted or declined."""
    found = Guest.objects.select_related("response__organisation", "response__consultation", "user")
    guest = found.filter(pk=notification.payload["guest"]).first()
    if guest is None or guest.ended_at:
        return Skip("The access has been ended since.")
    response = guest.response
    reader = reachable().filter(pk=notification.payload["user"], email=notification.address).first()
    if reader is None or not role_in(reader, response.organisation):
        return Skip("Who invited them is no longer a member, or has another address or no account.")
    return write(
        "responses/email/guest_answered",
        subject=marked(f"invitation {'accepted' if guest.accepted_at else 'declined'}", response.consultation),
        why=f"You get this e-mail because you invited {guest.email} on Soundings.",
        rehearsal=response.consultation.is_rehearsal,
        guest=guest,
        paper=response.consultation,
        organisation=response.organisation,
        url=settings.SITE_URL + reverse("responses:guests", args=[response.code]),
    )
