"""More people and thieves against whom a detector may be built: clouds, brands, branches, and who is at the desk itself."""

from __future__ import annotations

from . import text
from .base import DAY, HOUR, MINUTE, SECOND, Fate, Letter, Spot
from .stage import Stage, story

AUTO = (("Auto-Submitted", "auto-generated"),)


def _cloud(stage: Stage, name: str) -> Spot:
    """Give a machine of a cloud: another block each time, a name made of its number or its id."""
    dice = stage.dice
    made = name.format(*(dice.between(1, 250) for _ in range(3)), id=dice.text("0123456789abcdef", 12))
    return Spot(stage.town.address(stage.town.prefix()), made)


@story("cloud-worker")
def cloud_worker(stage: Stage) -> None:
    """A booking programme whose machines come and go."""
    town, dice = stage.town, stage.dice
    one = town.role("booking", "portal", "service")
    name = dice.pick(("ip-10-{}-{}-{}.eu-central-1.compute.internal", "ip-10-{}-{}-{}", "worker-{}{}", "{id}"))
    for day in range(stage.knobs.days):
        for _ in range(dice.between(1, 4)):
            spot = _cloud(stage, name)
            letters = []
            for _ in range(dice.between(4, 25)):
                number = dice.between(10_000, 99_999)
                sender = one.address if dice.happens(0.9) else dice.pick(town.customers)
                body = f"Booking {number}\nhttps://portal.{one.domain}/b/{number}\n"
                letters.append(Letter(sender, [town.reader(dice, 0.08)], f"Booking {number}", body, headers=AUTO))
            start = day * DAY + dice.between(0, 18) * HOUR
            stage.spread(one, spot, letters, start, start + 5 * HOUR)
    stage.innocent(
        one, "one programme by its name and texts, from other machines of clouds every day, since the logs begin"
    )


@story("app-pool")
def app_pool(stage: Stage) -> None:
    """A shop behind several servers of one hoster, a clerk beside it."""
    town, dice = stage.town, stage.dice
    one = town.role("store", "bestellung", "tienda")
    host = f"{text.token(dice, 5)}.example"
    spots = [Spot(town.address(town.prefix()), f"app{number}.{host}") for number in range(dice.between(3, 8))]
    for day in range(stage.knobs.days):
        letters = []
        for _ in range(dice.between(20, 70)):
            number = dice.between(10_000, 99_999)
            letters.append(
                Letter(one.address, [town.reader(dice, 0.1)], f"Order {number}", f"Order {number}\n", headers=AUTO)
            )
        for at, spot in enumerate(spots):
            stage.spread(one, spot, letters[at :: len(spots)], day * DAY, day * DAY + DAY - 1)
    clerk = town.desk()
    for day in stage.mornings():
        for _ in range(dice.between(0, 4)):
            town.send(town.office_time(dice, day), clerk, one, [town.note(dice, one)])
    stage.innocent(one, "numbered orders from hosts of one name at all hours, letters by hand from the clerk's desk")


@story("evening-notice")
def evening_notice(stage: Stage) -> None:
    """The owner writes to all her customers from home, on one evening."""
    town, dice = stage.town, stage.dice
    one = stage.worker(letters=(2, 5), spots=[town.desk()])
    home = Spot(town.address(dice.pick(town.providers)), f"[192.168.1.{dice.between(2, 250)}]")
    body = text.prose(dice, one.language, 3)
    title = text.title(dice, one.language)
    at = stage.mornings()[-1] * DAY + stage.knobs.closes * HOUR + dice.between(0, 60) * MINUTE
    at = min(at, stage.knobs.now - 2 * HOUR)
    for _ in range(dice.between(80, 250)):
        rcpt = (
            town.living(dice) if dice.happens(0.6) else town.fresh(dice, Fate.DEAD if dice.happens(0.03) else Fate.GOOD)
        )
        name = rcpt.address.partition("@")[0].title()
        town.send(
            at,
            home,
            one,
            [Letter(one.address, [rcpt], title, f"{name},\n{body}\n{one.name}\n", f"{one.name} <{one.address}>")],
        )
        at += dice.between(15, 60) * SECOND
    stage.innocent(one, "the provider of half the house, the owner's sender, living customers, the pace of a hand")


@story("brands")
def brands(stage: Stage) -> None:
    """People who write under a brand of the house, at the desk and at home."""
    town, dice = stage.town, stage.dice
    brand = f"{dice.pick(text.FIRMS)}-{dice.pick(text.TRADES)}.brand.example"
    for _ in range(2):
        one = town.person()
        one.spots = [town.desk(), town.home()]
        user = one.user if dice.happens(0.7) else dice.pick(("info", "office", "sales"))
        for day in stage.mornings():
            for _ in range(dice.between(2, 7)):
                spot = dice.pick(one.spots)
                at = (
                    town.office_time(dice, day)
                    if spot is one.spots[0]
                    else day * DAY + dice.between(19 * HOUR, 23 * HOUR)
                )
                town.send(at, spot, one, [town.note(dice, one, sender=f"{user}@{brand}")])
        stage.innocent(one, "letters by hand under one brand, the user's own name or an office's, home and desk")


@story("branch-joins")
def branch_joins(stage: Stage) -> None:
    """A branch sends through the house since some day: its own domain, its own server, all its people."""
    town, dice = stage.town, stage.dice
    one = town.role("relay", "branch", "filiale")
    domain = f"{dice.pick(text.FIRMS)}-branch{dice.between(1, 99)}.example"
    server = town.machine(f"mail.{domain}")
    people = [f"{text.stranger(dice)}@{domain}" for _ in range(dice.between(5, 20))]
    town.send(stage.mornings()[0] * DAY + 8 * HOUR, town.desk(), one, [town.note(dice, one)])
    for day in stage.mornings()[len(stage.mornings()) // 2 :]:
        for _ in range(dice.between(15, 60)):
            rcpts = [town.living(dice) if dice.happens(0.5) else town.fresh(dice, Fate.GOOD)]
            town.send(
                town.office_time(dice, day), server, one, [town.note(dice, one, sender=dice.pick(people), rcpts=rcpts)]
            )
    stage.innocent(
        one, "one server that names itself of the very domain in whose name it writes, at office hours, by hand"
    )


@story("crm-starts")
def crm_starts(stage: Stage) -> None:
    """The owner begins to use a service that sends for him."""
    town, dice = stage.town, stage.dice
    one = stage.worker(letters=(2, 5))
    host = f"{text.token(dice, 6)}-crm.example"
    net = town.prefix()
    spots = [
        Spot(f"{net}.{dice.between(1, 4)}.{number}", f"o{number}.out.{host}")
        for number in dice.sample(range(1, 250), 6)
    ]
    day = stage.mornings()[-1]
    for _ in range(dice.between(10, 60)):
        reader = town.reader(dice, 0.02) if dice.happens(0.5) else town.living(dice)
        letter = town.note(dice, one, rcpts=[reader])
        town.send(town.office_time(dice, day), dice.pick(spots), one, [letter])
    stage.innocent(
        one,
        "hosts of one service within one block, the owner's sender, living readers, office hours",
        ("clear", "suspect"),
    )


@story("carrier-neighbour")
def carrier_neighbour(stage: Stage) -> None:
    """An owner behind an address of a carrier that a guesser shares."""
    town, dice = stage.town, stage.dice
    one = town.person()
    spot = Spot(town.address(dice.pick(town.carriers)), f"[10.{dice.between(1, 250)}.3.4]")
    town.shared.add(spot.ip)
    town.live(one, [spot], letters=(1, 4))
    others = dice.sample([other for other in town.accounts.values() if other is not one], dice.between(6, 10))
    start, end = stage.tonight(1, 4)
    for other in others:
        at = dice.between(start, end)
        for _ in range(dice.between(1, 6)):
            town.server.submit(at, Spot(spot.ip, "User"), [town.guess(other, f"pass{dice.between(1, 9999)}")], ())
            at += dice.between(2, 60) * SECOND
    stage.innocent(
        one, "own letters by hand, since the logs begin; what guesses there has another programme and other names"
    )


@story("malware-at-desk")
def malware_at_desk(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = stage.worker(letters=(2, 6), spots=[town.desk()])
    start, end = stage.tonight(2, 8)
    spot = Spot(one.spots[0].ip, dice.pick(("localhost", "User", "[127.0.0.1]", text.token(dice, 6))))
    senders = stage.forged(dice.between(3, 20)) if dice.happens(0.7) else [one.address]
    plan = stage.plan()
    plan.dead = max(plan.dead, 0.2)
    town.shared.add(spot.ip)
    stage.run(one, [spot], plan, dice.between(60, 200), span=(start, end), senders=senders)
    stage.guilty(
        one,
        "at the desk another programme writes one template to strangers, many of them dead",
        ("first-try", "unknown"),
        ("compromised", "suspect"),
    )


@story("sleeper")
def sleeper(stage: Stage) -> None:
    """A thief who looks first, through any door, and sends days later."""
    town, dice = stage.town, stage.dice
    one = stage.worker()
    start, end = stage.tonight(1, 6)
    spots = stage.abroad(1, 3)
    at = max(stage.knobs.log_start + HOUR, start - dice.between(10, 80) * HOUR)
    if dice.happens(0.6):
        town.server.door(at, "imap", spots[0], [town.steal(one)])
    else:
        town.server.submit(at, spots[0], [town.steal(one)], ())
    stage.run(
        one, spots, stage.plan(), dice.between(40, 150), span=(start, end), senders=stage.forged(dice.between(2, 9))
    )
    stage.guilty(one, "the place that sends the spam logged in long before, and the owner never there")


@story("names-of-house")
def names_of_house(stage: Stage) -> None:
    """Phishing that names people of the house."""
    town, dice = stage.town, stage.dice
    one = stage.worker()
    start, end = stage.tonight(1, 6)
    senders = dice.sample(list(town.accounts), dice.between(2, 12))
    stage.run(one, stage.abroad(1, 4), stage.plan(), dice.between(40, 120), span=(start, end), senders=senders)
    stage.guilty(one, "places abroad, one template to strangers, in the names of colleagues who sit at their desks")


@story("nobody-answers")
def nobody_answers(stage: Stage) -> None:
    """A run of which nothing is known yet: every recipient waits."""
    dice = stage.dice
    one = stage.worker(letters=(2, 6))
    start, end = stage.tonight(1, 5)
    plan = stage.plan()
    plan.dead, plan.later = 0.0, 1.0
    senders = [one.address] if dice.happens(0.5) else stage.forged(dice.between(2, 12))
    stage.run(one, stage.abroad(1, 4), plan, dice.between(60, 160), span=(start, end), senders=senders)
    stage.guilty(one, "places abroad, one template, scores of strangers, while the owner writes at the desk")


@story("thief-of-many")
def thief_of_many(stage: Stage) -> None:
    """A thief with several secrets, who sends little from each account."""
    dice = stage.dice
    spots = stage.abroad(1, 3)
    start, end = stage.tonight(2, 8)
    plan = stage.plan()
    for _ in range(dice.between(3, 6)):
        one = stage.worker()
        senders = [one.address] if dice.happens(0.5) else stage.forged(3)
        stage.run(one, spots, plan, dice.between(15, 40), span=(start, end), senders=senders)
        stage.guilty(one, "the same places abroad send one template from several accounts in one night")
