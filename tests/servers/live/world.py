"""The world outside a mail server, on loopback: a name server, and mail servers that take, defer or refuse."""

from __future__ import annotations

import asyncio
import re
import struct
import threading
from collections import Counter
from contextlib import suppress
from typing import cast

TAKING, DEFERRING, REFUSING, BUSY, CLOSED = (f"127.9.9.{number}" for number in range(1, 6))
"""Where foreign mail servers stand: one takes all, two answer each RCPT with 451 or 550, one greets with 421, and at the
last nobody listens."""
_A, _PTR, _MX = 1, 12, 15
_NO_SUCH_NAME, _SERVER_FAILURE = 3, 2
_MESSAGE_ID = re.compile(rb"(?mi)^Message-ID:\s*<([^>]+)>")


class World:
    """All that a server meets on its way out.

    `taken` counts the messages that the server at TAKING said yes to, by Message-ID; `pause` is how many seconds it takes
    for each. Domains that are not named do not exist.
    """

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.pause = 0.0
        self.broken: set[str] = set()
        """Domains whose name server fails: a temporary error."""
        self._mail: dict[str, str] = {}
        self._hosts: dict[str, str] = {}

    def add_domain(self, domain: str, address: str) -> None:
        """Let a domain have its mail server at an address; said again, it moves there."""
        self._mail[domain] = address
        self._hosts[f"mx.{domain}"] = address

    def add_host(self, name: str, address: str) -> None:
        """Let an address have a name, both ways."""
        self._hosts[name] = address

    def start(self) -> None:
        """Serve until the process ends."""
        started = threading.Event()

        async def serve() -> None:
            loop = asyncio.get_running_loop()
            await loop.create_datagram_endpoint(lambda: _NameServer(self), ("127.0.0.1", 53))
            for address in (TAKING, DEFERRING, REFUSING, BUSY):

                async def talk(
                    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str = address
                ) -> None:
                    with suppress(OSError):
                        await self._talk(reader, writer, address)
                    writer.close()

                await asyncio.start_server(talk, address, 25, backlog=200)
            started.set()
            await asyncio.Event().wait()

        threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
        if not started.wait(10):
            raise TimeoutError("the world did not start")

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str) -> None:
        def say(text: str) -> None:
            writer.write(text.encode() + b"\r\n")

        if address == BUSY:
            say("421 4.7.0 Too many connections from your address, try again later")
            return
        say("220 mx.remote.example ESMTP")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"RCPT" and address == DEFERRING:
                say("451 4.7.1 Greylisted, please try again in 600 seconds")
            elif verb == b"RCPT" and address == REFUSING:
                say("550 5.1.1 The email account that you tried to reach does not exist")
            elif verb == b"DATA":
                say("354 go on")
                message = await reader.readuntil(b"\r\n.\r\n")
                await asyncio.sleep(self.pause)
                found = _MESSAGE_ID.search(message)
                self.taken[found[1].decode("ascii", "replace") if found else ""] += 1
                say("250 2.0.0 OK")
            elif verb == b"QUIT":
                say("221 2.0.0 bye")
                return
            else:
                say("250 2.0.0 OK")
            await writer.drain()

    def answer(self, query: bytes) -> bytes:
        """Answer one DNS query (RFC 1035)."""
        labels, place = [], 12
        while length := query[place]:
            labels.append(query[place + 1 : place + 1 + length].decode("ascii", "replace").lower())
            place += length + 1
        name, end = ".".join(labels), place + 1
        (kind,) = struct.unpack(">H", query[end : end + 2])
        code, row = 0, b""
        reverse = {".".join([*reversed(ip.split(".")), "in-addr.arpa"]): host for host, ip in self._hosts.items()}
        if name in self.broken:
            code = _SERVER_FAILURE
        elif name not in self._mail and name not in self._hosts and name not in reverse:
            code = _NO_SUCH_NAME
        elif kind == _MX and name in self._mail:
            row = struct.pack(">H", 10) + _spell(f"mx.{name}")
        elif kind == _A and name in self._hosts:
            row = bytes(int(part) for part in self._hosts[name].split("."))
        elif kind == _PTR and name in reverse:
            row = _spell(reverse[name])
        head = query[:2] + struct.pack(">HHHHH", 0x8580 | code, 1, bool(row), 0, 0)
        record = struct.pack(">HHHIH", 0xC00C, kind, 1, 60, len(row)) + row if row else b""
        return head + query[12 : end + 4] + record


class _NameServer(asyncio.DatagramProtocol):
    def __init__(self, world: World) -> None:
        self._world = world

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)  # it is none of its class before Python 3.12

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(self._world.answer(data), addr)


def _spell(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
