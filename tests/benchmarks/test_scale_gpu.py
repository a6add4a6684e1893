"""Figures of the pass on a GPU, measured here on the CPU: their names, and that they belong together."""

from __future__ import annotations

import pytest
import torch

from benchmarks.scale_gpu import copy_bandwidth, pass_figures


def test_pass_figures__in_parts() -> None:
    cpu = torch.device("cpu")
    figures = pass_figures(cpu, items=3_000, dimensions=8, part_rows=1_300, copied_bytes=1 << 20)
    assert set(figures) == {"gpu_pass_3e3_s", "gpu_copy_gb_s", "gpu_copy_fraction"}  # nothing stays on a CPU
    carried = 3_000 * 8 * 2 / figures["gpu_pass_3e3_s"] / 1e9
    assert figures["gpu_copy_fraction"] == pytest.approx(carried / figures["gpu_copy_gb_s"])


def test_copy_bandwidth__is_measured() -> None:
    assert copy_bandwidth(torch.device("cpu"), size=1 << 20) > 0
