"""More innocents that are kept aside: accounts that lawfully write in the names of others, or from everywhere."""

from __future__ import annotations

from . import text
from .base import DAY, HOUR, MINUTE, Fate, Letter, Spot
from .stage import CLEAR, UNSURE, Stage, story


@story("association")
def association(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.person()
    spots = [town.home(), town.desk()]
    chair = f"{dice.pick(('chair', 'presidente', 'vorstand', 'info'))}@{dice.pick(text.FIRMS)}-club{dice.between(1, 99)}.example"
    members = [town.reader(dice, dice.between(5, 25) / 100) for _ in range(dice.between(50, 140))]
    for day in stage.mornings():
        for _ in range(dice.between(2, 6)):
            sender = chair if dice.happens(0.5) else one.address
            town.send(town.office_time(dice, day), dice.pick(spots), one, [town.note(dice, one, sender=sender)])
    for day in dice.sample(stage.mornings(), dice.between(1, 2)):
        title, body = text.title(dice, one.language), text.hand(dice, one.language, one.name)
        at = day * DAY + stage.knobs.opens * HOUR + dice.between(0, 480) * MINUTE
        for first in range(0, len(members), 20):
            town.send(
                at + first * 3000,
                spots[0],
                one,
                [Letter(chair, members[first : first + 20], title, body, f"{one.name} <{chair}>")],
            )
    stage.innocent(one, "one other sender for ever, a circular to the same members, from the owner's own two places")


@story("alias-domains")
def alias_domains(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.role("office", "brands", "vertrieb", "commerciale")
    spot = town.machine("erp", inside=dice.happens(0.5))
    stem = one.domain.partition("-")[0]
    brands = [f"sales@{stem}-{dice.pick(text.TRADES)}{number}.example" for number in range(dice.between(3, 5))]
    dead = dice.between(4, 20) / 100
    for day in range(stage.knobs.days):
        for _ in range(dice.between(10, 45)):
            number = dice.between(10_000, 99_999)
            body = f"Offer {number}\n{text.prose(dice, town.language, 2)}\n"
            letter = Letter(dice.pick(brands), [town.reader(dice, dead)], f"Offer {number}", body, extra=30_000)
            town.send(town.office_time(dice, day), spot, one, [letter])
    stage.innocent(one, "a few brands of the house's own name as senders, numbered offers, one machine, all days")


@story("branch-smarthost")
def branch_smarthost(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.role("relay", "smarthost", "filiale", "branch")
    spot = town.machine(f"mx.{dice.pick(text.FIRMS)}-sister.example")
    domain = f"{dice.pick(text.FIRMS)}-sister{dice.between(1, 99)}.example"
    people = [f"{text.stranger(dice)}@{domain}" for _ in range(dice.between(6, 25))]
    dead = dice.between(3, 15) / 100
    for day in range(stage.knobs.days):
        for _ in range(dice.between(10, 60) if town.works(day) else 5):
            sender = "" if dice.happens(0.08) else dice.pick(people)
            language = dice.pick(stage.knobs.languages)
            rcpts = [town.reader(dice, dead) for _ in range(dice.between(1, 3))]
            if not sender:  # a report of failure to whoever wrote, who may not exist
                rcpts = [town.fresh(dice, dice.pick((Fate.DEAD, Fate.NO_MX, Fate.GOOD)))]
            letter = Letter(
                sender, rcpts, text.title(dice, language), text.hand(dice, language, sender.partition("@")[0])
            )
            town.send(town.office_time(dice, day), spot, one, [letter])
    stage.innocent(
        one, "the mail server of a sister house: one machine, many people of one domain, unlike letters, all days"
    )


@story("cloud-app")
def cloud_app(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.role("app", "accounts", "verify", "noreply-app")
    blocks = [town.prefix() for _ in range(dice.between(2, 4))]
    name = f"worker.{dice.pick(text.FIRMS)}-cloud.example"
    misspelt = dice.between(5, 25) / 100
    for day in range(stage.knobs.days):
        pool = [Spot(town.address(dice.pick(blocks)), name) for _ in range(dice.between(2, 6))]
        for _ in range(dice.between(10, 50)):
            code = dice.between(100_000, 999_999)
            body = f"Your code is {code}. It is valid for ten minutes.\nhttps://app.{one.domain}/login\n"
            at = day * DAY + dice.between(0, DAY - 1)
            town.send(
                at, dice.pick(pool), one, [Letter(one.address, [town.reader(dice, misspelt)], f"Code {code}", body)]
            )
    how = (
        "machines of one name from a cloud's few blocks at all hours of all days; one programme's codes in the own name"
    )
    stage.innocent(one, how, CLEAR if stage.knobs.now - stage.knobs.log_start > 2 * DAY else UNSURE)


@story("trusted-erp")
def trusted_erp(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    spot = Spot(town.lan().ip, "erp.local")
    sender = f"{dice.pick(('erp', 'orders', 'dispatch'))}@{stage.knobs.domains[0]}"
    dead = dice.between(2, 15) / 100
    for day in stage.mornings():
        for _ in range(dice.between(10, 50)):
            number = dice.between(10_000, 99_999)
            letter = Letter(
                sender, [town.reader(dice, dead)], f"Order {number}", f"Order {number} left us.\n", extra=20_000
            )
            town.server.submit(town.office_time(dice, day), spot, (), [letter])
    stage.relay(
        [spot.ip], "a machine of the house's own network, a sender of the house, numbered orders on all days", CLEAR
    )
