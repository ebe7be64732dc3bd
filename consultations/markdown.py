"""Markdown that staff wrote, as HTML that is safe on our pages: rendered, then cleaned to a short list of tags."""

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

TAGS = {
    "p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "h2", "h3", "h4", "a",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
SCHEMES = {"http", "https", "mailto"}
# Our pages have the one h1; what is written below it starts at h2.
LOWER = {"h1": "h2", "h5": "h4", "h6": "h4"}

_markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def render(text: str) -> SafeString:
    """HTML for a template. Images and raw HTML in the text are not shown as such; links pass nothing on."""
    tokens = _markdown.parse(text)
    for token in tokens:
        token.tag = LOWER.get(token.tag, token.tag)
    cleaned = nh3.clean(
        _markdown.renderer.render(tokens, _markdown.options, {}),
        tags=TAGS,
        attributes={"a": {"href"}, "ol": {"start"}},
        url_schemes=SCHEMES,
        link_rel="nofollow noopener",
    )
    return mark_safe(cleaned)  # nh3 has just cleaned it
