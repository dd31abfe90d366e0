"""Whose address is it? The smallest evidence on both sides of each rule: the owner's habit, and a stranger's onset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from breachkit.detect.accounts.activity import Activity, Conduct, Fates, Sent, Use, phases_of
from breachkit.detect.accounts.places import programme_of
from breachkit.detect.accounts.roles import Known, Roles, facts_of, find_roles
from breachkit.detect.accounts.suspects import find_letters
from breachkit.micros import DAY, HOUR
from breachkit.records import Locus

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Locus("s.log", 0, 1)
HOME, ABROAD, THIRD = "192.0.2.10", "203.0.113.50", "198.51.100.7"
MINUTE = HOUR // 60
HOUSES = [f"firm{number}.example" for number in range(20)]


def mail(
    begin: int,
    number: int,
    *,
    every: int = 30 * MINUTE,
    domains: Sequence[str | None] = (None,),
    dead: int = 0,
    strangers: int = 0,
    waiting: int = 0,
    colleagues: int = 0,
) -> list[Sent]:
    """Write messages at a pace, in the names of some houses in turn, the last `dead` to nobody, some to strangers."""
    sent = []
    for at in range(number):
        fates = Fates(dead=1) if at >= number - dead else Fates(waiting=1) if at < waiting else Fates(delivered=1)
        is_strange = at >= number - strangers
        colleague = f"colleague{at % colleagues}@example.it" if colleagues else None
        domain = domains[at % len(domains)]
        sent.append(Sent(begin + at * every, domain, colleague, fates, int(is_strange), int(not is_strange), HERE))
    return sent


def use(ip: str, helo: str, sent: list[Sent], *, guesses: bool = False, local: bool = False) -> Use:
    """Make what a programme at an address did."""
    return Use(ip, programme_of(helo), sent[0].ts, sent[-1].ts, local, guesses, sent=sent)


def parted(*uses: Use, attackers: dict[str, Known] | None = None) -> Roles:
    phases = [phase for one in uses for phase in phases_of(one)]
    ordered = tuple(sorted(phases, key=lambda one: one.first_seen))
    return find_roles(Activity("anna@example.it", ordered, ordered[0].first_seen), attackers or {})


def attacking(*uses: Use, attackers: dict[str, Known] | None = None) -> set[str]:
    return {one.ip for one in parted(*uses, attackers=attackers).attacking}


def owner() -> Use:
    return use(HOME, "pc-7", mail(0, 12, every=8 * HOUR))


def test_waiting_is_no_evidence_of_death() -> None:
    few = use(ABROAD, "User", mail(2 * DAY, 60, every=MINUTE, dead=4, strangers=50, waiting=56))
    many = use(ABROAD, "User", mail(2 * DAY, 60, every=MINUTE, dead=40, strangers=60, waiting=20))
    assert attacking(owner(), few) == set()
    assert attacking(owner(), many) == {ABROAD}


def test_a_place_that_wrote_like_an_owner_for_a_day_is_the_owners() -> None:
    before = mail(DAY, 4, every=10 * HOUR)
    merge, run = (mail(3 * DAY, 100, every=every, dead=30, strangers=100) for every in (MINUTE // 6, MINUTE))
    assert attacking(owner(), use(THIRD, "laptop", [*before, *merge])) == set()
    assert attacking(owner(), use(THIRD, "laptop", merge)) == {THIRD}
    assert attacking(owner(), use(THIRD, "laptop", [*before, *run])) == {THIRD}  # no mailing lasts so long


def test_masses_to_strangers_are_an_attack_where_they_are_unwanted_or_come_from_many_places() -> None:
    """From one place an owner writes to all her customers, too."""
    wanted = mail(2 * DAY, 60, every=MINUTE, strangers=60)
    assert attacking(owner(), use(ABROAD, "User", wanted)) == set()
    assert attacking(owner(), use(ABROAD, "User", mail(2 * DAY, 60, every=MINUTE, dead=6, strangers=60))) == {ABROAD}
    assert attacking(owner(), use(ABROAD, "User", mail(2 * DAY, 60, every=MINUTE, dead=6, strangers=25))) == set()
    assert attacking(owner(), use(ABROAD, "User", wanted), use("45.3.2.1", "vps-1", wanted)) == {ABROAD, "45.3.2.1"}


def test_a_thief_beside_a_newsletter_is_told_from_it() -> None:
    newsletter = use(HOME, "lists.firm.example", mail(0, 300, every=MINUTE, dead=15, strangers=300))
    places = (("203.0.113.1", "User"), ("45.3.2.1", "WIN-1A"), (THIRD, "vps-4"))
    thieves = [use(ip, helo, mail(2 * DAY, 30, dead=3, strangers=30)) for ip, helo in places]
    assert attacking(newsletter, *thieves) == {ip for ip, _ in places}


def test_a_habit_moves_with_its_programme_and_not_without() -> None:
    tickets = use(HOME, "tickets.example.it", mail(0, 50, every=HOUR, domains=HOUSES))
    moved = use(ABROAD, "tickets.example.it", mail(3 * DAY, 50, domains=HOUSES))
    assert parted(tickets, moved).of == {HOME: "usual", ABROAD: "moved"}
    assert attacking(tickets, use(ABROAD, "User", mail(3 * DAY, 50, domains=[*HOUSES, "x.example"]))) == {ABROAD}


@pytest.mark.parametrize(
    ("helos", "found"),
    [
        (["ip-10-1-2-{}.internal", "worker{}", "mailer-7d9f8b6c5-x{}x9z"], False),
        (["WIN-{}KQ", "vps-kq", "{}.example"], True),
    ],
)
def test_machines_of_a_cloud_that_differ_by_number_are_one_programme(helos: list[str], *, found: bool) -> None:
    for helo in helos[: None if not found else 1]:
        first = use(HOME, helo.format(1), mail(0, 30, every=HOUR, strangers=30))
        later = [
            use(f"{40 + day}.3.2.1", helo.format(day), mail(day * DAY, 30, every=MINUTE, strangers=30))
            for day in range(1, 5)
        ]
        assert bool(attacking(first, *later)) == found


def test_one_name_beside_the_houses_is_an_owners_and_many_are_not() -> None:
    club = use(ABROAD, "laptop", mail(2 * DAY, 6, domains=["club.example"]))
    assert attacking(owner(), club) == set()
    assert attacking(owner(), use(ABROAD, "laptop", mail(2 * DAY, 6, domains=HOUSES, strangers=6))) == {ABROAD}
    assert attacking(owner(), use(ABROAD, "laptop", mail(2 * DAY, 30, domains=HOUSES[:2]))) == set()
    own = use(HOME, "pc-7", mail(0, 12, every=8 * HOUR, domains=["own-firm.example"]))
    assert attacking(own, use(ABROAD, "laptop", mail(2 * DAY, 30, domains=["own-firm.example"]))) == set()


def test_logs_that_begin_amid_an_attack_show_it_beside_the_owner() -> None:
    writer = use(HOME, "pc-7", mail(5 * HOUR, 4, every=2 * HOUR))
    thief = use(ABROAD, "User", mail(0, 80, every=20 * MINUTE, domains=HOUSES, dead=30, strangers=80))
    assert attacking(thief, writer) == {ABROAD}
    helpdesk = use(ABROAD, "tickets", mail(0, 80, every=20 * MINUTE, domains=HOUSES))
    assert attacking(helpdesk, writer) == set()
    shop = use(ABROAD, "shop.example", mail(0, 80, every=20 * MINUTE, dead=20, strangers=80))
    assert attacking(shop, writer) == set()


def test_one_message_from_each_of_many_places_is_an_attack_and_a_telephone_on_the_move_is_none() -> None:
    scattered = [
        use(f"{50 + at}.7.0.1", f"pc-{'abcdefghijklmnopqrstuvwxyz'[at]}", mail(2 * DAY + at * MINUTE, 1, strangers=1))
        for at in range(25)
    ]
    roaming = [use(f"58.72.{at}.1", f"[10.0.0.{at}]", mail(2 * DAY + at * MINUTE, 1)) for at in range(25)]
    assert len(attacking(owner(), *scattered)) == len(scattered)
    assert attacking(owner(), *roaming) == set()


@pytest.mark.parametrize(
    ("helo", "known", "found"),
    [
        ("User", Known(2 * DAY, frozenset({"user"})), True),  # the programme that sent spam in another account
        ("laptop", Known(2 * DAY, frozenset({"user"})), False),  # a gateway, through which others come too
        ("laptop", Known(2 * DAY, None), True),  # it guessed: whatever comes from it does
    ],
)
def test_suspicion_spreads_only_from_proven_attackers(helo: str, known: Known, *, found: bool) -> None:
    guest = use(ABROAD, helo, mail(2 * DAY, 2))
    assert attacking(owner(), guest, attackers={ABROAD: known}) == ({ABROAD} if found else set())


def test_a_guesser_that_came_in_attacks_and_an_owner_behind_the_same_gateway_does_not() -> None:
    assert attacking(owner(), use(ABROAD, "User", mail(2 * DAY, 1), guesses=True)) == {ABROAD}
    assert attacking(use(ABROAD, "pc-7", mail(0, 6, every=8 * HOUR)), attackers={ABROAD: Known(2 * DAY, None)}) == set()


def test_guessers_of_one_network_are_no_home_to_each_other_in_logs_without_the_owner() -> None:
    one, other = (
        use(f"203.0.113.5{at}", "User", mail(at * HOUR, 20, every=MINUTE, dead=18, strangers=20)) for at in (0, 1)
    )
    assert attacking(one, other, attackers={ip: Known(0, None) for ip in (one.ip, other.ip)}) == {one.ip, other.ip}
    quiet = [use(f"203.0.113.5{at}", "pc-7", mail(at * HOUR, 20, every=MINUTE)) for at in (0, 1)]
    assert attacking(*quiet, attackers={one.ip: Known(0, None) for one in quiet}) == set()


def test_another_programme_at_the_owners_place_is_a_stranger_there_and_the_same_is_her_own_machine() -> None:
    spam = mail(3 * DAY, 60, every=MINUTE, domains=HOUSES, dead=30, strangers=60)
    found = parted(owner(), use(HOME, "localhost", spam, local=True))
    assert [one.programme for one in found.strangers] == ["localhost"]
    infected = use(HOME, "pc-7", [*mail(0, 6, every=6 * HOUR), *spam])
    found = parted(infected)
    assert ([len(one.sent) for one in found.attacking], found.strangers) == ([60], [])


def test_a_first_place_of_a_stranger_is_told_by_the_others() -> None:
    """He came in as early as the owner; half a day later the rest of his places followed."""
    early = use("45.3.2.1", "WIN-1A", mail(2 * HOUR, 5, every=2 * HOUR, strangers=5))
    late = [
        use(f"{60 + at}.3.2.1", f"vps-{'xyz'[at]}", mail(13 * HOUR, 20, every=MINUTE, strangers=20)) for at in (0, 1)
    ]
    assert attacking(owner(), early, *late) == {"45.3.2.1", "60.3.2.1", "61.3.2.1"}


def test_answers_to_another_house_are_asked_for_by_a_stranger_only_where_the_owner_never_does() -> None:
    sends = pd.DataFrame({"client_ip": [HOME, HOME, ABROAD, ABROAD]})
    activity = Activity("anna@example.it", (owner(), use(ABROAD, "x", mail(2 * DAY, 2))), 0)

    def found(answers: list[str | None]) -> list[str]:
        queued = pd.DataFrame(
            {"send": [0, 1, 2, 3], "reply_to": answers, "mail_from": "anna@example.it", "source": [HERE] * 4}
        )
        return [one.client_ip for one in find_letters(activity, queued, sends, {"example.it"})]

    assert found([None, None, "x@gmail.example", "x@gmail.example"]) == [ABROAD]
    assert found([None, None, "x@gmail.example", None]) == []
    assert found(["x@gmail.example"] * 4) == []
    assert found([None, None, "boss@example.it", "boss@example.it"]) == []


def test_a_conduct_sums_up_what_its_uses_did() -> None:
    conduct = Conduct((owner(), use(ABROAD, "x", mail(2 * DAY, 2, domains=["a.example"], dead=1))))
    assert (len(conduct.sent), conduct.domains, conduct.fates.dead) == (14, {"a.example"}, 1)


def test_an_owner_knows_whom_she_writes_to_and_a_spammer_does_not() -> None:
    """A notice to all customers from a strange place goes to people whom the house knows, gone ones among them."""
    notice = use(ABROAD, "laptop", mail(2 * DAY, 80, every=MINUTE, dead=20, strangers=60))
    assert attacking(owner(), notice) == set()
    assert attacking(owner(), use(ABROAD, "laptop", mail(2 * DAY, 80, every=MINUTE, dead=20, strangers=80))) == {ABROAD}


def test_colleagues_names_are_foreign_ones_only_to_strangers() -> None:
    team = mail(2 * DAY, 40, every=10 * MINUTE, colleagues=4)
    phish = mail(2 * DAY, 40, every=10 * MINUTE, colleagues=4, strangers=40)
    assert attacking(owner(), use(ABROAD, "laptop", team)) == set()
    assert attacking(owner(), use(ABROAD, "User", phish)) == {ABROAD}


def test_what_an_infected_machine_sent_begins_where_its_owners_letters_end() -> None:
    owners, spam = mail(0, 6, every=6 * HOUR), mail(3 * DAY, 60, every=MINUTE, dead=30, strangers=60)
    before, after = phases_of(use(HOME, "pc-7", [*owners, *spam]))
    assert (before.sent, after.sent, after.first_seen) == (owners, spam, 3 * DAY)
    assert len(phases_of(use(HOME, "lists.example", [*spam, *mail(5 * DAY, 60, every=MINUTE, strangers=60)]))) == 1


def test_one_fact_alone_is_not_sure_unless_it_goes_to_strangers_only_or_comes_from_several_places() -> None:
    spam = mail(2 * DAY, 60, every=MINUTE, dead=2, strangers=57, waiting=50)
    here, there = use(ABROAD, "User", spam), use("45.3.2.1", "vps-1", spam)
    assert not facts_of([here], [owner()]).is_sure
    assert facts_of([here, there], [owner()]).is_sure
    assert facts_of([use(ABROAD, "User", mail(2 * DAY, 60, strangers=60, waiting=60))], [owner()]).is_sure


def test_a_system_that_writes_since_the_logs_begin_is_no_thief_beside_its_clerk() -> None:
    shop = mail(0, 80, every=20 * MINUTE, dead=20, strangers=80)
    clerk = use(HOME, "pc-7", mail(5 * HOUR, 4, every=2 * HOUR))
    assert attacking(use(ABROAD, "app1.hoster.example", shop), clerk) == set()
    assert attacking(use(ABROAD, "WIN-1A", shop), clerk) == {ABROAD}


def test_what_no_owner_sends_tells_a_stranger_in_logs_without_a_past() -> None:
    gone = use(ABROAD, "User", mail(0, 50, every=3 * MINUTE, dead=45, strangers=50))
    assert attacking(gone) == {ABROAD}
    shop = use(ABROAD, "User", mail(0, 50, every=3 * MINUTE, dead=10, strangers=50))  # an old list of customers
    assert attacking(shop) == set()
    writer = use(HOME, "pc-7", mail(5 * HOUR, 4, every=2 * HOUR))
    thief = use(ABROAD, "User", mail(6 * HOUR, 14, every=3 * MINUTE, domains=HOUSES[:3], strangers=14))
    assert attacking(thief, writer) == {ABROAD}
    colleague = use(ABROAD, "User", mail(6 * HOUR, 14, every=3 * MINUTE, domains=HOUSES[:3]))  # to people known here
    assert attacking(colleague, writer) == set()


def to_many(sent: Sequence[Sent], each: int = 10) -> list[Sent]:
    """Let each message have so many recipients."""
    return [
        one._replace(fates=Fates(*(each * number for number in one.fates)), strangers=each * one.strangers)
        for one in sent
    ]


def test_what_one_owner_does_in_one_go_or_by_hand_is_slight_and_never_sure() -> None:
    """A notice in half an hour, and a club's circulars over a day; longer ones, more names or places are none."""
    notice = mail(2 * DAY, 30, every=MINUTE, dead=10, strangers=30)
    letters = to_many(mail(2 * DAY, 12, every=20 * MINUTE, domains=["club.example"], dead=2, strangers=12))
    for slight, is_circular in ((notice, False), (letters, True)):
        facts = facts_of([use(ABROAD, "laptop", slight)], [owner()])
        assert facts.number
        assert (facts.is_slight, facts.is_sure, facts.is_circular) == (True, False, is_circular)
    spam = to_many(mail(2 * DAY, 12, every=20 * MINUTE, domains=HOUSES[:3], dead=2, strangers=12))
    longer = to_many(mail(2 * DAY, 30, every=20 * MINUTE, domains=["club.example"], dead=10, strangers=30))
    single = mail(2 * DAY, 12, every=20 * MINUTE, domains=["club.example"], dead=5, strangers=12)
    for more in (spam, longer, single):
        assert facts_of([use(ABROAD, "User", more)], [owner()]).is_sure
    assert facts_of([use(ABROAD, "User", letters), use("45.3.2.1", "vps-1", letters)], [owner()]).is_sure


def test_a_mailing_from_the_owners_own_machine_that_waits_is_none_of_malware() -> None:
    """Who waits, waits for a server that is down; what malware sends is refused, too."""
    owners = mail(0, 6, every=6 * HOUR)
    waiting = mail(3 * DAY, 200, every=MINUTE, strangers=200, waiting=190)
    refused = mail(3 * DAY, 200, every=MINUTE, strangers=200, waiting=120, dead=60)
    assert attacking(use(HOME, "pc-7", [*owners, *waiting])) == set()
    assert attacking(use(HOME, "pc-7", [*owners, *refused])) == {HOME}
