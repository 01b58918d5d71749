"""Under which system account the private server runs: PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from geo.cluster.errors import ClusterError

DEBIAN_ACCOUNT = "postgres"

# Nothing of the caller's environment: PGDATA, PGPORT or a French locale would change what the programs do.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


@dataclass(frozen=True)
class Account:
    """A system account, other than root."""

    uid: int
    gid: int
    name: str

    def run(
        self, command: Sequence[str], *, cwd: Path = Path("/"), timeout: float = 300
    ) -> subprocess.CompletedProcess[str]:
        """Return the end of `command`, run as this account with a clean environment."""
        switch = os.geteuid() != self.uid
        return subprocess.run(  # noqa: S603 - our own programs, given as a list
            command,
            cwd=cwd,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            user=self.uid if switch else None,
            group=self.gid if switch else None,
            extra_groups=[] if switch else None,
        )

    def can_write(self, folder: Path) -> bool:
        """Return whether this account reaches `folder` through all its parents, and may write there."""
        return self.run(["test", "-w", str(folder), "-a", "-x", str(folder)]).returncode == 0

    def give(self, folder: Path) -> None:
        """Make `folder` (and its parents), open to this account alone."""
        folder.mkdir(parents=True, exist_ok=True)
        if folder.stat().st_uid != self.uid:
            os.chown(folder, self.uid, self.gid)
        folder.chmod(0o700)


def account_for(data: Path) -> Account:
    """Return who runs the server on `data`: its owner, or oneself, or Debian's `postgres` for root."""
    me = os.geteuid()
    try:
        owner = data.stat().st_uid
    except PermissionError:
        raise ClusterError(
            "Les données du serveur PostGIS privé appartiennent à un autre compte\u202f: "
            "relancez la commande avec le compte qui les a créées (sudo, par exemple)."
        ) from None
    except OSError:
        owner = me
    if me == 0:
        return _account(owner) if owner != 0 else _debian_account()
    if owner != me:
        raise ClusterError(
            "Les données du serveur PostGIS privé appartiennent au compte "
            f"«\u202f{_account(owner).name}\u202f»\u202f: relancez la commande avec ce compte (ou avec sudo)."
        )
    return _account(me)


def _account(uid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:  # an account known by its number alone, as containers have
        return Account(uid, os.getegid() if uid == os.geteuid() else uid, str(uid))
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)


def _debian_account() -> Account:
    try:
        entry = pwd.getpwnam(DEBIAN_ACCOUNT)
    except KeyError:
        raise ClusterError(
            f"PostgreSQL refuse d’être lancé par root et le compte «\u202f{DEBIAN_ACCOUNT}\u202f» n’existe pas. "
            "Créez-le avec «\u202fadduser --system --group postgres\u202f», "
            "ou lancez la commande avec un compte ordinaire."
        ) from None
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)
