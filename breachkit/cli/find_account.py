"""`breachkit find-account`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from breachkit.cli import options, output
from breachkit.cli.accusing import accuse, accuse_together, accused_names
from breachkit.cli.several import check_product, read_together
from breachkit.errors import UsageError
from breachkit.evidence import gather
from breachkit.evidence.where import find_evidence

if TYPE_CHECKING:
    from breachkit.detect.accounts.verdict import Accusation
    from breachkit.evidence.books import Inputs
    from breachkit.evidence.where import Where
    from breachkit.logs.facts import LogFacts


@options.grouped(asked=options.evidence(), several=options.SEVERAL, product=options.FINDINGS)
def find_account(
    *,
    asked: options.Asked,
    several: options.Several,
    product: options.Product,
    jobs: options.Jobs = None,
    show_passwords: options.ShowPasswords = False,
) -> None:
    """Name the account that sends the spam, how it was entered, from where, and what else was touched.

    Example: breachkit find-account --root /srv/copy-of-icewarp
    """
    if show_passwords:
        output.check_terminal(product)
    if several.is_asked and show_passwords:
        raise UsageError("--show-passwords does not go with several nodes; no password leaves its node; run it there")
    judged = (
        _judge_together(asked, several, jobs, product)
        if several.is_asked
        else _judge(asked, jobs, product, show_passwords=show_passwords)
    )
    from breachkit.report.find_account import dump_find_account, render_find_account

    found, inputs, books, following, passwords = judged
    output.write(
        dump_find_account(found, inputs)
        if product.is_json
        else render_find_account(found, inputs, following, passwords),
        product.output_file,
    )
    output.finish(books, findings=product.fail_on_findings and bool(found.accused or found.accused_relays))


class _Judged(NamedTuple):
    """The verdicts, what they rest on, and what to run next."""

    found: Accusation
    inputs: Inputs
    books: gather.Books
    following: list[str]
    passwords: dict[str, list[str]] | None


def _judge(asked: options.Asked, jobs: int | None, product: options.Product, *, show_passwords: bool) -> _Judged:
    where, books = find_evidence(asked), gather.Books()
    output.check(product.output_file, where)
    found, facts = accuse(where, books, jobs)
    passwords = _passwords(where, found, facts) if show_passwords else None
    return _Judged(found, gather.inputs_of(where, books, facts), books, _following(where, found), passwords)


def _judge_together(
    asked: options.Asked, several: options.Several, jobs: int | None, product: options.Product
) -> _Judged:
    check_product(several, product.output_file)
    together = read_together(asked, several, jobs)
    found = accuse_together(together)
    inputs, books = together.inputs()
    worst = found.accounts[0] if found.accounts else None
    if worst is None or worst.verdict == "clear":
        return _Judged(found, inputs, books, list(together.following((), ["scan"])), None)
    nodes = {source.node for signal in worst.signals for source in signal.evidence}
    commands = ["trace", worst.account], ["contain", *accused_names(found)], ["group"]
    return _Judged(found, inputs, books, list(together.following(nodes, *commands)), None)


def _following(where: Where, found: Accusation) -> list[str]:
    """Spell what to run next: the sessions of the worst account, the steps for all accused, the queue by campaign."""
    accused = accused_names(found)
    if not accused and not found.attackers:
        return [where.command("scan")]
    seen = [where.command("trace", accused[0])] if accused and found.accounts[0].entry is not None else []
    # the guide's order: the passwords first, then the queue
    queue = where.command("group") if where.layout.queues and (accused or found.accused_relays) else None
    return [*seen, where.command("contain", *accused), queue or where.command("scan")]


def _passwords(where: Where, found: Accusation, facts: LogFacts) -> dict[str, list[str]]:
    """Decode again the passwords that opened the accused accounts; only for a terminal whose user asked."""
    from breachkit.cli.trace import revealed

    opened = {
        row: account.account for account in found.accounts if account.verdict != "clear" for row in account.entries
    }
    session_of = facts.attempts.session_of()
    return revealed(where, {session_of[row]: account for row, account in opened.items() if row in session_of})
