"""An engine on another machine, as the laptop sees it: dialled, lost and dialled again."""

from __future__ import annotations

import secrets
import select
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Final

import zmq

from meloformer.bridge.engine.messages import FromEngine, Quit, ToEngine
from meloformer.bridge.errors import BridgeError
from meloformer.bridge.session.events import EngineDelay, EngineGone, EngineStarted
from meloformer.bridge.settings import Endpoint
from meloformer.bridge.transports.call import Call
from meloformer.bridge.transports.curve import dialled
from meloformer.bridge.transports.keys import LaptopKey
from meloformer.bridge.transports.mailbox import Mailbox

_RETRY_S: Final = 1.0
_ENDED_WITHIN_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Start:
    """Dial; nothing that was told before reaches the engine that answers."""


class FarEngine:
    """Has the face of `EngineProcess`; `serve` runs on a thread of its own, and only that one waits.

    An engine that cannot be had is told of once for each reason, and tried again until it is there.
    """

    def __init__(
        self,
        place: Endpoint,
        key: LaptopKey,
        arrived: Callable[[FromEngine | EngineStarted | EngineGone | EngineDelay], None],
    ) -> None:
        self._place = place
        self._key = key
        self._arrived = arrived
        self._orders: Mailbox[Start | ToEngine] = Mailbox()
        self._ended: SimpleQueue[None] = SimpleQueue()
        self._bridge = secrets.token_hex(8)

    def start(self) -> None:
        """Dial, as soon as the wire before is given up."""
        self._orders.put(Start())

    def tell(self, message: ToEngine) -> None:
        """Queue a message; the engine may be busy or gone."""
        self._orders.put(message)

    def stop(self) -> None:
        """Say farewell and hang up."""
        self._orders.put(Quit())
        try:
            self._ended.get(timeout=_ENDED_WITHIN_S)
        except Empty:
            return  # the wire is stuck; the process ends without it
        self._orders.close()

    def serve(self) -> None:
        """Dial when told to, and hand on what is said, until told to quit."""
        with zmq.Context() as context:
            told = ""
            patience_s: float | None = None
            while self._may_dial(patience_s):
                was_there, reason = self._call(context)
                if reason is None:
                    break
                news = was_there or reason != told
                patience_s = None if news else _RETRY_S  # after news, the loop says when to start
                if news:
                    told = reason
                    self._arrived(EngineGone(reason))
        self._ended.put(None)

    def _may_dial(self, patience_s: float | None) -> bool:
        """Wait for the order to start, or for so long; False: never again."""
        while True:
            ready, _, _ = select.select([self._orders.wakes], [], [], patience_s)
            orders = self._orders.take()
            if Quit() in orders:
                return False
            if Start() in orders or not ready:
                return True

    def _call(self, context: zmq.Context[zmq.Socket[bytes]]) -> tuple[bool, str | None]:
        """One connection, from dialling to its end: whether the engine was there, and why it ended.

        The reason is None where we hung up.
        """
        try:
            wire, monitor = dialled(context, self._place, self._key)
        except BridgeError as error:
            return False, str(error)
        call = Call(wire, monitor, self._place, self._bridge, self._orders, self._arrived)
        try:
            reason = call.serve()
        finally:
            call.close()
        return call.welcomed, reason
