"""A small HTTP load generator: kept connections, one request after the other on each, every latency kept.

Standard library only, and light, since it shares its machine with what it measures.
"""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass
class Answer:
    """What one request was told, and when it was sent and answered, in seconds since 1970 by this machine's clock."""

    request: bytes
    status: int  # 0: the server went away
    body: bytes
    sent: float
    answered: float


@dataclass
class Load:
    """What a run gave: seconds in all, each request's latency in seconds, how often each status came."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    answers: list[Answer] = field(default_factory=list)  # where asked for

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, percent: int) -> float:
        """In seconds."""
        return statistics.quantiles(self.latencies, n=100, method="inclusive")[percent - 1]


def request(method: str, path: str, *, headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
    """One HTTP/1.1 request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body or method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def run(port: int, requests: Iterable[bytes], *, connections: int = 8, keep: bool = False) -> Load:
    """Send all the requests over so many kept connections to 127.0.0.1 and wait for each answer."""
    return asyncio.run(_run(port, iter(requests), connections, keep))


async def _run(port: int, requests: Iterator[bytes], connections: int, keep: bool) -> Load:
    load = Load()
    began = time.perf_counter()
    await asyncio.gather(*(_one_connection(port, requests, load, keep) for _ in range(connections)))
    load.seconds = time.perf_counter() - began
    return load


async def _one_connection(port: int, requests: Iterator[bytes], load: Load, keep: bool) -> None:
    reader = writer = None
    for message in requests:
        sent, began = time.time(), time.perf_counter()
        if writer is None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(message)
        try:
            status, closes, body = await _answer(reader)
        except (asyncio.IncompleteReadError, ConnectionError):  # the server went away in mid-request
            status, closes, body = 0, True, b""
        load.latencies.append(time.perf_counter() - began)
        load.statuses[status] += 1
        if keep:
            load.answers.append(Answer(message, status, body, sent, time.time()))
        if closes:
            writer.close()
            writer = None
    if writer is not None:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size + 2)
        await reader.readline()
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return int(head[0].split()[1]), headers.get("connection", "").lower() == "close", body
