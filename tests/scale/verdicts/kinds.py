"""The list of kinds that are drawn, and the half of them that is kept aside.

A detector may be built against the *build* kinds. The *kept* ones judge it: they were written first, are not changed
afterwards, and are not looked at while a detector is made.
"""

from __future__ import annotations

BUILD_INNOCENTS = (
    "ticket-system",  # writes in the customers' names, most of it waits
    "newsletter-old-list",  # many addresses died since the list was made
    "shared-mailbox",  # one account, several colleagues, their names as senders
    "scanner",  # tiny and large scans to colleagues, a LAN address, a weak secret
    "web-shop",  # confirmations to customers who cannot spell their own address
    "lab-reports",  # a hospital's batch of the night
    "monitoring",  # a storm of alerts whose sender is a machine
    "stale-device",  # hundreds of refusals of one old secret, then the owner updates it
    "mistyper",  # some slips, then in, then ordinary letters
    "vpn-user",  # exits in other countries, shared with others
    "mobile-many",  # a phone behind a carrier's changing addresses
    "new-employee",  # the first day: a slip, a round of greetings
    "password-wave",  # everybody's programs offer the old secret on one morning
    "archiver",  # copies everything, with the senders of everybody, to an archive
    "list-manager",  # posts in the names of the members
    "forwarder-srs",  # what strangers wrote goes on in rewritten names
    "dest-down",  # the invoices of one customer whose server is down
    "guessed-not-entered",  # thousands of guesses, none of them right
    "big-cc",  # one letter with a hundred recipients of an old address book
    "mail-merge",  # season's greetings to all customers since 1998
    "ipv6-privacy",  # a machine that takes a new IPv6 address every few hours
    "returner",  # back from a long leave: many slips, then a flood of answers
    "trusted-device",  # a device that may send without a login
    "own-other-domain",  # a consultant who always writes as another domain of his own
    "cloud-worker",  # a programme whose machines come and go
    "app-pool",  # one shop behind many servers, a clerk beside it
    "evening-notice",  # all customers on one evening, from home
    "brands",  # other domains of the house, from desk and home
    "branch-joins",  # a branch's server begins to send through the house
    "crm-starts",  # a service begins to send for its owner
    "carrier-neighbour",  # behind a carrier's address, beside a guesser
    "branch-router",  # one box relays the mail of a branch's people
    "alias-house",  # a firm of several names
    "storm-notice",  # one notice to everybody, once
    "club-letter",  # to the members of a club, in its name
)
KEPT_INNOCENTS = (
    "newsletter-deferred",  # a lawful issue that nearly everybody greylists
    "delegate",  # an assistant writes as her boss
    "erp-invoices",  # the run of the month's end, the only one in the logs
    "web-form",  # a site that hands on forms in the visitors' names
    "school-letter",  # a letter to the parents of every class
    "hotel-bookings",  # confirmations to addresses of booking sites that expire
    "public-notices",  # numbered notices of a town hall, many of them undeliverable
    "business-trip",  # another country, the hotel's network, a few letters
    "moved-house",  # another provider for good
    "migration",  # one machine logs into everybody's mailbox
    "web-agency",  # twenty customers' accounts on one machine
    "forwarder-plain",  # what strangers wrote goes on in their own names
    "vacation-responder",  # answers to whoever wrote, spammers included
    "sprayed-not-entered",  # a weak secret that the spray just did not try
    "infected-neighbour",  # an ordinary colleague behind the address of an infected machine
    "moved-machine",  # the same programme at another address
    "fax-gateway",  # tiny mails to numbers, many of them refused
    "night-shift",  # a doctor who writes at night from a new tablet
    "cameras",  # twelve sites with changing addresses, one account
    "urgent-notice",  # three hundred customers in one evening, by hand, from home
    "crm-pool",  # a service in the cloud sends in the owner's name from a pool of addresses
    "branch-smarthost",  # a sister house sends all its mail through one account
    "cloud-app",  # a programme in a cloud, from other machines every day
    "association",  # the chair of a club who writes as the club
    "alias-domains",  # brands of the house that no list of accounts knows
    "trusted-erp",  # a machine that may send without a login
    "cgnat-neighbour",  # an owner behind a carrier's address from which a stranger guesses too
)
BUILD_ATTACKS = (
    "brute-then-spam",
    "spray-hit",
    "stolen-first-try",
    "office-hours",  # in the owner's hours, in the owner's name
    "own-sender",
    "bec",  # a dozen letters by hand with a reply address elsewhere
    "botnet-one-each",  # hundreds of addresses, a message from each
    "beside-newsletter",  # on the account of a lawful newsletter
    "log-after-entry",  # the logs begin when the spam already runs
    "dead-heavy",
    "ipv6-rotation",
    "two-thieves",
    "spelled-differently",
    "vpn-exit-thief",  # from an address that lawful users share
    "malware-at-desk",  # another programme at the owner's own place
    "sleeper",  # looks first, sends days later
    "names-of-house",
    "nobody-answers",  # all recipients wait
    "thief-of-many",
    "open-relay",  # nobody authenticated at all
    "infected-desk",  # the owner's own machine and saved password
    "infected-office",  # behind the office's one address
    "trickle",  # a few an hour, for days
    "scanner-thief",  # strangers use a device's account
    "house-phish",  # many colleagues' names, some of it to the house
)
KEPT_ATTACKS = (
    "distributed-guess",
    "slow-drip",  # a few an hour, over days
    "many-domains",  # another foreign sender in each message
    "bec-quiet",  # two or three letters only
    "same-isp",  # a thief of the owner's own provider
    "infected-pc",  # from behind the office's own address
    "dormant",  # entered days before the first use
    "all-waiting",  # nothing delivered, nothing dead
    "tiny",  # messages of a line
    "imap-first",  # looks through IMAP, then sends
    "one-thief-many-accounts",
    "beside-tickets",  # on the account of a ticket system
    "beside-scanner",  # on the account of a scanner, with its weak secret
    "colleagues-names",  # phishing that names colleagues as senders
    "masked-names",  # the logs hide who logged in
)
UNAUTHENTICATED = ("open-relay", "trusted-device", "masked-names", "trusted-erp")
"""Kinds that are judged by the address, since no account is named."""
BUILD = BUILD_INNOCENTS + BUILD_ATTACKS
KEPT = KEPT_INNOCENTS + KEPT_ATTACKS
ATTACKS = BUILD_ATTACKS + KEPT_ATTACKS
INNOCENTS = BUILD_INNOCENTS + KEPT_INNOCENTS


def chosen(half: str, names: list[str]) -> tuple[str, ...]:
    """Give the kinds of a half (`build`, `kept`, `all`), or only those named."""
    kinds = {"build": BUILD, "kept": KEPT, "all": BUILD + KEPT}[half]
    return tuple(kind for kind in kinds if kind in names) if names else kinds
