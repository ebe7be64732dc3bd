"""The post, for staff: what is owed, what failed and why, and a way to put it back.

It is in this room and not in the post room because who puts a message back is recorded, and the record is kept here.
"""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin import action, display
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts import record
from accounts.record import By
from accounts.staff import Button, DayRangeFilter, ReadOnlyAdmin, SelectFilter
from notifications import clock, outbox
from notifications.models import Notification, State
from notifications.refusal import Refusal

RESENDABLE = (State.FAILED, State.SKIPPED)
AT_ONCE = 500


class StateFilter(SelectFilter):
    title = "state"
    parameter_name = "state"
    options = State.choices


class MessageKindFilter(SelectFilter):
    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, kind_words(kind)) for kind in settings.NOTIFICATION_KINDS]


class DueFilter(DayRangeFilter):
    title = "due"
    parameter_name = "due"
    field = "due_at"


def kind_words(kind: str) -> str:
    return kind.replace("_", " ").capitalize()


@transaction.atomic
def send_again(message: Notification, _cleaned: dict[str, Any], by: By) -> str:
    outbox.resend(notification=message, who=by.label)
    record.write(
        by=by, verb="message put back", subject=f"notification:{message.pk}", at=clock.now(), kind=message.kind,
        key=message.key,
    )  # fmt: skip
    return f"The message to {message.address} will be sent again with the next sweep."


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ("address", "kind_shown", "state", "due_at", "sent_at", "tried_again", "reason")
    list_filter = (StateFilter, MessageKindFilter, DueFilter)
    search_fields = ("address",)
    search_help = "Search by e-mail address or key"
    ordering = ("-id",)
    sortable_by = ()
    fields = (
        "kind_shown", "address", "state", "reason", "subject", "priority", "due_at", "created_at", "sending_at",
        "sent_at", "tried_again", "claimed_by", "claimed_until", "sent_again", "key", "reference", "about",
    )  # fmt: skip
    readonly_fields = ("kind_shown", "about", "reference", "tried_again")
    actions = ("put_back",)
    buttons = (
        Button(
            path="resend",
            label="Send again",
            permission="notifications.change_notification",
            do=send_again,
            shown=lambda message: message.state in RESENDABLE and not {"secret", "digest"} & {*message.payload},
            explain=lambda message: f"{message.get_state_display()}. {message.reason}",
        ),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Notification], search_term: str
    ) -> tuple[QuerySet[Notification], bool]:
        words = search_term.replace("\x00", " ").strip()[:200]
        if not words:
            return queryset, False
        exact = queryset.filter(key=words)
        return (exact if exact.exists() else queryset.filter(address__startswith=words.lower())), False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """What a reminder is about may be a draft, which is the firm's own."""
        return self.fields if request.user.is_superuser else tuple(name for name in self.fields if name != "about")

    @display(description="kind")
    def kind_shown(self, obj: Notification) -> str:
        return kind_words(obj.kind)

    @display(description="tried again")
    def tried_again(self, obj: Notification) -> int:
        return obj.attempts  # those that led to another

    @display(description="about")
    def about(self, obj: Notification) -> str:
        """The identifiers it is written from; a message that holds a private link is not shown."""
        if obj.payload.get("secret"):
            return "Holds a private link: not shown."
        return ", ".join(f"{key}: {value}" for key, value in obj.payload.items())

    @action(description="Send again", permissions=["resend"])
    def put_back(self, request: HttpRequest, queryset: QuerySet[Notification]) -> None:
        done, refused = 0, ""
        for message in queryset[:AT_ONCE]:
            try:
                send_again(message, {}, record.by_request(request, "admin"))
                done += 1
            except Refusal as refusal:
                refused = refusal.message
        self.message_user(request, f"{done} put back into the queue.", messages.SUCCESS if done else messages.WARNING)
        if refused:
            self.message_user(request, refused, messages.WARNING)

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("notifications.change_notification")
