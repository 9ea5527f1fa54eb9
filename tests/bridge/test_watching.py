"""One reload for one save, however the editor saves."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchdog.events import DirModifiedEvent, FileClosedNoWriteEvent, FileDeletedEvent, FileOpenedEvent
from watchdog.observers import Observer

from meloformer.bridge.watching import Settling, TouchHandler

PRESET, OTHER = Path("band.yaml"), Path("waltz.yaml")
PATIENCE_S = 20.0

times = st.lists(st.floats(0, 10), min_size=1, max_size=30).map(sorted)


def test_nothing_touched_leaves_nothing_to_wait_for() -> None:
    assert Settling().wake_at() is None
    assert Settling().settled(now=100.0) == []


def test_a_file_is_settled_once_it_was_quiet_for_long_enough() -> None:
    settling = Settling(settled_after_s=0.5)
    settling.touch(PRESET, now=10.0)
    assert settling.wake_at() == 10.5
    assert settling.settled(now=10.4) == []
    assert settling.settled(now=10.5) == [PRESET]
    assert settling.wake_at() is None


def test_a_file_that_is_touched_again_starts_its_quiet_time_again() -> None:
    settling = Settling(settled_after_s=0.5)
    settling.touch(PRESET, now=10.0)
    settling.touch(PRESET, now=10.4)
    assert settling.settled(now=10.6) == []
    assert settling.settled(now=10.9) == [PRESET]


def test_two_files_settle_each_in_their_own_time() -> None:
    settling = Settling(settled_after_s=0.5)
    settling.touch(PRESET, now=10.0)
    settling.touch(OTHER, now=10.2)
    settling.touch(PRESET, now=10.3)
    assert settling.settled(now=11.0) == [OTHER, PRESET]


@given(times)
def test_a_burst_of_touches_settles_as_often_as_it_falls_quiet(touches: list[float]) -> None:
    settling, settled = Settling(settled_after_s=1.0), 0
    for moment in touches:
        settled += len(settling.settled(moment))
        settling.touch(PRESET, moment)
    settled += len(settling.settled(touches[-1] + 1.0))
    pauses = [later for earlier, later in pairwise(touches) if later >= earlier + 1.0]
    assert settled == 1 + len(pauses)


@pytest.mark.parametrize(
    "event",
    [
        FileOpenedEvent("band.yaml"),
        FileClosedNoWriteEvent("band.yaml"),
        FileDeletedEvent("band.yaml"),
        DirModifiedEvent("presets"),
    ],
    ids=lambda event: event.event_type,
)
def test_what_writes_no_file_is_no_touch(event: object) -> None:
    TouchHandler(lambda file: pytest.fail(f"{file} was not written")).dispatch(event)  # type: ignore[arg-type]


@pytest.fixture
def touches(tmp_path: Path) -> Iterator[SimpleQueue[Path]]:
    """What a real observer tells of a folder with a preset in it."""
    queue: SimpleQueue[Path] = SimpleQueue()
    (tmp_path / PRESET).write_text("before")
    observer = Observer()
    observer.schedule(TouchHandler(queue.put), str(tmp_path))
    observer.start()
    yield queue
    observer.stop()
    observer.join()


def in_place(file: Path) -> None:
    file.write_text("after")


def in_pieces(file: Path) -> None:
    with file.open("w") as stream:
        for letter in "after":
            stream.write(letter)
            stream.flush()


def beside_and_moved_over(file: Path) -> None:
    beside = file.with_name(".band.yaml.1234")
    beside.write_text("after")
    os.replace(beside, file)


def with_a_backup(file: Path) -> None:
    os.replace(file, file.with_name("band.yaml~"))
    file.write_text("after")
    file.with_name("band.yaml~").unlink()


def copied_from_elsewhere(file: Path) -> None:
    elsewhere = file.with_name("draft.txt")
    elsewhere.write_text("after")
    shutil.copyfile(elsewhere, file)


def settled_until(name: str, touches: SimpleQueue[Path]) -> list[str]:
    """The names of what settles, up to and with `name`."""
    settling, settled = Settling(settled_after_s=0.4), list[str]()  # long, for a busy machine writes in fits
    deadline = time.monotonic() + PATIENCE_S
    while name not in settled:
        now = time.monotonic()
        assert now < deadline, f"{name} never settled; what did: {settled}"
        settled += [file.name for file in settling.settled(now)]
        try:
            settling.touch(touches.get(timeout=0.02), time.monotonic())
        except Empty:
            continue
    return settled


@pytest.mark.parametrize(
    "save", [in_place, in_pieces, beside_and_moved_over, with_a_backup, copied_from_elsewhere]
)
def test_one_save_is_one_reload(
    save: Callable[[Path], None], touches: SimpleQueue[Path], tmp_path: Path
) -> None:
    save(tmp_path / PRESET)
    first = settled_until("band.yaml", touches)
    (tmp_path / PRESET).read_text()  # reading it is no save
    (tmp_path / "last.yaml").write_text("told after everything that is still to come")
    then = settled_until("last.yaml", touches)
    assert (first + then).count("band.yaml") == 1
    assert (tmp_path / PRESET).read_text() == "after"
