"""Client sessions: the server carries what it accepted to the servers of the internet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .clock import later, seconds_between
from .ledger import Queued
from .letters import Fate
from .queuefiles import message_size

if TYPE_CHECKING:
    from datetime import datetime

    from .ledger import Accepted
    from .letters import Rcpt
    from .tape import Talk
    from .world import World

RETRIES = (3_600, 10_800, 21_600, 43_200, 86_400, 86_400)
IMMEDIATE = 6 * 3_600
"""After six hours a plain no is believed and the message leaves the queue."""


def deliver(world: World, accepted: Accepted, lag: float) -> None:
    """Try at once and then at growing intervals; what is left at the end is the queue."""
    left = tuple(_left_at_the_end(world, accepted, lag))
    if left:
        world.ledger.queued.append(Queued(accepted, left, later(accepted.ts, lag) <= world.now))


def _left_at_the_end(world: World, accepted: Accepted, lag: float) -> list[str]:
    left = [rcpt for rcpt in accepted.letter.rcpts if rcpt.fate is not Fate.LOCAL]
    moment = later(accepted.ts, lag)
    for turn, pause in enumerate(RETRIES):
        if moment > world.now or not left:
            break
        left = [rcpt for rcpt in left if not _try(world, accepted, rcpt, moment, turn)]
        if seconds_between(accepted.ts, moment) >= IMMEDIATE:
            left = [rcpt for rcpt in left if rcpt.fate is not Fate.UNKNOWN]
        moment = later(moment, pause + world.dice.between(0, 240))
    return [rcpt.address for rcpt in left]


def _try(world: World, accepted: Accepted, rcpt: Rcpt, start: datetime, turn: int) -> bool:
    """Hold one client session and say whether the recipient is served."""
    if rcpt.fate is Fate.NO_MX:
        _nowhere(world, accepted, rcpt, start)
        return False
    refused = rcpt.fate is Fate.UNKNOWN or (rcpt.fate is Fate.DEFERRED and turn == 0)
    talk = _connected(world, accepted, rcpt, start)
    if refused:
        _say_no(talk, rcpt)
    else:
        _hand_over(world, talk, accepted)
    talk.say("QUIT")
    talk.note("Disconnected")
    return not refused


def _nowhere(world: World, accepted: Accepted, rcpt: Rcpt, start: datetime) -> None:
    """End for want of a server to talk to, as in the vendor's guide."""
    domain = rcpt.address.partition("@")[2]
    talk = world.talk("SYSTEM", start)
    talk.note(f"Client session, from <{accepted.letter.mail_from}> to <{rcpt.address}>")
    talk.wait(0.3, 4)
    talk.note(f"Unable to connect to remote server: no MX record for {domain}")
    talk.note("Disconnected")


def _connected(world: World, accepted: Accepted, rcpt: Rcpt, start: datetime) -> Talk:
    domain = rcpt.address.partition("@")[2]
    peer = world.remote_ips.setdefault(domain, f"203.0.113.{len(world.remote_ips) % 90 + 10}")
    talk = world.talk(peer, start)
    talk.note(f"Client session, connected to mx.{domain}")
    talk.hear(f"220 mx.{domain} ESMTP")
    talk.say(f"EHLO {world.host}")
    talk.hear(f"250-mx.{domain} Hello {world.host}")
    talk.say(f"MAIL FROM:<{accepted.letter.mail_from}>")
    talk.hear("250 2.1.0 Ok")
    talk.say(f"RCPT TO:<{rcpt.address}>")
    return talk


def _say_no(talk: Talk, rcpt: Rcpt) -> None:
    if rcpt.fate is Fate.UNKNOWN:
        talk.hear(f"550 5.1.1 <{rcpt.address}>: Recipient address rejected: User unknown")
    else:
        talk.hear(f"451 4.7.1 <{rcpt.address}>: Greylisted, please try again later")


def _hand_over(world: World, talk: Talk, accepted: Accepted) -> None:
    talk.hear("250 2.1.5 Ok")
    talk.say("DATA")
    talk.hear("354 End data with <CR><LF>.<CR><LF>")
    speed = world.dice.between(9_000, 9_000_000)
    talk.say(f"{message_size(accepted, world.host)} bytes (overall data transfer speed={speed} B/s)")
    talk.hear(f"250 2.0.0 Ok: queued as {world.dice.text('0123456789ABCDEF', 10)}")
