"""A queue that a poller can wait for."""

from __future__ import annotations

import select
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from meloformer.bridge.transports.mailbox import Mailbox


@pytest.fixture
def mailbox() -> Iterator[Mailbox[int]]:
    with closing(Mailbox[int]()) as mailbox:
        yield mailbox


def rings(mailbox: Mailbox[int], patience_s: float = 0.0) -> bool:
    return bool(select.select([mailbox.wakes], [], [], patience_s)[0])


def test_it_rings_until_it_is_emptied(mailbox: Mailbox[int]) -> None:
    assert not rings(mailbox)
    mailbox.put(1)
    mailbox.put(2)
    assert rings(mailbox)
    assert mailbox.take() == [1, 2]
    assert not rings(mailbox)
    assert mailbox.take() == []


def test_nothing_is_lost_when_it_rings_more_than_anybody_can_hear(mailbox: Mailbox[int]) -> None:
    for number in range(100_000):
        mailbox.put(number)
    taken: list[int] = []
    while rings(mailbox):
        taken += mailbox.take()
    assert taken == list(range(100_000))


def test_it_wakes_whoever_waits(mailbox: Mailbox[int]) -> None:
    threading.Timer(0.01, mailbox.put, (7,)).start()
    assert rings(mailbox, patience_s=30.0)
    assert mailbox.take() == [7]
