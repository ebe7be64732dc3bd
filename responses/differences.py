"""Two texts of one answer, word by word: what each has that the other has not."""

import re

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

# How many words may differ before the rest is marked as different without looking closer: the work grows with its
# square, and whoever writes the texts must not be able to keep a process busy. (difflib took 84 s for 1,000 words.)
MOST_CHANGES = 400


def marked(one: str, other: str) -> tuple[SafeString, SafeString]:
    """Both texts as HTML, escaped, with <ins> around what only that one has."""
    first, second = pieces(one), pieces(other)
    kept = common([piece.strip() for piece in first], [piece.strip() for piece in second])
    return _html(first, {i for i, _ in kept}), _html(second, {j for _, j in kept})


def pieces(text: str) -> list[str]:
    """Each word with the space after it."""
    return re.findall(r"\S+\s*|\s+", text)


def common(a: list[str], b: list[str]) -> list[tuple[int, int]]:
    """Pairs of positions at which both have the same word, in order, and as many as there are."""
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    end = 0
    while end < min(len(a), len(b)) - start and a[-1 - end] == b[-1 - end]:
        end += 1
    middle = _path(a[start : len(a) - end], b[start : len(b) - end])
    return [
        *((i, i) for i in range(start)),
        *((start + i, start + j) for i, j in middle),
        *((len(a) - i, len(b) - i) for i in range(end, 0, -1)),
    ]


def _path(a: list[str], b: list[str]) -> list[tuple[int, int]]:
    """The same for texts that begin and end differently: Myers' algorithm; nothing beyond MOST_CHANGES."""
    reached = {1: 0}  # diagonal → how far along `a` so many changes get
    steps: list[dict[int, int]] = []
    for changes in range(MOST_CHANGES + 1):
        steps.append(dict(reached))
        for diagonal in range(-changes, changes + 1, 2):
            x = _next(reached, diagonal, changes)
            while x < len(a) and x - diagonal < len(b) and a[x] == b[x - diagonal]:
                x += 1
            reached[diagonal] = x
            if x >= len(a) and x - diagonal >= len(b):
                return _back(steps, len(a), len(b))
    return []


def _next(reached: dict[int, int], diagonal: int, changes: int) -> int:
    """Where the next change on this diagonal starts: one word more of `b`, or one more of `a`."""
    down = diagonal == -changes or (diagonal != changes and reached[diagonal - 1] < reached[diagonal + 1])
    return reached[diagonal + 1] if down else reached[diagonal - 1] + 1


def _back(steps: list[dict[int, int]], x: int, y: int) -> list[tuple[int, int]]:
    pairs = []
    for changes in range(len(steps) - 1, -1, -1):
        reached, diagonal = steps[changes], x - y
        start = _next(reached, diagonal, changes) if changes else 0
        while x > start and x > 0 and y > 0:
            x, y = x - 1, y - 1
            pairs.append((x, y))
        if changes:
            came_down = start == reached.get(diagonal + 1, -1)
            x, y = (x, y - 1) if came_down else (x - 1, y)
    return pairs[::-1]


def _html(pieces: list[str], kept: set[int]) -> SafeString:
    html, is_open = [], False
    for position, piece in enumerate(pieces):
        if (position not in kept) != is_open:
            html.append("</ins>" if is_open else "<ins>")
            is_open = not is_open
        html.append(escape(piece))
    return mark_safe("".join([*html, "</ins>" if is_open else ""]))  # every piece is escaped
