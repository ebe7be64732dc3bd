"""Whether a response is signed off: asked anew of what would be filed each time, never stored.

A sign-off holds while what would be filed has the digest that was signed. Where the organisation wants four eyes, it
does not hold if its giver wrote a version of one of the answers, or gave one of the files, that would be filed.
"""

from dataclasses import dataclass
from functools import cached_property

from accounts import approving
from accounts.models import Organisation, SignOffRule, User
from notifications.compiled import Kept, given
from notifications.refusal import Conflict
from responses import snapshot
from responses.models import Answer, AnswerVersion, Attachment, Response, SignOff
from responses.snapshot import Content

_GIVEN = Kept(lambda: SignOff.objects.filter(response=given("response")).select_related("by").defer("content"))


class Unsigned(Conflict):
    """It must be signed off before it is filed."""

    code = "unsigned"


@dataclass(kw_only=True)
class Approval:
    """How it stands with the sign-off of `content` at this moment.

    `given` is the sign-off that holds; `before` the newest there is; `wrote` who may not sign, having written.
    """

    organisation: Organisation
    given: SignOff | None
    before: SignOff | None
    wrote: set[int]

    @property
    def rule(self) -> str:
        return self.organisation.sign_off

    @cached_property
    def signers(self) -> list[User]:
        """Those who may sign this: one query, made when somebody wants to know."""
        members = approving.signers(self.organisation).exclude(user__in=self.wrote)
        return [row.user for row in members.select_related("user").order_by("user__name", "user__email")]

    @property
    def is_wanted(self) -> bool:
        return self.rule != SignOffRule.NONE

    @property
    def is_missing(self) -> bool:
        return self.is_wanted and self.given is None

    @property
    def why_not(self) -> str:
        """Why it cannot be filed for want of a sign-off; "" when it can."""
        if not self.is_missing:
            return ""
        void = " What was signed off before is not what would be filed now." if self.before else ""
        if not self.signers:
            return (
                f"It must be signed off first, and nobody may sign this.{void} Ask an administrator to give the right."
            )
        return f"It must be signed off first, by {named(self.signers)}.{void}"


def of(response: Response, content: Content) -> Approval:
    """One query; with four eyes four, however long the response."""
    organisation, digest = response.organisation, snapshot.digest(content)
    rows = _GIVEN.all(response=response.pk)
    wrote = writers(response, content) if organisation.sign_off == SignOffRule.FOUR_EYES else set()
    held = [row for row in rows if row.sha256 == digest and row.by_id not in wrote]
    return Approval(
        organisation=organisation,
        given=held[0] if held else None,
        before=rows[0] if rows else None,
        wrote=wrote,
    )


def refuse_unsigned(response: Response, content: Content) -> SignOff | None:
    """The sign-off that holds, where there is one. Raises Unsigned where there must be one and is none."""
    approval = of(response, content)
    if approval.is_missing:
        raise Unsigned(approval.why_not)
    return approval.given


def writers(response: Response, content: Content) -> set[int]:
    """The ids of everybody who wrote any version of an answer, or gave a file, that the content holds."""
    codes = [question["code"] for section in content["sections"] for question in section["questions"]]
    answers = Answer.objects.filter(response=response, question__code__in=codes)
    versions = AnswerVersion.objects.of_the_line().filter(answer__in=answers)
    files = Attachment.objects.filter(response=response, code__in=snapshot.file_codes(content))
    found = {
        *answers.values_list("edited_by", flat=True),
        *versions.values_list("by", flat=True).distinct().order_by(),
        *files.values_list("uploaded_by", flat=True),
    }
    return {pk for pk in found if pk is not None}


def named(people: list[User]) -> str:
    """ "A", "A or B", "A, B or C" """
    names = [str(person) for person in people]
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else ""
