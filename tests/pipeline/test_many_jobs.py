"""Several students on one machine: jobs that start in the same second all end well."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.many_jobs import start


@pytest.mark.mindspore
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_three_jobs_and_a_worker_pool_at_once_without_a_home_folder(tmp_path: Path) -> None:
    ended = start(tmp_path, jobs=3, pools=1, steps=["convert", "train"], environment={"HOME": str(tmp_path / "none")})
    assert [job.code for job in ended] == [0, 0, 0, 0], "\n".join(job.said[-800:] for job in ended)
    for job in ended[:3]:
        assert (job.folder / "latest" / "results" / "ratio.json").is_file()
        assert len(list((job.folder / "latest" / "train" / "adapters").iterdir())) == 5
    assert not (tmp_path / "none").exists()
