"""What came out, by kind, worst first, and in all."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from .kinds import ATTACKS, KEPT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .judge import Judged, Server

BEC = ("bec", "bec-quiet")


def lines(servers: Sequence[Server]) -> Iterator[str]:
    """Write the table of kinds and the totals."""
    judged = [one for server in servers for one in server.judged]
    relays = [one for server in servers for one in server.relays]
    yield from by_kind(judged + relays)
    yield ""
    yield from totals(servers, judged, relays)


def by_kind(judged: Iterable[Judged]) -> Iterator[str]:
    kinds: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        kinds[one.truth["kind"]].append(one)
    yield f"{'kind':26}{'side':9}{'half':6}{'accounts':>9}{'right':>7}{'%':>7}{'compr.':>8}{'suspect':>9}{'clear':>7}{'entry':>9}{'missed':>8}"
    for kind in sorted(kinds, key=lambda kind: (_share(kinds[kind]), kind)):
        mine = kinds[kind]
        said = [sum(one.verdict == verdict for one in mine) for verdict in ("compromised", "suspect", "clear")]
        entries = [one.entry for one in mine if one.entry is not None]
        entry = f"{sum(entries)}/{len(entries)}" if entries else "-"
        side, half = ("attack" if kind in ATTACKS else "innocent"), ("kept" if kind in KEPT else "build")
        missed = sum(len(one.missed) for one in mine)
        right = sum(one.right for one in mine)
        yield (
            f"{kind:26}{side:9}{half:6}{len(mine):9}{right:7}{100 * _share(mine):7.1f}"
            f"{said[0]:8}{said[1]:9}{said[2]:7}{entry:>9}{missed:8}"
        )


def _share(judged: Sequence[Judged]) -> float:
    return sum(one.right for one in judged) / len(judged)


def totals(servers: Sequence[Server], judged: Sequence[Judged], relays: Sequence[Judged]) -> Iterator[str]:
    """Write the shares; ordinary people count in none of them."""
    called = [one for one in judged if one.verdict == "compromised"]
    guilty = [one for one in judged if one.truth["expected"] == ["compromised"]]
    innocent = [one for one in judged if one.truth["kind"] not in ATTACKS]
    clear = [one for one in judged if one.truth["expected"] == ["clear"]]
    bec = [one for one in judged if one.truth["kind"] in BEC and "clear" not in one.truth["expected"]]
    entries = [one for one in judged if one.entry is not None]
    yield _line("precision of compromised", sum("compromised" in one.truth["expected"] for one in called), len(called))
    yield _line("recall of compromised", sum(one.verdict == "compromised" for one in guilty), len(guilty))
    yield _worst("  worst kind", guilty, "compromised", best=True)
    yield f"{'innocents compromised':38}{sum(one.verdict == 'compromised' for one in innocent)} of {len(innocent)}"
    yield _line("suspect where only clear is allowed", sum(one.verdict == "suspect" for one in clear), len(clear))
    yield _worst("  worst kind", clear, "suspect", best=False)
    yield _line("letters by hand at least suspect", sum(one.verdict != "clear" for one in bec), len(bec))
    yield _line("entry kind, time and address right", sum(bool(one.entry) for one in entries), len(entries))
    for part in ("entry is", "entry_ts", "entry_ip"):
        wrong = sum(any(fault.startswith(part) for fault in one.entry_faults) for one in entries)
        yield f"{'  wrong: ' + part.replace('entry is', 'entry kind'):38}{wrong}"
    yield _line("attacking addresses, recall", sum(s.found for s in servers), sum(s.must for s in servers))
    yield _line("attacking addresses, precision", sum(s.named_right for s in servers), sum(s.named for s in servers))
    yield _line("without a login, right", sum(one.right for one in relays), len(relays))
    yield f"{'  others accused there':38}{sum(len(server.relays_wrongly) for server in servers)}"
    others = [verdict for server in servers for verdict in server.others.values()]
    people = sum(server.people for server in servers)
    compromised, suspect = others.count("compromised"), others.count("suspect")
    yield f"{'ordinary people (in no share)':38}{compromised} compromised, {suspect} suspect of {people}"
    drawn, asked = (sum(server.seconds[part] for server in servers) for part in (0, 1))
    yield f"{'servers':38}{len(servers)}: {drawn:.0f} s to draw, {asked:.0f} s to ask"


def _line(name: str, part: int, whole: int) -> str:
    return f"{name:38}{part / whole:.4f}  ({part} of {whole})" if whole else f"{name:38}-"


def _worst(name: str, judged: Iterable[Judged], verdict: str, *, best: bool) -> str:
    """Give the kind with the lowest (or highest) share of a verdict."""
    kinds: dict[str, list[bool]] = defaultdict(list)
    for one in judged:
        kinds[one.truth["kind"]].append(one.verdict == verdict)
    if not kinds:
        return f"{name:38}-"
    shares = sorted((sum(said) / len(said) * (1 if best else -1), kind) for kind, said in kinds.items())
    share, kind = shares[0]
    return f"{name:38}{abs(share):.4f}  ({kind})"
