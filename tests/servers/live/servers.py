"""Real servers, run as they are: a Postfix or an Exim, with a Dovecot that knows who may log in.

    with running(Postfix("corp.example", {"anna@corp.example": "secret"}), tmp_path) as server:
        server.world.add_domain("partner.example", DEFERRING)
        ids = server.submit("anna@corp.example", "127.20.1.1", [(sender, [recipient], message)])
        server.run_queue()
        server.settle()

It must be called in the namespaces of `stage`: the server lives at its usual places (`/var/spool/postfix`,
`/var/log/mail.log`, …), and its programs (`postconf`, `exim`, `doveconf`, …) are called without a path.
"""

from __future__ import annotations

import os
import subprocess
import time
from abc import ABC, abstractmethod
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from tests.servers.live import stage, visitors
from tests.servers.live.clock import KEPT, Clock
from tests.servers.live.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from email.message import EmailMessage

_BOXES = Path("/var/spool/boxes")
_DOVECOT = Path("/var/spool/dovecot")
_SECONDS = 60


class Server(ABC):
    """A mail server, whichever: its accounts with their passwords, the world around it, and what it can be told."""

    name: ClassVar[str]
    user: ClassVar[str]
    """The user it works as."""
    spool: ClassVar[Path]
    log: ClassVar[Path]
    sasl: ClassVar[Path]
    """The socket at which it asks Dovecot."""
    fakes_monotonic: ClassVar[bool] = False

    def __init__(self, domain: str, accounts: Mapping[str, str], begin: datetime | None = None) -> None:
        self.domain = domain
        self.accounts = dict(accounts)
        self.begin = begin
        """When its clock begins; None: it lives in the machine's time."""
        self.clock: Clock | None = None
        self.world = World()
        self._children: list[subprocess.Popen[bytes]] = []

    @abstractmethod
    def configure(self) -> None:
        """Write its settings, and make what must be there before Dovecot opens its socket."""

    @abstractmethod
    def start(self) -> None:
        """Start it, for the first time or again."""

    @abstractmethod
    def stop(self) -> None:
        """Stop it; its queue stays."""

    @abstractmethod
    def run_queue(self) -> None:
        """Begin to try all that waits, and what is not on hold; `settle` waits until it is done."""

    @abstractmethod
    def hold(self, ids: Sequence[str]) -> None:
        """Hold messages, as an administrator does first."""

    @abstractmethod
    def rotate(self) -> None:
        """Rotate its log."""

    @abstractmethod
    def is_idle(self) -> bool:
        """Tell whether it delivers nothing now."""

    @abstractmethod
    def queued(self) -> list[str]:
        """Return the queue ids of all messages that its queue holds."""

    def submit(
        self, account: str, ip: str, letters: Sequence[tuple[str, Sequence[str], EmailMessage]]
    ) -> list[str | None]:
        """Hand in letters of (sender, recipients, message) in one session of an account, from an address.

        Returns the queue id of each; None: it was not taken.
        """
        client = visitors.connect(ip)
        if not visitors.log_in(client, account, self.accounts[account]):
            raise PermissionError(f"the password of {account} was refused")
        ids = [visitors.hand_in(client, *letter) for letter in letters]
        client.quit()
        return ids

    def settle(self, seconds: int = 120) -> None:
        """Wait until it delivers nothing any more.

        Raises:
            TimeoutError: it still does after so many seconds.
        """
        wait_until("idle server", self.is_idle, seconds)
        while self._children:
            self._children.pop().wait(_SECONDS)

    def command(self, *words: str, feed: str = "") -> str:
        """Run a program in the server's time, and return what it prints.

        Raises:
            CalledProcessError: it failed.
        """
        done = subprocess.run(words, env=self.environment(), input=feed, check=True, capture_output=True, text=True)
        return done.stdout

    def environment(self, *, fake_monotonic: bool | None = None) -> dict[str, str]:
        """Return what a program needs in its environment to live in the server's time."""
        wanted = self.fakes_monotonic if fake_monotonic is None else fake_monotonic
        faked = self.clock.environment(fake_monotonic=wanted) if self.clock else {}
        return {**os.environ, "TZ": "UTC", **faked}

    def _begin(self, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(words, env=self.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _times_started(self) -> int:
        return self.log.read_bytes().count(b"daemon started") if self.log.exists() else 0


_S = TypeVar("_S", bound=Server)


@contextmanager
def running(server: _S, folder: Path) -> Iterator[_S]:
    """Run a server and its Dovecot; what they write lies below a folder (which stays), as the server's own places."""
    stage.set_up(folder)
    if server.begin is not None:
        server.clock = Clock(Path("/var/spool/clock"), server.begin)  # where each of the servers' users can read it
    server.world.add_host(f"mx.{server.domain}", "127.0.0.1")
    server.world.start()
    server.configure()
    dovecot = _Dovecot(server)
    with dovecot.running():
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _give(folder: Path, user: str) -> None:
    os.chown(folder, stage.user_id(user), stage.user_id(user))


def wait_until(what: str, is_so: Callable[[], bool], seconds: int = _SECONDS) -> None:
    """Wait until something is so.

    Raises:
        TimeoutError: it is not after so many seconds.
    """
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(f"no {what} within {seconds} s")
        time.sleep(0.02)


class Postfix(Server):
    """Postfix, with its own logger (postlogd)."""

    name = "postfix"
    user = "postfix"
    spool = Path("/var/spool/postfix")
    log = Path("/var/log/mail.log")
    sasl = spool / "private" / "auth"

    def __init__(
        self, domain: str, accounts: Mapping[str, str], begin: datetime | None = None, *, long_ids: bool = False
    ) -> None:
        super().__init__(domain, accounts, begin)
        self._long_ids = long_ids

    def configure(self) -> None:
        etc = Path("/etc/postfix")
        self.spool.mkdir()
        _BOXES.mkdir()
        own = Path("/var/spool/postfix-data")
        own.mkdir()
        _give(own, self.user)
        _give(_BOXES, "mailboxes")
        boxes = etc / "boxes"
        boxes.write_text("".join(f"{one} {one.partition('@')[0]}/\n" for one in self.accounts), encoding="utf-8")
        (etc / "main.cf").write_text(
            f"""compatibility_level = 3.6
data_directory = {own}
myhostname = mx.{self.domain}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mydestination =
mynetworks = 127.0.0.1/32
virtual_mailbox_domains = {self.domain}
virtual_mailbox_base = {_BOXES}
virtual_mailbox_maps = texthash:{boxes}
virtual_uid_maps = static:{stage.user_id("mailboxes")}
virtual_gid_maps = static:{stage.user_id("mailboxes")}
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
smtpd_error_sleep_time = 0
smtputf8_enable = no
enable_long_queue_ids = {"yes" if self._long_ids else "no"}
maillog_file = {self.log}
max_idle = 30d
import_environment = {KEPT} MAIL_CONFIG POSTLOG_SERVICE POSTLOG_HOSTNAME
alias_maps =
alias_database =
""",
            encoding="utf-8",
        )
        rows = [row.split() for row in Path("/usr/share/postfix/master.cf.dist").read_text("utf-8").splitlines()]
        services = [row for row in rows if len(row) == 8 and not row[0].startswith("#") and row[7] != "lmtp"]
        for service in services:
            service[4] = "n"  # no chroot: what it needs from /etc and of the clock is outside
        lines = [" ".join(service) for service in services]
        lines += ["submission inet n - n - - smtpd", "  -o syslog_name=postfix/submission", ""]
        (etc / "master.cf").write_text("\n".join(lines), encoding="utf-8")
        self.command("postfix", "check")  # makes the folders of the spool

    def start(self) -> None:
        before = self._times_started()
        self.command("postfix", "start")
        wait_until("start of Postfix", lambda: self._times_started() > before)

    def stop(self) -> None:
        # it says no where it is stopped already
        subprocess.run(["postfix", "stop"], env=self.environment(), check=False, capture_output=True)

    def run_queue(self) -> None:
        self.command("postqueue", "-f")
        time.sleep(0.5)  # it says nothing of when its queue manager begins

    def hold(self, ids: Sequence[str]) -> None:
        self.command("postsuper", "-h", "-", feed="\n".join(ids))

    def rotate(self) -> None:
        self.command("postfix", "logrotate")

    def is_idle(self) -> bool:
        return not self._files("active", "incoming", "maildrop")

    def queued(self) -> list[str]:
        return self._files("active", "incoming", "deferred", "hold")

    def _files(self, *queues: str) -> list[str]:
        return sorted(name for queue in queues for _, _, names in os.walk(self.spool / queue) for name in names)


class Exim(Server):
    """Exim 4, started by root; its log selectors are Debian's, or those of cPanel with a split spool."""

    name = "exim"
    user = "Debian-exim"
    spool = Path("/var/spool/exim4")
    log = Path("/var/log/exim4/mainlog")
    sasl = Path("/var/spool/sasl")
    queue_only = Path("/var/spool/queue-only")
    """As long as this file is there, what comes in is not tried before a queue run."""
    fakes_monotonic = True
    """It reckons the time of day from the monotonic clock, from when its daemon began."""

    def __init__(
        self, domain: str, accounts: Mapping[str, str], begin: datetime | None = None, *, as_cpanel: bool = False
    ) -> None:
        super().__init__(domain, accounts, begin)
        self._as_cpanel = as_cpanel

    def configure(self) -> None:
        for folder in (self.spool, self.log.parent, _BOXES):
            folder.mkdir()
            _give(folder, self.user)
        boxes = Path("/etc/exim4/boxes")
        boxes.write_text("".join(f"{one.partition('@')[0]}:\n" for one in self.accounts), encoding="utf-8")
        debian = "+smtp_protocol_error +smtp_syntax_error +tls_certificate_verified +tls_peerdn"
        cpanel = "+incoming_port +smtp_connection +all_parents +retry_defer +subject +arguments +received_recipients"
        Path("/etc/exim4/exim4.conf").write_text(
            f"""primary_hostname = mx.{self.domain}
spool_directory = {self.spool}
log_file_path = {self.log.parent}/%slog
log_selector = {cpanel if self._as_cpanel else debian}
split_spool_directory = {"true" if self._as_cpanel else "false"}
domainlist local_domains = {self.domain}
local_interfaces = 127.0.0.1
daemon_smtp_ports = 25 : 587
keep_environment = {":".join(KEPT.split())}
deliver_drop_privilege = true
never_users =
host_lookup = *
rfc1413_query_timeout = 0s
smtp_accept_max = 100
smtp_accept_queue_per_connection = 1000
queue_only_file = {self.queue_only}
acl_smtp_rcpt = check_rcpt
acl_smtp_data = accept
smtp_enforce_sync = false
begin acl
check_rcpt:
  accept authenticated = *
  accept hosts = 127.0.0.1
  require message = relay not permitted
          domains = +local_domains
  require verify = recipient
  accept
begin routers
local_user:
  driver = accept
  domains = +local_domains
  local_parts = lsearch;{boxes}
  transport = to_box
outside:
  driver = dnslookup
  domains = ! +local_domains
  transport = remote_smtp
  ignore_target_hosts = 0.0.0.0
  no_more
begin transports
to_box:
  driver = appendfile
  directory = {_BOXES}/$local_part_data
  maildir_format
  create_directory
remote_smtp:
  driver = smtp
  port = 25
  allow_localhost
begin retry
*  *  F,2h,15m; G,16h,1h,1.5; F,4d,6h
begin authenticators
dovecot_plain:
  driver = dovecot
  public_name = PLAIN
  server_socket = {self.sasl}
  server_set_id = $auth1
dovecot_login:
  driver = dovecot
  public_name = LOGIN
  server_socket = {self.sasl}
  server_set_id = $auth1
""",
            encoding="utf-8",
        )
        self._daemon: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        before = self._times_started()
        self._daemon = self._begin("exim4", "-bdf")
        wait_until("start of Exim", lambda: self._times_started() > before)

    def stop(self) -> None:
        if self._daemon is not None:
            self._daemon.terminate()
            self._daemon.wait(_SECONDS)

    def run_queue(self) -> None:
        self._children.append(self._begin("exim4", "-qf"))

    def hold(self, ids: Sequence[str]) -> None:
        self.command("exim4", "-Mf", *ids)

    def rotate(self) -> None:
        self.log.rename(self.log.with_name("mainlog.1"))

    def is_idle(self) -> bool:
        daemon = 0 if self._daemon is None or self._daemon.poll() is not None else 1
        return sum(_is_exim(Path(place)) for place in Path("/proc").glob("[0-9]*")) <= daemon

    def queued(self) -> list[str]:
        return sorted(path.name.removesuffix("-H") for path in (self.spool / "input").rglob("*-H"))


def _is_exim(process: Path) -> bool:
    try:
        return b"exim4" in (process / "cmdline").read_bytes().split(b"\0")[0]
    except OSError:  # it has ended
        return False


class _Dovecot:
    """Who may log in, asked by the mail server beside it; and the boxes by IMAP and POP3."""

    _log = Path("/var/log/dovecot-info.log")

    def __init__(self, server: Server) -> None:
        self._server = server
        users = Path("/etc/dovecot/users")
        lines = (f"{name}:{{PLAIN}}{secret}::::::\n" for name, secret in server.accounts.items())
        users.write_text("".join(lines), encoding="utf-8")
        boxes = stage.user_id("mailboxes")
        # warnings of a clock that jumps go to log_path, all that breachkit reads to info_log_path
        Path("/etc/dovecot/dovecot.conf").write_text(
            f"""base_dir = {_DOVECOT}/run
state_dir = {_DOVECOT}/state
log_path = {_DOVECOT}/error.log
info_log_path = {self._log}
auth_verbose = yes
auth_failure_delay = 0
default_idle_kill = 30 days
protocols = imap pop3
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:{_DOVECOT}/boxes/%n:INDEX=MEMORY
mail_uid = {boxes}
mail_gid = {boxes}
first_valid_uid = {stage.FIRST_ID}
import_environment = {KEPT}
passdb {{
  driver = passwd-file
  args = username_format=%u {users}
}}
userdb {{
  driver = static
  args = uid={boxes} gid={boxes} home={_DOVECOT}/boxes/%n
}}
service auth {{
  unix_listener {server.sasl} {{
    mode = 0660
    user = {server.user}
    group = {server.user}
  }}
}}
service imap-login {{
  chroot =
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3s {{
    port = 0
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
""",
            encoding="utf-8",
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        boxes = _DOVECOT / "boxes"
        boxes.mkdir(parents=True)
        _give(boxes, "mailboxes")
        process = subprocess.Popen(["dovecot", "-F"], env=self._server.environment(fake_monotonic=False))
        try:
            wait_until("start of Dovecot", lambda: self._log.exists() and b"starting up" in self._log.read_bytes())
            yield
        finally:
            process.terminate()
            process.wait(_SECONDS)
