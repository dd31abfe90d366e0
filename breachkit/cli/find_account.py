"""`breachkit find-account`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from breachkit.cli import options, output

if TYPE_CHECKING:
    from breachkit.detect.accounts.accusation import Accusation
    from breachkit.evidence.gather import Books, Inputs
    from breachkit.evidence.where import Where
    from breachkit.logs.facts import LogFacts
    from breachkit.nodes.several import Several


@options.grouped(asked=options.evidence(), several=options.SEVERAL, product=options.FINDINGS)
def find_account(
    *,
    asked: options.Asked,
    several: options.Several | None,
    product: options.Output,
    jobs: options.Jobs = None,
    show_passwords: options.ShowPasswords = False,
) -> None:
    """Name the account that sends the spam, how it was entered, from where, and what else was touched.

    Example: breachkit find-account --root /srv/copy-of-icewarp
    """
    from breachkit.errors import UsageError
    from breachkit.report.find_account_report import dump_find_account, render_find_account

    if show_passwords:
        output.check_terminal(product)
        if several is not None:
            raise UsageError(
                "--show-passwords does not go with several nodes; no password leaves its node; run it there"
            )
    if several is None:
        judged = _judge(asked, jobs, product, show_passwords=show_passwords)
    else:
        judged = _judge_together(asked, several, jobs, product)
    found, books, inputs, following, passwords = judged
    what = found, inputs
    text = dump_find_account(*what) if product.is_json else render_find_account(*what, following, passwords)
    output.end(text, product, books, findings=bool(found.accused or found.accused_relays))


class _FoundAccounts(NamedTuple):
    """The verdicts, what they rest on, and what to run next."""

    found: Accusation
    books: Books
    inputs: Inputs
    following: list[str]
    passwords: dict[str, list[str]] | None = None


def _judge(asked: options.Asked, jobs: int | None, product: options.Output, *, show_passwords: bool) -> _FoundAccounts:
    from breachkit.detect.accounts.accusation import accuse
    from breachkit.evidence import gather
    from breachkit.evidence.where import find_evidence

    where, books = find_evidence(asked), gather.Books()
    output.check(product.output_file, where)
    found, facts = accuse(where, books, jobs=jobs)
    passwords = _passwords(where, found, facts) if show_passwords else None
    return _FoundAccounts(found, books, gather.inputs_of(where, books, facts), _following(where, found), passwords)


def _judge_together(
    asked: options.Asked, several: Several, jobs: int | None, product: options.Output
) -> _FoundAccounts:
    from breachkit.detect.accounts.inquiry import Inquiry
    from breachkit.detect.accounts.judgement import judge_accounts
    from breachkit.nodes.several import read_together

    output.check(product.output_file, several)
    together = read_together(asked, several, jobs)
    one = together.stitched
    found = judge_accounts(Inquiry(one.messages, one.facts, one.accounts, together.fingerprints))
    inputs, books = together.inputs()
    if not found.accused:
        return _FoundAccounts(found, books, inputs, list(together.following((), ["scan"])))
    worst = found.accused[0]
    nodes = {source.node for signal in worst.signals for source in signal.evidence}
    commands = ["trace", worst.account], ["contain", *found.accused_names()], ["group"]
    return _FoundAccounts(found, books, inputs, list(together.following(nodes, *commands)))


def _following(where: Where, found: Accusation) -> list[str]:
    """Spell what to run next: the sessions of the worst account, the steps for all accused, the queue by campaign."""
    accused = found.accused_names()
    if not accused and not found.attackers:
        return [where.command("scan")]
    seen = [where.command("trace", accused[0])] if accused and found.accounts[0].entry is not None else []
    # the guide's order: the passwords first, then the queue
    queue = "group" if where.layout.queues and (accused or found.accused_relays) else "scan"
    return [*seen, where.command("contain", *accused), where.command(queue)]


def _passwords(where: Where, found: Accusation, facts: LogFacts) -> dict[str, list[str]]:
    """Decode again the passwords that opened the accused accounts; only for a terminal whose user asked."""
    from breachkit.detect.tracing import reveal

    opened = {row: account.account for account in found.accused for row in account.entries}
    session_of = facts.attempts.session_of()
    return reveal(where, {session_of[row]: account for row, account in opened.items() if row in session_of})
