"""The keys of a named selection as a file, from a real server process."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from app.api_selections import csv_lines
from app.context import make_context
from app.saved import keep
from labeling.selections import pack_keys
from tests.projects import make_clouds
from tests.servers import serving

ODD = ["a,b", 'quo"te', "line\nbreak", "<script>", "ключ"]


def test_csv_lines__read_back_as_they_were() -> None:
    assert [row[0] for row in csv.reader(io.StringIO(csv_lines(ODD), newline=""))] == ODD


def test_selection_file__keys_or_404(tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    context = make_context(project, hosts=frozenset())
    entry = keep(context, pack_keys([project.pool.keys([3, 1]), ODD]), name="some", how="")
    expected = [*project.pool.keys([3, 1]), *ODD]
    project.close()
    with serving(project.paths.config) as server:
        status, content = server.get(f"/api/selections/{entry.id}.csv")
        assert status == 200
        rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
        assert [row[0] for row in rows] == ["key", *expected]
        assert server.get("/api/selections/999.csv")[0] == 404
        assert server.get(f"/api/selections/{entry.id}.csv", {"Host": "evil.example"})[0] == 403
