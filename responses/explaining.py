"""Why did, or didn't, this address get something about this consultation? Answered from the rows and the record."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Q

from accounts import alerts
from accounts.emails import reachable
from accounts.models import Act, Membership, User
from consultations import following
from consultations.models import Announcement, Consultation, Deadline, Follow
from notifications.models import Notification, State, Suppression
from responses import reminding
from responses.models import Response

SHOWN = 200


def explain(*, address: str, consultation: Consultation, now: datetime) -> Iterator[str]:
    """Lines: the address, whose it is, what they hear of, what was owed to them and what became of it."""
    address = address.strip().lower()
    yield f"{address} and {consultation.reference or consultation.code}: {consultation.title}"
    yield from _suppressed(address)
    person = User.objects.filter(email__iexact=address).first()
    if person is None:
        yield "No account has this address."
    else:
        yield from _about(person, consultation, now)
    yield from _post(address, consultation)
    yield from _alerts(consultation)
    yield from _acts(consultation)


def _suppressed(address: str) -> Iterator[str]:
    for row in Suppression.objects.filter(address=address).order_by("pk"):
        until = f", lifted {_at(row.lifted_at)} by {row.lifted_by}" if row.lifted_at else ": nothing is sent to it"
        yield f"Suppressed {_at(row.since)}: {row.get_reason_display()}. {row.said}".strip() + until


def _about(person: User, consultation: Consultation, now: datetime) -> Iterator[str]:
    if not person.is_active:
        yield "The account is not active: it gets nothing."
    if not reachable().filter(pk=person.pk).exists():
        yield "The address was never confirmed: no alert goes to it."
    hears = following.hears(user=person, consultation=consultation)
    yield f"Today this person {'hears' if hears else 'does not hear'} of the consultation by following."
    bringing = set(following.bringing(user=person, consultation=consultation).values_list("pk", flat=True))
    theirs = Follow.objects.visible_to(person).filter(Q(consultation=None) | Q(consultation=consultation))
    for follow in theirs.select_related("user", "organisation").order_by("pk")[:SHOWN]:
        yield from _follow(follow, covers=follow.pk in bringing)
    yield from _work(person, consultation)
    if consultation.withdrawn_at:
        yield f"The consultation was withdrawn {_at(consultation.withdrawn_at)}: nothing is sent about deadlines."
    for deadline in consultation.deadlines.order_by("pk"):
        yield from _deadline(deadline, person, now)


def _follow(follow: Follow, *, covers: bool) -> Iterator[str]:
    whose = f" (for {follow.organisation})" if follow.organisation else ""
    leads = "" if follow.leads is None else f", with reminders of its own: {' '.join(follow.leads) or 'none'}"
    what = "muted" if follow.muted else "follows"
    fits = "" if covers or follow.muted else ": this consultation does not come by it"
    yield f"  {what}: {follow.target}{whose}, since {_at(follow.since)}{leads}{fits}"


def _work(person: User, consultation: Consultation) -> Iterator[str]:
    for membership in Membership.objects.filter(user=person).select_related("organisation").order_by("pk")[:SHOWN]:
        response = Response.objects.filter(organisation=membership.organisation, consultation=consultation).first()
        if response:
            role, state = membership.get_role_display(), response.get_state_display()
            yield f"  {role} of {membership.organisation}, whose response {response.code} is: {state}"


def _deadline(deadline: Deadline, person: User, now: datetime) -> Iterator[str]:
    if deadline.closes_at is None:
        yield f"Deadline “{deadline.label}”: no closing date, so no reminder."
        return
    yield f"Deadline “{deadline.label}”, version {deadline.version}: {_at(deadline.closes_at)}, in {deadline.time_zone}"
    for change in deadline.changes.order_by("pk"):
        yield f"  moved {_at(change.changed_at)}: from {_at(change.old_closes_at)} to {_at(change.new_closes_at)}"
    lead = reminding.nearest(deadline, person, now)
    if lead is None:
        yield "  No reminder's moment has come."
    else:
        reason = reminding.why_not(deadline, person, lead=lead, now=now)
        yield f"  The nearest reminder whose moment has come: {alerts.words(lead)}." + (
            f" It would not go now: {reason}" if reason else " It is wanted."
        )


def _post(address: str, consultation: Consultation) -> Iterator[str]:
    rows = _rows(address, consultation)
    yield f"Messages about it: {len(rows) or 'none'}"
    for row in rows:
        yield f"  {row.get_state_display()}: {row.kind} to {row.address}, due {_at(row.due_at)} [{row.key}]"
        if row.subject:
            yield f"    subject: {row.subject}"
        if row.state == State.SENT:
            yield f"    the mail server took it {_at(row.sent_at)} as {row.message_id}"
        if row.reason:
            yield f"    {row.reason}"
        if row.doubted_at:
            again = "and sent again, since nobody could be asked" if row.sent_again else "and the provider was asked"
            yield f"    in doubt from {_at(row.doubted_at)}, {again}"


def _rows(address: str, consultation: Consultation) -> list[Notification]:
    """Of all that was owed to the address, what is about this consultation."""
    about = consultation.pk
    deadlines = {str(pk) for pk in consultation.deadlines.values_list("pk", flat=True)}
    found = list(Notification.objects.filter(address=address).order_by("pk")[: SHOWN * 10])
    theirs = [
        row
        for row in found
        if row.payload.get("consultation") == about or str(row.payload.get("deadline", "")) in deadlines
        or _of_submission(row, consultation)
    ]  # fmt: skip
    digests = {row.payload["digest"] for row in theirs if "digest" in row.payload}
    return [*theirs, *(row for row in found if row.key in digests)][:SHOWN]


def _of_submission(row: Notification, consultation: Consultation) -> bool:
    number = row.payload.get("submission")
    return bool(number and Response.objects.filter(consultation=consultation, submissions=number).exists())


def _alerts(consultation: Consultation) -> Iterator[str]:
    """What its followers were told of at once, and what was held back from all of them."""
    for row in Announcement.objects.about(consultation).order_by("pk")[:SHOWN]:
        yield f"Alert “{row.get_kind_display()}”, caused {_at(row.made_at)} by {row.made_by_name}:"
        if row.held_at:
            yield f"  held {_at(row.held_at)} until a second person decides: {row.recipients} people"
        if row.sent_at:
            by = f", released by {row.released_by_name}" if row.released_by_name else ""
            yield f"  on its way {_at(row.sent_at)} to {row.recipients} people{by}"
        if row.cancelled_at:
            yield f"  cancelled {_at(row.cancelled_at)} by {row.cancelled_by_name}: {row.reason}"


def _acts(consultation: Consultation) -> Iterator[str]:
    acts = list(Act.objects.filter(consultation_code=consultation.code, organisation_code="").order_by("pk")[:SHOWN])
    yield "What happened to the consultation:" if acts else "Nothing is recorded of the consultation itself."
    for act in acts:
        yield f"  {_at(act.at)} {act.verb} by {act.actor}"


def _at(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC" if instant else "at an unknown time"
