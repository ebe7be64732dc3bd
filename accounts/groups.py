"""The groups that staff are put into, and what each may do. Made sure of after each migrate.

Named by text, since this room knows nothing of the rooms above it. What an administrator adds to a group stays; what is
listed here comes back.
"""

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db import DEFAULT_DB_ALIAS

POLICY = "Policy staff"
CONFIDENTIAL = "Policy staff: confidential"
PUBLISHING = "Publishing"
POST = "Post and access"

EDITED = ("authority", "topic", "consultation", "consultationauthority", "deadline", "section", "question", "document")
SEEN = {
    "consultations": (*EDITED, "outcome", "deadlinechange", "questioncorrection", "follow", "announcement"),
    "responses": ("response", "attachment", "submission", "receipt", "timerequest"),
    "accounts": ("user", "organisation", "membership", "act"),
    "notifications": ("notification",),
}
READING = {room: {f"view_{model}" for model in models} for room, models in SEEN.items()}
# Outcomes are drafted here too; publishing one is another right. What is deleted is a draft: the pages see to that.
EDITING = {
    "consultations": {f"{verb}_{model}" for verb in ("add", "change") for model in (*EDITED, "outcome")}
    | {f"delete_{model}" for model in (*EDITED[2:], "outcome")}
}
GROUPS: dict[str, tuple[dict[str, set[str]], ...]] = {
    POLICY: (READING, EDITING),
    CONFIDENTIAL: (READING, EDITING, {"responses": {"view_confidential"}}),
    PUBLISHING: (
        {
            "consultations": {
                "publish_consultation",
                "withdraw_consultation",
                "extend_deadline",
                "correct_question",
                "publish_outcome",
                "view_announcement",
            }
        },
    ),
    # Whoever looks after the post and lost keys: sends a message again, lets post go to an address, revokes a token.
    POST: (
        {
            "accounts": {"view_apitoken", "change_apitoken", "view_webhookdelivery", "view_act"},
            "notifications": {
                "view_notification",
                "change_notification",
                "view_suppression",
                "change_suppression",
            },
        },
    ),
}


def ensure(sender: AppConfig, using: str = DEFAULT_DB_ALIAS, **_signal: Any) -> None:
    """After a room's migrations: give each group what it should have of that room. Repeatable, takes nothing away."""
    wanted = {name: permissions_of(sender.label, parts) for name, parts in GROUPS.items()}
    if not any(wanted.values()):
        return
    create_permissions(sender, verbosity=0, interactive=False, using=using)  # Django's own turn comes after ours
    known = Permission.objects.using(using).filter(content_type__app_label=sender.label)
    for name, codenames in wanted.items():
        group, _ = Group.objects.using(using).get_or_create(name=name)
        group.permissions.add(*known.filter(codename__in=codenames))


def permissions_of(room: str, parts: tuple[dict[str, set[str]], ...]) -> set[str]:
    return set().union(*(part.get(room, set()) for part in parts))
