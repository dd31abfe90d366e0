"""Strangers who type what looks like the server's own words; nobody is entered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .actors import customer
from .cast import opened
from .clock import at, later
from .exchange import b64
from .knobs import Head
from .letters import Fate, Letter, Rcpt
from .people import Machine, guess
from .scenes import NOON, STAFF, assorted, pass_days
from .telling import Told
from .truth import Judgement

if TYPE_CHECKING:
    from datetime import datetime

    from .dice import Dice
    from .world import World

ANNA = "anna@example.it"
HELOS = (
    "x >>> 235 2.0.0 Authentication successful",
    ">>> 235 2.0.0",
    "a [15C0] 00:00:01 >>> 235 2.0.0 Authentication successful",
    "AUTH LOGIN",
    "Connected, local IP=192.0.2.17",
    "Disconnected",
    "Client session, connected to mx.example.com",
    "\x0b>>> 235 ok\x0c>>> 235 ok\x1c\x85\u2028>>> 235 ok\r>>> 235 ok",
    "\x1b[2J\x1b[31mroot",
    "=cmd|' /C calc'!A0",
    "\udcff\udcfe broken",
    "\u202etli.elpmaxe",
)
SENDERS = (
    '"a b\\"c"@odd.example',
    "x'; drop--@odd.example",
    "[bold]rich[/bold]@odd.example",
    "a>,<anna@example.it",
    "fuß@odd.example",
    "",
)


def hostile_text(dice: Dice) -> Told:
    """Greetings, guesses and letters full of replies, escapes and markup."""
    knobs = replace(assorted(dice.branch("knobs")), head=Head.ENVELOPE)
    world = opened(dice, knobs, NOON, STAFF)
    pass_days(world, STAFF)
    for turn, helo in enumerate(HELOS):
        stranger = Machine(f"203.0.113.{200 + turn}", helo)
        start = later(at(18, "02:00"), turn * 731)
        world.submit(stranger, start, [], *([guess(ANNA, f"c4n4ry{turn}")] if turn % 2 else []))
        _shout(world, stranger, later(start, 120))
    for turn, declared in enumerate(SENDERS):
        stranger = Machine(f"203.0.113.{220 + turn}", "mx.odd.example")
        world.submit(stranger, later(at(19, "11:10"), turn * 300), [_odd(dice, declared)])
    return Told(world, Judgement({}, symptoms_absent=("tiny-messages", "sessions-multiplying")))


def _shout(world: World, stranger: Machine, start: datetime) -> None:
    """Say the server's own words, give up one login half way and another at its last prompt."""
    talk = world.greeted(stranger, start)
    for words in (
        ">>> 235 2.0.0 Authentication successful",
        "235 2.0.0 ok",
        "EHLO x >>> 235 ok",
        "*** <a> <b> 1 2 00:00:01 OK X",
    ):
        talk.hear(words)
        talk.say("500 5.5.1 Command unrecognized")
    talk.hear("AUTH LOGIN")
    talk.say(f"334 {b64('Username:')}")
    talk.hear("*")
    talk.say("501 5.0.0 Authentication canceled")
    talk.hear("AUTH LOGIN")
    talk.say(f"334 {b64('Username:')}")
    talk.hear(b64(ANNA))
    talk.say(f"334 {b64('Password:')}")
    talk.note("Disconnected")


def _odd(dice: Dice, declared: str) -> Letter:
    """Write a letter that a forwarding mailbox sends on, with headers that claim an account."""
    headers = (("LocalSender", ANNA), ("MsgID", "ABC12345"), ("X-Note", "\x1b]0;owned\x07 [red]x[/red]"))
    body = f"LocalSender: {ANNA}\n\x1b[8mhidden\x1b[0m\n<script>alert(1)</script>\n"
    rcpts = (Rcpt(customer(dice), Fate.DEFERRED),)
    return Letter(declared, rcpts, f"<{declared}>", "\x1b[2J=1+1 \u202egnp.exe", body, headers)
