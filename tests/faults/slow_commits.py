"""`python -m tests.faults.slow_commits serve …`: goldpan on a disk that is slow to say that something is on it."""

from __future__ import annotations

import os
import time
from typing import Any

import sqlalchemy as sa

from app.cli import main


def wait_for_the_disk(_: Any) -> None:
    """Hold up a commit for as long as the environment says: nothing is stored before, and nothing is answered."""
    time.sleep(float(os.environ["GOLDPAN_TEST_COMMIT_S"]))


if __name__ == "__main__":
    sa.event.listen(sa.Engine, "commit", wait_for_the_disk)
    main()
