"""Calling an address that a stranger gave, without reaching anything that only we can reach.

Every address of the host's is looked up and checked; one that is not public refuses them all. The connection then goes
to the very address that was checked, so that the name cannot come to mean another in between. Where the first address
does not take the connection, the others are tried in their order. Redirects are not followed, environment proxies are
not used, little of the answer is read, and all of it, from the first connection on, takes ten seconds at most.
"""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

SECONDS = 10
LEAST_WAIT = 1  # seconds for one of many addresses to take a connection
READ = 1_000
WELL_KNOWN_NAT64 = IPv6Network("64:ff9b::/96")
# Private, though not every Python 3.11 says so: the local NAT64 prefix, and the old site-local addresses.
ALSO_PRIVATE = (IPv6Network("64:ff9b:1::/48"), IPv6Network("fec0::/10"))
FIRST_HIGH_PORT = 1024


class CannotReach(Exception):  # noqa: N818 (said as a sentence)
    """The address cannot or may not be called; the sentence says why."""


@dataclass(frozen=True)
class Answer:
    status: int
    text: str


def checked(url: str) -> tuple[SplitResult, list[str]]:
    """The address in parts and the public IP addresses behind it. Raises CannotReach."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise CannotReach("This is not a web address.") from error
    if parts.scheme not in ("https", "http") or (parts.scheme == "http" and not _loopback_allowed()):
        raise CannotReach("The address must begin with https://.")
    if not url.isascii():
        raise CannotReach("Write the address with ASCII characters alone: others as %-codes, the host as xn--…")
    if not parts.hostname or parts.username or parts.password:
        raise CannotReach("Give an address with a host name, and without a user name or password in it.")
    if port is not None and port != http.client.HTTPS_PORT and port < FIRST_HIGH_PORT:
        raise CannotReach("The port must be 443, or 1024 or higher.")
    found = _addresses(parts.hostname, _port(parts))
    if not all(may_be_called(address) for address in found):
        raise CannotReach("This address leads into a private network, which is not called.")
    return parts, found


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise CannotReach("There is no such host.") from error
    addresses = list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))
    if not addresses:
        raise CannotReach("There is no such host.")
    return addresses


def may_be_called(address: str) -> bool:
    """Public, however it is written: an IPv4 address inside an IPv6 one counts as itself."""
    ip = _inner(ip_address(address))
    if ip.is_loopback:
        return _loopback_allowed()
    if any(ip in network for network in ALSO_PRIVATE):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_link_local or ip.is_unspecified)


def _inner(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(ip, IPv4Address):
        return ip
    if ip.ipv4_mapped or ip.sixtofour:
        return ip.ipv4_mapped or ip.sixtofour or ip
    if ip.teredo:
        return ip.teredo[1]
    if ip in WELL_KNOWN_NAT64 or int(ip) >> 32 == 0:  # NAT64, and the old "IPv4-compatible" form
        return ip if int(ip) <= 1 else IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


def _loopback_allowed() -> bool:
    return bool(settings.WEBHOOKS_MAY_CALL_LOOPBACK)


def _port(parts: SplitResult) -> int:
    return parts.port or (http.client.HTTPS_PORT if parts.scheme == "https" else http.client.HTTP_PORT)


def post(url: str, *, body: bytes, headers: Mapping[str, str]) -> Answer:
    """POST once. Raises CannotReach where no answer came."""
    parts, addresses = checked(url)
    until = time.monotonic() + SECONDS
    try:
        with _line(parts, addresses, until) as line:
            left = max(until - time.monotonic(), 0.01)
            line.settimeout(left)
            watch = threading.Timer(left, _cut, [line])  # a server that answers a byte at a time is cut off as well
            watch.start()
            try:
                return _exchange(parts, line, body=body, headers=headers)
            finally:
                watch.cancel()
    except (OSError, http.client.HTTPException) as error:
        raise CannotReach(f"No answer: {type(error).__name__}: {error}") from error


def _line(parts: SplitResult, addresses: list[str], until: float) -> socket.socket:
    """A connection to one of these very addresses; that it is the host's is proved by the certificate, not yet asked
    for. Nothing has been said on it, so that no address can hear what another heard."""
    line = _connected(addresses, _port(parts), until)
    if parts.scheme != "https":
        return line
    secure = ssl.create_default_context()
    return secure.wrap_socket(line, server_hostname=parts.hostname, do_handshake_on_connect=False)


def _connected(addresses: list[str], port: int, until: float) -> socket.socket:
    """To the first that takes it; the time left is shared among those left. Raises the last's OSError."""
    refused: OSError = TimeoutError("timed out")
    for tried, address in enumerate(addresses):
        left = until - time.monotonic()
        if left <= 0:
            break
        wait = min(left, max(left / (len(addresses) - tried), LEAST_WAIT))
        try:
            return socket.create_connection((address, port), timeout=wait)
        except OSError as error:
            refused = error
    raise refused


def _cut(line: socket.socket) -> None:
    with suppress(OSError):
        socket.socket.shutdown(line, socket.SHUT_RDWR)


def _exchange(parts: SplitResult, line: socket.socket, *, body: bytes, headers: Mapping[str, str]) -> Answer:
    if isinstance(line, ssl.SSLSocket):
        line.do_handshake()
    host = parts.hostname or ""
    connection = http.client.HTTPConnection(host, _port(parts), timeout=SECONDS)
    connection.sock = line
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", path, body=body, headers={**headers, "Host": parts.netloc, "Connection": "close"})
        answer = connection.getresponse()
        return Answer(answer.status, answer.read(READ).decode(errors="replace"))
    finally:
        connection.close()
