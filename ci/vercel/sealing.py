"""Running a command as a function runs at Vercel, on files that cannot be written to, and here without a network too.

`python -m ci.vercel.sealing FOLDER COMMAND...` is the inner half: in namespaces of its own already (unshare), it brings
up the loopback, makes FOLDER read-only and becomes COMMAND.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1
# As root; else as a root of one's own making, where the system lets users have that.
_WAYS = (["unshare", "--net", "--mount"], ["unshare", "--user", "--map-root-user", "--net", "--mount"])


def _permitted(way: list[str]) -> bool:
    try:
        return subprocess.run([*way, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def sealed(folder: Path, command: list[str]) -> list[str] | None:
    """Return the command that runs `command` shut off, with `folder` read-only; None where the system forbids that."""
    way = next(filter(_permitted, _WAYS), None)
    return way and [*way, sys.executable, "-m", "ci.vercel.sealing", str(folder), *command]


def take_write_rights(folder: Path) -> None:
    """Do what can be done where nothing can be sealed: leave nobody but root the right to write to `folder`."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o222)


def give_write_rights(folder: Path) -> None:
    """Let the owner write to `folder` again, so that it can be deleted."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)


def _bring_up_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        asked = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(probe, _SIOCGIFFLAGS, asked))[1]
        fcntl.ioctl(probe, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


def main(folder: str, command: list[str]) -> None:
    """Seal this process, and become `command`."""
    _bring_up_loopback()
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
