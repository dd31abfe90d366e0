"""Whose address is it? The smallest evidence on both sides of each rule: the owner's habit, and a stranger's onset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from breachkit.detect.accounts.activity import Activity, Fates, Sent, Use
from breachkit.detect.accounts.letters import find_letters
from breachkit.detect.accounts.roles import Known, find_roles
from breachkit.micros import DAY, HOUR
from breachkit.records import Locus

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Locus("s.log", 0, 1)
HOME, ABROAD, THIRD = "192.0.2.10", "203.0.113.50", "198.51.100.7"
MINUTE = HOUR // 60


def mail(
    begin: int,
    number: int,
    *,
    every: int = 30 * MINUTE,
    domains: Sequence[str | None] = (None,),
    dead: int = 0,
    helo: str = "pc",
) -> list[Sent]:
    """Write messages at a pace, the first of them in the names of some houses in turn, the last `dead` to nobody."""
    return [
        Sent(
            begin + at * every,
            domains[at % len(domains)] is None,
            domains[at % len(domains)],
            at >= number - dead,
            1,
            helo,
            HERE,
        )
        for at in range(number)
    ]


def use(ip: str, sent: list[Sent], *, waiting: int = 0, refused: int = 0, guesses: bool = False, days: int = 1) -> Use:
    """Make what an address did; who is neither dead nor waits has got his mail."""
    dead = sum(one.is_dead for one in sent)
    first = sent[0].ts if sent else 0
    fates = Fates(max(0, len(sent) - dead - waiting - refused), waiting, dead, refused)
    last = sent[-1].ts if sent else first
    return Use(ip, 0, first, last, first, guesses, sent, set(range(days)), fates)


def roles(*uses: Use, attackers: dict[str, Known] | None = None) -> dict[str, str]:
    ordered = sorted(uses, key=lambda one: one.first_success or 0)
    activity = Activity("anna@example.it", tuple(ordered), min(one.first_success or 0 for one in ordered))
    return dict(find_roles(activity, attackers or {}).of)


OWNER = use(HOME, mail(0, 12, every=8 * HOUR), days=4)
HOUSES = [f"firm{number}.example" for number in range(20)]


def test_waiting_is_no_evidence_of_death() -> None:
    few = use(ABROAD, mail(2 * DAY, 60, every=MINUTE, dead=6), waiting=54)
    many = use(ABROAD, mail(2 * DAY, 60, every=MINUTE, dead=40), waiting=20)
    assert roles(OWNER, few)[ABROAD] != "attacking"
    assert roles(OWNER, many)[ABROAD] == "attacking"


def test_a_place_that_the_owner_used_before_its_first_odd_message_is_the_owners() -> None:
    """A mail merge between her own letters, and the same from a place where she never was."""
    own = use(HOME, [*mail(0, 6, every=4 * HOUR), *mail(3 * DAY, 100, every=MINUTE, dead=40)], days=4)
    other = use(THIRD, mail(0, 6, every=8 * HOUR), days=3)
    assert roles(own, other)[HOME] == "usual"
    assert roles(OWNER, use(ABROAD, mail(3 * DAY, 100, every=MINUTE, dead=40)))[ABROAD] == "attacking"


def test_a_thief_beside_a_newsletter_is_told_from_it() -> None:
    newsletter = use(HOME, mail(0, 300, every=MINUTE, dead=15), days=3)
    thieves = [use(f"203.0.113.{number}", mail(2 * DAY, 30, dead=8, helo="User")) for number in (1, 90)]
    thieves.append(use(THIRD, mail(2 * DAY, 30, dead=8, helo="User")))
    told = roles(newsletter, *thieves)
    assert told.pop(HOME) == "usual"
    assert set(told.values()) == {"attacking"}


def test_a_system_that_always_wrote_in_other_names_is_a_habit_and_an_onset_is_none() -> None:
    system = mail(0, 90, every=HOUR, domains=HOUSES, helo="tickets")
    assert roles(use(HOME, system, days=4))[HOME] == "usual"
    assert roles(OWNER, use(ABROAD, mail(2 * DAY, 20, domains=HOUSES)))[ABROAD] == "attacking"


def test_a_system_and_its_agent_with_one_dead_recipient_are_not_scattered() -> None:
    system = use(HOME, mail(0, 90, every=HOUR, domains=["own.example", *HOUSES], helo="tickets.example.it"), days=4)
    agent = use(THIRD, mail(HOUR, 9, every=8 * HOUR, dead=1, helo="pc-4.lan"), days=4)
    assert set(roles(system, agent).values()) == {"usual"}
    thieves = [use(ip, mail(0, 30, domains=HOUSES, helo=helo)) for ip, helo in ((HOME, "User"), (THIRD, "WIN-7"))]
    assert set(roles(*thieves).values()) == {"attacking"}


def test_a_habit_may_move_with_its_programme_but_not_without() -> None:
    old = use(HOME, mail(0, 50, every=HOUR, domains=HOUSES, helo="tickets"), days=3)
    for helo, role in (("tickets", "moved"), ("User", "attacking")):
        assert roles(old, use(ABROAD, mail(3 * DAY, 50, domains=HOUSES, helo=helo)))[ABROAD] == role


def test_an_alias_of_another_house_is_a_name_of_the_account_wherever_it_writes() -> None:
    own = use(HOME, mail(0, 12, every=8 * HOUR, domains=["own-firm.example"]), days=4)
    for domain, role in (("own-firm.example", "usual"), ("gone.example", "attacking")):
        told = roles(own, use(ABROAD, mail(2 * DAY, 6, domains=[domain])))[ABROAD]
        assert (told == "attacking") == (role == "attacking")


def test_logs_that_begin_amid_an_attack_show_it_beside_the_owner() -> None:
    thief = mail(0, 80, every=20 * MINUTE, domains=HOUSES, dead=30, helo="User")
    owner = use(HOME, mail(5 * HOUR, 4, every=2 * HOUR))
    assert roles(use(ABROAD, thief), owner)[ABROAD] == "attacking"
    helpdesk = use(ABROAD, mail(0, 80, every=20 * MINUTE, domains=HOUSES, helo="tickets"))
    assert roles(helpdesk, owner)[ABROAD] == "usual"


def test_one_message_from_each_of_many_places_is_an_attack_and_a_telephone_on_the_move_is_none() -> None:
    scattered = [use(f"{50 + number}.7.0.1", mail(2 * DAY + number * MINUTE, 1)) for number in range(20)]
    roaming = [use(f"58.72.{number}.1", mail(2 * DAY + number * MINUTE, 1)) for number in range(20)]
    assert roles(OWNER, *scattered)["50.7.0.1"] == "attacking"
    assert "attacking" not in roles(OWNER, *roaming).values()


@pytest.mark.parametrize(
    ("helo", "known", "role"),
    [
        ("User", Known(2 * DAY, frozenset({"User"})), "attacking"),  # the programme that sent spam in another account
        ("laptop", Known(2 * DAY, frozenset({"User"})), "usual"),  # a gateway, through which others come too
        ("laptop", Known(2 * DAY, None), "attacking"),  # it guessed: whatever comes from it does
    ],
)
def test_suspicion_spreads_only_from_proven_attackers(helo: str, known: Known, role: str) -> None:
    guest = use(ABROAD, mail(2 * DAY, 2, helo=helo))
    assert (roles(OWNER, guest, attackers={ABROAD: known})[ABROAD] == "attacking") == (role == "attacking")


def test_a_guesser_that_came_in_attacks_and_an_owner_behind_the_same_gateway_does_not() -> None:
    assert roles(OWNER, use(ABROAD, mail(2 * DAY, 1), guesses=True))[ABROAD] == "attacking"
    before = use(ABROAD, mail(0, 6, every=8 * HOUR))
    assert roles(before, attackers={ABROAD: Known(2 * DAY, None)})[ABROAD] == "usual"


def test_another_programme_at_the_owners_place_is_a_stranger_behind_it() -> None:
    own, other = mail(0, 6, every=6 * HOUR), mail(3 * DAY, 60, every=MINUTE, domains=HOUSES, dead=30, helo="User")
    found = find_roles(Activity("anna@example.it", (use(HOME, [*own, *other], days=4),), 0), {})
    assert [one.ip for one in found.strangers] == [HOME]
    same = [one._replace(helo="pc") for one in other]
    found = find_roles(Activity("anna@example.it", (use(HOME, [*own, *same], days=4),), 0), {})
    assert [one.ip for one in found.attacking] == [HOME]
    assert found.strangers == []


def test_answers_to_another_house_are_asked_for_by_a_stranger_only_where_the_owner_never_does() -> None:
    import pandas as pd  # noqa: PLC0415

    sends = pd.DataFrame({"client_ip": [HOME, HOME, ABROAD, ABROAD]})
    activity = Activity("anna@example.it", (OWNER, use(ABROAD, mail(2 * DAY, 2))), 0)

    def found(answers: list[str | None]) -> list[str]:
        queued = pd.DataFrame(
            {"send": [0, 1, 2, 3], "reply_to": answers, "mail_from": "anna@example.it", "source": [HERE] * 4}
        )
        return [one.client_ip for one in find_letters(activity, queued, sends, {"example.it"})]

    assert found([None, None, "x@gmail.example", "x@gmail.example"]) == [ABROAD]
    assert found([None, None, "x@gmail.example", None]) == []
    assert found(["x@gmail.example"] * 4) == []
    assert found([None, None, "boss@example.it", "boss@example.it"]) == []
