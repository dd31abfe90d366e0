"""Which session brought in a queued message, which account a delivery was for, and how sure that is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BY_ID = "message id"
BY_PEER = "peer and time"
BY_SENDER = "local sender"
NO_JOIN = "none"

LONGEST_STAY = timedelta(days=5)
"""A message is given up after four days (vendor document); an older id of the same letters is another message."""

AHEAD = timedelta(hours=2)
"""How much later than the message's own stamp its session may be logged: clocks and time zones are set wrong."""

NEAR = timedelta(seconds=60)
"""How far apart the stamp of a message and its session may lie when only peer and time agree."""


def join_messages(messages: pd.DataFrame, sends: pd.DataFrame) -> pd.DataFrame:
    """Join queued messages to the transactions that brought them in.

    Old ids are not unique over time, so of the transactions with the message's id the nearest before its
    stamp counts, if a message can have stayed that long. Nodes do not know one another's peers; their ids
    are told apart where they are stitched.

    Returns:
        `messages` with `join` (one of the constants above) and `send` (the row of `sends`, -1 for none).
    """
    joined = messages.assign(join=NO_JOIN, send=-1)
    accepted = sends[sends["accepted"]]
    by_id = _nearest(messages[messages["queue_id"].notna()], accepted[accepted["queue_id"].notna()], "queue_id")
    joined.loc[by_id.index, "send"] = by_id
    joined.loc[by_id.index, "join"] = BY_ID
    left = messages[(joined["send"] < 0) & messages["queue_id"].isna() & messages["is_stamped"]]
    by_peer = _same_moment(left[left["client_ip"].notna()], accepted)
    joined.loc[by_peer.index, "send"] = by_peer
    joined.loc[by_peer.index, "join"] = BY_PEER
    by_sender = (joined["send"] < 0) & joined["auth_user"].notna()
    joined.loc[by_sender, "join"] = BY_SENDER
    return joined


def _nearest(messages: pd.DataFrame, sends: pd.DataFrame, key: str) -> pd.Series[int]:
    if messages.empty or sends.empty:
        return pd.Series(dtype="int64")
    right = sends[[key, "ts"]].astype({key: "object"}).assign(send=sends.index, sent=sends["ts"])
    pairs = (
        messages[[key, "ts", "is_stamped"]].reset_index(names="message").merge(right, on=key, suffixes=("", "_sent"))
    )
    stay = pairs["ts"] - pairs["sent"]
    # a copy of a queue has new mtimes: without a stamp of its own a message may be of any age
    possible = pairs[~pairs["is_stamped"] | ((stay >= -AHEAD) & (stay <= LONGEST_STAY))]
    latest = possible.sort_values(["message", "sent", "send"]).drop_duplicates("message", keep="last")
    return latest.set_index("message")["send"]


def _same_moment(messages: pd.DataFrame, sends: pd.DataFrame) -> pd.Series[int]:
    if messages.empty or sends.empty:
        return pd.Series(dtype="int64")
    left = messages[["ts", "client_ip", "node"]].reset_index(names="message").sort_values("ts", kind="stable")
    right = sends[["ts", "client_ip", "node"]].assign(send=sends.index).sort_values("ts", kind="stable")
    near = pd.merge_asof(left, right, on="ts", by=["client_ip", "node"], direction="nearest", tolerance=NEAR)
    found = near[near["send"].notna()]
    return found.set_index("message")["send"].astype("int64")


def account_of_messages(joined: pd.DataFrame, sends: pd.DataFrame, resolve: Callable[[str], str]) -> pd.Series[str]:
    """Name the account of each message: the session's where it is known by id, else LocalSender's."""
    spoken = joined["auth_user"].map(resolve, na_action="ignore")
    has_session = joined["join"] == BY_ID
    accounts = sends["account"].reindex(joined["send"]).set_axis(joined.index)
    return spoken.mask(has_session & accounts.notna(), accounts)


def resolutions(joined: pd.DataFrame, sends: pd.DataFrame) -> Mapping[str, str]:
    """Learn from the joins what a bare name means: the server's own LocalSender of the messages it sent.

    Only names that always led to one account are learnt; a full address stands for itself.
    """
    known = joined[(joined["join"] == BY_ID) & joined["auth_user"].str.contains("@", regex=False, na=False)]
    typed = sends["user"].reindex(known["send"]).set_axis(known.index)
    pairs = pd.DataFrame({"typed": typed, "account": known["auth_user"]}).dropna().drop_duplicates()
    single = pairs[~pairs["typed"].str.contains("@", regex=False) & ~pairs["typed"].duplicated(keep=False)]
    return dict(zip(single["typed"], single["account"], strict=True))


def masked_accounts(joined: pd.DataFrame, sends: pd.DataFrame) -> Mapping[object, str]:
    """Learn from the joins whose logins those are that the log has masked: place of the AUTH → LocalSender.

    Only logins whose messages all name one account.
    """
    known = joined[(joined["join"] == BY_ID) & joined["auth_user"].notna()]
    masked = sends[sends["account"].isna() & sends["auth"].notna()]
    auth = masked["auth"].reindex(known["send"]).set_axis(known.index)
    pairs = pd.DataFrame({"auth": auth, "account": known["auth_user"]}).dropna().drop_duplicates()
    single = pairs[~pairs["auth"].duplicated(keep=False)]
    return dict(zip(single["auth"], single["account"], strict=True))


def origin_of_deliveries(deliveries: pd.DataFrame, sends: pd.DataFrame, messages: pd.DataFrame) -> pd.DataFrame:
    """Name the account and the client address a delivery goes back to: by message id, else by sender and recipient.

    Returns:
        `deliveries` with `account` and `client_ip`, both missing where nothing joins.
    """
    if deliveries.empty:
        nothing = pd.Series(dtype="object", index=deliveries.index)
        return deliveries.assign(account=nothing, client_ip=nothing)
    origins = pd.concat([messages[_ORIGIN], sends[_ORIGIN]]).astype({"queue_id": "object", "rcpt_to": "object"})
    ids = origins.dropna(subset=["queue_id", "account"]).drop_duplicates("queue_id", keep="last")
    paths = origins.explode("rcpt_to").dropna(subset=["mail_from", "rcpt_to", "account"])
    paths = paths.drop_duplicates(["mail_from", "rcpt_to", "node"], keep="last")
    spelled = deliveries[["queue_id", "mail_from", "rcpt_to", "node"]].astype("object")
    by_id = spelled[["queue_id"]].merge(ids.drop(columns=["mail_from", "rcpt_to", "node"]), how="left", on="queue_id")
    by_path = spelled[["mail_from", "rcpt_to", "node"]].merge(paths, how="left", on=["mail_from", "rcpt_to", "node"])
    has_id = (by_id["account"].notna() & by_id["queue_id"].notna()).to_numpy()
    return deliveries.assign(
        account=by_id["account"].where(has_id, by_path["account"]).to_numpy(),
        client_ip=by_id["client_ip"].where(has_id, by_path["client_ip"]).to_numpy(),
    )


_ORIGIN = ["queue_id", "mail_from", "rcpt_to", "node", "account", "client_ip"]
