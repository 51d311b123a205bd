"""Runs a command that ends when the demo does, even by `kill -9`: `python leash.py PARENT COMMAND…` (where Linux helps).

It is run by path, without the package: a worker's start should not pay for two imports.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask for a signal at the parent's death, then become the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == parent:  # else it died before we could ask
        os.execv(command[0], command)  # noqa: S606 - a list of arguments, no shell


if __name__ == "__main__":
    main()
