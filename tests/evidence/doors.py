"""The other doors of the server: IMAP and POP3, whose failures and successes have logs of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from .people import Login, Machine
    from .tape import Talk
    from .world import World


def imap(world: World, machine: Machine, start: datetime, logins: Sequence[Login]) -> None:
    """Hold one IMAP session in which each login is tried until one is admitted."""
    talk = world.talk(machine.ip, start, "imap")
    talk.note("Connected")
    talk.say(f"* OK {world.host} IceWarp IMAP4rev1 ready")
    for tag, login in enumerate(logins, start=1):
        if _imap_login(world, talk, machine, tag, login):
            break
    talk.hear("99 LOGOUT")
    talk.say("* BYE IMAP4rev1 server logging out")
    talk.say("99 OK LOGOUT completed")
    talk.note("Disconnected")


def _imap_login(world: World, talk: Talk, machine: Machine, tag: int, login: Login) -> bool:
    ok = world.admits(login)
    talk.hear(f"{tag} LOGIN {login.typed} {login.secret}")
    talk.wait(0.1, 1.0)
    talk.say(f"{tag} OK LOGIN completed" if ok else f"{tag} NO LOGIN failed")
    world.enter(talk, machine, login)
    return ok


def pop3(world: World, machine: Machine, start: datetime, login: Login) -> None:
    """Hold one POP3 session with one login."""
    talk = world.talk(machine.ip, start, "pop3")
    talk.note("Connected")
    talk.say(f"+OK {world.host} POP3 ready")
    talk.hear(f"USER {login.typed}")
    talk.say("+OK")
    talk.hear(f"PASS {login.secret}")
    talk.say("+OK maildrop has 0 messages" if world.admits(login) else "-ERR [AUTH] Authentication failed")
    world.enter(talk, machine, login)
    talk.hear("QUIT")
    talk.say("+OK bye")
    talk.note("Disconnected")
