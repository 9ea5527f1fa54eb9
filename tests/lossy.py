"""Two network namespaces, and a wire between them that takes its time and loses packets.

The kernel's own netem is not everywhere, so the wire is a process: it holds a TUN device of each namespace
and hands every IP packet from one to the other, late, or (by a seeded chance) not at all. Linux, as root.
"""

from __future__ import annotations

import ctypes
import heapq
import os
import random
import select
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

NEAR, FAR = "10.90.0.1", "10.90.0.2"
DEVICE = "wire"
TUN = Path("/dev/net/tun")
_NUMBERS = count()
_CLONE_NEWNET = 0x40000000
_TUNSETIFF = 0x400454CA
_IFF_TUN_NO_PI = 0x1001
_LONGEST_PACKET = 65_535


@dataclass(frozen=True, slots=True)
class Wire:
    """The names of the namespaces at its two ends, which reach each other as NEAR and FAR."""

    near: str
    far: str

    def cut(self) -> None:
        """Nothing gets through any more."""
        ip("-n", self.near, "link", "set", DEVICE, "down")

    def mend(self) -> None:
        ip("-n", self.near, "link", "set", DEVICE, "up")


@contextmanager
def lossy_wire(delay_s: float, loss: float, seed: int = 1) -> Iterator[Wire]:
    """A wire on which each packet takes `delay_s` one way, and is lost with the probability `loss`."""
    number = next(_NUMBERS)
    wire = Wire(*(f"meloformer-{end}-{os.getpid()}-{number}" for end in ("near", "far")))
    try:
        for name in (wire.near, wire.far):
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        command = [sys.executable, __file__, wire.near, wire.far, str(delay_s), str(loss), str(seed)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as relay:
            try:
                assert relay.stdout is not None and relay.stdout.readline() == b"ready\n"
                for name, own, other in ((wire.near, NEAR, FAR), (wire.far, FAR, NEAR)):
                    ip("-n", name, "address", "add", own, "peer", f"{other}/32", "dev", DEVICE)
                    ip("-n", name, "link", "set", DEVICE, "up")
                yield wire
            finally:
                relay.kill()
    finally:
        for name in (wire.near, wire.far):
            with suppress(subprocess.CalledProcessError):
                ip("netns", "delete", name)


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """This thread, and the sockets, threads and processes that it makes meanwhile, are in that namespace."""
    with Path("/proc/thread-self/ns/net").open("rb") as before:
        enter(namespace)
        try:
            yield
        finally:
            _set(before.fileno())


def enter(namespace: str) -> None:
    with Path("/run/netns", namespace).open("rb") as there:
        _set(there.fileno())


def _set(namespace: int) -> None:
    """`os.setns` came with Python 3.12."""
    if ctypes.CDLL(None, use_errno=True).setns(namespace, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def can_be_made() -> bool:
    """Whether this system lets us: it takes root, or what else may make namespaces and TUN devices."""
    if not os.access(TUN, os.R_OK | os.W_OK):
        return False
    try:
        ip("netns", "add", "meloformer-try")
        ip("netns", "delete", "meloformer-try")
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _device(namespace: str) -> int:
    """A TUN device in that namespace; its descriptor works from any."""
    import fcntl  # this file is imported on every system

    with inside(namespace):
        descriptor = os.open(TUN, os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), _IFF_TUN_NO_PI))
    return descriptor


def _relay(ends: tuple[int, int], delay_s: float, loss: float, chance: random.Random) -> None:
    """Until killed."""
    other = dict(zip(ends, reversed(ends), strict=True))
    under_way: list[tuple[float, int, int, bytes]] = []
    numbers = count()
    while True:
        patience_s = max(0.0, under_way[0][0] - time.monotonic()) if under_way else None
        ready, _, _ = select.select(ends, [], [], patience_s)
        moment = time.monotonic()
        for end in ready:
            packet = os.read(end, _LONGEST_PACKET)
            if chance.random() >= loss:
                heapq.heappush(under_way, (moment + delay_s, next(numbers), other[end], packet))
        while under_way and under_way[0][0] <= moment:
            *_, end, packet = heapq.heappop(under_way)
            with suppress(OSError):  # that end is down
                os.write(end, packet)


if __name__ == "__main__":
    near, far, delay, loss_, seed_ = sys.argv[1:]
    devices = (_device(near), _device(far))
    print("ready", flush=True)
    _relay(devices, float(delay), float(loss_), random.Random(int(seed_)))
