from __future__ import annotations

import json
import subprocess
import sys

import pytest

from models.errors import ModelError
from models.metrics import cross_validate
from models.quality import QualityReport
from tests.models.heads.sets import CPU, labelled, section


@pytest.mark.parametrize(("count", "classes"), [(60, 3), (60, 5), (4, 3)])
def test_from_dict__survives_json(count: int, classes: int) -> None:
    report = cross_validate(
        labelled("wine", count, class_count=classes), section=section(), seed=0, device=CPU
    )
    assert QualityReport.from_dict(json.loads(json.dumps(report.to_dict()))) == report


@pytest.mark.parametrize("data", [{}, {"source": "x"}, {"source": "x", "labels": "many"}])
def test_from_dict__something_else_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="no quality report"):
        QualityReport.from_dict(data)


def test_import__needs_neither_torch_nor_scikit_learn() -> None:
    code = (
        "import sys, models.quality; sys.exit(any(n in sys.modules for n in ('torch', 'sklearn', 'numpy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_from_dict__reports_of_old_rounds_name_no_head() -> None:
    data = cross_validate(labelled("wine", 60), section=section(), seed=0, device=CPU).to_dict()
    del data["head"], data["candidates"]
    assert (QualityReport.from_dict(data).head, QualityReport.from_dict(data).candidates) == ("", ())
