"""Suppressed addresses, for staff: why nothing goes to one, and a button that lets post go to it again."""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts import record
from accounts.record import By
from accounts.staff import Button, ReadOnlyAdmin, SelectFilter
from notifications import clock, suppressing
from notifications.models import Suppression


class StandingFilter(SelectFilter):
    title = "standing"
    parameter_name = "standing"
    options = [("yes", "Suppressed now"), ("no", "Lifted")]

    def narrow(self, request: HttpRequest, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(lifted_at__isnull=value == "yes")


@transaction.atomic
def lift(suppression: Suppression, _cleaned: dict[str, Any], by: By) -> str:
    suppressing.lift(suppression=suppression, who=by.label)
    record.write(
        by=by, verb="suppression lifted", subject=f"suppression:{suppression.pk}", at=clock.now(),
        reason=suppression.reason,
    )  # fmt: skip
    return (
        f"Post may go to {suppression.address} again. What was passed over meanwhile is not sent by itself: "
        "look under Messages."
    )


@admin.register(Suppression)
class SuppressionAdmin(ReadOnlyAdmin):
    list_display = ("address", "reason", "since", "lifted_at")
    list_filter = (StandingFilter,)
    search_fields = ("address",)
    search_help = "Search by the beginning of an address"
    ordering = ("-id",)
    sortable_by = ()
    fields = ("address", "reason", "said", "since", "lifted_at", "lifted_by")
    buttons = (
        Button(
            path="lift",
            label="Let post go to it again",
            permission="notifications.change_suppression",
            do=lift,
            shown=lambda suppression: suppression.lifted_at is None,
            explain=lambda suppression: f"{suppression.get_reason_display()}. {suppression.said}",
        ),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Suppression], search_term: str
    ) -> tuple[QuerySet[Suppression], bool]:
        words = search_term.replace("\x00", " ").strip().lower()[:200]
        return (queryset.filter(address__startswith=words) if words else queryset), False
