"""Thieves that are kept aside: whoever makes a detector does not look here."""

from __future__ import annotations

from . import text
from .base import HOUR, MINUTE, SECOND, Fate, Letter, Spot
from .stage import Stage, story


@story("distributed-guess")
def distributed_guess(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = stage.worker()
    start, end = stage.tonight(4, 16)
    spots = stage.abroad(20, 60)
    middle = start + (end - start) // 2
    town.guesses(one, spots, start, middle, dice.between(80, 260))
    senders = [one.address] if dice.happens(0.3) else stage.forged(4)
    stage.run(
        one,
        dice.sample(spots, dice.between(1, 6)),
        stage.plan(),
        dice.between(40, 140),
        span=(middle, end),
        senders=senders,
    )
    stage.guilty(one, "scores of places try a few secrets each, then some of them send spam", ("distributed-guessing",))


@story("slow-drip")
def slow_drip(stage: Stage) -> None:
    dice, knobs = stage.dice, stage.knobs
    one = stage.worker()
    start = knobs.log_start + (knobs.now - knobs.log_start) * dice.between(5, 30) // 100
    end = knobs.now - 10 * MINUTE
    plan = stage.plan()
    plan.handful, plan.dead = 1, max(plan.dead, 0.2)
    count = max(24, min(140, (end - start) // HOUR * dice.between(1, 3)))
    senders = [one.address] if dice.happens(0.3) else stage.forged(dice.between(4, 20))
    spots = stage.abroad(3, 6) if one.address in senders else stage.abroad(1, 5)
    stage.run(one, spots, plan, count, span=(start, end), senders=senders)
    stage.guilty(one, "a message or two an hour, day and night, from abroad, one template, dead strangers")


@story("many-domains")
def many_domains(stage: Stage) -> None:
    dice = stage.dice
    one = stage.worker()
    start, end = stage.tonight(1, 9)
    plan = stage.plan()
    plan.dead = dice.between(2, 15) / 100
    count = dice.between(50, 150)
    stage.run(one, stage.abroad(1, 4), plan, count, span=(start, end), senders=stage.forged(count))
    stage.guilty(one, "each message claims another foreign domain, to strangers everywhere, from abroad")


@story("bec-quiet")
def bec_quiet(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = stage.worker(letters=(2, 5))
    start, end = stage.tonight(1, 5)
    spot = town.abroad()
    reply = f"{one.user}@{text.token(dice, 5)}-{one.domain.split('.')[0]}.example"
    ask = text.prose(dice, one.language, 1)
    for number in range(dice.between(3, 6)):
        fate = Fate.LATER if number < 2 else Fate.GOOD
        body = f"{ask}\n{text.prose(dice, one.language, 1)}\n{one.name}\n"
        letter = Letter(
            one.address,
            [town.fresh(dice, fate)],
            text.title(dice, one.language),
            body,
            f"{one.name} <{one.address}>",
            reply,
        )
        town.server.submit(start + (end - start) * number // 6, spot, [town.steal(one)], [letter])
    how = "two letters wait whose answers go to a domain like the house's, sent from abroad while the owner works"
    stage.guilty(one, how, ("first-try",), ("suspect", "compromised"))


@story("same-isp")
def same_isp(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    block = dice.pick(town.providers)
    one = stage.worker(spots=[Spot(town.address(block), "laptop.lan"), town.desk()])
    near = one.spots[0].ip.rsplit(".", 1)[0]
    thief = Spot(f"{near}.{dice.between(1, 254)}" if dice.happens(0.5) else town.address(block), "User")
    thief = Spot(town.address(block), "User") if thief.ip == one.spots[0].ip else thief
    start, end = stage.tonight(1, 7)
    plan = stage.plan()
    plan.dead = max(plan.dead, 0.2)
    stage.run(one, [thief], plan, dice.between(60, 150), span=(start, end), senders=stage.forged(dice.between(2, 9)))
    stage.guilty(one, "the provider is the owner's, but foreign senders, one template and strangers are not")


@story("infected-pc")
def infected_pc(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    spot = Spot(town.office, f"PC{dice.between(10, 999)}")
    town.shared.add(town.office)
    one = stage.worker(spots=[spot])
    for _ in range(6):
        town.live(town.person(), [Spot(town.office, f"PC{dice.between(10, 999)}")], (1, 3))
    start, end = stage.tonight(2, 8)
    plan = stage.plan()
    plan.dead = max(plan.dead, 0.25)
    stage.run(
        one,
        [Spot(town.office, dice.pick(("localhost", spot.helo)))],
        plan,
        dice.between(60, 160),
        span=(start, end),
        senders=stage.forged(dice.between(4, 20)),
    )
    stage.guilty(
        one,
        "the office's own address, but foreign senders, one template and dead strangers in bulk",
        ("first-try", "unknown"),
    )


@story("dormant")
def dormant(stage: Stage) -> None:
    town, dice, knobs = stage.town, stage.dice, stage.knobs
    one = stage.worker()
    spots = stage.abroad(1, 2)
    first = knobs.log_start + (knobs.now - knobs.log_start) // dice.between(4, 12)
    town.server.submit(first, spots[0], [town.steal(one)], ())
    start, end = town.span(dice, 1, 3)
    start = max(start, first + HOUR)
    stage.run(
        one,
        spots,
        stage.plan(),
        dice.between(50, 150),
        span=(start, max(end, start + HOUR // 2)),
        senders=stage.forged(dice.between(1, 8)),
    )
    stage.guilty(one, "a login without a letter, then silence, then spam from the same place")


@story("all-waiting")
def all_waiting(stage: Stage) -> None:
    dice = stage.dice
    one = stage.worker()
    start, end = stage.tonight(1, 4)
    plan = stage.plan()
    plan.dead, plan.later, plan.lag = 0.0, 1.0, dice.pick(((1, 60), (90_000, 99_000)))
    senders = [one.address] if dice.happens(0.3) else stage.forged(dice.between(3, 12))
    spots = stage.abroad(3, 6) if one.address in senders else stage.abroad(1, 5)
    stage.run(one, spots, plan, dice.between(80, 200), span=(start, end), senders=senders)
    stage.guilty(
        one, "nothing is delivered or dead yet; one template in hundreds, from places never seen, in other names"
    )


@story("tiny")
def tiny(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = stage.worker()
    start, end = stage.tonight(1, 8)
    spots = stage.abroad(1, 4)
    senders = [one.address] if dice.happens(0.3) else stage.forged(5)
    link = f"http://{text.token(dice, 6)}.example"
    count = dice.between(60, 180)
    dead = dice.between(20, 60) / 100
    for number in range(count):
        letter = Letter(
            dice.pick(senders), [town.victim(dice, dead, 0.2)], text.token(dice, 4), f"{link}/{text.token(dice, 3)}\n"
        )
        town.server.submit(start + (end - start) * number // count, dice.pick(spots), [town.steal(one)], [letter])
    stage.guilty(one, "messages of a single link from abroad, to strangers of whom many do not exist")


@story("imap-first")
def imap_first(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = stage.worker()
    start, end = stage.tonight(3, 9)
    spots = stage.abroad(1, 2)
    door = "imap" if stage.knobs.imap else "pop3"
    for number in range(dice.between(1, 4)):
        town.server.door(start + number * 9 * MINUTE, door, spots[0], [town.steal(one)])
    stage.run(
        one,
        spots,
        stage.plan(),
        dice.between(40, 140),
        span=(start + HOUR, end),
        senders=stage.forged(dice.between(1, 8)),
    )
    stage.guilty(one, "reads the mailbox first, then sends spam from the same place")


@story("one-thief-many-accounts")
def one_thief(stage: Stage) -> None:
    _town, dice = stage.town, stage.dice
    start, end = stage.tonight(2, 8)
    spots = stage.abroad(1, 3)
    plan = stage.plan()
    plan.dead = max(plan.dead, 0.3)
    for number in range(3):
        one = stage.worker()
        senders = [one.address] if dice.happens(0.4) else stage.forged(3)
        begin = start + number * 7 * MINUTE
        stage.run(one, spots, plan, dice.between(20, 45), span=(begin, max(end, begin + HOUR)), senders=senders)
        stage.guilty(one, "the same few places abroad send the same template through several accounts")


@story("beside-tickets")
def beside_tickets(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.role("ticket", "support", "helpdesk")
    spot = town.machine("rt", inside=dice.happens(0.5))
    for day in range(stage.knobs.days):
        for _ in range(dice.between(8, 35)):
            number = dice.between(1000, 99_999)
            asker = town.living(dice)
            sender = dice.pick((one.address, dice.pick(town.customers)))
            letter = Letter(
                sender, [asker], f"[RT #{number}]", f"Ticket {number}: {text.prose(dice, town.language, 1)}\n"
            )
            town.send(town.office_time(dice, day), spot, one, [letter])
    start, end = stage.tonight(1, 8)
    stage.run(
        one,
        stage.abroad(1, 3),
        stage.plan(),
        dice.between(50, 140),
        span=(start, end),
        senders=stage.forged(dice.between(2, 10)),
    )
    stage.guilty(one, "tickets from one machine as ever; another template from countries never seen")


@story("beside-scanner")
def beside_scanner(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.role("scan", "copier", "print")
    one.secret = one.user
    spot = Spot(town.lan().ip, "MFP")
    for day in stage.mornings():
        for _ in range(dice.between(4, 20)):
            name = f"doc{dice.between(1, 99_999)}.pdf"
            town.send(
                town.office_time(dice, day),
                spot,
                one,
                [Letter(one.address, [town.colleague(dice)], name, f"{name}\n", extra=90_000)],
            )
    start, end = stage.tonight(1, 8)
    spots = stage.abroad(1, 4)
    tries = dice.between(0, 3)
    for number in range(tries):
        town.server.submit(start - (9 - number) * SECOND, spots[0], [town.guess(one, f"{one.user}{number}")], ())
    senders = [one.address] if dice.happens(0.4) else stage.forged(4)
    stage.run(one, spots, stage.plan(), dice.between(50, 150), span=(start, end), senders=senders)
    stage.guilty(
        one,
        "scans from one machine to colleagues; from abroad spam to strangers",
        ("first-try", "brute-force") if tries else ("first-try",),
    )


@story("colleagues-names")
def colleagues_names(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = stage.worker()
    start, end = stage.tonight(1, 6)
    plan = stage.plan()
    plan.dead = max(plan.dead, 0.2)
    names = dice.sample(list(town.accounts), dice.between(4, 12))
    spots = stage.abroad(1, 3)
    stage.run(one, spots, plan, dice.between(50, 130), span=(start, end), senders=names)
    for number in range(dice.between(3, 12)):
        letter = town.spam(dice, plan.pitch, dice.pick(names), [town.colleague(dice) for _ in range(5)])
        town.server.submit(start + number * 5 * MINUTE, spots[0], [town.steal(one)], [letter])
    stage.guilty(one, "one template in the names of colleagues, from abroad, to dead strangers and the whole house")


@story("masked-names")
def masked_names(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.person()
    start, end = stage.tonight(1, 7)
    spots = stage.abroad(1, 2)
    plan = stage.plan()
    plan.typed = "***"
    stage.run(one, spots, plan, dice.between(60, 150), span=(start, end), senders=stage.forged(dice.between(3, 12)))
    stage.relay(
        [spot.ip for spot in spots], "the name is hidden, but the address sent foreign senders' spam to strangers"
    )
