"""Which acts staff may read: what a firm does while it drafts is its own, even that it drafts at all."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from accounts.models import Act, User

# Named by text, since this room knows nothing of the rooms above it.
OF_DRAFTING = (
    "response started", "file attached", "file removed", "sign-off asked for", "response signed off",
    "questions assigned", "answers called ready", "answers not ready", "comment made", "comment settled",
    "guest invited", "guest accepted", "guest declined", "guest changed", "guest ended",
    "passage used again", "members listed", "collection opened", "collection changed", "collection ended",
    "sharing code renewed", "sharing code ended", "members invited", "member's invitation withdrawn",
    "joined collection", "input sent", "input withdrawn", "input erased", "input copied",
)  # fmt: skip


def acts_for(user: User | AnonymousUser) -> QuerySet[Act]:
    """All for an administrator, who answers for the record; for other staff with the right, all but those."""
    if not (user.is_staff and user.has_perm("accounts.view_act")):
        return Act.objects.none()
    return Act.objects.all() if user.is_superuser else Act.objects.exclude(verb__in=OF_DRAFTING)
