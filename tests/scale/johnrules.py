"""John the Ripper's word mangling rules, applied: variants of a name that the author of our rules did not choose.

Reads the `single` rules from an installed john.conf (nothing of it is copied here) and applies them as its
RULES document says. Single words only: rules for word pairs (`-p`) and for split DES passwords (`-s`) are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONF = Path("/etc/john/john.conf")
LONGEST = 125
KEYS = "`1234567890-=\\qwertyuiop[]asdfghjkl;'zxcvbnm,./~!@#$%^&*()_+|QWERTYUIOP{}ASDFGHJKL:\"ZXCVBNM<>?"
RIGHT = "1234567890-=\\\\wertyuiop[]]sdfghjkl;''xcvbnm,./\\!@#$%^&*()_+||WERTYUIOP{}}SDFGHJKL:\"\"XCVBNM<>?|"
LEFT = "``1234567890-=qqwertyuiop[aasdfghjkl;zzxcvbnm,.~~!@#$%^&*()_+QQWERTYUIOP{AASDFGHJKL:ZZXCVBNM<>"
SHIFTED = "~!@#$%^&*()_+|QWERTYUIOP{}ASDFGHJKL:\"ZXCVBNM<>?`1234567890-=\\qwertyuiop[]asdfghjkl;'zxcvbnm,./"
CLASSES = {
    "v": set("aeiouAEIOU"),
    "c": set("bcdfghjklmnpqrstvwxyzBCDFGHJKLMNPQRSTVWXYZ"),
    "w": set(" \t"),
    "p": set(".,:;'?!`\""),
    "s": set("$%^&*()-_+=|\\<>[]{}#@/~"),
    "l": set("abcdefghijklmnopqrstuvwxyz"),
    "u": set("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    "d": set("0123456789"),
}
CLASSES["a"] = CLASSES["l"] | CLASSES["u"]
CLASSES["x"] = CLASSES["a"] | CLASSES["d"]


@cache
def single_rules(conf: Path = CONF) -> tuple[str, ...]:
    """Read and expand the `single` rules that hold for one word."""
    section = conf.read_text("utf-8", "replace").split("[List.Rules:Single]")[1].split("\n[List.")[0]
    lines = (line.strip() for line in section.splitlines())
    rules = (rule for line in lines if line and line[0] not in "#;" for rule in expand(line))
    return tuple(rule for rule in rules if not re.match(r"-\S*[sp]|-p", rule))


def expand(line: str) -> Iterator[str]:
    """Expand the ranges of one rule: `$[1-9]`, `\\p[…]` in step with another, `\\1` the same sign again."""
    parts, ranges = _parse(line)
    free = [place for place, (_, partner) in enumerate(ranges) if partner is None]
    yield from _combine(parts, ranges, free, {})


Range = tuple[str, "int | None"]


def _parse(line: str) -> tuple[list[str | tuple[str, int]], list[Range]]:
    parts: list[str | tuple[str, int]] = []
    ranges: list[Range] = []
    at = 0
    while at < len(line):
        parallel = re.match(r"\\p(\d?)\[", line[at:])
        if parallel or line[at] == "[":
            at += parallel.end() if parallel else 1
            signs, at = _range(line, at)
            number = parallel[1] if parallel else None
            partner = None if number is None else int(number) - 1 if number not in {"", "0"} else len(ranges) - 1
            parts.append(("range", len(ranges)))
            ranges.append((signs, partner))
        elif line[at] == "\\" and line[at + 1].isdigit():
            digit = int(line[at + 1])
            parts.append(("range", digit - 1 if digit else len(ranges) - 1))
            at += 2
        elif line[at] == "\\":
            parts.append(line[at + 1])
            at += 2
        else:
            parts.append(line[at])
            at += 1
    return parts, ranges


def _range(line: str, at: int) -> tuple[str, int]:
    signs: list[str] = []
    while line[at] != "]":
        if line[at] == "\\":
            signs.append(line[at + 1])
            at += 2
        elif line[at] == "-" and signs and line[at + 1] != "]":
            stop = line[at + 1]
            step = 1 if stop >= signs[-1] else -1
            signs.extend(chr(code) for code in range(ord(signs[-1]) + step, ord(stop) + step, step))
            at += 2
        else:
            signs.append(line[at])
            at += 1
    return "".join(dict.fromkeys(signs)), at + 1


def _combine(
    parts: list[str | tuple[str, int]],
    ranges: list[Range],
    free: list[int],
    chosen: dict[int, int],
) -> Iterator[str]:
    if free:
        for index in range(len(ranges[free[0]][0])):
            yield from _combine(parts, ranges, free[1:], {**chosen, free[0]: index})
        return

    def sign(place: int) -> str:
        signs, partner = ranges[place]
        index = chosen[place] if partner is None else _index(partner)
        return signs[min(index, len(signs) - 1)]

    def _index(place: int) -> int:
        partner = ranges[place][1]
        return chosen[place] if partner is None else _index(partner)

    yield "".join(part if isinstance(part, str) else sign(part[1]) for part in parts)


class RejectedError(Exception):
    """The rule does not hold for this word."""


@dataclass
class _Word:
    text: str
    rule: str
    at: int = 0
    memory: str = ""
    found: int = 0
    length: int = 0

    def next(self) -> str:
        self.at += 1
        return self.rule[self.at - 1]

    def position(self) -> int:
        sign = self.next()
        known = {"*": LONGEST, "-": LONGEST - 1, "+": LONGEST + 1, "l": self.length, "p": self.found, "z": 10**6}
        if sign in self.variables:
            return self.variables[sign]
        if sign == "m":
            return len(self.memory) - 1
        return known[sign] if sign in known else int(sign, 36)

    def signs(self) -> Callable[[str], bool]:
        sign = self.next()
        if sign != "?":
            return lambda other: other == sign
        name = self.next()
        if name == "?":
            return lambda other: other == "?"
        if name == "z":
            return lambda _: True
        members = CLASSES[name.lower()]
        return (lambda other: other not in members) if name.isupper() else (lambda other: other in members)

    def __post_init__(self) -> None:
        self.memory, self.length = self.text, len(self.text)
        self.variables: dict[str, int] = {}


def apply(rule: str, text: str) -> str | None:
    """Apply one expanded rule to a word; None when it is rejected."""
    word = _Word(text, rule)
    try:
        while word.at < len(rule):
            command = word.next()
            if command == "-":
                word.at += 1
            elif command not in {" ", ":", "\t"}:
                COMMANDS[command](word)
            if not word.text:
                return None
    except (RejectedError, IndexError):
        return None
    return word.text


def variants(text: str, rules: tuple[str, ...] | None = None) -> list[str]:
    """List every variant of a word, each once."""
    made = (apply(rule, text) for rule in rules or single_rules())
    return list(dict.fromkeys(one for one in made if one))


def _require(is_so: bool) -> None:
    if not is_so:
        raise RejectedError


def _find(word: _Word) -> None:
    is_wanted = word.signs()
    place = next((at for at, sign in enumerate(word.text) if is_wanted(sign)), None)
    _require(place is not None)
    word.found = place or 0


def _find_nth(word: _Word) -> None:
    number, is_wanted = word.position(), word.signs()
    places = [at for at, sign in enumerate(word.text) if is_wanted(sign)]
    _require(len(places) >= number)
    word.found = places[number - 1] if number else 0


def _reject_if(word: _Word) -> None:
    is_wanted = word.signs()
    _require(not any(map(is_wanted, word.text)))


def _equals_at(word: _Word) -> None:
    place, is_wanted = word.position(), word.signs()
    _require(place < len(word.text) and is_wanted(word.text[place]))


def _begins(word: _Word) -> None:
    is_wanted = word.signs()
    _require(is_wanted(word.text[0]))


def _ends(word: _Word) -> None:
    is_wanted = word.signs()
    _require(is_wanted(word.text[-1]))


def _longer(word: _Word) -> None:
    _require(len(word.text) > word.position())


def _shorter(word: _Word) -> None:
    _require(len(word.text) < word.position())


def _changed(word: _Word) -> None:
    _require(word.text != word.memory)


def _toggle(word: _Word) -> None:
    at = word.position()
    word.text = word.text[:at] + word.text[at : at + 1].swapcase() + word.text[at + 1 :]


def _delete(word: _Word) -> None:
    at = word.position()
    word.text = word.text[:at] + word.text[at + 1 :]


def _extract(word: _Word) -> None:
    at = word.position()
    word.text = word.text[at : at + word.position()]


def _insert(word: _Word) -> None:
    at = min(word.position(), len(word.text))
    word.text = word.text[:at] + word.next() + word.text[at:]


def _overstrike(word: _Word) -> None:
    at, sign = word.position(), word.next()
    word.text = word.text[:at] + sign + word.text[at + 1 :] if at < len(word.text) else word.text


def _truncate(word: _Word) -> None:
    word.text = word.text[: word.position()]


def _substitute(word: _Word) -> None:
    is_wanted, sign = word.signs(), word.next()
    word.text = "".join(sign if is_wanted(other) else other for other in word.text)


def _purge(word: _Word) -> None:
    is_wanted = word.signs()
    word.text = "".join(sign for sign in word.text if not is_wanted(sign))


def _append(word: _Word) -> None:
    word.text += word.next()


def _prepend(word: _Word) -> None:
    word.text = word.next() + word.text


def _insert_string(word: _Word) -> None:
    at = min(word.position(), len(word.text))
    quote = word.next()
    stop = word.rule.index(quote, word.at)
    word.text = word.text[:at] + word.rule[word.at : stop] + word.text[at:]
    word.at = stop + 1


def _extract_memory(word: _Word) -> None:
    at, size, to = word.position(), word.position(), word.position()
    to = min(to, len(word.text))
    word.text = word.text[:to] + word.memory[at : at + size] + word.text[to:]


def _variable(word: _Word) -> None:
    name = word.next()
    word.length = len(word.text)
    word.variables[name] = word.position() - word.position()


def _plural(word: _Word) -> None:
    text = word.text
    _require(len(text) > 1)
    if text.endswith(("s", "x", "z")) or (text[-1] == "h" and text[-2] in "cs"):
        word.text = text + "es"
    elif text.endswith("f") and not text.endswith("ff"):
        word.text = text[:-1] + "ves"
    elif text.endswith("fe"):
        word.text = text[:-2] + "ves"
    elif text.endswith("y") and text[-2] not in "aeiou":
        word.text = text[:-1] + "ies"
    else:
        word.text = text + "s"


def _past(word: _Word) -> None:
    text = word.text
    _require(len(text) > 1)
    if text.endswith("ed"):
        return
    if text.endswith("y"):
        word.text = text[:-1] + "ied"
    elif text.endswith("e"):
        word.text = text + "d"
    else:
        doubled = text[-1] if text[-1] in "bgp" and text[-2] != text[-1] else ""
        word.text = text + doubled + "ed"


def _gerund(word: _Word) -> None:
    text = word.text
    _require(len(text) > 1)
    if text.endswith("ing"):
        return
    if text[-1] in "aeiou":
        word.text = text[:-1] + "ing"
    else:
        doubled = text[-1] if text[-1] in "bgp" and text[-2] != text[-1] else ""
        word.text = text + doubled + "ing"


def _set(change: Callable[[str], str]) -> Callable[[_Word], None]:
    def command(word: _Word) -> None:
        word.text = change(word.text)

    return command


def _remember(word: _Word) -> None:
    word.memory = word.text


def _cut_last(word: _Word) -> None:
    word.text = word.text[:-1]


def _vowels_low(text: str) -> str:
    return "".join(sign.lower() if sign.lower() in "aeiou" else sign.upper() for sign in text)


COMMANDS: dict[str, Callable[[_Word], None]] = {
    "c": _set(str.capitalize),
    "C": _set(lambda text: text[:1].lower() + text[1:].upper()),
    "l": _set(str.lower),
    "u": _set(str.upper),
    "t": _set(str.swapcase),
    "r": _set(lambda text: text[::-1]),
    "d": _set(lambda text: text * 2),
    "f": _set(lambda text: text + text[::-1]),
    "{": _set(lambda text: text[1:] + text[:1]),
    "}": _set(lambda text: text[-1:] + text[:-1]),
    "[": _set(lambda text: text[1:]),
    "]": _cut_last,
    "S": _set(lambda text: text.translate(str.maketrans(KEYS, SHIFTED))),
    "V": _set(_vowels_low),
    "R": _set(lambda text: text.translate(str.maketrans(KEYS, RIGHT))),
    "L": _set(lambda text: text.translate(str.maketrans(KEYS, LEFT))),
    "p": _plural,
    "P": _past,
    "I": _gerund,
    "M": _remember,
    "Q": _changed,
    "T": _toggle,
    "D": _delete,
    "x": _extract,
    "i": _insert,
    "o": _overstrike,
    "'": _truncate,
    "s": _substitute,
    "@": _purge,
    "$": _append,
    "^": _prepend,
    "A": _insert_string,
    "X": _extract_memory,
    "v": _variable,
    "/": _find,
    "%": _find_nth,
    "!": _reject_if,
    "=": _equals_at,
    "(": _begins,
    ")": _ends,
    ">": _longer,
    "<": _shorter,
}
