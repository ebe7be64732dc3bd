"""Who may read and write how much of a response: members by their role, guests what was shared with them."""

from dataclasses import dataclass

from django.db.models import Q

from accounts.models import User
from accounts.permissions import can_draft
from responses.models import Guest, Response


@dataclass(frozen=True, kw_only=True)
class Reach:
    """The sections, by id, that somebody may read or write in; None: all that there are and will be."""

    sections: frozenset[int] | None = None

    def includes(self, section_id: int) -> bool:
        return self.sections is None or section_id in self.sections

    def within(self, path: str) -> Q:
        """As a condition on rows whose section is at `path`."""
        return Q() if self.sections is None else Q(**{f"{path}__in": self.sections})


WHOLE = Reach()


def shared_with(guest: Guest) -> Reach:
    """What was shared with a guest: one query, or none for the whole."""
    if guest.whole:
        return WHOLE
    return Reach(sections=frozenset(guest.sections.values_list("id", flat=True)))


def writing_in(user: User | None, response: Response) -> Reach | None:
    """In which sections the person may save answers; None: in none."""
    if user is None:
        return None
    if can_draft(user, response.organisation):
        return WHOLE
    guest = Guest.objects.of(user).filter(response=response).first()
    return shared_with(guest) if guest is not None and guest.may_draft else None


def why_lost(user: User, code: str) -> str:
    """Why somebody who was let into the response as a guest cannot save there now; "" for everybody else."""
    rows = Guest.objects.filter(response__code=code, user=user)
    if not rows.exists():
        return ""
    if Guest.objects.of(user).filter(response__code=code).exists():
        return "This section is no longer shared with you, so this was not saved."
    return "You are no longer a guest of this response, so this was not saved."
