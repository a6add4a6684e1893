"""Runs pip-audit over a lock file; says so, and fails nothing, where its advisory service cannot be reached.

`make audit` calls it in an environment that holds pip-audit alone.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

UNREACHABLE = (
    "ConnectionError",
    "Connection error",
    "Max retries exceeded",
    "Could not connect",
    "ServiceError",
)
"""What pip-audit says where no service answers; it ends with 1 as it does for a weakness that it found."""
SKIPPED = "could not be audited"
"""What it says of each library that the service does not know, or not from here; it ends with 0 all the same."""
COMMAND = (sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--progress-spinner", "off")


def ask(lock: str, *, command: Sequence[str] = COMMAND) -> int:
    """Return the exit code: 0 where nothing was found or no service answered, else pip-audit's.

    Args:
        lock: path of a file with pinned versions.
        command: what runs pip-audit.
    """
    done = subprocess.run([*command, "--requirement", lock], capture_output=True, text=True, check=False)
    if done.returncode and any(word in done.stderr for word in UNREACHABLE):
        print(
            "pip-audit: no advisory service answers here; only the table above was looked at.",
            file=sys.stderr,
        )
        return 0
    unknown = done.stdout.count(SKIPPED)
    if unknown:
        print(
            f"pip-audit: the service does not know {unknown} of the libraries; for them it says nothing.",
            file=sys.stderr,
        )
    print(done.stdout, end="")
    print(done.stderr, end="", file=sys.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(ask(sys.argv[1]))
