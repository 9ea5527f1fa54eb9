"""A collection is read on Ray: the same data set, byte for byte, whatever happens to its workers."""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from meloformer.training import on_ray
from meloformer.training.errors import StoreError
from meloformer.training.ingest import prepare
from meloformer.training.report import report_of
from tunes import write_tunes

# Ray Data warns of settings of its own that are old.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray.data")
WORKERS = 2


def everything_at(out: Path) -> dict[str, bytes]:
    """The data set file by file, and its report, in which the folder's own name is left out."""
    files = {path.name: path.read_bytes() for path in out.iterdir()}
    return {**files, "report": report_of(out).read_bytes().replace(bytes(out), b"")}


def busy_workers() -> list[int]:
    """Ray's processes, below this one, that are reading at this moment: their titles say so."""
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and "_read_handful" in title_of(entry) and is_below_this(int(entry.name))
    ]


def title_of(process: Path) -> str:
    try:
        return (process / "cmdline").read_text(errors="replace")
    except OSError:  # it has just ended
        return ""


def is_below_this(pid: int) -> bool:
    while pid > 1:
        if pid == os.getpid():
            return True
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return False
    return False


@pytest.mark.extra("ray")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds Ray's processes in /proc")
def test_two_workers_one_killed_in_the_middle_make_the_same_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "songs"
    write_tunes(folder / "some", 300, bars=24)
    write_tunes(folder / "others", 20, bars=24)  # that repeat
    (folder / "noise.mid").write_bytes(b"MThd, or so it says")
    killed: list[int] = []
    told: list[int] = []

    def kill_one(done: int) -> None:
        told.append(done)
        if not killed and (busy := busy_workers()):
            os.kill(busy[0], signal.SIGKILL)
            killed.append(done)

    left_out = prepare(folder, tmp_path / "on ray", workers=WORKERS, progress=kill_one, ray=True)
    assert killed, "no worker was at work when a file was told to be done"
    assert killed[0] < len(told)
    assert told == list(range(1, 322))
    assert left_out == prepare(folder, tmp_path / "local")
    assert everything_at(tmp_path / "on ray") == everything_at(tmp_path / "local")


def test_without_ray_the_way_out_is_told_before_anything_is_written(
    songs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_ray, "find_spec", lambda name: None)
    with pytest.raises(StoreError, match=r"pip install meloformer\[ray\]"):
        prepare(songs, tmp_path / "data", ray=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.extra("ray")
def test_where_no_cluster_is_one_line_says_so_soon(
    songs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    monkeypatch.setenv(on_ray.ADDRESS, address)
    with pytest.raises(StoreError, match=f"no Ray cluster at {address} .*; start it, or correct RAY_ADDRESS"):
        prepare(songs, tmp_path / "data", ray=True)


def test_files_from_archives_go_to_the_cluster_in_lots_that_its_memory_can_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(on_ray, "MOST_BYTES", 100)
    monkeypatch.setattr(on_ray, "MOST_FILES", 4)
    wanted = [(None, b"x" * 60)] * 3 + [(None, None)] * 6
    assert [len(lot) for lot in on_ray._lots(wanted)] == [2, 4, 3]
