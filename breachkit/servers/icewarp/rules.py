"""What the two vendor guides recommend, as API variables: one rule a variable.

The seeds are the guides on running the SMTP server safely and on securing a violated server; the variables are those of
the vendor's list, `apiconst.pas`, which tells their types and synonyms too. A switch is judged on its own value, its
limits have rules of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from breachkit.advice import VALUE, SettingRule

if TYPE_CHECKING:
    from breachkit.advice import Bearing, RuleKind

_ANY = 2**63
_SECURITY = "C_Mail_Security_"
_POLICIES = "C_Accounts_Policies_"


def _fix(name: str, value: str) -> str:
    return f"tool set {_kind(name)} {name} {value}"


def _kind(name: str) -> str:
    return {"D": "domain example.it", "U": "account user@example.it"}.get(name[0], "system")


def _switch(name: str, why: str, bearing: Bearing | None = None, *spellings: str, on: int = 1) -> SettingRule:
    return SettingRule(name, "exactly", on, on, str(on), why, _fix(name, str(on)), bearing, "", spellings)


def _number(
    name: str,
    kind: RuleKind,
    limits: tuple[int, int],
    value: str,
    recommended: str,
    why: str,
    bearing: Bearing | None = None,
    *spellings: str,
) -> SettingRule:
    unit = "minutes" if name.endswith(("_Period", "_BlockPeriod")) else ""
    return SettingRule(name, kind, *limits, recommended, why, _fix(name, value), bearing, unit, spellings)


_RULES: tuple[SettingRule, ...] = (
    _switch(_SECURITY + "Relay_RejectLocalUnauth", "strangers may call themselves local users", "open-door"),
    _switch(
        _SECURITY + "Relay_POPSMTP",
        "whoever shares an address with somebody who fetched mail may send without a password",
        "open-door",
        on=0,
    ),
    SettingRule(
        _SECURITY + "Relay_IPList",
        "addresses",
        0,
        0,
        "few static addresses you know; review",
        "every address in it sends without logging in",
        _fix(_SECURITY + "Relay_IPList", VALUE),
        "open-door",
    ),
    _switch(_SECURITY + "Relay_RelayMode", "0 is an open relay: anybody sends to anybody through it", "open-door"),
    _switch(
        _SECURITY + "Protocols_AllowSMTPAuth",
        "logging in is the only authorisation that tells users apart",
        "open-door",
    ),
    _switch(
        _SECURITY + "Protection_DNSBL",
        "addresses of known spam senders are let in; use zen.spamhaus.org, and see that it answers 127.0.0.2 to:"
        " nslookup 2.0.0.127.zen.spamhaus.org",
    ),
    _switch(_SECURITY + "Protection_CloseDNSBLConn", "a listed address keeps its connection and may go on guessing"),
    _switch(_SECURITY + "Protection_RejectMX", "mail is taken from sender domains that do not exist"),
    _switch(
        _SECURITY + "Tarpit_Enable",
        "whoever guesses passwords is never blocked",
        "guessing",
        _SECURITY + "Tarpit_EnableSMTP",  # the vendor's list: "synonym for C_Mail_Security_Tarpit_Enable"
    ),
    _switch(
        _SECURITY + "Tarpit_EnableIMAPPOP3",
        "passwords are guessed through POP3 and IMAP instead",
        "guessing",
        _SECURITY + "Tarpit_ProcessPOP3IMAP",  # its name up to 14.3.0.8, by an administrator's script
    ),
    _switch(_SECURITY + "Tarpit_Recipient", "an address that tries recipients nobody has is never blocked"),
    _number(
        _SECURITY + "Tarpit_Count",
        "between",
        (1, 10),
        "5",
        "1 to 10",
        "unknown recipients before an address is blocked: the guide wants a strict number",
        None,
        _SECURITY + "Tarpit_RecipientCount",
        _SECURITY + "Tarpit_Recipient_Count",
    ),
    _switch(_SECURITY + "Tarpit_Login", "an address that fails to log in again and again is never blocked", "guessing"),
    _number(
        _SECURITY + "Tarpit_LoginCount",
        "between",
        (1, 10),
        "5",
        "1 to 10",
        "failed logins before an address is blocked: the guide wants a strict number",
        "guessing",
        _SECURITY + "Tarpit_Login_LoginCount",
    ),
    _switch(_SECURITY + "Tarpit_BlockIP", "an address may connect as often as it likes"),
    _number(
        _SECURITY + "Tarpit_BlockIPValue",
        "between",
        (1, 60),
        "30",
        "1 to 60",
        "connections in a minute before an address is blocked",
        None,
        _SECURITY + "Tarpit_BlockIP_BlockIPValue",
    ),
    _number(
        _SECURITY + "Tarpit_Period",
        "between",
        (1, 30),
        "30",
        "1 to 30 minutes",
        "attackers' addresses are dynamic: after 30 minutes a block hits the next owner",
    ),
    _number(  # a switch by the vendor's list (Bool): the list itself is a file
        "C_Mail_DoNot_Tarpit_IPs",
        "optional",
        (0, 0),
        "0",
        "0, unless the file of bypassed addresses holds only static ones that must misbehave; review it",
        "addresses in the bypass file are never blocked, whatever they do",
        "guessing",
    ),
    _switch(
        _SECURITY + "Protection_RejectSMTPAuthSender",
        "one account logs in and sends in the name of another",
        "sender",
    ),
    _switch(
        _SECURITY + "Protection_LocalDomain",
        "mail is relayed for senders of other domains",
        "foreign-sender",
    ),
    _switch(_SECURITY + "Protection_HELOEHLO", "mass mailers that skip the greeting are let in"),
    SettingRule(
        "C_Mail_SMTP_Delivery_BadMail",
        "filled",
        0,
        0,
        "an account",
        "reports on mail whose sender cannot be told are lost",
        _fix("C_Mail_SMTP_Delivery_BadMail", "postmaster@example.it"),
    ),
    _number(
        "C_Mail_SMTP_Other_MaxHopCount",
        "preferred",
        (20, 20),
        "20",
        "20",
        "stops relay loops without being too strict",
    ),
    _number(
        "C_Mail_SMTP_Other_MaxRecipients",
        "at-least",
        (1, _ANY),
        "100",
        "set, above 0",
        "one message may go to any number of recipients",
        "volume",
    ),
    _number(
        "C_Mail_SMTP_Other_MaxMTARecipients",
        "at-least",
        (1, _ANY),
        "100",
        "set, above 0",
        "one delivery carries any number of recipients",
    ),
    _number(
        "C_System_Adv_Protocols_BackLog",
        "at-least",
        (5000, _ANY),
        "5000",
        "5000",
        "connections wait here when all places are taken; a flood locks users out sooner",
    ),
    _number(
        "C_System_Services_SMTP_MaxInConn",
        "preferred",
        (256, 256),
        "256",
        "256, unless the measured peak needs more",
        "more incoming connections than needed are room for a flood",
    ),
    _number(
        "C_System_Services_SMTP_MaxOutConn",
        "preferred",
        (256, 256),
        "256",
        "256, unless the measured peak needs more",
        "more outgoing connections than needed send spam faster",
    ),
    _number(
        "C_System_Services_SMTP_ThreadCache",
        "preferred",
        (40, 40),
        "40",
        "40",
        "the vendor's default; change it only for a reason",
    ),
    _switch(
        _POLICIES + "Pass_Enable",
        "any password is taken; it holds for new passwords only, so run weak-passwords too",
        "weak-password",
    ),
    _switch(_POLICIES + "Pass_UserAlias", "the user name or an alias is taken as a password", "weak-password"),
    *(
        _number(_POLICIES + name, "at-least", (1, _ANY), value, "above 0, as chosen", why, "weak-password")
        for name, value, why in (
            ("Pass_MinLength", "12", "short passwords are taken"),
            ("Pass_Digits", "1", "passwords without a digit are taken"),
            ("Pass_NonAlphaNum", "1", "passwords without a sign are taken"),
            ("Pass_Alpha", "1", "passwords without a letter are taken"),
            ("Pass_UpperAlpha", "1", "passwords without a capital are taken"),
        )
    ),
    _number(
        _POLICIES + "Pass_Expiration",
        "optional",
        (1, _ANY),
        "1",
        "optional: 1",
        "a stolen password is good until it is changed",
    ),
    _number(
        _POLICIES + "Pass_ExpireAfter",
        "optional",
        (1, _ANY),
        "180",
        "optional: days",
        "how long a stolen password stays good",
    ),
    _switch(
        "C_Accounts_Global_Domains_UseDomainLimits",
        "the limits of domains are inert: a stolen account sends without end",
        "volume",
    ),
    _switch(
        "C_Accounts_Global_Domains_UseUserLimits",
        "the limits of users are inert: a stolen account sends without end",
        "volume",
    ),
    *(
        _number(name, "at-least", (1, _ANY), value, "above 0", f"{why}; local recipients do not count", "volume")
        for name, value, why in (
            ("D_NumberLimit", "5000", "messages a day that a domain may send"),
            ("D_VolumeLimit", "500", "megabytes a day that a domain may send"),
            ("D_UserNumber", "200", "messages a day that each user of a domain may send"),
            ("D_UserMB", "100", "megabytes a day that each user of a domain may send"),
            ("U_NumberSendLimit", "200", "messages a day that this user may send"),
            ("U_MegabyteSendLimit", "100", "megabytes a day that this user may send"),
        )
    ),
    _switch(
        _POLICIES + "Login_Enable", "an account may be guessed at for ever, from address after address", "guessing"
    ),
    _number(
        _POLICIES + "Login_Attempts",
        "at-least",
        (1, _ANY),
        "10",
        "above 0",
        "failed logins before an account is blocked",
        "guessing",
    ),
    _number(
        _POLICIES + "Login_BlockPeriod",
        "at-least",
        (1, _ANY),
        "30",
        "above 0",
        "how long an account stays blocked, in minutes",
        "guessing",
    ),
)

RULES = tuple(rule._replace(look=f"tool get {_kind(rule.name)} {rule.name}") for rule in _RULES)

POLICY = {
    (_POLICIES + "Pass_MinLength").lower(): "length",
    (_POLICIES + "Pass_Digits").lower(): "digits",
    (_POLICIES + "Pass_NonAlphaNum").lower(): "signs",
    (_POLICIES + "Pass_Alpha").lower(): "letters",
    (_POLICIES + "Pass_UpperAlpha").lower(): "capitals",
}

ADVICE = (
    "Greylisting (optional, no setting known by name): switch it on in the console if users bear the delay.",
    (
        "The password policy is applied when a password is set or changed: weak old ones stay until you find them"
        " with breachkit weak-passwords."
    ),
)
