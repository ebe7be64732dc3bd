"""The e-mail by which a trade body asks a member for its input."""

from datetime import datetime

from consultations.closing import moment
from consultations.emails import marked, short_name
from notifications.message import Message, Skip, write
from notifications.models import Notification
from responses import collecting
from responses.models import MemberInvitation


def invitation(notification: Notification, now: datetime) -> Message | Skip:
    """Asked again as it goes out: does it still stand? The link is signed as the e-mail is written."""
    rows = MemberInvitation.objects.open(now).select_related(
        "collection__response__organisation", "collection__response__consultation", "invited_by"
    )
    invited = rows.filter(pk=notification.payload["invitation"], email=notification.address).first()
    if invited is None:
        return Skip("The invitation was accepted or withdrawn, or has run out.")
    collection = invited.collection
    if reason := collecting.closed(collection, now):
        return Skip(reason)
    response = collection.response
    return write(
        "responses/email/collection_invitation",
        subject=marked(f"{response.organisation} asks for your input: {short_name(response.consultation)}",
                       response.consultation),
        why=f"You get this e-mail because {invited.invited_by.email} gave this address as that of a member of "
        f"{response.organisation}.",
        rehearsal=response.consultation.is_rehearsal,
        inviter=str(invited.invited_by),
        organisation=response.organisation,
        paper=response.consultation,
        collection=collection,
        closes=moment(collection.closes_at, collection.time_zone),
        expires=moment(invited.expires_at, collection.time_zone),
        link=collecting.link(invited),
    )  # fmt: skip
