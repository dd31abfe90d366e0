"""Fetches Postfix, Exim, Dovecot and libfaketime as Debian packages, and unpacks them into a folder.

    python -m tests.servers.live.fetch FOLDER

Nothing is installed: as installed packages Postfix and Exim exclude each other, and a machine with a mail server reads
mail from then on. It wants no root, and lists of packages that are not too old (`apt-get update`).
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PACKAGES = (
    ("postfix", "dovecot-core", "dovecot-imapd", "dovecot-pop3d", "libfaketime"),
    ("exim4-daemon-heavy",),  # the light one cannot ask Dovecot who may log in
)


def fetch(folder: Path) -> None:
    """Download the packages with the libraries that are not installed here, and unpack them.

    Raises:
        CalledProcessError: apt-get or dpkg-deb could not.
    """
    packages = folder.resolve() / "packages"
    (packages / "partial").mkdir(parents=True, exist_ok=True)
    for names in PACKAGES:
        line = ["apt-get", "-qq", "-y", "--download-only", "--reinstall", "--no-install-recommends"]
        settings = (f"Dir::Cache::archives={packages}", "Debug::NoLocking=true", "APT::Sandbox::User=root")
        line += [word for setting in settings for word in ("-o", setting)]
        subprocess.run([*line, "install", *names], check=True, stdout=subprocess.DEVNULL)
    for name in ("bin", "lib", "sbin"):  # as Debian merges them: older packages have files in /lib
        (folder / "usr" / name).mkdir(parents=True, exist_ok=True)
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"usr/{name}")
    for package in sorted(packages.glob("*.deb")):
        subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)
    # a setuid program takes no clock from its environment; started by root, Exim needs no setuid bit
    (folder / "usr/sbin/exim4").chmod(0o755)


if __name__ == "__main__":
    fetch(Path(sys.argv[1]))
