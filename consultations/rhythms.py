"""How soon news comes to somebody: as it happens, in a digest once a day or a week, or not at all.

Only openings and outcomes wait for a digest. A deadline that moved, a withdrawal and every reminder come at once, since
a plan may rest on the old date. Of the follows that bring a paper, the soonest rhythm holds, so that nobody waits for
what they wanted at once; a follow that says nothing of it has the person's own choice.

It is decided as the thing happens and written down with the message: what is to wait is `kept` in the ledger, under
the key that it would have had, until its digest takes it (responses/digests.py). So whatever is chosen afterwards,
nothing is lost and nothing comes twice. A digest comes at nine in the morning of a day that the reader works, in the
reader's own zone and by their bank holidays; the weekly one on Monday, or the first such day after it.
"""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Case, DateTimeField, Q, QuerySet, Value, When
from django.db.models.expressions import RawSQL

from accounts import record
from accounts.alerts import Rhythm
from accounts.models import User
from accounts.record import By
from consultations import following, links, working_days
from consultations.hearing import listening
from consultations.models import Consultation, Follow, News
from notifications.refusal import Refusal

WAITING = (News.OPENED, News.ANSWERED)
DIGESTS = (Rhythm.DAILY, Rhythm.WEEKLY)
HOUR = time(9)
PURPOSE = "consultations.rhythms.off"
SOONEST_FIRST = f"ARRAY[{', '.join(repr(rhythm.value) for rhythm in Rhythm)}]"
# The rhythm that holds for each person and paper, of those that the caller names.
CHOSEN = f"""SELECT l.consultation_id, l.user_id,
       ({SOONEST_FIRST})[min(array_position({SOONEST_FIRST}, COALESCE(l.rhythm, u.rhythm)::text))] AS rhythm
FROM ({listening()}) AS l JOIN accounts_user u ON u.id = l.user_id
WHERE {{given}} GROUP BY l.consultation_id, l.user_id"""  # noqa: S608 (our own text)


# --- Who waits --------------------------------------------------------------------------------------------------------
def followers_by(consultation: Consultation, *of: Rhythm) -> QuerySet[User]:
    """Those who hear of the consultation, and of its opening and outcome in one of these rhythms."""
    given = CHOSEN.format(given="l.consultation_id = %s")
    chosen = RawSQL(f"SELECT user_id FROM ({given}) AS c WHERE rhythm = ANY(%s)", [consultation.pk, list(of)])  # noqa: S608, S611
    return following.followers_of(consultation).filter(pk__in=chosen)


def in_use() -> list[Rhythm]:
    """The digests that anybody has chosen at all."""
    chosen: set[str | None] = set()
    for rows in (User.objects.filter(rhythm__in=DIGESTS), Follow.objects.filter(rhythm__in=DIGESTS)):
        chosen.update(rows.order_by().values_list("rhythm", flat=True).distinct())
    return [rhythm for rhythm in DIGESTS if rhythm in chosen]


def wanted_by(user: User) -> Q:
    """The consultations of whose openings and outcomes the person wants to hear, however soon."""
    given = CHOSEN.format(given="l.user_id = %s")
    refused = RawSQL(f"SELECT consultation_id FROM ({given}) AS c WHERE rhythm = %s", [user.pk, Rhythm.NEVER.value])  # noqa: S608, S611
    return following.heard_by(user) & ~Q(pk__in=refused)


def next_digest(*, rhythm: Rhythm, now: datetime) -> Case:
    """For a query of people: when what happens now goes into their digest."""
    readers = User.objects.filter(is_active=True, is_service=False).order_by()
    moments = [
        When(time_zone=zone, holidays=holidays, then=Value(moment_after(now, rhythm, zone, holidays)))
        for zone, holidays in readers.values_list("time_zone", "holidays").distinct()
    ]
    # Somebody may move to another zone at this very moment.
    return Case(*moments, default=Value(moment_after(now, rhythm, "UTC", "")), output_field=DateTimeField())


def moment_after(now: datetime, rhythm: Rhythm, zone: str, holidays: str) -> datetime:
    """The first moment after `now` at which such a digest comes to a reader there, in UTC."""
    local = now.astimezone(ZoneInfo(zone))
    calendar = holidays or working_days.calendar_of(zone)
    day = local.date() if local.time() < HOUR else local.date() + working_days.DAY
    if rhythm == Rhythm.WEEKLY:
        day += timedelta(days=-day.weekday() % 7)
    day = working_days.first_from(day, calendar)
    return datetime.combine(day, HOUR, ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))


# --- Choosing ---------------------------------------------------------------------------------------------------------
@transaction.atomic
def choose(*, user: User, rhythm: str, by: By, now: datetime) -> None:
    """The person's own rhythm, which holds for every follow that says nothing of it."""
    _refuse_unknown(rhythm)
    locked = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if locked.rhythm != rhythm:
        locked.rhythm = rhythm
        locked.save(update_fields=["rhythm"])
        _write(locked, by, now, rhythm=rhythm)


@transaction.atomic
def choose_for(*, follow: Follow, rhythm: str, by: By, now: datetime) -> None:
    """The rhythm of one of one's own follows; "": as one has chosen for oneself. Raises NotAllowed for another's."""
    if rhythm:
        _refuse_unknown(rhythm)
    following.refuse_stranger(follow, by)
    if follow.organisation_id:
        raise Refusal("Of what an organisation follows, each member hears as they chose for themself.", field="rhythm")
    if (follow.rhythm or "") != rhythm and follow.user:
        Follow.objects.filter(pk=follow.pk).update(rhythm=rhythm or None)
        _write(follow.user, by, now, rhythm=rhythm, follow=follow.pk)


def _refuse_unknown(rhythm: str) -> None:
    if rhythm not in Rhythm.values:
        raise Refusal("Choose how soon from the list.", field="rhythm")


# --- Ending a digest without signing in -------------------------------------------------------------------------------
def token_to_end(user: User) -> str:
    """What the link in a digest carries. It opens nothing but the end of digests, and does not run out."""
    return links.token(PURPOSE, user.pk)


def read_token(token: str) -> User:
    """Whose digests the token ends. Raises Refusal for one that Soundings did not make."""
    found = User.objects.filter(pk=links.read(PURPOSE, token, int)).first()
    if found is None:
        raise Refusal(links.DAMAGED, code="bad_token")
    return found


@transaction.atomic
def end_digests(*, token: str, by: By, now: datetime) -> None:
    """No more digests, and not what was kept for one either; what else is followed stays. Twice is once."""
    user = read_token(token)
    itself = By(user=user, door=by.door, ip=by.ip)
    own = User.objects.filter(pk=user.pk, rhythm__in=DIGESTS).update(rhythm=Rhythm.NEVER)
    follows = Follow.objects.filter(user=user, rhythm__in=DIGESTS).update(rhythm=Rhythm.NEVER)
    if own or follows:
        _write(user, itself, now, rhythm=Rhythm.NEVER.value, follows=follows)


def _write(user: User, by: By, now: datetime, **detail: Any) -> None:
    record.write(by=by, verb="changed how soon news comes", subject=f"user:{user.pk}", at=now, **detail)
