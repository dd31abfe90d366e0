"""Sessions of one course, performed together: what their plan says is done a column at a time.

A guesser's 100,000 sessions have some ten courses. The user names, secrets and places of all that share one are
taken in one go; only who then sends a message is led through its steps by himself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from breachkit.attempts import Alike, Places
from breachkit.servers.icewarp.dialogue import Dialogue
from breachkit.servers.icewarp.machine import canonical
from breachkit.servers.icewarp.plans import Answered, Summed, Tried
from breachkit.servers.icewarp.segments import keys_of
from breachkit.text.sasl import read_exchange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breachkit.servers import Reading
    from breachkit.servers.facts import LogFacts, Question
    from breachkit.servers.icewarp.blocks import Column
    from breachkit.servers.icewarp.lines import Place
    from breachkit.servers.icewarp.plans import Plan
    from breachkit.servers.icewarp.segments import Woven
    from breachkit.text.sasl import Credentials

_MICROS = 1_000_000


class Chorus:
    """The lines of sessions of one course; line 0 of each is the one that it begins with."""

    def __init__(self, woven: Woven, segments: Column, labels: Sequence[str]) -> None:
        self._lines, self._order = woven.lines, woven.order
        self._begin, self._end = woven.begin[segments], woven.end[segments]
        self._labels = labels
        self._places: dict[int, Places] = {}
        self.client_ips = [canonical(peer) for peer, _ in keys_of(self._lines, self._rows(0))]

    def _rows(self, line: int) -> Column:
        rows: Column = self._order[self._begin + line]
        return rows

    def read(self, line: int, marker: int = 4) -> list[bytes]:
        """Return what stands behind the marker of one line of each."""
        rows, text = self._rows(line), self._lines.text
        bounds = (self._lines.begin[rows] + marker).tolist(), self._lines.stop[rows].tolist()
        return [text[begin:stop] for begin, stop in zip(*bounds, strict=True)]

    def ts(self, line: int) -> list[float]:
        """Return the moment of one line of each."""
        moments: list[float] = self._lines.ts[self._rows(line)].tolist()
        return moments

    def ends(self) -> list[float]:
        """Return the moment of the last line of each."""
        moments: list[float] = self._lines.ts[self._order[self._end - 1]].tolist()
        return moments

    def micros(self, line: int) -> list[int]:
        """Return the same in microseconds."""
        moments: list[int] = (self._lines.ts[self._rows(line)] * _MICROS).round().astype("int64").tolist()
        return moments

    def places(self, line: int) -> Places:
        """Tell where one line of each stands."""
        found = self._places.get(line)
        if found is None:
            rows = self._rows(line)
            logs = [self._labels[log] for log in self._lines.log[rows].tolist()]
            found = Places(logs, self._lines.offset[rows].tolist(), self._lines.number[rows].tolist())
            self._places[line] = found
        return found


def perform(chorus: Chorus, plan: Plan, facts: LogFacts, asked: tuple[Reading, Question]) -> None:
    """Add to the facts what sessions of one course say."""
    reading, question = asked
    users = [_keep_tries(chorus, tried, facts, asked) for tried in plan.tries]
    if len(plan.tries) == len(plan.steps):
        return
    script = Script(chorus, plan)
    auths = [chorus.places(tried.auth) for tried in plan.tries]
    ends, reader = chorus.ends(), (reading.zone, reading.fingerprints)
    for session, client_ip in enumerate(chorus.client_ips):
        dialogue = Performance(client_ip, "", ends[session], chorus.places(0).of(session), reader)
        dialogue.perform(plan, script, session)
        dialogue.close()
        for sent in dialogue.transactions:
            if sent.attempt is not None:
                tried = sent.attempt
                facts.sends.append((client_ip, users[tried][session], auths[tried].of(session), sent))
            elif sent.queue_id is not None and sent.queue_id in question.queue_ids:
                facts.sends.append((client_ip, None, None, sent))


def _keep_tries(chorus: Chorus, tried: Tried, facts: LogFacts, asked: tuple[Reading, Question]) -> list[str | None]:
    """Keep the tries that one step of a plan is, and return their user names."""
    reading, question = asked
    arguments = [text[5:] for text in chorus.read(tried.auth)]
    responses = [chorus.read(line) for line in tried.responses]
    exchanges = [
        read_exchange(argument, given)
        for argument, given in zip(
            arguments, zip(*responses, strict=True) if responses else [()] * len(arguments), strict=True
        )
    ]
    users = [given.user for _, given in exchanges]
    facts.attempts.add_alike(
        Alike(
            ts=chorus.micros(tried.dated),
            client_ips=chorus.client_ips,
            users=users,
            mechanisms=[mechanism for mechanism, _ in exchanges],
            outcome=tried.outcome,
            secrets=[reading.fingerprints.of_password(given.password) for _, given in exchanges],
            distances=_distances([given for _, given in exchanges], tried, question),
            places=chorus.places(tried.auth),
            begins=chorus.places(0),
        ),
    )
    return users


def _distances(given: Sequence[Credentials], tried: Tried, question: Question) -> list[int]:
    distance_of = question.distance_of
    if distance_of is None or tried.outcome != "success":
        return [0] * len(given)
    return [0 if user is None or password is None else distance_of(user, password.reveal()) for user, password in given]


class Script:
    """The lines that the steps of a plan look at, for each session of a chorus."""

    def __init__(self, chorus: Chorus, plan: Plan) -> None:
        answered = [step for step in plan.steps if isinstance(step, Answered)]
        summed = [step.line for step in plan.steps if isinstance(step, Summed)]
        self._texts = {line: chorus.read(line) for step in answered for line in (step.command, step.reply)}
        self._texts |= {line: chorus.read(line, marker=0) for line in summed}
        self._ts = {step.dated: chorus.ts(step.dated) for step in answered}
        self._places = {line: chorus.places(line) for line in (*(step.command for step in answered), *summed)}

    def read(self, line: int, session: int) -> bytes:
        """Return a line, without its marker where it has one."""
        return self._texts[line][session]

    def ts(self, line: int, session: int) -> float:
        """Return the moment of a line."""
        return self._ts[line][session]

    def place(self, line: int, session: int) -> Place:
        """Tell where a line stands."""
        places = self._places[line]
        return places.paths[session], places.offsets[session], places.lines[session]


class Performance(Dialogue):
    """A dialogue that is led through the steps of a plan instead of through its lines; its tries are kept already."""

    __slots__ = ()

    def perform(self, plan: Plan, script: Script, session: int) -> None:
        """Take the steps of a plan with the lines of one session."""
        self.kind = "server"
        self.has_dialogue = True
        tries = 0
        for step in plan.steps:
            if isinstance(step, Tried):
                self._last_success = tries if step.outcome == "success" else self._last_success
                tries += 1
            elif isinstance(step, Answered):
                reply = script.read(step.reply, session)
                if step.reply != step.dated:
                    reply = reply[:3] + b" " + reply[4:]
                command, place = script.read(step.command, session), script.place(step.command, session)
                self._answer(script.ts(step.dated, session), step.verb, command, reply, place)
            else:
                self._take_summary(self.start, script.read(step.line, session), script.place(step.line, session))
