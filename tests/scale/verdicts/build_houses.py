"""Branches, brands, notices and infected machines: more against which a detector may be built."""

from __future__ import annotations

from . import text
from .base import DAY, HOUR, MINUTE, SECOND, Account, Fate, Letter, Rcpt, Spot
from .stage import CLEAR, UNSURE, Stage, story

AUTO = (("Auto-Submitted", "auto-generated"),)


def _reader(stage: Stage, strange: float, dead: float) -> Rcpt:
    """Give somebody to whom people write: a share of them is new to the house, a share is gone."""
    town, dice = stage.town, stage.dice
    if dice.happens(dead):
        return town.fresh(dice, dice.pick((Fate.DEAD, Fate.DEAD, Fate.NO_MX, Fate.REFUSED)))
    return town.fresh(dice, town.living(dice).fate) if dice.happens(strange) else town.living(dice)


def _days(stage: Stage) -> list[int]:
    """Give the workdays since something began: with the logs, or on one of their days."""
    days = stage.mornings()
    return days[stage.dice.between(0, len(days) - 1) :] if stage.dice.happens(0.5) else days


@story("branch-router")
def branch_router(stage: Stage) -> None:
    """A branch whose one box relays the mail of all its people through one account of the house."""
    town, dice = stage.town, stage.dice
    one = town.role("branch", "smarthost", "sede2", "aussenstelle")
    name = dice.pick(("SBS2011", "exchange.branch.local", "fritz.box", "KM{n}", "mailgate", "EXCH{n}.ad.lan", "RNP{n}"))
    spot = Spot(town.address(dice.pick(town.providers)), name.format(n=dice.between(1000, 9999)))
    if dice.happens(0.4):
        spot = Spot(town.address(town.prefix()), spot.helo)
    domains = [
        f"{dice.pick(text.FIRMS)}-{dice.pick(text.TRADES)}{dice.between(1, 99)}.example"
        for _ in range(dice.pick((1, 1, 2, 4)))
    ]
    people = [f"{text.stranger(dice)}@{dice.pick(domains)}" for _ in range(dice.between(4, 25))]
    if dice.happens(0.3):
        people += dice.sample(list(town.accounts), dice.between(2, 8))
    strange, dead = dice.between(0, 90) / 100, dice.between(0, 8) / 100
    if dice.happens(0.5):
        town.send(stage.mornings()[0] * DAY + 8 * HOUR, town.desk(), one, [town.note(dice, one)])
    for day in _days(stage):
        for _ in range(dice.between(8, 70)):
            letter = town.note(dice, one, sender=dice.pick(people), rcpts=[_reader(stage, strange, dead)])
            town.send(town.office_time(dice, day), spot, one, [letter])
    stage.innocent(
        one, "one box, office hours, many people of few houses who write unlike letters by hand at their pace"
    )


@story("alias-house")
def alias_house(stage: Stage) -> None:
    """A firm of several names, whose people write under all of them."""
    town, dice = stage.town, stage.dice
    names = [
        f"{dice.pick(text.FIRMS)}{dice.pick(('', '-shop', '-service', '-' + dice.pick(text.TRADES)))}{dice.between(1, 99)}.example"
        for _ in range(dice.between(3, 12))
    ]
    strange, dead = dice.between(0, 80) / 100, dice.between(0, 7) / 100
    form = dice.pick(("own", "office", "both"))
    for _ in range(dice.between(1, 2)):
        one = stage.town.person() if dice.happens(0.6) else town.role("office", "vertrieb", "info", "kontakt")
        one.spots = [town.desk(), town.home()][: dice.between(1, 2)]
        users = {"own": [one.user], "office": ["info", "office", "sales"], "both": [one.user, "info", "order"]}[form]
        for day in _days(stage):
            for _ in range(dice.between(4, 25)):
                sender = one.address if dice.happens(0.2) else f"{dice.pick(users)}@{dice.pick(names)}"
                letter = town.note(dice, one, sender=sender, rcpts=[_reader(stage, strange, dead)])
                spot = one.spots[0] if dice.happens(0.7) else dice.pick(one.spots)
                town.send(town.office_time(dice, day), spot, one, [letter])
        stage.innocent(one, "own places, unlike letters by hand, the same few names of one firm again and again")


@story("storm-notice")
def storm_notice(stage: Stage) -> None:
    """One notice to everybody, once: the doctor is ill, the water is bad, the hotel burns."""
    town, dice = stage.town, stage.dice
    one = stage.worker(letters=(1, 4))
    where = dice.pick(("desk", "home", "phone", "hotel"))
    spot = one.spots[0]
    if where == "home":
        spot = town.home()
    elif where == "phone":
        spot = Spot(town.address(dice.pick(town.carriers)), dice.pick(("iPhone", "[10.20.30.40]", "localhost")))
    elif where == "hotel":
        spot = Spot(town.address(town.prefix()), dice.pick((one.spots[0].helo, "[192.168.8.21]", "laptop")))
    dead = dice.between(1, 30) / 100
    strange = dice.between(10, 70) / 100
    title, body = text.title(dice, one.language), text.prose(dice, one.language, 3)
    readers = [_reader(stage, strange, dead) for _ in range(dice.between(50, 260))]
    handful = dice.pick((1, 1, 20, 50, 99))
    day = stage.mornings()[-1]
    at = town.office_time(dice, day) if where == "desk" else day * DAY + dice.between(6 * HOUR, 21 * HOUR)
    at = min(max(at, stage.knobs.log_start + HOUR), stage.knobs.now - 2 * HOUR)
    for first in range(0, len(readers), handful):
        letter = Letter(
            one.address, readers[first : first + handful], title, f"{body}\n{one.name}\n", f"{one.name} <{one.address}>"
        )
        town.send(at, spot, one, [letter])
        at += dice.between(2, 40) * SECOND
    how = "one text, own sender, once, within the hour, to the house's own customers, of whom some are gone"
    is_sure = where in ("desk", "home")
    stage.innocent(one, how, CLEAR if is_sure else UNSURE)


@story("club-letter")
def club_letter(stage: Stage) -> None:
    """An employee who writes to the members of her club, in its name."""
    town, dice = stage.town, stage.dice
    one = stage.worker(letters=(1, 4))
    club = f"{dice.pick(('coro', 'verein', 'rotary', 'sci-club', 'ev', 'scouts'))}-{dice.pick(text.FIRMS)}{dice.between(1, 99)}.example"
    sender = f"{dice.pick(('info', 'vorstand', 'segreteria', one.user))}@{club}"
    members = [_reader(stage, 0.9, dice.between(0, 6) / 100) for _ in range(dice.between(15, 120))]
    title, body = text.title(dice, one.language), text.prose(dice, one.language, 4)
    at = stage.mornings()[-1] * DAY + dice.between(12 * HOUR, 15 * HOUR)
    at = min(max(at, stage.knobs.log_start + HOUR), stage.knobs.now - 2 * HOUR)
    handful = dice.pick((1, 1, 10, 40))
    spot = dice.pick((one.spots[0], town.home()))
    for first in range(0, len(members), handful):
        letter = Letter(
            sender, members[first : first + handful], title, f"{body}\n{one.name}\n", f"{one.name} <{sender}>"
        )
        town.send(at, spot, one, [letter])
        at += dice.between(3, 60) * SECOND
    how = "one other name, one text by hand, once, from the desk or a home of the town, to living people"
    stage.innocent(one, how, CLEAR if spot is one.spots[0] else UNSURE)


def _turned(stage: Stage, one: Account, spot: Spot) -> None:
    """Let a machine that its owner uses send spam under the password that is saved on it."""
    town, dice = stage.town, stage.dice
    plan = stage.plan()
    plan.dead = max(plan.dead, 0.15)
    roll = dice.fraction()
    senders = [one.address] if roll < 0.4 else stage.forged(dice.between(1, 20))
    if roll > 0.85:
        senders = dice.sample(list(town.accounts), dice.between(2, 12))
    start, end = stage.tonight(1, 9)
    stage.run(one, [spot], plan, dice.between(50, 250), span=(start, end), senders=senders)


@story("infected-desk")
def infected_desk(stage: Stage) -> None:
    """The owner's own machine, its own name, its saved password."""
    town, dice = stage.town, stage.dice
    one = stage.worker(letters=(1, 6), spots=[dice.pick((town.desk(), town.desk(), town.home()))])
    town.shared.add(one.spots[0].ip)
    _turned(stage, one, one.spots[0])
    how = "the owner's machine writes one template to strangers, many of them gone, at a pace that it never had"
    stage.guilty(one, how, ("first-try", "unknown"), ("compromised", "suspect"))


@story("infected-office")
def infected_office(stage: Stage) -> None:
    """A machine behind the office's one address, by whatever name its malware gives itself."""
    town, dice = stage.town, stage.dice
    one = stage.worker(letters=(1, 6), spots=[Spot(town.office, f"PC{dice.between(10, 999)}")])
    for _ in range(dice.between(2, 6)):
        town.live(town.person(), [Spot(town.office, f"PC{dice.between(10, 999)}")])
    town.shared.add(town.office)
    helo = dice.pick(
        (
            one.spots[0].helo,
            one.spots[0].helo.lower(),
            f"PC{dice.between(10, 999)}",
            "localhost",
            text.token(dice, 7),
            f"[192.168.1.{dice.between(2, 250)}]",
        )
    )
    _turned(stage, one, Spot(town.office, helo))
    how = "from the office's own address one template goes to strangers, many of them gone, at a pace never seen"
    stage.guilty(one, how, ("first-try", "unknown"), ("compromised", "suspect"))


@story("trickle")
def trickle(stage: Stage) -> None:
    """A thief who takes his time: a few an hour, for as long as the logs show."""
    dice, knobs = stage.dice, stage.knobs
    one = stage.worker(letters=(1, 6))
    start = max(knobs.log_start + HOUR, knobs.now - dice.between(18, 80) * HOUR)
    hours = max(1, (knobs.now - start) // HOUR)
    plan = stage.plan()
    plan.handful, plan.rcpts = 1, dice.pick((1, 1, 4))
    plan.dead = max(plan.dead, 0.12)
    senders = [one.address] if dice.happens(0.4) else stage.forged(dice.between(1, 12))
    stage.run(
        one,
        stage.abroad(1, 3),
        plan,
        max(30, hours * dice.between(1, 5)),
        span=(start, knobs.now - 5 * MINUTE),
        senders=senders,
    )
    stage.guilty(
        one, "a place abroad at all hours, one template, strangers, many of them gone; the owner works elsewhere"
    )


@story("scanner-thief")
def scanner_thief(stage: Stage) -> None:
    """A device of the house scans to colleagues; strangers use its account."""
    town, dice = stage.town, stage.dice
    one = town.role("mfp", "kopierer", "print", "fax")
    one.secret = dice.pick((one.user, "1234", text.token(dice, 8)))
    device = Spot(town.lan().ip, f"KMBT{dice.between(100, 999)}")
    for day in stage.mornings():
        for _ in range(dice.between(0, 20)):
            letter = Letter(one.address, [town.colleague(dice)], "Scan", "scan.pdf\n", extra=dice.between(0, 90_000))
            town.send(town.office_time(dice, day), device, one, [letter])
    start, end = stage.tonight(1, 8)
    senders = [one.address] if dice.happens(0.5) else stage.forged(dice.between(1, 12))
    stage.run(one, stage.abroad(1, 5), stage.plan(), dice.between(40, 200), span=(start, end), senders=senders)
    stage.guilty(
        one, "a device of the house's network has nobody abroad; strangers, one template, many recipients gone"
    )


@story("house-phish")
def house_phish(stage: Stage) -> None:
    """Phishing in the names of people of the house, some of it to the house."""
    town, dice = stage.town, stage.dice
    one = stage.worker(letters=(2, 6))
    start, end = stage.tonight(1, 6)
    plan = stage.plan()
    senders = dice.sample(list(town.accounts), dice.between(3, 25))
    spots = stage.abroad(1, 3)
    stage.run(one, spots, plan, dice.between(40, 160), span=(start, end), senders=senders)
    for _ in range(dice.between(0, 25)):
        letter = town.spam(dice, plan.pitch, dice.pick(senders), [town.colleague(dice)])
        town.server.submit(dice.between(start, end), dice.pick(spots), [town.steal(one)], [letter])
    stage.guilty(one, "places abroad, one template to strangers and colleagues, in the names of many colleagues")
