"""Two people changed one text: their changes put together, word by word, where they do not touch the same words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from responses.differences import common


@dataclass(frozen=True, kw_only=True)
class Merged:
    """`text` holds both people's changes. Where they collide it holds both wordings, mine first, and is not clean."""

    text: str
    is_clean: bool


def merge(base: str, mine: str, theirs: str) -> Merged:
    """Merge by words: what only one of the two changed is taken over, what both changed alike once.

    Changes collide when no word that all three share stands between them.
    """
    start, one, other = _tokens(base), _tokens(mine), _tokens(theirs)
    in_mine, in_theirs = dict(common(start, one)), dict(common(start, other))
    words = [at for at in sorted(in_mine.keys() & in_theirs.keys()) if not start[at].isspace()]
    shared = [(at, in_mine[at], in_theirs[at]) for at in words]
    made: list[str] = []
    is_clean, i, j, k = True, 0, 0, 0
    for at, of_mine, of_theirs in [*shared, (len(start), len(one), len(other))]:
        between, collide = _between(start[i:at], one[j:of_mine], other[k:of_theirs])
        made += [*between, *start[at : at + 1]]
        is_clean = is_clean and not collide
        i, j, k = at + 1, of_mine + 1, of_theirs + 1
    return Merged(text="".join(made), is_clean=is_clean)


def _tokens(text: str) -> list[str]:
    """Words and the spaces between them, each for itself: a new paragraph is no change of a word."""
    return re.findall(r"\S+|\s+", text)


def _between(base: list[str], mine: list[str], theirs: list[str]) -> tuple[list[str], bool]:
    """What stands between two shared words, and whether the two wordings collide there."""
    if mine in (base, theirs):
        return theirs, False
    if theirs == base:
        return mine, False
    gap = [" "] if mine and theirs and not mine[-1].isspace() and not theirs[0].isspace() else []
    return [*mine, *gap, *theirs], True


def merge_choice(base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]) -> tuple[list[str], bool]:
    """The same for what was ticked, as a whole: theirs where both changed it differently, and not clean."""
    if list(mine) in (list(base), list(theirs)):
        return list(theirs), True
    return (list(mine), True) if list(theirs) == list(base) else (list(theirs), False)
