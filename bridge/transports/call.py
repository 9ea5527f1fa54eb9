"""One connection to an engine on another machine, from the handshake to its end."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import zmq

from meloformer.bridge import now
from meloformer.bridge.engine.lines import VERSION, MessageError, from_engine, to_line
from meloformer.bridge.engine.messages import Load, LoadFailed, Quit
from meloformer.bridge.engine.offering import Offering
from meloformer.bridge.engine.parcels import (
    Farewell,
    Hello,
    Line,
    Parcel,
    ParcelError,
    Ping,
    Pong,
    Want,
    Welcome,
    from_frames,
    to_frames,
)
from meloformer.bridge.engine.way import Way
from meloformer.bridge.session.events import EngineDelay, EngineStarted
from meloformer.bridge.settings import Endpoint
from meloformer.bridge.transports.curve import HANDSHAKE_WITHIN_S, Fate, Socket, fate, hang_up
from meloformer.bridge.transports.mailbox import Mailbox

_REASONS: Final = {
    Fate.REFUSED: "tcp://{} refuses this key, or is no engine; copy the laptop.key of that engine here",
    Fate.UNREACHED: "no engine answers at tcp://{}; start `meloformer engine --listen` there, and let its "
    "port through its firewall",
    Fate.BROKEN: "the wire to the engine at tcp://{} broke; it is dialled again until the engine is back",
}


class Hangup(Exception):  # noqa: N818 - the end of a call is no error of ours
    """The connection is over; the message says why."""


class Call:
    """Tells `arrived` what the engine says, and the engine what is in `orders`."""

    def __init__(
        self,
        wire: Socket,
        monitor: Socket,
        place: Endpoint,
        bridge: str,
        orders: Mailbox[Any],
        arrived: Callable[[Any], None],
    ) -> None:
        self._wire = wire
        self._monitor = monitor
        self._place = place
        self._bridge = bridge
        self._orders = orders
        self._arrived = arrived
        self._way = Way()
        self._offering: Offering | None = None
        self._quits = False
        self.welcomed = False
        self._poller = zmq.Poller()
        for source in (wire, monitor, orders.wakes):
            self._poller.register(source, zmq.POLLIN)

    def serve(self) -> str | None:
        """Serve to the end, and return the reason for it; None: we were told to quit."""
        deadline_s = now.seconds() + HANDSHAKE_WITHIN_S
        try:
            while not self._quits:
                self._poller.poll(self._pause_ms(deadline_s))
                self._hear()
                self._look()
                for order in self._orders.take():
                    self._obey(order)
                self._go_on(deadline_s)
        except Hangup as hangup:
            return str(hangup)
        return None

    def close(self) -> None:
        """Free the wire; last words have a moment to leave."""
        self._withdraw()
        hang_up(self._wire, self._monitor)

    def _pause_ms(self, deadline_s: float) -> int:
        if self._offering is not None and not self._offering.offered:
            return 0
        moment = now.seconds()
        pause_s = self._way.pause_s(moment) if self.welcomed else max(0.0, deadline_s - moment)
        return math.ceil(pause_s * 1000)

    def _look(self) -> None:
        """What became of the wire: only after the handshake is anything sent."""
        told = fate(self._monitor)
        if told is Fate.SHAKEN:
            self._send(Hello(VERSION, self._bridge))
        elif told is not None:
            raise Hangup(_REASONS[told].format(self._place))

    def _go_on(self, deadline_s: float) -> None:
        """What time brings: the next ping, the next piece of a hash, the end of patience."""
        moment = now.seconds()
        if not self.welcomed:
            if moment > deadline_s:
                raise Hangup(_REASONS[Fate.UNREACHED].format(self._place))
            return
        if (number := self._way.ping(moment)) is not None:
            self._send(Ping(number))
        if self._offering is not None and not self._offering.offered:
            self._hash_on(self._offering)

    def _obey(self, order: Any) -> None:
        match order:
            case Quit():
                self._send(Farewell("the bridge was ended"))
                self._quits = True
            case Load():
                self._offer(order)
            case _:
                self._send(Line(to_line(order)))

    def _offer(self, load: Load) -> None:
        self._withdraw()
        try:
            self._offering = Offering(load)
        except OSError as error:
            self._not_offered(load, error)

    def _hash_on(self, offering: Offering) -> None:
        try:
            offer = offering.hash_on()
        except OSError as error:
            self._not_offered(offering.load, error)
            return
        if offer is not None:
            self._send(offer)

    def _withdraw(self) -> None:
        if self._offering is not None:
            self._offering.close()
            self._offering = None

    def _not_offered(self, load: Load, error: OSError) -> None:
        self._withdraw()
        reason = f"{load.weights}: {error.strerror}; check `weights` in the preset"
        self._arrived(LoadFailed(load.name, reason))

    def _hear(self) -> None:
        """Take everything that has come."""
        while self._wire.poll(0):
            try:
                self._take(from_frames(self._wire.recv_multipart()))
            except (ParcelError, MessageError) as error:
                raise Hangup(f"tcp://{self._place} says what is no message ({error})") from None

    def _take(self, parcel: Parcel) -> None:
        match parcel:
            case Line(line):
                self._arrived(from_engine(line))
            case Pong(number):
                if (seconds := self._way.pong(number, now.seconds())) is not None:
                    self._arrived(EngineDelay(seconds))
            case Want():
                self._give(parcel)
            case Welcome(version):
                self._welcome(version)
            case Farewell(reason):
                raise Hangup(f"tcp://{self._place}: {reason}")
            case _:
                raise ParcelError(f"{type(parcel).__name__.lower()} is for the bridge to say")

    def _welcome(self, version: int) -> None:
        if version != VERSION:
            raise Hangup(
                f"the engine at tcp://{self._place} speaks version {version}, this bridge version {VERSION}; "
                "install the same MeloFormer on both machines"
            )
        self.welcomed = True
        self._arrived(EngineStarted())

    def _give(self, want: Want) -> None:
        if self._offering is None:
            return
        try:
            chunk = self._offering.chunk(want)
        except OSError as error:
            self._not_offered(self._offering.load, error)
            return
        if chunk is not None:
            self._send(chunk)

    def _send(self, parcel: Parcel) -> None:
        with suppress(zmq.Again):  # the wire broke a moment ago, and its fate is about to be told
            self._wire.send_multipart(to_frames(parcel), zmq.NOBLOCK)
