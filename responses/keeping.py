"""Every saved state of an answer is kept, with who and when; so is a text that came too late to be saved.

Autosaves do not make a version each: the same person's next save replaces an autosave that is still open, which it is
for OPEN_FOR and until somebody saves on purpose. A save that takes out more than MOST_DROPPED of its words opens a new
version whatever the clock says, so that a slip of the hand loses nothing.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from accounts.models import User
from responses.models import Answer, AnswerVersion, How

OPEN_FOR = timedelta(minutes=10)
MOST_DROPPED = 10
# What may replace an open autosave: it goes on, or it is saved on purpose.
REPLACING = (How.AUTOSAVED, How.TYPED)
# What a save does: changes the answer; leaves it and closes the autosave that it was; nothing.
CHANGE, CLOSE, NOTHING = "change", "close", "nothing"


@dataclass(frozen=True, kw_only=True)
class Written:
    """What somebody wrote in an answer, as it can be stored."""

    answer: Answer
    how: str
    based_on: int
    text: str
    selected: list[str]
    number: Decimal | None
    does: str = CHANGE

    @property
    def is_empty(self) -> bool:
        return not self.text.strip() and not self.selected and self.number is None


def newest(answers: Iterable[Answer]) -> dict[int, AnswerVersion]:
    """Answer id → its newest version, for those that have one: one query."""
    rows = AnswerVersion.objects.filter(answer__in=[answer.pk for answer in answers])
    return {row.answer_id: row for row in rows.order_by("answer", "-ordinal").distinct("answer")}


def standing(answer: Answer, version: int) -> AnswerVersion | None:
    """What the answer said at that version of it; where an autosave has replaced that, what it said before."""
    rows = AnswerVersion.objects.filter(answer=answer).of_the_line()
    return rows.filter(version__lte=version).order_by("-version").first()


def as_it_stood(answer: Answer) -> AnswerVersion:
    """The first version of an answer that has none yet, though it says something. Not saved."""
    return AnswerVersion(
        ordinal=1, version=answer.version, how=How.TYPED, text=answer.text, selected=list(answer.selected),
        number=answer.number, by=answer.edited_by, began_at=answer.edited_at, at=answer.edited_at, answer=answer,
    )  # fmt: skip


def keep(
    written: Sequence[Written], aside: Sequence[Written], last: dict[int, AnswerVersion], *, by: User | None,
    now: datetime,
) -> None:  # fmt: skip
    """Write the versions of answers that were saved, and of texts that were too late; `last` holds what was newest.

    Two statements at most. The caller holds the response's lock.
    """
    made: list[AnswerVersion] = [row for row in last.values() if row.pk is None]
    replaced: list[AnswerVersion] = []
    for item in written:
        before = last.get(item.answer.pk)
        if before is not None and _continues(before, item, by=by, now=now):
            before.version, before.how, before.at = item.answer.version, item.how, now
            before.text, before.selected, before.number = item.text, item.selected, item.number
            replaced.append(before)
        else:
            made.append(_version(item, before, version=item.answer.version, by=by, now=now))
            last[item.answer.pk] = made[-1]
    for item in aside:
        if not item.is_empty and not _is_kept(item, by):
            made.append(_version(item, last.get(item.answer.pk), version=None, by=by, now=now))
            last[item.answer.pk] = made[-1]
    if replaced:
        AnswerVersion.objects.bulk_update(replaced, ["version", "how", "at", "text", "selected", "number"])
    if made:
        AnswerVersion.objects.bulk_create(made)


def _version(
    item: Written, before: AnswerVersion | None, *, version: int | None, by: User | None, now: datetime
) -> AnswerVersion:
    return AnswerVersion(
        answer=item.answer, ordinal=before.ordinal + 1 if before else 1, version=version, based_on=item.based_on,
        how=item.how if version else How.SET_ASIDE, text=item.text, selected=item.selected, number=item.number, by=by,
        began_at=now, at=now,
    )  # fmt: skip


def _continues(before: AnswerVersion, item: Written, *, by: User | None, now: datetime) -> bool:
    """The save goes on with an open autosave. The trigger in migration 0100 holds the same but for the words."""
    return (
        before.pk is not None
        and before.how == How.AUTOSAVED
        and item.how in REPLACING
        and by is not None
        and before.by_id == by.pk
        and before.began_at <= now < before.began_at + OPEN_FOR
        and not _drops_much(before.text, item.text)
    )


def closes(before: AnswerVersion | None, item: Written, *, by: User | None, now: datetime) -> bool:
    """What stands is an open autosave of the same person's, who now saves it on purpose."""
    return before is not None and item.how == How.TYPED and _continues(before, item, by=by, now=now)


def _drops_much(before: str, after: str) -> bool:
    return (Counter(before.split()) - Counter(after.split())).total() > MOST_DROPPED


def _is_kept(item: Written, by: User | None) -> bool:
    """This person's text is there already: a program that tries again adds nothing."""
    return AnswerVersion.objects.filter(
        answer=item.answer, by=by, text=item.text, selected=item.selected, number=item.number
    ).exists()
