"""The staff's front page: what matters today, in a number of queries that no number of rows changes.

Each part is there for who may see it, and links to the list that it is the beginning of.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse

from accounts.models import User
from consultations import duties
from consultations.closing import closing, moment, zone_of
from consultations.models import Announcement, Consultation, Deadline
from consultations.querysets import Status
from notifications import clock, figures
from notifications.models import Notification
from responses.models import Response, Submission, TimeRequest
from responses.querysets import State

SHOWN = 6
MOST_COUNTED = 10_000  # beyond it "more than 10,000" says enough
A_DAY = timedelta(hours=24)


def context(request: HttpRequest, given: dict[str, Any]) -> dict[str, Any]:
    """For settings.UNFOLD["DASHBOARD_CALLBACK"]."""
    now = clock.now()
    may = request.user.has_perm
    zone: str = getattr(request.user, "time_zone", "UTC")
    today: dict[str, Any] = {"now": moment(now, zone)}
    if may("consultations.view_consultation"):
        today |= {
            "closing": _closing(now),
            "rolling": _rolling(now),
            "opening": _opening(now),
            "drafts": _drafts(),
            "rehearsals": _rehearsals(now),
        }
        today["duties"] = _duties(request, now)
    if may("consultations.view_announcement"):
        today["held"] = _held()
    if may("responses.view_timerequest"):
        today["time_requests"] = _time_requests()
    if may("responses.view_response"):
        today["came_in"] = _came_in(request, now)
    if may("notifications.view_notification"):
        today["post"] = _post(now, zone)
    return {**given, "title": "Today", "today": today}


def _closing(now: datetime) -> list[dict[str, Any]]:
    """The next deadlines of what is open, rehearsals apart."""
    rows = (
        Deadline.objects.ahead(now).filter(consultation__is_rehearsal=False).with_bodies().order_by("closes_at")[:SHOWN]
    )
    return [
        {
            "name": str(row.consultation),
            "label": row.label,
            "words": closing(row, zones=[body.time_zone for body in row.consultation.authorities.all()]),
            "left": _left(row.closes_at, now),
            "url": _paper_url(row.consultation_id),
        }
        for row in rows
    ]


def _rolling(now: datetime) -> list[dict[str, Any]]:
    """What is open without a closing date, rehearsals apart."""
    rows = Consultation.objects.rolling(now).filter(is_rehearsal=False).order_by("-published_at", "-pk")[:SHOWN]
    return [{"name": str(row), "url": _paper_url(row.pk)} for row in rows]


def _left(instant: datetime | None, now: datetime) -> str:
    if instant is None:
        return ""
    hours = int((instant - now).total_seconds() // 3600)
    if hours < 48:
        return f"{hours} hour{'' if hours == 1 else 's'} left"
    return f"{hours // 24} days left"


def _opening(now: datetime) -> list[dict[str, Any]]:
    rows = (
        Consultation.objects.filter(Q(published_at__gt=now) | Q(opens_at__gt=now), withdrawn_at__isnull=True)
        .with_bodies()
        .order_by("published_at")[:SHOWN]
    )
    return [
        {
            "name": str(row),
            "words": moment(row.opening, zone_of(row)) if row.opening else "",
            "url": _paper_url(row.pk),
        }
        for row in rows
    ]


def _duties(request: HttpRequest, now: datetime) -> list[dict[str, Any]]:
    """What the person is being reminded of, the earliest first."""
    if not isinstance(request.user, User):
        return []
    shown = [duty for duty in duties.every_duty() if duty.on_front_page]
    mine = duties.of(request.user, now, duties=shown)[:SHOWN]
    named = {
        duty.kind: duty.named([due.subject_id for due in mine if due.duty is duty])
        for duty in {due.duty.kind: due.duty for due in mine}.values()
    }
    found = [(due, named[due.duty.kind].get(due.subject_id)) for due in mine]
    return [{"name": has[0], "url": has[1], "words": due.words(now).capitalize()} for due, has in found if has]


def _held() -> list[dict[str, Any]]:
    """Alerts that wait for a second person, the oldest first."""
    rows = Announcement.objects.waiting().select_related("consultation", "outcome").order_by("held_at")[:SHOWN]
    return [
        {
            "name": str(row),
            "words": f"{row.recipients:,} people; caused by {row.made_by_name}",
            "url": reverse("admin:consultations_announcement_change", args=[row.pk]),
        }
        for row in rows
    ]


def _time_requests() -> dict[str, Any]:
    """Firms that ask for more time and wait for a decision, the oldest first."""
    waiting = TimeRequest.objects.waiting()
    rows = waiting.select_related("organisation", "deadline__consultation").order_by("id")[:SHOWN]
    return {
        "count": _count(waiting[: MOST_COUNTED + 1].count()),
        "rows": [
            {
                "name": str(row.organisation),
                "words": f"{row.deadline.consultation.reference or row.deadline.consultation}: {closing(row.deadline)}",
                "url": reverse("admin:responses_timerequest_change", args=[row.pk]),
            }
            for row in rows
        ],
    }


def _drafts() -> list[dict[str, Any]]:
    rows = Consultation.objects.filter(published_at__isnull=True).order_by("-pk")[:SHOWN]
    return [{"name": str(row), "words": "Draft", "url": _paper_url(row.pk)} for row in rows]


def _rehearsals(now: datetime) -> list[dict[str, Any]]:
    rows: Any = (
        Consultation.objects.filter(is_rehearsal=True, published_at__lte=now)
        .with_status(now)
        .with_bodies()
        .order_by("-pk")[:SHOWN]
    )
    return [
        {
            "name": str(row),
            "words": f"{Status(row.status).label}; next closes {moment(row.next_closes_at, zone_of(row))}"
            if row.next_closes_at
            else Status(row.status).label,
            "url": _paper_url(row.pk),
        }
        for row in rows
    ]


def _came_in(request: HttpRequest, now: datetime) -> dict[str, Any]:
    """Versions filed within 24 hours, practice apart, and what was filed last; not what is in it."""
    visible = Response.objects.visible_to(request.user).filter(latest__isnull=False)
    last_day = Submission.objects.received_since(now - A_DAY)
    real = last_day.filter(response__consultation__is_rehearsal=False)
    withdrawn = visible.filter(state=State.WITHDRAWN, withdrawn_at__gte=now - A_DAY)
    numbers = {
        "new": real.filter(version=1),
        "amended": real.filter(version__gt=1),
        "withdrawn": withdrawn.filter(consultation__is_rehearsal=False),
        "to rehearsals": last_day.filter(response__consultation__is_rehearsal=True),
    }
    latest = visible.select_related("organisation", "consultation", "latest").defer("latest__content")
    zone = getattr(request.user, "time_zone", "UTC")
    return {
        "counts": [(label, _count(rows[: MOST_COUNTED + 1].count())) for label, rows in numbers.items()],
        "latest": [_filed(row, zone) for row in latest.order_by("-latest_id")[:SHOWN]],
    }


def _filed(row: Response, zone: str) -> dict[str, str]:
    return {
        "reference": row.latest.reference if row.latest else "",
        "organisation": str(row.organisation),
        "paper": row.consultation.reference or str(row.consultation),
        "words": moment(row.latest.received_at, zone) if row.latest else "",
        "url": reverse("admin:responses_response_change", args=[row.pk]),
    }


def _count(number: int) -> str:
    return f"more than {MOST_COUNTED:,}" if number > MOST_COUNTED else f"{number:,}"


def _post(now: datetime, zone: str) -> dict[str, Any]:
    failed = Notification.objects.failed()
    overdue = Notification.objects.due(now)
    oldest = overdue.order_by("due_at").values_list("due_at", flat=True).first()
    return {
        "failed": _count(failed[: MOST_COUNTED + 1].count()),
        "some_failed": [
            {
                "name": row.address,
                "words": row.reason,
                "url": reverse("admin:notifications_notification_change", args=[row.pk]),
            }
            for row in failed.order_by("-pk")[:3]
        ],
        "waiting": _count(overdue[: MOST_COUNTED + 1].count()),
        "oldest": oldest and moment(oldest, zone),
        "late": oldest is not None and now - oldest > figures.LATE,
    }


def _paper_url(pk: int) -> str:
    return reverse("admin:consultations_consultation_change", args=[pk])


# --- what settings.UNFOLD asks for by name ----------------------------------------------------------------------------
def stylesheet(_request: HttpRequest) -> str:
    return static("accounts/staff.css")


def mark(_request: HttpRequest) -> str:
    return static("soundings/favicon.svg")


def own_links(_request: HttpRequest) -> list[dict[str, str]]:
    return [
        {"title": "Change password", "link": reverse("account_change_password")},
        {"title": "Second step", "link": reverse("mfa_index")},
    ]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu: only what the person may see."""
    return [
        {
            "title": title,
            "items": [
                {"title": name, "icon": icon, "link": _page_url(page), "permission": None}
                for name, icon, page, permission in items
                if request.user.has_perm(permission)
            ],
        }
        for title, items in MENU
    ]


def _page_url(page: str) -> str:
    """A list of the admin's, or a page of our own, named with its namespace."""
    return reverse(page if ":" in page else f"admin:{page}_changelist")


MENU = (
    (
        "What is asked",
        (
            ("Consultations", "campaign", "consultations_consultation", "consultations.view_consultation"),
            (
                "Alerts to followers",
                "notifications_active",
                "consultations_announcement",
                "consultations.view_announcement",
            ),
            ("Outcomes", "task_alt", "consultations_outcome", "consultations.view_outcome"),
            ("Bodies", "account_balance", "consultations_authority", "consultations.view_authority"),
            ("Topics", "sell", "consultations_topic", "consultations.view_topic"),
        ),
    ),
    (
        "What is answered",
        (
            ("Responses", "inbox", "responses_response", "responses.view_response"),
            ("Files", "attach_file", "responses_attachment", "responses.view_attachment"),
            ("Requests for more time", "more_time", "responses_timerequest", "responses.view_timerequest"),
        ),
    ),
    (
        "Post and record",
        (
            ("Messages", "mail", "notifications_notification", "notifications.view_notification"),
            ("What e-mails say", "preview", "staff:previews", "notifications.view_notification"),
            ("Suppressed addresses", "block", "notifications_suppression", "notifications.view_suppression"),
            ("Webhook deliveries", "webhook", "accounts_webhookdelivery", "accounts.view_webhookdelivery"),
            ("Record of acts", "history", "accounts_act", "accounts.view_act"),
        ),
    ),
    (
        "Who",
        (
            ("Organisations", "domain", "accounts_organisation", "accounts.view_organisation"),
            ("People", "person", "accounts_user", "accounts.view_user"),
            ("Memberships", "group", "accounts_membership", "accounts.view_membership"),
            ("Invitations", "outgoing_mail", "accounts_invitation", "accounts.view_invitation"),
            ("API tokens", "key", "accounts_apitoken", "accounts.view_apitoken"),
            ("Groups of staff", "shield_person", "auth_group", "auth.view_group"),
            ("Second steps", "phonelink_lock", "mfa_authenticator", "mfa.view_authenticator"),
            ("E-mail addresses", "alternate_email", "account_emailaddress", "account.view_emailaddress"),
        ),
    ),
)
