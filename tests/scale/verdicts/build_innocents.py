"""Innocents against which a detector may be built."""

from __future__ import annotations

from . import text
from .base import DAY, HOUR, MINUTE, SECOND, Account, Fate, Letter, Rcpt, Spot
from .stage import CLEAR, UNSURE, Stage, story

AUTO = (("Auto-Submitted", "auto-generated"),)


def _legible(stage: Stage, one: Account) -> tuple[str, ...]:
    """Only who can read that it is one old secret can tell it from guesses."""
    hidden = stage.knobs.masked or one.mechanism == "CRAM-MD5"
    return UNSURE if hidden else CLEAR


@story("ticket-system")
def ticket_system(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.role("ticket", "helpdesk", "assistenza", "servicedesk")
    spot = town.machine("otrs.lan", inside=dice.happens(0.5))
    waits, lost = dice.between(20, 100) / 100, dice.between(1, 6) / 100
    for day in range(stage.knobs.days):
        for _ in range(dice.between(8, 40)):
            number = dice.between(10_000, 99_999)
            asker = town.living(dice)
            reader = Rcpt(asker.address, Fate.LATER) if dice.happens(waits) else asker
            reader = town.fresh(dice, Fate.DEAD) if dice.happens(lost) else reader
            body = f"##- Reply above this line -##\nRequest #{number} has a new note:\n{text.prose(dice, town.language, 2)}\n"
            sender = dice.pick(town.customers) if dice.happens(0.7) else one.address
            letter = Letter(sender, [reader], f"[#{number}] {text.token(dice, 5)}", body, headers=AUTO)
            stage.spread(one, spot, [letter], town.office_time(dice, day), day * DAY + 20 * HOUR)
    stage.innocent(one, "one machine on all days, at the pace of the office, numbered tickets; most of it merely waits")


@story("newsletter-old-list")
def newsletter_old_list(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.role("newsletter", "news", "marketing")
    spot = town.machine("lists.firm.example", inside=dice.happens(0.3))
    dead = dice.between(15, 50) / 100
    for day in dice.sample(stage.mornings(), dice.between(1, 2)):
        title = text.title(dice, town.language)
        story_text = text.prose(dice, town.language, 12)
        letters = []
        for _ in range(dice.between(80, 220)):
            way_out = f"https://news.{one.domain}/out/{text.token(dice, 12)}"
            headers = (("List-Unsubscribe", f"<{way_out}>"), ("Precedence", "bulk"))
            body = f"{story_text}\n\nUnsubscribe: {way_out}\n"
            letters.append(Letter(one.address, [town.reader(dice, dead)], title, body, headers=headers))
        stage.bulk(one, spot, day * DAY + dice.between(7, 17) * HOUR, letters, handful=dice.pick((1, 10, 50)))
    stage.innocent(one, "own sender, one place, a way to unsubscribe in each copy; an old list has dead addresses")


@story("shared-mailbox")
def shared_mailbox(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.role("info", "sales", "segreteria", "kontakt")
    team = [town.person() for _ in range(dice.between(4, 7))]
    spots = [town.desk() if dice.happens(0.6) else town.home() for _ in team]
    for day in stage.mornings():
        for colleague, spot in zip(team, spots, strict=True):
            for _ in range(dice.between(1, 4)):
                sender = colleague.address if dice.happens(0.6) else one.address
                letter = town.note(dice, colleague, sender=sender)
                letter.reply_to = one.address if dice.happens(0.3) else ""
                town.send(town.office_time(dice, day), spot, one, [letter])
    stage.innocent(one, "a few handwritten letters a day from each of some steady places; the senders are colleagues")


@story("scanner")
def scanner(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.role("scanner", "scan", "mfp", "kopierer")
    one.secret = dice.pick(("scan", one.user, "scanner1", "12345"))
    spot = Spot(town.lan().ip, f"MFP{dice.between(100000, 999999)}")
    for day in stage.mornings():
        for _ in range(dice.between(6, 30)):
            name = f"Scan_{dice.between(1, 9999):04d}.pdf"
            reader = town.colleague(dice) if dice.happens(0.9) else town.living(dice)
            extra = dice.between(0, 900_000) if dice.happens(0.6) else 0
            letter = Letter(one.address, [reader], name, f"{name}\n", extra=extra)
            town.send(town.office_time(dice, day), spot, one, [letter])
    stage.innocent(
        one, "one machine of the house's own network, scans to colleagues in office hours; weak but not entered"
    )


@story("web-shop")
def web_shop(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.role("shop", "ordini", "orders", "noreply")
    spot = town.machine(f"web{dice.between(1, 40)}.hoster.example")
    misspelt = dice.between(5, 22) / 100
    for day in range(stage.knobs.days):
        for _ in range(dice.between(15, 70)):
            number = dice.between(100_000, 999_999)
            body = f"Order {number}\n{dice.between(1, 5)} x {dice.pick(text.TRADES)} {dice.between(3, 400)},00\nhttps://shop.{one.domain}/o/{number}\n"
            letter = Letter(one.address, [town.reader(dice, misspelt)], f"Order {number}", body, headers=AUTO)
            stage.spread(one, spot, [letter], day * DAY, day * DAY + DAY - 1)
    stage.innocent(one, "own sender, one machine at all hours of all days; customers misspell their own addresses")


@story("lab-reports")
def lab_reports(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.role("lab", "referti", "labor", "reports")
    spot = town.machine("lis01", inside=dice.happens(0.7))
    hour = dice.between(0, 5)
    for day in range(stage.knobs.days):
        letters = []
        for _ in range(dice.between(25, 110)):
            number = dice.between(10**6, 10**7)
            body = f"Report {number} is ready. Code {text.token(dice, 6)}.\nhttps://lab.{one.domain}/{number}\n"
            letters.append(Letter(one.address, [town.reader(dice, 0.04)], f"Report {number}", body, headers=AUTO))
        stage.bulk(one, spot, stage.around(day * DAY + hour * HOUR + 20 * MINUTE, 15), letters, handful=30)
    stage.innocent(one, "the same hour of every night from the same machine, own sender, living readers")


@story("monitoring")
def monitoring(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.role("monitor", "nagios", "alerts")
    spot = town.machine("nagios", inside=dice.happens(0.6))
    readers = [
        town.colleague(dice),
        Rcpt(dice.pick(town.customers), Fate.GOOD),
        Rcpt(f"oncall@{dice.pick(town.firms)}", Fate.GREY),
    ]
    sender = dice.pick((one.address, "root@web01.localdomain", f"nagios@mon.{dice.pick(town.firms)}"))
    storm = dice.between(0, stage.knobs.days - 1)
    for day in range(stage.knobs.days):
        count = dice.between(80, 260) if day == storm else dice.between(2, 12)
        start = day * DAY + dice.between(0, 23) * HOUR
        for number in range(count):
            host = f"srv{dice.between(1, 60)}"
            letter = Letter(
                sender,
                [dice.pick(readers)],
                f"PROBLEM {host}",
                f"{host} is DOWN, state {dice.between(1, 3)}\n",
                headers=AUTO,
            )
            town.send(start + number * dice.between(2, 25) * SECOND, spot, one, [letter])
    stage.innocent(one, "a storm of alerts to the same three readers, from the machine that sends alerts every day")


@story("stale-device")
def stale_device(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = stage.worker()
    device = town.home() if dice.happens(0.6) else Spot(town.address(dice.pick(town.carriers)), "iPhone")
    end = stage.tonight(1, 2)[1]
    every = dice.between(40, 300) * SECOND
    tries = dice.between(60, 500)
    for number in range(tries):
        at = end - (tries - number) * every
        if at > 0:
            door = dice.pick(("smtp", "imap")) if stage.knobs.imap else "smtp"
            old = [town.slip(one, f"Old{one.secret[2:]}")]
            if door == "smtp":
                town.server.submit(at, device, old, ())
            else:
                town.server.door(at, door, device, old)
    for number in range(dice.between(1, 6)):
        town.send(end + number * dice.between(1, 5) * MINUTE, device, one, [town.note(dice, one)])
    stage.innocent(
        one,
        "one and the same old secret hundreds of times at even steps, then the new one, then few letters",
        _legible(stage, one),
    )


@story("mistyper")
def mistyper(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = stage.worker()
    day = dice.pick(stage.mornings())
    at = town.office_time(dice, day)
    spot = dice.pick(one.spots)
    for _ in range(dice.between(3, 14)):
        place = dice.between(0, len(one.secret) - 1)
        wrong = one.secret[:place] + dice.pick("xyz17") + one.secret[place + 1 :]
        at += dice.between(4, 50) * SECOND
        town.server.submit(at, spot, [town.slip(one, wrong + ("" if wrong != one.secret else "q"))], ())
    for _ in range(dice.between(1, 9)):
        at += dice.between(20, 900) * SECOND
        town.send(at, spot, one, [town.note(dice, one)])
    stage.innocent(
        one, "some slips a letter away from the secret within minutes, at a place of the owner; then own letters"
    )


@story("vpn-user")
def vpn_user(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.person()
    town.shared.update(town.vpn)
    town.live(one, [Spot(ip, f"laptop-{text.token(dice, 4)}") for ip in town.vpn], letters=(1, 5))
    for _ in range(dice.between(1, 3)):
        other = town.person()
        town.live(other, [Spot(dice.pick(town.vpn), "MacBook")], letters=(1, 2))
    stage.innocent(one, "handwritten letters to known people from three exits that others of the house use too")


@story("mobile-many")
def mobile_many(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.person()
    carrier = dice.pick(town.carriers)
    for day in range(stage.knobs.days):
        for _ in range(dice.between(6, 25)):
            spot = Spot(town.address(carrier), "[10.{}.{}.{}]".format(*(dice.between(1, 250) for _ in range(3))))
            town.shared.add(spot.ip)
            at = day * DAY + dice.between(6 * HOUR, 23 * HOUR)
            letters = [town.note(dice, one)] if dice.happens(0.6) else []
            if dice.happens(0.08):
                town.server.submit(at - MINUTE, spot, [town.slip(one, one.secret[:-1])], ())
            town.send(at, spot, one, letters)
    stage.innocent(one, "all addresses of one carrier's block, handwritten letters, on every day, hardly a dead reader")


@story("new-employee")
def new_employee(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.person()
    spot = town.desk()
    at = (stage.knobs.days - 1) * DAY + stage.knobs.opens * HOUR + dice.between(10, 60) * MINUTE
    for _ in range(dice.between(1, 5)):
        town.server.submit(at, spot, [town.slip(one, f"Welcome{dice.between(1, 99)}")], ())
        at += dice.between(10, 90) * SECOND
    house = [Rcpt(name, Fate.LOCAL) for name in dice.sample(list(town.accounts), dice.between(15, 50))]
    town.send(at, spot, one, [town.note(dice, one, rcpts=house)])
    for _ in range(dice.between(4, 18)):
        at += dice.between(3, 30) * MINUTE
        town.send(at, spot, one, [town.note(dice, one)])
    stage.innocent(one, "a first day at a desk of the house: a few slips, greetings to colleagues, some letters")


@story("password-wave")
def password_wave(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = stage.worker(spots=[Spot(town.office, f"PC{dice.between(10, 999)}")])
    town.guests.append(one)
    at = stage.mornings()[-1] * DAY + stage.knobs.opens * HOUR + dice.between(0, 90) * MINUTE
    others = [town.person() for _ in range(dice.between(3, 7))]
    for other in (*others, one):
        other.spots = other.spots or [Spot(town.office, f"PC{dice.between(10, 999)}")]
        now = at + dice.between(0, 30) * MINUTE
        for _ in range(dice.between(4, 40)):
            town.server.submit(now, other.spots[0], [town.slip(other, f"Was{other.secret[1:]}")], ())
            now += dice.between(5, 60) * SECOND
        for _ in range(dice.between(1, 5)):
            town.send(now, other.spots[0], other, [town.note(dice, other)])
            now += dice.between(4, 40) * MINUTE
    stage.innocent(one, "many accounts at the office's one address, each with one old secret of its own, then at work")


@story("archiver")
def archiver(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.role("archive", "journal", "backup")
    spot = town.machine("mailstore", inside=dice.happens(0.7))
    vault = f"journal-{text.token(dice, 5)}@archive.{dice.pick(town.firms)}"
    waits = dice.happens(0.3)
    people = list(town.accounts)
    for day in range(stage.knobs.days):
        letters = []
        for _ in range(dice.between(20, 90)):
            sender = dice.pick(town.customers) if dice.happens(0.6) else dice.pick(people)
            body = text.hand(dice, town.language, "")
            letters.append(
                Letter(sender, [Rcpt(vault, Fate.LATER if waits else Fate.GOOD)], text.title(dice, town.language), body)
            )
        stage.spread(one, spot, letters, day * DAY + stage.knobs.opens * HOUR, day * DAY + stage.knobs.closes * HOUR)
        town.server.door(day * DAY + 2 * HOUR, "imap", spot, [town.login(one)])
    stage.innocent(one, "everybody's letters to one single vault, from one machine, on all days")


@story("list-manager")
def list_manager(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.role("lists", "mailman", "sympa")
    spot = town.machine("mailman", inside=dice.happens(0.5))
    members = [town.reader(dice, dice.between(2, 15) / 100) for _ in range(dice.between(25, 60))]
    verp = dice.happens(0.5)
    name = dice.pick(("soci", "staff", "board", "verein"))
    for day in range(stage.knobs.days):
        for _ in range(dice.between(0, 3)):
            author = dice.pick(town.customers)
            title, body = text.title(dice, town.language), text.hand(dice, town.language, author.partition("@")[0])
            headers = (("List-Id", f"<{name}.{one.domain}>"), ("Precedence", "list"))
            letters = [
                Letter(
                    f"{name}-bounces+{member.address.replace('@', '=')}@{one.domain}" if verp else author,
                    [member],
                    title,
                    body,
                    f"<{author}>",
                    headers=headers,
                )
                for member in members
            ]
            stage.bulk(one, spot, town.office_time(dice, day), letters, handful=15)
    stage.innocent(one, "posts with a List-Id to the same members again and again, from one machine")


@story("forwarder-srs")
def forwarder_srs(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.person()
    spot = town.machine("fwd", inside=True)
    target = Rcpt(f"{text.stranger(dice)}@{dice.pick(text.FREEMAIL)}", dice.pick((Fate.GOOD, Fate.GREY, Fate.LATER)))
    for day in range(stage.knobs.days):
        letters = []
        for _ in range(dice.between(8, 45)):
            author = dice.pick(town.customers) if dice.happens(0.7) else stage.forged(1)[0]
            user, _, domain = author.partition("@")
            rewritten = f"SRS0={text.token(dice, 4)}=A{dice.between(0, 9)}={domain}={user}@{one.domain}"
            body = text.hand(dice, one.language, user) if dice.happens(0.7) else text.Pitch(dice).fill(dice)[1]
            letters.append(Letter(rewritten, [target], text.title(dice, one.language), body, f"<{author}>"))
        stage.spread(one, spot, letters, day * DAY, day * DAY + DAY - 1)
    stage.innocent(one, "all of it goes to one living reader, from one machine, at all hours of all days")


@story("dest-down")
def dest_down(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.role("billing", "fatture", "rechnung", "edi")
    spot = town.machine("erp", inside=dice.happens(0.7))
    domain = f"{dice.pick(text.FIRMS)}-group{dice.between(1, 9)}.example"
    readers = [f"{name}@{domain}" for name in ("invoices", "edi", "ap", "accounts", "buchhaltung")]
    for day in stage.mornings():
        letters = []
        for _ in range(dice.between(30, 120)):
            number = dice.between(10_000, 99_999)
            body = f"Invoice {number} over {dice.between(20, 9000)},{dice.between(10, 99)} EUR.\n{town.firms[0]}\n"
            reader = Rcpt(dice.pick(readers), Fate.DOWN) if dice.happens(0.9) else town.living(dice)
            letters.append(Letter(one.address, [reader], f"Invoice {number}", body, extra=40_000))
        stage.spread(one, spot, letters, day * DAY + stage.knobs.opens * HOUR, day * DAY + stage.knobs.closes * HOUR)
    stage.innocent(one, "own sender, one machine, one customer whose server does not answer: waiting is not dead")


@story("guessed-not-entered")
def guessed_not_entered(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = stage.worker()
    start, end = stage.tonight(2, 20)
    town.guesses(one, stage.abroad(1, 25), start, end, dice.between(60, 500))
    if dice.happens(0.5):
        at = end - 5 * MINUTE
        town.server.submit(at, one.spots[0], [town.slip(one, one.secret.lower())], ())
        town.send(at + 20 * SECOND, one.spots[0], one, [town.note(dice, one)])
    stage.innocent(one, "strangers guess and never get in; each success is the owner's at the owner's places")


@story("big-cc")
def big_cc(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = stage.worker()
    dead = dice.between(15, 55) / 100
    rcpts = [town.reader(dice, dead) for _ in range(dice.between(60, 180))]
    at = town.office_time(dice, stage.mornings()[-1])
    town.send(at, one.spots[0], one, [town.note(dice, one, rcpts=rcpts)])
    if dice.happens(0.4):
        town.send(at + 7 * MINUTE, one.spots[0], one, [town.note(dice, one, rcpts=rcpts[: len(rcpts) // 2])])
    stage.innocent(one, "one or two letters by hand from the owner's desk to an old address book; the rest is as ever")


@story("mail-merge")
def mail_merge(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = stage.worker(letters=(2, 5))
    dead = dice.between(10, 40) / 100
    title, body = text.title(dice, one.language), text.prose(dice, one.language, 4)
    letters = []
    for _ in range(dice.between(90, 240)):
        reader = town.reader(dice, dead)
        letters.append(
            Letter(
                one.address,
                [reader],
                title,
                f"{reader.address.partition('@')[0].title()},\n{body}\n{one.name}\n",
                f"{one.name} <{one.address}>",
            )
        )
    stage.bulk(one, one.spots[0], town.office_time(dice, stage.mornings()[-1]), letters, handful=1, gap=(2, 8))
    stage.innocent(one, "from the owner's own desk between own letters, own sender, a polite text without a link")


@story("ipv6-privacy")
def ipv6_privacy(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.person()
    net = town.net6()
    for day in range(stage.knobs.days):
        for _ in range(dice.between(5, 20)):
            spot = Spot(town.address6(net), "MacBook-Air.local")
            town.send(day * DAY + dice.between(7 * HOUR, 23 * HOUR), spot, one, [town.note(dice, one)])
    stage.innocent(one, "every address lies in one household's network of IPv6; handwritten letters on all days")


@story("returner")
def returner(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.person()
    spot = town.home() if dice.happens(0.5) else town.desk()
    at = stage.tonight(4, 6)[0]
    for _ in range(dice.between(5, 22)):
        town.server.submit(at, spot, [town.slip(one, f"{one.secret[: dice.between(2, 7)]}{dice.between(1, 30)}")], ())
        at += dice.between(8, 70) * SECOND
    for _ in range(dice.between(15, 45)):
        at += dice.between(40, 400) * SECOND
        town.send(at, spot, one, [town.note(dice, one)])
    stage.innocent(
        one, "many slips within half an hour, then an afternoon of unlike answers to people who are there", UNSURE
    )


@story("own-other-domain")
def own_other_domain(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    one = town.person()
    other = f"{one.user}@{one.user.split('.')[-1]}-consult.example"
    one.spots = [town.home(), town.desk()]
    for day in stage.mornings():
        for _ in range(dice.between(2, 9)):
            sender = other if dice.happens(0.85) else one.address
            letter = town.note(dice, one, sender=sender)
            letter.reply_to = other if dice.happens(0.4) else ""
            town.send(town.office_time(dice, day), dice.pick(one.spots), one, [letter])
    stage.innocent(one, "one foreign sender that is always the same, handwritten letters, own places, living readers")


@story("trusted-device")
def trusted_device(stage: Stage) -> None:
    town, dice = stage.town, stage.dice
    spot = Spot(town.lan().ip, f"ups{dice.between(1, 99)}")
    sender = f"{dice.pick(('ups', 'nas', 'alarm', 'pbx'))}@{stage.knobs.domains[0]}"
    readers = [Rcpt(f"service@{dice.pick(town.firms)}", Fate.GOOD), town.colleague(dice)]
    for day in range(stage.knobs.days):
        for _ in range(dice.between(2, 25)):
            letter = Letter(
                sender, [dice.pick(readers)], f"Event {dice.between(1, 999)}", "state changed\n", headers=AUTO
            )
            town.server.submit(day * DAY + dice.between(0, DAY - 1), spot, (), [letter])
    stage.relay([spot.ip], "a device of the house's own network, its own sender, two readers", CLEAR)
