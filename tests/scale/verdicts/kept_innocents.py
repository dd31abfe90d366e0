"""Innocents that are kept aside: whoever makes a detector does not look here."""

from __future__ import annotations

from . import text
from .base import DAY, HOUR, MINUTE, SECOND, Fate, Letter, Rcpt, Spot
from .stage import UNSURE, Stage, story


@story("newsletter-deferred")
def newsletter_deferred(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.role("notiziario", "infobrief", "updates", "bulletin")
    spot = town.machine("mailer.firm.example")
    at = stage.tonight(2, 5)[0]
    title, issue = text.title(dice, town.language), text.prose(dice, town.language, 10)
    letters = []
    for _ in range(dice.between(120, 300)):
        share = dice.fraction()
        fate = Fate.DEAD if share < 0.03 else Fate.LATER if share < 0.85 else Fate.GREY
        headers = (("List-Unsubscribe", f"<mailto:leave-{text.token(dice, 9)}@{one.domain}>"),)
        letters.append(Letter(one.address, [town.fresh(dice, fate)], title, issue, headers=headers))
    for day in stage.mornings()[:-1]:
        trial = Letter(one.address, [town.colleague(dice)], f"Test {title}", issue)
        town.send(town.office_time(dice, day), spot, one, [trial])
    stage.bulk(one, spot, at, letters, handful=dice.pick((1, 25, 100)))
    stage.innocent(one, "own sender, one place, a way out in each copy, a handful of dead among hundreds that wait")


@story("delegate")
def delegate(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    boss = stage.worker(letters=(0, 2))
    second = town.person()
    one = town.person()
    spots = [town.desk(), town.home()]
    for day in stage.mornings():
        for _ in range(dice.between(4, 14)):
            sender = dice.pick((boss.address, boss.address, second.address, one.address))
            town.send(town.office_time(dice, day), dice.pick(spots), one, [town.note(dice, one, sender=sender)])
    stage.innocent(one, "unlike letters by hand from two own places in the names of two colleagues")


@story("erp-invoices")
def erp_invoices(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.role("invoice", "contabilita", "buchhaltung", "billing")
    spot = town.machine("sap01", inside=dice.happens(0.6))
    at = stage.tonight(2, 4)[0]
    dead = dice.between(5, 18) / 100
    letters = []
    for _ in range(dice.between(100, 280)):
        number = dice.between(200_000, 299_999)
        body = f"Invoice {number}, due in 30 days, {dice.between(10, 9000)}.{dice.between(10, 99)} EUR. See the attachment.\n"
        letters.append(Letter(one.address, [town.reader(dice, dead)], f"Invoice {number}", body, extra=60_000))
    stage.bulk(one, spot, at, letters, handful=40)
    stage.innocent(one, "numbered invoices with an attachment from one machine in the own name; the run of the month")


@story("web-form")
def web_form(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.role("web", "form", "website", "contact")
    spot = town.machine(f"www{dice.between(1, 9)}.hoster.example")
    reader = [Rcpt(f"office@{dice.pick(town.firms)}", Fate.GOOD), town.colleague(dice)]
    robots = dice.between(5, 60) / 100
    for day in range(stage.knobs.days):
        for _ in range(dice.between(3, 30)):
            visitor = dice.pick(town.customers) if dice.happens(0.6) else stage.forged(1)[0]
            letter = Letter(
                visitor,
                [dice.pick(reader)],
                "Contact form",
                f"Name: {visitor}\n{text.prose(dice, town.language, 2)}\n",
                reply_to=visitor,
            )
            thanks = Letter(
                one.address,
                [Rcpt(visitor, Fate.DEAD if dice.happens(robots) else Fate.GOOD)],
                "Thank you",
                "We have your message.\n",
            )
            at = day * DAY + dice.between(0, DAY - 1)
            town.send(at, spot, one, [letter, thanks] if dice.happens(0.5) else [letter])
    stage.innocent(
        one, "visitors' names as senders, but to the same two readers of the house, from one machine, all days"
    )


@story("school-letter")
def school_letter(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = stage.worker(letters=(2, 5))
    dead = dice.between(4, 20) / 100
    at = town.office_time(dice, stage.mornings()[-1])
    title = text.title(dice, one.language)
    body = text.hand(dice, one.language, one.name)
    for number in range(dice.between(4, 10)):
        parents = [town.reader(dice, dead) for _ in range(dice.between(18, 45))]
        town.send(
            at + number * 3 * MINUTE,
            one.spots[0],
            one,
            [Letter(one.address, parents, title, body, f"{one.name} <{one.address}>")],
        )
    stage.innocent(one, "one letter, class by class, from the desk of the secretary who writes there every day")


@story("hotel-bookings")
def hotel_bookings(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.role("booking", "reservations", "reception")
    spot = town.machine("pms", inside=dice.happens(0.4))
    desk = town.desk()
    expired = dice.between(10, 35) / 100
    for day in range(stage.knobs.days):
        for _ in range(dice.between(10, 45)):
            guest = f"{text.token(dice, 10)}@guest.{dice.pick(('stayhere', 'roomfinder'))}.example"
            share = dice.fraction()
            rcpt = Rcpt(guest, Fate.DEAD if share < expired else Fate.GOOD) if dice.happens(0.7) else town.living(dice)
            number = dice.between(10**7, 10**8)
            body = f"Booking {number}, {dice.between(1, 9)} nights, room {dice.between(100, 420)}.\nSee you soon\n"
            town.send(
                day * DAY + dice.between(0, DAY - 1),
                spot,
                one,
                [Letter(one.address, [rcpt], f"Booking {number}", body)],
            )
        for _ in range(dice.between(1, 5)):
            town.send(town.office_time(dice, day), desk, one, [town.note(dice, one)])
    stage.innocent(
        one, "numbered confirmations at all hours of all days from one machine, letters from the reception's desk"
    )


@story("public-notices")
def public_notices(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.role("protocollo", "tributi", "buergeramt", "registry")
    spot = town.machine("protocol", inside=True)
    dead = dice.between(20, 45) / 100
    for day in dice.sample(stage.mornings(), dice.between(1, 3)):
        letters = []
        for _ in range(dice.between(50, 130)):
            number = f"{dice.between(1, 9999):07d}/2026"
            body = f"Prot. {number}\nNotice of the municipality. The document is attached and signed.\n"
            letters.append(Letter(one.address, [town.reader(dice, dead)], f"Prot. {number}", body, extra=120_000))
        stage.bulk(one, spot, day * DAY + dice.between(0, 23) * HOUR, letters, handful=5)
    stage.innocent(one, "numbered notices with a document, own sender, from the machine that keeps the register")


@story("business-trip")
def business_trip(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = stage.worker(letters=(2, 6))
    start, end = stage.tonight(4, 14)
    spots = stage.abroad(1, 3)
    spots = [Spot(spot.ip, one.spots[0].helo) for spot in spots]
    if dice.happens(0.4):
        for number in range(dice.between(1, 4)):
            town.server.submit(start + number * 30 * SECOND, spots[0], [town.slip(one, one.secret[:-1])], ())
    for number in range(dice.between(3, 14)):
        at = start + 3 * MINUTE + (end - start) * number // 15
        town.send(at, dice.pick(spots), one, [town.note(dice, one)])
    stage.innocent(one, "another country, but the same machine's name, a few unlike letters to known people", UNSURE)


@story("moved-house")
def moved_house(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.person()
    old, new = town.home(), Spot(town.address(town.prefix()), "")
    new = Spot(new.ip, old.helo)
    change = stage.tonight(6, 20)[0]
    for day in stage.mornings():
        for _ in range(dice.between(2, 8)):
            at = town.office_time(dice, day)
            town.send(at, old if at < change else new, one, [town.note(dice, one)])
    for number in range(dice.between(3, 8)):
        town.send(change + number * 25 * MINUTE, new, one, [town.note(dice, one)])
    stage.innocent(one, "the old place falls silent when the new one begins; the letters stay those of a person")


@story("migration")
def migration(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = stage.worker()
    mover = town.machine("imapsync.hoster.example")
    start, end = stage.tonight(2, 6)
    others = dice.sample(list(town.accounts.values()), dice.between(15, 40))
    for number, other in enumerate([*others, one]):
        at = start + (end - start) * number // (len(others) + 1)
        wrong = [town.slip(other, "imported")] if dice.happens(0.12) else []
        town.server.door(at, "imap", mover, [*wrong, town.login(other)])
    town.shared.add(mover.ip)
    stage.innocent(one, "one machine reads everybody's mailbox in turn and sends nothing")


@story("web-agency")
def web_agency(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    spot = town.machine("php.hosting.example")
    town.shared.add(spot.ip)
    sites = [town.role("site", "wp", "portal") for _ in range(dice.between(8, 20))]
    for site in sites:
        for day in range(stage.knobs.days):
            for _ in range(dice.between(0, 7)):
                number = dice.between(100, 99_999)
                rcpt = town.reader(dice, 0.12) if dice.happens(0.5) else town.colleague(dice)
                body = f"Message {number} of your site {site.user}: {text.prose(dice, town.language, 1)}\n"
                town.send(
                    day * DAY + dice.between(0, DAY - 1),
                    spot,
                    site,
                    [Letter(site.address, [rcpt], f"[{site.user}] {number}", body)],
                )
        if dice.happens(0.3):
            town.server.submit(dice.between(0, stage.knobs.now), spot, [town.slip(site, "changeme")], ())
    for site in sites[:3]:
        stage.innocent(site, "a site among twenty on one hosted machine, a few automatic notes a day in its own name")


@story("forwarder-plain")
def forwarder_plain(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.person()
    spot = town.machine("fetchmail") if dice.happens(0.5) else town.machine("fetchmail", inside=True)
    target = Rcpt(f"{text.stranger(dice)}@{dice.pick(text.FREEMAIL)}", dice.pick((Fate.GOOD, Fate.GREY)))
    for day in range(stage.knobs.days):
        for _ in range(dice.between(6, 40)):
            junk = dice.happens(0.35)
            author = stage.forged(1)[0] if junk else dice.pick(town.customers)
            body = text.Pitch(dice).fill(dice)[1] if junk else text.hand(dice, one.language, author)
            rcpt = Rcpt(target.address, Fate.REFUSED) if junk and dice.happens(0.5) else target
            town.send(
                day * DAY + dice.between(0, DAY - 1),
                spot,
                one,
                [Letter(author, [rcpt], text.title(dice, one.language), body)],
            )
    stage.innocent(one, "whatever the senders, all goes to one reader who is there, from one machine, all days")


@story("vacation-responder")
def vacation_responder(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.person()
    spot = town.desk()
    sender = dice.pick(("", one.address))
    body = f"{text.prose(dice, one.language, 2)}\n{one.name}\n"
    for day in range(stage.knobs.days):
        for _ in range(dice.between(5, 25)):
            rcpt = town.fresh(dice, dice.pick((Fate.DEAD, Fate.NO_MX))) if dice.happens(0.35) else town.living(dice)
            letter = Letter(
                sender,
                [rcpt],
                "Auto: " + text.title(dice, one.language),
                body,
                f"<{one.address}>",
                headers=(("Auto-Submitted", "auto-replied"),),
            )
            town.send(day * DAY + dice.between(0, DAY - 1), spot, one, [letter])
    stage.innocent(one, "one text of absence from the owner's machine, as answers at all hours; spammers do not exist")


@story("sprayed-not-entered")
def sprayed_not_entered(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = stage.worker()
    one.secret = one.user
    one = stage.worker() if dice.happens(0.2) else one
    town.live(one, letters=(1, 2))
    spots = stage.abroad(2, 12)
    start, end = stage.tonight(3, 16)
    names = dice.sample(list(town.accounts.values()), dice.between(20, 50))
    for turn in range(dice.between(1, 4)):
        secret = dice.pick(("Spring2026", "Qwerty123", "Changeme1", "Abc123456"))
        for number, other in enumerate([*names, one]):
            at = start + (end - start) * (turn * len(names) + number) // (5 * len(names))
            town.server.submit(at, dice.pick(spots), [town.guess(other, secret + str(turn))], ())
    stage.innocent(one, "a spray over dozens of names that never got in here, however weak the secret")


@story("infected-neighbour")
def infected_neighbour(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    line = town.address(dice.pick(town.providers))
    town.shared.add(line)
    sick = town.person()
    others = [town.person() for _ in range(dice.between(5, 9))]
    for other in (*others, sick):
        town.live(other, [Spot(line, f"PC{dice.between(10, 99)}")], letters=(1, 4))
    start, end = stage.tonight(2, 7)
    plan = stage.plan()
    plan.dead = max(plan.dead, 0.2)
    stage.run(sick, [Spot(line, "localhost")], plan, dice.between(50, 120), span=(start, end), senders=stage.forged(4))
    stage.guilty(
        sick,
        "spam of foreign senders between the owner's letters, from the branch's own line",
        ("first-try", "unknown"),
    )
    stage.town.truths[-1].kind = "infected-pc"
    for other in others[:2]:
        stage.innocent(other, "the same line, but only letters by hand in the own name")


@story("moved-machine")
def moved_machine(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.role("crm", "gestionale", "portal", "service")
    old, new = town.machine("app01"), town.machine("app01")
    change = stage.tonight(6, 20)[0]
    for day in range(stage.knobs.days):
        for _ in range(dice.between(10, 40)):
            at = day * DAY + dice.between(0, DAY - 1)
            number = dice.between(1000, 99_999)
            body = f"Case {number} was updated.\nhttps://app.{one.domain}/c/{number}\n"
            town.send(
                at,
                old if at < change else new,
                one,
                [Letter(one.address, [town.reader(dice, 0.05)], f"Case {number}", body)],
            )
    stage.innocent(one, "the same programme, texts and pace before and after; the old place falls silent", UNSURE)


@story("fax-gateway")
def fax_gateway(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.role("fax", "telefax", "pec-fax")
    spot = town.machine("faxsrv", inside=True)
    busy = dice.between(10, 40) / 100
    for day in stage.mornings():
        for _ in range(dice.between(15, 60)):
            number = f"0{dice.between(10**8, 10**9)}"
            fate = Fate.REFUSED if dice.happens(busy) else Fate.GOOD
            letter = Letter(one.address, [Rcpt(f"{number}@fax.telco.example", fate)], number, "fax\n", extra=20_000)
            town.send(town.office_time(dice, day), spot, one, [letter])
    stage.innocent(one, "numbers at one provider's domain from one machine of the house in office hours")


@story("night-shift")
def night_shift(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.person()
    desk, tablet = town.desk(), Spot(town.home().ip, "iPad")
    for day in range(max(0, stage.knobs.days - 3)):
        for _ in range(dice.between(1, 4)):
            town.send(day * DAY + dice.between(0, 5 * HOUR), desk, one, [town.note(dice, one)])
    last = (stage.knobs.days - 1) * DAY
    for _ in range(dice.between(4, 14)):
        town.send(last + dice.between(0, 6 * HOUR), tablet, one, [town.note(dice, one)])
    stage.innocent(one, "letters by hand at night, as on the nights before, from a tablet that is new", UNSURE)


@story("cameras")
def cameras(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.role("cam", "nvr", "alarm", "telecamere")
    readers = [Rcpt(f"control@{dice.pick(town.firms)}", Fate.GOOD), town.colleague(dice)]
    sender = dice.pick((one.address, "camera@local.lan", "nvr@example.com"))
    for site in range(dice.between(6, 14)):
        block = dice.pick((*town.providers, *town.carriers))
        for day in range(stage.knobs.days):
            spot = Spot(town.address(block), f"cam{site}")
            for _ in range(dice.between(1, 6)):
                letter = Letter(
                    sender, [dice.pick(readers)], f"Motion {site}", f"channel {site}\n", extra=dice.between(0, 60_000)
                )
                town.send(day * DAY + dice.between(0, DAY - 1), spot, one, [letter])
    stage.innocent(
        one, "many changing addresses of the country's providers, but two readers for ever and no other text"
    )


@story("urgent-notice")
def urgent_notice(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = stage.worker(spots=[town.desk()])
    spot = town.home()
    at = stage.tonight(2, 4)[0]
    title, body = text.title(dice, one.language), text.hand(dice, one.language, one.name)
    for number in range(dice.between(4, 8)):
        rcpts = [town.reader(dice, 0.1) for _ in range(dice.between(25, 50))]
        town.send(
            at + number * 4 * MINUTE,
            spot,
            one,
            [Letter(one.address, rcpts, title, body, f"{one.name} <{one.address}>")],
        )
    stage.innocent(
        one, "one letter in the own name to customers, by hand in groups, from a home not seen before", UNSURE
    )


@story("crm-pool")
def crm_pool(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = stage.worker()
    block = town.prefix()
    pool = [Spot(town.address(block), f"o{number}.crm.example") for number in range(dice.between(6, 20))]
    title, body = text.title(dice, one.language), text.prose(dice, one.language, 4)
    for day in stage.mornings():
        for _ in range(dice.between(10, 40)):
            reader = town.reader(dice, dice.between(3, 12) / 100)
            out = f"https://t.crm.example/{text.token(dice, 10)}"
            letter = Letter(
                one.address,
                [reader],
                title,
                f"{reader.address.split('@')[0]},\n{body}\n{out}\n",
                headers=(("List-Unsubscribe", f"<{out}>"),),
            )
            town.send(town.office_time(dice, day), dice.pick(pool), one, [letter])
    stage.innocent(one, "one block of addresses with one service's name, on all days, own sender, a way out", UNSURE)


@story("cgnat-neighbour")
def cgnat_neighbour(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    ip = town.address(dice.pick(town.carriers))
    town.shared.add(ip)
    one = stage.worker(spots=[Spot(ip, "android"), town.desk()])
    others = [name for name in town.accounts.values() if name is not one]
    start, end = stage.tonight(2, 10)
    for number in range(dice.between(15, 60)):
        target = dice.pick(others[:12])
        at = start + (end - start) * number // 60
        town.server.submit(at, Spot(ip, "User"), [town.guess(target, f"pass{dice.between(1, 9999)}")], ())
    stage.innocent(
        one, "a stranger behind the same carrier's address guesses other names; the owner only writes letters"
    )
