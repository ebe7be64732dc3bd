"""The e-mail that says that an export is ready. It carries no link to the file itself, but to the page that asks who
is asking."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse

from accounts import permissions
from accounts.emails import reachable
from consultations.closing import moment
from notifications.message import Message, Skip, write
from notifications.models import Notification
from responses.models import Export


def export_ready(notification: Notification, now: datetime) -> Message | Skip:
    """Asked again as it goes out: is the file still there, and may this person still have it?"""
    export = Export.objects.select_related("organisation").filter(pk=notification.payload["export"]).first()
    if export is None or not export.file or export.expires_at is None or export.expires_at <= now:
        return Skip("The export has expired.")
    reader = reachable().filter(pk=notification.payload["user"], email=notification.address).first()
    if reader is None or not permissions.can_manage(reader, export.organisation):
        return Skip("This person no longer administers the organisation, or has another address or no account.")
    return write(
        "responses/email/export_ready",
        subject=f"Export ready: {export.organisation}",
        why=f"You get this e-mail because you asked for an export of what {export.organisation} holds on Soundings.",
        organisation=export.organisation,
        export=export,
        until=moment(export.expires_at, reader.time_zone),
        url=settings.SITE_URL + reverse("responses:exports"),
    )
