"""Thieves against whom a detector may be built."""

from __future__ import annotations

from . import text
from .base import DAY, HOUR, MINUTE, SECOND, Fate, Letter, Spot
from .stage import Stage, story


@story("brute-then-spam")
def brute_then_spam(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = stage.worker()
    start, end = stage.tonight(3, 10)
    spots = stage.abroad(1, 2)
    middle = start + (end - start) // 3
    town.guesses(one, spots, start, middle, dice.between(30, 300))
    more = stage.abroad(0, 3)
    stage.run(
        one,
        [*spots, *more],
        stage.plan(),
        dice.between(50, 160),
        span=(middle, end),
        senders=stage.forged(dice.between(1, 6)),
    )
    stage.guilty(one, "guesses from abroad, then a success at the same place and templated spam", ("brute-force",))


@story("spray-hit")
def spray_hit(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = stage.worker()
    one.secret = f"{dice.pick(('Summer', 'Welcome', 'Benvenuto', 'Passwort', 'Estate'))}{dice.between(10, 9999)}!"
    start, end = stage.tonight(3, 9)
    spots = stage.abroad(1, 4)
    names = [other for other in town.accounts.values() if other is not one]
    tried = dice.sample(names, min(len(names), dice.between(25, 60)))
    tried.insert(dice.between(len(tried) // 2, len(tried)), one)
    step = min(2 * MINUTE, (end - start) // 3 // len(tried))
    at = start
    for other in tried:
        spot = dice.pick(spots)
        login = town.steal(one) if other is one else town.guess(other, one.secret)
        town.server.submit(at, spots[0] if other is one else spot, [login], ())
        at += step
    senders = [one.address] if dice.happens(0.4) else stage.forged(3)
    stage.run(
        one,
        spots,
        stage.plan(),
        dice.between(40, 140),
        span=(max(at, start + (end - start) // 2), end),
        senders=senders,
    )
    stage.guilty(one, "one secret tried at dozens of names from the places that then send spam", ("password-spray",))


@story("stolen-first-try")
def stolen_first_try(stage: Stage) -> None:
    dice = stage.dice
    one = stage.worker()
    start, end = stage.tonight(1, 8)
    stage.run(
        one,
        stage.abroad(1, 6),
        stage.plan(),
        dice.between(40, 180),
        span=(start, end),
        senders=stage.forged(dice.between(2, 12)),
    )
    stage.guilty(one, "places the owner never used, foreign senders, one template, strangers as recipients")


@story("office-hours")
def office_hours(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = stage.worker(letters=(3, 7))
    plan = stage.plan()
    plan.handful = 1
    plan.dead = max(plan.dead, 0.2)
    last = stage.mornings()[-1] * DAY
    start = max(stage.knobs.log_start + HOUR, last + stage.knobs.opens * HOUR)
    end = min(stage.knobs.now - 10 * MINUTE, last + stage.knobs.closes * HOUR)
    start = min(start, end - 2 * HOUR)
    stage.run(one, stage.abroad(1, 2), plan, dice.between(40, 90), span=(start, end), senders=[one.address])
    town.send(start + HOUR, one.spots[0], one, [town.note(dice, one)])
    stage.guilty(
        one, "the owner writes at the desk while a place abroad sends one template to strangers, many of them dead"
    )


@story("own-sender")
def own_sender(stage: Stage) -> None:
    dice = stage.dice
    one = stage.worker()
    start, end = stage.tonight(1, 10)
    plan = stage.plan()
    plan.dead = max(plan.dead, 0.15)
    stage.run(one, stage.abroad(2, 7), plan, dice.between(60, 200), span=(start, end), senders=[one.address])
    stage.guilty(one, "scores of copies of one template from several countries at once, dead recipients")


@story("bec")
def bec(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = stage.worker(letters=(2, 5))
    start, end = stage.tonight(1, 6)
    spot = town.abroad()
    reply = f"{one.user}@{one.domain.split('.')[0]}-{dice.pick(('mail', 'office', 'group'))}.example"
    iban = "".join(str(dice.between(0, 9)) for _ in range(20))
    for number in range(dice.between(8, 16)):
        fate = Fate.LATER if number < 3 or dice.happens(0.4) else Fate.GOOD  # what waits can be read
        body = (
            f"{text.prose(dice, one.language, 2)}\nIBAN XX{iban}\n{text.prose(dice, one.language, 1)}\n\n{one.name}\n"
        )
        letter = Letter(
            one.address,
            [town.fresh(dice, fate)],
            text.title(dice, one.language),
            body,
            f"{one.name} <{one.address}>",
            reply,
        )
        at = start + (end - start) * number // 16
        town.server.submit(at, spot, [town.steal(one)], [letter])
    how = "a place abroad while the owner works; letters with one IBAN and answers to a domain that looks like the house's"
    stage.guilty(one, how, ("first-try",), ("suspect", "compromised"))


@story("botnet-one-each")
def botnet_one_each(stage: Stage) -> None:
    dice = stage.dice
    one = stage.worker()
    start, end = stage.tonight(2, 14)
    count = dice.between(50, 130)
    plan = stage.plan()
    plan.handful = 1
    senders = [one.address] if dice.happens(0.5) else stage.forged(20)
    stage.run(one, [stage.town.abroad() for _ in range(count)], plan, count, span=(start, end), senders=senders)
    stage.guilty(one, "dozens of unrelated networks within hours, a message from each, one template")


@story("beside-newsletter")
def beside_newsletter(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.role("newsletter", "news", "eventi", "updates")
    home = town.machine("lists.firm.example")
    start, end = stage.tonight(2, 8)
    for day in dice.sample(stage.mornings(), 2):
        title, body = text.title(dice, town.language), text.prose(dice, town.language, 9)
        letters = []
        for _ in range(dice.between(60, 160)):
            out = f"https://news.{one.domain}/out/{text.token(dice, 10)}"
            headers = (("List-Unsubscribe", f"<{out}>"), ("Precedence", "bulk"))
            letters.append(Letter(one.address, [town.reader(dice, 0.06)], title, f"{body}\n{out}\n", headers=headers))
        stage.bulk(one, home, day * DAY + dice.between(7, 15) * HOUR, letters)
    senders = [one.address] if dice.happens(0.4) else stage.forged(4)
    stage.run(one, stage.abroad(2, 4), stage.plan(), dice.between(50, 140), span=(start, end), senders=senders)
    stage.guilty(one, "lawful issues from the one place as ever; beside them another text from countries never seen")


@story("log-after-entry")
def log_after_entry(stage: Stage) -> None:
    dice = stage.dice
    one = stage.worker()
    begin = max(0, stage.knobs.log_start - dice.between(2, 9) * HOUR)
    end = stage.tonight(1, 2)[1]
    spots = stage.abroad(1, 4)
    stage.run(
        one, spots, stage.plan(), dice.between(120, 260), span=(begin, end), senders=stage.forged(dice.between(2, 9))
    )
    stage.guilty(
        one,
        "the spam already runs in the first lines of the log: foreign senders, one template, dead recipients",
        ("first-try", "unknown"),
    )


@story("dead-heavy")
def dead_heavy(stage: Stage) -> None:
    dice = stage.dice
    one = stage.worker()
    start, end = stage.tonight(1, 8)
    plan = stage.plan()
    plan.dead, plan.later = dice.between(70, 95) / 100, 0.03
    senders = [one.address] if dice.happens(0.5) else stage.forged(3)
    stage.run(one, stage.abroad(1, 3), plan, dice.between(40, 150), span=(start, end), senders=senders)
    stage.guilty(one, "nearly every recipient is made up, the owner never wrote from there")


@story("ipv6-rotation")
def ipv6_rotation(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = stage.worker()
    start, end = stage.tonight(1, 8)
    nets = [town.net6() for _ in range(dice.between(1, 3))]
    spots = [Spot(town.address6(dice.pick(nets)), "localhost") for _ in range(dice.between(15, 60))]
    stage.run(
        one, spots, stage.plan(), dice.between(60, 150), span=(start, end), senders=stage.forged(dice.between(1, 10))
    )
    stage.guilty(one, "a new address of the same few networks for each session, foreign senders, one template")


@story("two-thieves")
def two_thieves(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = stage.worker()
    start, end = stage.tonight(4, 12)
    middle = start + (end - start) // 3
    first = stage.abroad(1, 2)
    town.guesses(one, first, start, middle, dice.between(40, 160))
    stage.run(one, first, stage.plan(), dice.between(30, 80), span=(middle, end), senders=stage.forged(3))
    stage.run(
        one,
        stage.abroad(1, 3),
        stage.plan(),
        dice.between(30, 80),
        span=(middle + 20 * MINUTE, end),
        senders=[one.address],
    )
    stage.guilty(
        one, "two sets of foreign places with two templates, one of them after scores of guesses", ("brute-force",)
    )


@story("spelled-differently")
def spelled_differently(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = stage.worker()
    start, end = stage.tonight(1, 8)
    plan = stage.plan()
    plan.typed = town.spelled(one, dice.pick(("upper", "bare", "alias", "backslash", "percent")))
    stage.run(
        one,
        stage.abroad(1, 4),
        plan,
        dice.between(50, 150),
        span=(start, end),
        senders=stage.forged(dice.between(1, 6)),
    )
    stage.guilty(
        one, "the thief spells the name otherwise than the owner; the queue names the account; foreign senders"
    )


@story("vpn-exit-thief")
def vpn_exit_thief(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = stage.worker(spots=[town.desk(), *([Spot(town.vpn[0], "laptop")] if dice.happens(0.4) else [])])
    town.shared.update(town.vpn)
    for _ in range(2):
        town.live(town.person(), [Spot(dice.pick(town.vpn), "laptop")], letters=(1, 3))
    start, end = stage.tonight(1, 6)
    spots = [Spot(dice.pick(town.vpn), "localhost"), *stage.abroad(0, 1)]
    stage.run(
        one, spots, stage.plan(), dice.between(60, 160), span=(start, end), senders=stage.forged(dice.between(2, 10))
    )
    stage.guilty(
        one,
        "the exit is shared, but what came from it for this account is spam of foreign senders to strangers",
        ("first-try", "unknown"),
    )


@story("open-relay")
def open_relay(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    start, end = stage.tonight(1, 8)
    spots = stage.abroad(1, 3)
    plan = stage.plan()
    senders = stage.forged(dice.between(3, 12))
    count = dice.between(60, 150)
    for number in range(count):
        rcpts = [town.victim(dice, plan.dead, plan.later) for _ in range(dice.between(1, plan.rcpts))]
        letter = town.spam(dice, plan.pitch, dice.pick(senders), rcpts)
        at = start + (end - start) * number // count + dice.between(0, 9) * SECOND
        town.server.submit(at, spots[number % len(spots)], (), [letter], plan.lag)
    friend = town.machine(f"mx.{dice.pick(town.firms)}")
    for _ in range(4):  # beside it a server of the internet that lawfully brings letters to the house
        town.server.inbound(
            dice.between(start, end), friend, dice.pick(town.customers), dice.pick(list(town.accounts)), 4000
        )
    stage.relay([spot.ip for spot in spots], "mail of strangers to strangers, taken from abroad without a login")
