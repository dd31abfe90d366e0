"""Spam runs: each says one thing in many ways, through accounts that are not its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .letter import Letter, as_html
from .tongue import digits, token, wrapped

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from .tongue import Tongue

KINDS = ("plain", "templated", "busting", "encoded")
"""plain: one text. templated: every sentence in several wordings. busting: random words and tokens around little
that stays. encoded: busting, and the text shows only after decoding."""
CHANGING = frozenset({"busting", "encoded"})


class Lure(NamedTuple):
    """What stays the same in a run."""

    place: str
    """Where to click, call or write."""
    pitch: str
    wordings: tuple[tuple[str, ...], ...]
    subjects: tuple[str, ...]


class Run(NamedTuple):
    """One spam run."""

    name: str
    kind: str
    lure: Lure
    accounts: tuple[str, ...]
    identity: str
    """own: in the account's name. one: one forged sender. many: a new forged sender each time."""
    forged: str
    where: str
    """The lure's place in the text: first, middle, last."""
    filler: str
    """tokens, words (of the language), phrases (that innocent mail has too) or none."""
    peers: tuple[str, ...]
    begins: int
    lasts: int
    has_account: bool


def plan_run(rng: random.Random, tongue: Tongue, name: str, kind: str, victims: Sequence[str]) -> Run:
    identity = rng.choice(("own", "one", "many", "many"))
    return Run(
        name,
        kind,
        _lure(rng, tongue),
        tuple(rng.sample(list(victims), rng.choice((1, 1, 2, 3)))),
        identity,
        f"{token(rng, 5, 8)}@{token(rng, 5, 9)}.example",
        rng.choice(("first", "middle", "middle", "last")),
        rng.choice(("tokens", "words", "phrases")) if kind in CHANGING else rng.choice(("none", "tokens")),
        tuple(f"203.0.113.{rng.randint(1, 254)}" for _ in range(rng.randint(1, 9))),
        rng.randrange(50_000),
        rng.choice((1800, 7200, 30_000)),
        identity == "own" or rng.random() < 0.85,
    )


def disguised(run: Run) -> Run:
    """Give a run that changes its words the disguise that shows least: own names, and what innocent mail says too."""
    return run._replace(identity="own", filler="phrases", has_account=True) if run.kind in CHANGING else run


def _lure(rng: random.Random, tongue: Tongue) -> Lure:
    host = f"{token(rng, 5, 9)}-{rng.choice(tongue.words)}.example"
    places = (
        f"http://{host}/",
        f"http://{host}/",
        f"https://{{token}}.{host}/{{token}}",
        f"https://{host}/{{token}}?id={{token}}",
        f"+44 7{digits(rng, 3)} {digits(rng, 6)}",
        f"{token(rng, 6, 9)}@{host}",
    )
    slots = tuple(
        tuple(tongue.sentence(rng, 6, 12) for _ in range(rng.randint(2, 5))) for _ in range(rng.randint(4, 7))
    )
    subjects = tuple(tongue.sentence(rng, 3, 5) for _ in range(rng.choice((1, 3, 6))))
    return Lure(rng.choice(places), tongue.sentence(rng, 5, 9), slots, subjects)


def copy_of(run: Run, rng: random.Random, tongue: Tongue, rcpt: str) -> Letter:
    """Write one copy of a run."""
    account = rng.choice(run.accounts)
    sender = {
        "own": account,
        "one": run.forged,
        "many": f"{token(rng, 4, 9)}@{rng.choice(tongue.words)}{token(rng, 2, 4)}.example",
    }[run.identity]
    text = _text(run, rng, tongue)
    is_coded = run.kind == "encoded"
    subject = rng.choice(run.lure.subjects)
    if run.kind in CHANGING:
        subject = rng.choice((f"{subject} {token(rng)}", f"{token(rng)} {subject}", " ".join(tongue.some(rng, 4))))
    shapes = ("plain", "html", "entities") if is_coded else ("plain", "plain", "html")
    shape = shapes[len(run.name + run.forged) % len(shapes)]
    return Letter(
        run.name,
        account if run.has_account else None,
        sender,
        sender,
        tongue.name(rng),
        rcpt,
        subject,
        text,
        None if shape == "plain" else as_html(text, entities=shape == "entities"),
        rng.choice(("base64", "quoted-printable")) if is_coded else "8bit",
        rng.choice(("utf-8", "cp1252", "iso-8859-15")) if is_coded else "utf-8",
        coded_subject=is_coded,
        peer=rng.choice(run.peers),
        second=run.begins + rng.randrange(run.lasts),
    )


def _text(run: Run, rng: random.Random, tongue: Tongue) -> str:
    place = run.lure.place
    while "{token}" in place:
        place = place.replace("{token}", token(rng), 1)
    if run.kind == "plain":
        body = "\n".join(wording[0] + "." for wording in run.lure.wordings)
        return f"{run.lure.pitch}\n{body}\n{place}\n" + _filler(run, rng, tongue, 60)
    said = [rng.choice(wording) + "." for wording in run.lure.wordings]
    if run.kind == "templated":
        said.insert(len(said) // 2, f"{run.lure.pitch} {place}")
        return wrapped(" ".join(said), rng.choice((60, 76))) if rng.random() < 0.1 else "\n".join(said) + "\n"
    around = [_filler(run, rng, tongue, rng.randint(100, 500)) for _ in range(2)]
    lure = f"{token(rng)} {run.lure.pitch} {token(rng)}\n{place}"
    order = {"first": [lure, *around], "middle": [around[0], lure, around[1]], "last": [*around, lure]}[run.where]
    return f"{rng.choice(tongue.greetings)} {token(rng)}\n" + "\n".join(order) + "\n"


def _filler(run: Run, rng: random.Random, tongue: Tongue, size: int) -> str:
    if run.filler == "tokens":
        return wrapped(" ".join(token(rng, 2, 9) for _ in range(size // 6)), 76)
    if run.filler == "words":
        return wrapped(" ".join(tongue.some(rng, size // 6)), 76)
    return tongue.paragraph(rng, size, 0.6) if run.filler == "phrases" else ""
