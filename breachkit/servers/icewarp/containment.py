"""How one compromised IceWarp account is contained: the vendor guide's steps, in its order, as text.

Nothing here is run. The account's name comes from evidence, so the command line that is built with it is
refused by the caller when the name could say anything but itself to a shell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from breachkit.advice import Step
from breachkit.servers.icewarp.system import TOOLS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from breachkit.servers import Containment

_PERSISTENCE = {
    "forward": ("u_forwardto u_forwardolderto", "forwards its mail"),
    "copy": ("u_mailin u_mailout u_alternateemail", "copies its mail"),
    "responder": ("u_respond", "answers by itself"),
    "rules": ("u_rulescontentxml u_rulessieve", "has rules of its own"),
    "remote": ("u_useremoteaddress u_remoteaddress", "is delivered to a remote address"),
}


def containment_of(known: Containment) -> tuple[Step, ...]:
    """List the steps for one account, in order; the lines of the server's tool are those of its operating system."""
    name = f'"{known.account}"'
    steps = (_stop(name), _malware(), _password(), _sessions(), _persistence(name, known), *_clean_up(name, known))
    return tuple(step._replace(commands=tuple(_on(known.system, step.commands))) for step in steps)


def _on(system: str | None, commands: Sequence[str]) -> Iterator[str]:
    """Spell lines for an operating system; for each in turn where it is unknown."""
    for one, tool in TOOLS.items():
        for line in commands if system in {None, one} else ():
            if line.startswith("tool "):
                yield tool + line.removeprefix("tool")
            elif line.startswith("./") and one == "Linux":
                yield line
    yield from (line for line in commands if not line.startswith(("tool ", "./")))


def _stop(name: str) -> Step:
    return Step(
        title="Stop new sending",
        what="Disable its login (first line); or limit it, so that it writes to local domains only (second line).",
        commands=(f"tool set account {name} u_accountdisabled 1", f"tool set account {name} u_localdomain 1"),
        side_effect="Its owner cannot log in at all: tell them by telephone. Connections already open go on (step 4).",
        undo=f"tool set account {name} u_accountdisabled 0 (u_localdomain 0)",
        check=f"tool get account {name} u_accountdisabled prints 1, and no new session of it appears in the SMTP log.",
    )


def _malware() -> Step:
    return Step(
        title="Check the owner's computers for malware, before the new password is set there",
        what="Trojans steal credentials: a new password typed on an infected computer is stolen within the hour."
        " Check every computer and telephone that holds the password.",
        commands=(),
        side_effect="The owner waits; let them use webmail from a clean computer.",
        undo="Nothing is changed.",
        check="An up-to-date scanner, better one started from another medium, finds nothing.",
    )


def _password() -> Step:
    return Step(
        title="Change the password",
        what="Set a long random one, never used elsewhere, and hand it over by telephone or on paper. Type it where"
        " no shell history keeps it: in the console rather than on a command line.",
        commands=(),
        side_effect="Every device of the owner asks for it; a forgotten one goes on failing and looks like an attack.",
        undo="None: the old password is known to thieves.",
        check="breachkit weak-passwords on a new export does not list the account.",
    )


def _sessions() -> Step:
    return Step(
        title="End live sessions",
        what="A new password does not close a connection that is already authenticated. Restart the SMTP"
        " service, and the web service if it was entered there: in the console, or on Linux with the line below (its"
        " words differ by version).",
        commands=("./icewarpd.sh --restart smtp",),
        side_effect="All users are disconnected for some seconds; their programs try again by themselves.",
        undo="Not needed.",
        check="breachkit trace ACCOUNT shows no session that began before the restart and goes on after it.",
    )


def _persistence(name: str, known: Containment) -> Step:
    properties = " ".join(names for names, _ in _PERSISTENCE.values())
    if known.left_behind is None:
        found = "The export does not tell; look at each of them."
    elif known.left_behind:
        found = "In the export it " + ", ".join(_PERSISTENCE[left][1] for left in known.left_behind) + "."
    else:
        found = "In the export none of them is set."
    wanted = [] if known.left_behind is None else [_PERSISTENCE[left][0] for left in known.left_behind]
    clear = tuple(f'tool set account {name} {part} ""' for names in wanted for part in names.split())
    return Step(
        title="Remove what persists: forward, copy, responder, rules, remote address",
        what=f"What a thief has set goes on without any password. {found} Ask the owner which are theirs.",
        commands=(f"tool export account {name} {properties}", *clear),
        side_effect="A forward or rule that the owner wanted stops as well.",
        undo="Write down what the first line prints before clearing; set it again with tool set.",
        check="The first line prints empty values, or only those the owner knows.",
    )


def _clean_up(name: str, known: Containment) -> tuple[Step, ...]:
    return (
        Step(
            title="Then purge the queue",
            what="Only now: while the account can still send, the queue fills again. This shows its spam runs, each"
            " with the line that purges it.",
            commands=(known.group_command,) if known.group_command else (),
            side_effect="The spam leaves the queue for a quarantine; nothing is deleted.",
            undo="breachkit restore RUN",
            check="breachkit scan shows no symptom.",
        ),
        Step(
            title="Set limits",
            what="A limit caps what the next stolen account can send; it is inert while its switch is off.",
            commands=(
                "tool set system C_Accounts_Global_Domains_UseUserLimits 1",
                f"tool set account {name} u_numbersendlimit 200",
            ),
            side_effect="A lawful newsletter above the limit is refused. Local recipients do not count.",
            undo=f"tool set account {name} u_numbersendlimit 0",
            check="breachkit harden passes these rows.",
        ),
        Step(
            title="Block the attacking addresses, for 30 minutes",
            what=f"{_addresses(known.attackers)} in the logs that were read. Addresses are dynamic: a longer block hits"
            " their next owner.",
            commands=(known.block_command,) if known.attackers else (),
            side_effect="Users behind the same address are locked out too; addresses it used lawfully are left out.",
            undo="Blocks end by themselves.",
            check="The log shows no session of these addresses.",
        ),
        Step(
            title="Let the owner in again",
            what="When all of the above is done.",
            commands=(f"tool set account {name} u_accountdisabled 0",),
            side_effect="If malware is left, it begins again.",
            undo=f"tool set account {name} u_accountdisabled 1",
            check="Watch breachkit scan for a day.",
        ),
    )


def _addresses(number: int) -> str:
    return "One address attacked" if number == 1 else f"{number or 'No'} addresses attacked"
