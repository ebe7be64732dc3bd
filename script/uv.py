"""pip's settings in uv's words: a mirror or a proxy that was set for pip serves uv too. Standard library only."""

import ast
from collections.abc import Iterator

# pip joins several values with spaces; where uv wants another character between them, it is here.
NAMES = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "no-index": ("UV_OFFLINE", " "),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "default-timeout": ("UV_HTTP_TIMEOUT", " "),
    "timeout": ("UV_HTTP_TIMEOUT", " "),
    "proxy": ("ALL_PROXY", " "),
    "cert": ("SSL_CERT_FILE", " "),
    "client-cert": ("SSL_CLIENT_CERT", " "),
}
SECTIONS = ("global", "install", ":env:")  # as pip reads them: the later wins


def settings(config_list: str) -> dict[str, str]:
    """The environment for uv that says what `pip config list` printed."""
    found = {option: value for _, option, value in sorted(_options(config_list))}
    given = {NAMES[option]: value for option, value in found.items() if option in NAMES}
    return {
        **{name: between.join(value.split()) for (name, between), value in given.items()},
        # As pip does: the version we want from whichever index has it. We know its hash.
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


def _options(config_list: str) -> Iterator[tuple[int, str, str]]:
    for line in config_list.splitlines():
        name, _, value = line.partition("=")
        section, _, option = name.rpartition(".")
        if section in SECTIONS:
            yield SECTIONS.index(section), option, str(ast.literal_eval(value))
