"""Innocent mail of one mail server: colleagues with signatures, companies with disclaimers, newsletters, machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .letter import Letter, as_html
from .tongue import digits, token

if TYPE_CHECKING:
    import random

    from .tongue import Tongue


class Colleague(NamedTuple):
    address: str
    name: str
    signature: str
    """Empty for those who sign by hand."""
    disclaimer: str
    mailer: str
    writes_html: bool
    peer: str
    weight: float


class Office:
    """Everybody who sends lawful mail through the server."""

    def __init__(self, rng: random.Random, tongue: Tongue, staff: int = 180) -> None:
        self.rng = rng
        self.tongue = tongue
        self.domains = [f"{token(rng, 6, 10)}.example" for _ in range(5)]
        self.mailers = [f"X-Mailer: {token(rng).capitalize()} {rng.randint(1, 16)}.{digits(rng, 4)}" for _ in range(4)]
        self.partners = [f"{rng.choice(tongue.words)}-{token(rng, 3, 6)}.example" for _ in range(60)]
        notices = [tongue.paragraph(rng, rng.choice((150, 400, 900)), 0) for _ in self.domains]
        self.colleagues = [self._hire(rng.randrange(5), notices) for _ in range(staff)]
        self.issues = [self._issue() for _ in range(3)]

    def _hire(self, place: int, notices: list[str]) -> Colleague:
        rng, name, domain = self.rng, self.tongue.name(self.rng), self.domains[place]
        address = name.lower().replace(" ", ".") + f"@{domain}"
        phone = f"+39 0{rng.randint(2, 99)} {digits(rng, 7)}"
        role = " ".join(self.tongue.some(rng, 2)).title()
        signature = f"{name}\n{role}\n{domain.partition('.')[0].title()} S.p.A. - Tel. {phone}\nhttps://www.{domain}/"
        return Colleague(
            address,
            name,
            signature if rng.random() < 0.7 else "",
            notices[place] if rng.random() < 0.8 else "",
            rng.choice(self.mailers),
            rng.random() < 0.35,
            f"10.1.{place}.{rng.randint(2, 250)}",
            rng.paretovariate(1.3),
        )

    def _issue(self) -> tuple[str, str, str, str]:
        text = self.tongue.paragraph(self.rng, 1200, 0)
        sender = f"news{digits(self.rng, 2)}@{self.rng.choice(self.domains)}"
        return sender, self.tongue.sentence(self.rng, 3, 6), text, f"10.9.9.{self.rng.randint(2, 250)}"

    def stranger(self) -> str:
        return f"{'.'.join(self.tongue.some(self.rng, 2))}@{self.rng.choice(self.partners)}"

    def letters(self, count: int) -> list[Letter]:
        news = int(count * 0.04)
        written_by = self.rng.choices(self.colleagues, [one.weight for one in self.colleagues], k=count - news)
        return [self._letter(one) for one in written_by] + [self._newsletter(at) for at in range(news)]

    def _letter(self, author: Colleague) -> Letter:
        rng, tongue = self.rng, self.tongue
        greeting = f"{rng.choice(tongue.greetings)} {rng.choice(tongue.words).capitalize()},"
        body = tongue.paragraph(rng, max(20, int(rng.lognormvariate(5.6, 0.9))))
        closing = f"{rng.choice(tongue.closings)},\n{author.name.split()[0]}"
        mark = "\n-- " if rng.random() < 0.4 else ""
        signed = f"{mark}\n{author.signature}" if author.signature else ""
        notice = f"\n\n{author.disclaimer}" if author.disclaimer else ""
        quoted = "\n\n> " + tongue.paragraph(rng, 200).replace("\n", "\n> ") if rng.random() < 0.2 else ""
        text = f"{greeting}\n\n{body}\n\n{closing}\n{signed}{quoted}{notice}\n"
        subject = tongue.sentence(rng, 2, 7) if rng.random() < 0.8 else rng.choice(tongue.phrases)
        return Letter(
            None,
            author.address,
            author.address,
            author.address,
            author.name,
            self.stranger(),
            ("Re: " if rng.random() < 0.4 else "") + subject + (f" {digits(rng, 5)}" if rng.random() < 0.2 else ""),
            text,
            as_html(text) if author.writes_html else None,
            rng.choice(("8bit", "quoted-printable", "base64")),
            headers=(author.mailer,),
            peer=author.peer,
            second=rng.randrange(80_000),
        )

    def _newsletter(self, number: int) -> Letter:
        sender, subject, text, peer = self.issues[number % len(self.issues)]
        key = token(self.rng, 16, 16)
        link = f"https://www.{sender.rpartition('@')[2]}/out/{key}"
        text = f"{text}\n\n{link}\n"
        heads = (f"List-Unsubscribe: <{link}>", "Precedence: bulk")
        second = self.rng.randrange(80_000)
        return Letter(
            None, sender, sender, sender, "News", self.stranger(), subject, text, as_html(text), headers=heads,
            peer=peer, second=second,
        )  # fmt: skip
