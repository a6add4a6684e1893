from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from config.folder_lock import held_folder, lock_folder
from tests.servers import ROOT, wait_for

pytest.importorskip("fcntl")

HOLDER = (
    "import sys, time; from pathlib import Path; from config.folder_lock import lock_folder;"
    "kept = lock_folder(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
)


def test_held_folder__is_another_while_a_process_is_in_the_usual_one(tmp_path: Path) -> None:
    usual, otherwise = tmp_path / "usual", tmp_path / "otherwise"
    with (
        held_folder(usual, otherwise=otherwise) as first,
        held_folder(usual, otherwise=otherwise) as second,
    ):
        assert (first, second) == (usual, otherwise)
    with held_folder(usual, otherwise=otherwise) as again:
        assert again == usual


def test_lock_folder__of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "folder")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert lock_folder(tmp_path / "folder") is None
        process.kill()
        process.wait()
    taken = wait_for(lambda: lock_folder(tmp_path / "folder"), what="the folder is free")
    taken.close()
