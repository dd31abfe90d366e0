"""What a client and the server say to one another in an AUTH exchange (RFC 4954, 4616, 2195)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

from .knobs import Auth

if TYPE_CHECKING:
    from .people import Login
    from .tape import Talk

MASK = "***"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def exchange(talk: Talk, login: Login, challenge: str, *, masked: bool) -> None:
    """Let the client send its user name and its secret; the server's verdict comes afterwards."""
    match login.mechanism:
        case Auth.LOGIN:
            talk.hear("AUTH LOGIN")
            talk.say(f"334 {b64('Username:')}")
            talk.hear(b64(login.typed))
            _secret_prompt(talk, login.secret, masked=masked)
        case Auth.LOGIN_INITIAL:
            talk.hear(f"AUTH LOGIN {b64(login.typed)}")
            _secret_prompt(talk, login.secret, masked=masked)
        case Auth.PLAIN:
            talk.hear(f"AUTH PLAIN {_plain(login, masked=masked)}")
        case Auth.PLAIN_TWO_STEP:
            talk.hear("AUTH PLAIN")
            talk.say("334")
            talk.hear(_plain(login, masked=masked))
        case Auth.XOAUTH2:
            talk.hear(f"AUTH XOAUTH2 {_bearer(login)}")
        case Auth.CRAM_MD5:
            talk.hear("AUTH CRAM-MD5")
            talk.say(f"334 {b64(challenge)}")
            talk.hear(b64(f"{login.typed} {_digest(login.secret, challenge)}"))


def _secret_prompt(talk: Talk, secret: str, *, masked: bool) -> None:
    talk.say(f"334 {b64('Password:')}")
    talk.hear(MASK if masked else b64(secret))


def _plain(login: Login, *, masked: bool) -> str:
    return MASK if masked else b64(f"\0{login.typed}\0{login.secret}")


def _bearer(login: Login) -> str:
    return b64(f"user={login.typed}\x01auth=Bearer {login.secret}\x01\x01")


def _digest(secret: str, challenge: str) -> str:
    return hmac.new(secret.encode(), challenge.encode(), hashlib.md5).hexdigest()
