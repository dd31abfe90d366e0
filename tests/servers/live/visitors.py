"""Those who come to a mail server's doors: SMTP, IMAP and POP3, from any address of 127.0.0.0/8."""

from __future__ import annotations

import base64
import smtplib
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from email.message import EmailMessage


def connect(ip: str, port: int = 587, helo: str = "pc") -> smtplib.SMTP:
    """Greet the server from an address."""
    client = smtplib.SMTP(local_hostname=helo, source_address=(ip, 0), timeout=30)
    client.connect("127.0.0.1", port)
    client.ehlo()
    return client


def log_in(client: smtplib.SMTP, name: str, secret: str, *, plain: bool = True) -> bool:
    """Try a secret, by AUTH PLAIN or AUTH LOGIN; True: it was right."""
    if plain:
        return client.docmd("AUTH", "PLAIN " + _b64(f"\0{name}\0{secret}"))[0] == 235
    client.docmd("AUTH", "LOGIN " + _b64(name))
    return client.docmd(_b64(secret))[0] == 235


def hand_in(client: smtplib.SMTP, sender: str, recipients: Sequence[str], message: EmailMessage) -> str | None:
    """Hand in a message and return its queue id; None: no recipient or not the message was taken."""
    client.docmd("MAIL", f"FROM:<{sender}>")
    good = [one for one in recipients if client.docmd("RCPT", f"TO:<{one}>")[0] == 250]
    if not good:
        client.rset()
        return None
    code, answer = client.data(message.as_bytes())
    # `2.0.0 Ok: queued as 4abc` (Postfix), `OK id=1rX-…` (Exim)
    return answer.decode().split("queued as ")[-1].split("id=")[-1].split()[0] if code == 250 else None


def open_box(door: str, ip: str, name: str, secret: str) -> bool:
    """Log in at `imap` or `pop3` and out again; True: the secret was right."""
    port = 143 if door == "imap" else 110
    with socket.create_connection(("127.0.0.1", port), 30, (ip, 0)) as line, line.makefile("rwb") as stream:

        def ask(text: str) -> bytes:
            stream.write(text.encode() + b"\r\n")
            stream.flush()
            answer = stream.readline()
            while answer.startswith(b"* "):
                answer = stream.readline()
            return answer

        stream.readline()
        if door == "imap":
            is_in = b" OK" in ask(f'a LOGIN "{name}" "{secret}"')
            ask("b LOGOUT")
        else:
            ask(f"USER {name}")
            is_in = ask(f"PASS {secret}").startswith(b"+OK")
            ask("QUIT")
    return is_in


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
