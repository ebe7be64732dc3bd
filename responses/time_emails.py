"""E-mails about more time: to those who decide, that it was asked for; to the firm, what was decided."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.http import urlencode

from accounts.emails import reachable
from accounts.models import Membership
from accounts.permissions import MAY_SUBMIT
from consultations import duties
from consultations.closing import closing, moment
from consultations.emails import marked
from notifications.message import Message, Skip, write
from notifications.models import Notification
from responses.models import Allowance, Decision, Response, TimeRequest

WHY = "You get this e-mail because you submit the responses of {organisation} on Soundings."
GONE = Skip("This person is no longer asked: another right, another address or no account.")
HEADLINES = {
    Decision.GRANTED: "You have more time",
    Decision.EXTENDED: "The deadline was extended for everybody",
    Decision.REFUSED: "No more time was given",
}


def more_time_asked(notification: Notification, now: datetime) -> Message | Skip:  # noqa: ARG001 (as all writers)
    request = _request(notification)
    if not request.is_waiting:
        return Skip("It has been decided.")
    paper = request.deadline.consultation
    reader = notification.payload["user"]
    if not any(person.pk == reader and person.email == notification.address for person in duties.deciders(paper)):
        return GONE
    facts = [
        ("From", str(request.organisation)),
        ("What", request.deadline.label),
        ("Closes", closing(request.deadline)),
    ]
    if request.wanted_on:
        facts.append(("Wanted until", f"{request.wanted_on.day} {request.wanted_on:%B %Y}"))
    return duties.reminder(
        subject=marked("more time asked for", paper),
        name=paper.name,
        says=f"{request.organisation} asks for more time: “{request.reason}”",
        facts=facts,
        do=("Read and decide", reverse("admin:responses_timerequest_change", args=[request.pk])),
        rehearsal=paper.is_rehearsal,
    )


def more_time_decided(notification: Notification, now: datetime) -> Message | Skip:
    request = _request(notification)
    reader = reachable().filter(pk=notification.payload["user"], email=notification.address).first()
    may = Membership.objects.filter(organisation=request.organisation_id, role__in=MAY_SUBMIT)
    if reader is None or not may.filter(user=reader).exists():
        return GONE
    allowance = Allowance.objects.filter(request=request).first()
    if allowance and (allowance.used_in_id or allowance.until < now):
        return Skip("It has been used, or has run out.")
    paper = request.deadline.consultation
    response = Response.objects.filter(organisation=request.organisation_id, consultation=paper).first()
    late = f"{reverse('responses:late')}?{urlencode({'consultation': paper.code})}"
    headline = HEADLINES[Decision(request.decision)]
    return write(
        "responses/email/more_time_decided",
        subject=marked(f"{headline[0].lower()}{headline[1:]}", paper),
        why=WHY.format(organisation=request.organisation),
        rehearsal=paper.is_rehearsal,
        headline=headline,
        paper=paper,
        asked=request,
        closes=closing(request.deadline),
        until=moment(allowance.until, request.deadline.time_zone) if allowance else "",
        begun=response is not None,
        url=settings.SITE_URL + (reverse("responses:more_time", args=[response.code]) if response else late),
    )


def _request(notification: Notification) -> TimeRequest:
    rows = TimeRequest.objects.select_related("organisation", "deadline__consultation")
    return rows.get(pk=notification.payload["request"])
