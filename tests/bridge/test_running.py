"""What the operating system has to do with a bridge, where another one than ours has less."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from meloformer.bridge.running import on_end


@pytest.fixture(autouse=True)
def handlers_come_back() -> Iterator[None]:
    known = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP")]
    before = [(number, signal.getsignal(number)) for number in known]
    yield
    for number, handler in before:
        signal.signal(number, handler)


def test_a_system_without_hanging_up_has_the_other_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "SIGHUP")
    ended: list[str] = []
    on_end(lambda: ended.append("ended"))
    signal.raise_signal(signal.SIGTERM)
    assert ended == ["ended"]
