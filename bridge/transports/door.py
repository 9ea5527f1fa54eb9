"""The door of an engine that serves other machines: one bridge at a time, each with an engine of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import zmq

from meloformer.bridge import now
from meloformer.bridge.engine.held import Arriving, Held, HoldingError
from meloformer.bridge.engine.lines import VERSION, MessageError, to_engine, to_line
from meloformer.bridge.engine.messages import FromEngine, Load, LoadFailed, Quit, ToEngine
from meloformer.bridge.engine.parcels import (
    Chunk,
    Farewell,
    Hello,
    Line,
    Offer,
    Parcel,
    ParcelError,
    Ping,
    Pong,
    Welcome,
    from_frames,
    to_frames,
)
from meloformer.bridge.errors import BridgeError
from meloformer.bridge.running import EngineProcess
from meloformer.bridge.session.events import EngineGone
from meloformer.bridge.settings import Endpoint
from meloformer.bridge.transports.curve import answer_about_key, listening
from meloformer.bridge.transports.keys import EngineKey
from meloformer.bridge.transports.mailbox import Mailbox

# Bridges ping twice a second; one that says nothing for so long is gone, and another may come.
_SILENT_S: Final = 2.0
_LOOKED_FOR_MS: Final = 250
_IDLE_MS: Final = 1000  # Windows sees Ctrl-C between two waits only
_REFUSALS_APART_S: Final = 1.0


@dataclass(slots=True, eq=False)
class Guest:
    """The bridge that plays here."""

    identity: bytes  # of its connection
    bridge: str  # the name of its process
    heard_s: float
    engine: EngineProcess = field(init=False)
    arriving: Arriving | None = None
    file: Path | None = None  # the weights it loaded last


class Door:
    """`begins` makes an engine that tells what it says to the function it is given; `say` is for a person."""

    def __init__(
        self,
        place: Endpoint,
        key: EngineKey,
        held: Held,
        begins: Callable[[Callable[[Any], None]], EngineProcess],
        say: Callable[[str], None],
    ) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        try:
            self._wire, self._asks, self.endpoint = listening(self._context, place, key)
        except BridgeError:
            self._context.destroy(linger=0)
            raise
        self._key = key
        self._held = held
        self._begins = begins
        self._say = say
        self._said: Mailbox[tuple[Guest, Any] | None] = Mailbox()
        self._guest: Guest | None = None
        self._open = True
        self._refused_s = 0.0

    def serve(self) -> None:
        """Until `close`, which may be called from anywhere."""
        poller = zmq.Poller()
        for source in (self._wire, self._asks, self._said.wakes):
            poller.register(source, zmq.POLLIN)
        while self._open:
            ready = dict(poller.poll(_LOOKED_FOR_MS if self._guest is not None else _IDLE_MS))
            if self._asks in ready:
                self._answer_about_key()
            self._hear()
            for said in self._said.take():
                self._pass_on(said)
            self._mind_silence()
        self._part("the engine was ended; start it again")
        for socket in (self._wire, self._asks):
            socket.close()
        self._context.term()

    def close(self) -> None:
        """Let everybody go, and end."""
        self._said.put(None)

    def _answer_about_key(self) -> None:
        known, moment = answer_about_key(self._asks, self._key), now.seconds()
        if not known and moment - self._refused_s > _REFUSALS_APART_S:
            self._refused_s = moment
            self._say("refused: somebody without the key of this engine")

    def _hear(self) -> None:
        while self._wire.poll(0):
            identity, *frames = self._wire.recv_multipart()
            try:
                self._take(identity, from_frames(frames))
            except (ParcelError, MessageError) as error:
                self._refuse(
                    identity, f"this is no message ({error}); install the same MeloFormer on both machines"
                )

    def _take(self, identity: bytes, parcel: Parcel) -> None:
        if isinstance(parcel, Hello):
            self._greet(identity, parcel)
            return
        guest = self._guest
        if guest is None or guest.identity != identity:
            self._refuse(identity, "the engine has given up this wire; it is dialled again")
            return
        guest.heard_s = now.seconds()
        match parcel:
            case Line(line):
                self._tell(guest, to_engine(line))
            case Ping(number):
                self._send(guest, Pong(number))
            case Offer():
                self._offered(guest, parcel)
            case Chunk():
                self._came(guest, parcel)
            case Farewell():
                self._part(None)
            case _:
                raise ParcelError(f"{type(parcel).__name__.lower()} is for the engine to say")

    def _greet(self, identity: bytes, hello: Hello) -> None:
        """One bridge at a time; one whose wire broke is let in again at once."""
        if hello.version != VERSION:
            reason = f"the engine speaks version {VERSION}, the bridge version {hello.version}"
            self._refuse(identity, f"{reason}; install the same MeloFormer on both machines")
            return
        if self._guest is not None and self._guest.bridge != hello.bridge:
            reason = "another bridge plays with this engine"
            self._refuse(identity, f"{reason}; end that one, or start a second engine on another port")
            return
        self._part("this bridge has dialled again")
        guest = self._guest = Guest(identity, hello.bridge, now.seconds())
        guest.engine = self._begins(lambda said: self._said.put((guest, said)))
        guest.engine.start()
        self._say("a bridge is here")
        self._send(guest, Welcome(VERSION))

    def _tell(self, guest: Guest, message: ToEngine) -> None:
        """To its engine, but for what would name a file of this machine, or end the engine unseen."""
        if isinstance(message, Load | Quit):
            raise ParcelError(f"{type(message).__name__.lower()} is not for the wire")
        guest.engine.tell(message)

    def _offered(self, guest: Guest, offer: Offer) -> None:
        """Load the weights, or ask for them first."""
        self._give_up_arriving(guest)
        try:
            if (file := self._held.find(offer.sha256)) is not None:
                self._load(guest, offer, file)
                return
            guest.arriving = self._held.expect(offer)
            self._ask_for_more(guest, guest.arriving)
        except HoldingError as error:
            self._send(guest, Line(to_line(LoadFailed(offer.name, str(error)))))

    def _came(self, guest: Guest, chunk: Chunk) -> None:
        arriving = guest.arriving
        if arriving is None:
            return
        try:
            file = arriving.take(chunk)
        except HoldingError as error:
            self._give_up_arriving(guest)
            self._send(guest, Line(to_line(LoadFailed(arriving.offer.name, str(error)))))
            return
        if file is None:
            self._ask_for_more(guest, arriving)
        else:
            self._give_up_arriving(guest)
            self._load(guest, arriving.offer, file)

    def _ask_for_more(self, guest: Guest, arriving: Arriving) -> None:
        for want in arriving.wants():
            self._send(guest, want)

    def _load(self, guest: Guest, offer: Offer, file: Path) -> None:
        guest.file = file
        guest.engine.tell(Load(offer.name, str(file), offer.device))

    def _give_up_arriving(self, guest: Guest) -> None:
        if guest.arriving is not None:
            guest.arriving.close()
            guest.arriving = None

    def _pass_on(self, item: tuple[Guest, Any] | None) -> None:
        """What an engine says goes to its bridge, if that is still here."""
        if item is None:
            self._open = False
            return
        guest, said = item
        if guest is not self._guest:
            return
        if isinstance(said, EngineGone):
            self._part(said.reason)
        elif isinstance(said, LoadFailed) and guest.file is not None:
            # the bridge's name for the file, which nobody there has under ours
            reason = said.reason.replace(str(guest.file), f"{said.name}.safetensors")
            self._send(guest, Line(to_line(replace(said, reason=reason))))
        elif isinstance(said, FromEngine):
            self._send(guest, Line(to_line(said)))

    def _mind_silence(self) -> None:
        if self._guest is not None and now.seconds() - self._guest.heard_s > _SILENT_S:
            self._part("nothing was heard of this bridge")

    def _part(self, reason: str | None) -> None:
        """The guest leaves, and its engine with it; `reason` is told to it, if it may still hear."""
        guest, self._guest = self._guest, None
        if guest is None:
            return
        if reason is not None:
            self._refuse(guest.identity, reason)
        self._give_up_arriving(guest)
        guest.engine.stop()
        self._say("the bridge has left")

    def _refuse(self, identity: bytes, reason: str) -> None:
        """Say farewell; who broke the rules as a guest is none any more."""
        self._post(identity, Farewell(reason))
        if self._guest is not None and self._guest.identity == identity:
            self._part(None)

    def _send(self, guest: Guest, parcel: Parcel) -> None:
        """To a guest; one whose wire is gone is a guest no longer."""
        if not self._post(guest.identity, parcel) and guest is self._guest:
            self._part(None)

    def _post(self, identity: bytes, parcel: Parcel) -> bool:
        try:
            self._wire.send_multipart([identity, *to_frames(parcel)], zmq.NOBLOCK)
        except zmq.ZMQError:
            return False
        return True
