"""The server's own letters: what could not be delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .ledger import Accepted
from .letters import Letter, Rcpt

if TYPE_CHECKING:
    from datetime import datetime

    from .letters import Fate


def failure_report(accepted: Accepted, ts: datetime, message_id: str, host: str, fate: Fate) -> Accepted:
    """Report a failed message to its declared sender; no session of the log accepted it."""
    lost = accepted.letter.rcpts[0].address
    letter = Letter(
        "",
        (Rcpt(accepted.letter.mail_from, fate),),
        f"Mail Delivery Subsystem <MAILER-DAEMON@{host}>",
        "Undeliverable mail",
        f"The following recipient could not be reached:\n  <{lost}>\n",
        (("Auto-Submitted", "auto-replied"),),
    )
    return Accepted(ts, message_id, None, "127.0.0.1", host, letter, logged=False)
