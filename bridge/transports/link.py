"""An Ableton Link session: a tempo, a beat and a start that all programs of a network share.

What wraps it for Python, LinkPython-extern, is an extra: Link itself, which it carries, is under the GPL.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final

from meloformer.bridge import now
from meloformer.bridge.session.actions import JoinLink, LeaveLink, LinkAction, LinkPlaying, LinkTempo
from meloformer.bridge.session.events import Closing, Linked
from meloformer.bridge.tempo import Tempo

if TYPE_CHECKING:
    from link import Link

PACKAGE: Final = "LinkPython-extern"
LOOK_S: Final = 0.05  # so often the session is looked at
SAY_S: Final = 0.25  # and so often it is told where it is, if nothing has changed
_LEFT_WITHIN_S: Final = 1.0
# Two clocks are read one after the other; where that took longer, something came between.
_AT_ONCE_S: Final = 0.0001
_TRIES: Final = 5


def is_there() -> bool:
    """Whether the extra is installed."""
    try:
        return bool(version(PACKAGE))
    except PackageNotFoundError:
        return False


class LinkWire:
    """Joins and leaves as it is told; tells `arrived` where the session is, on the thread that serves."""

    def __init__(self, arrived: Callable[[Linked], None]) -> None:
        self._arrived = arrived
        self._wishes: SimpleQueue[LinkAction | Closing] = SimpleQueue()
        self._left: SimpleQueue[None] = SimpleQueue()
        self._session: Link | None = None
        self._quantum = 0.0
        self._playing = False
        self._said: Linked | None = None

    def tell(self, wish: LinkAction) -> None:
        """What the session of the bridge wants of Link's; on any thread."""
        self._wishes.put(wish)

    def serve(self) -> None:
        """Look at the Link session as long as there is one; runs on a thread of its own."""
        while True:
            looks_at = None if self._session is None else now.seconds() + LOOK_S
            wish = now.wait(self._wishes, looks_at)
            if isinstance(wish, Closing):
                break
            if wish is not None:
                self._do(wish)
            if self._session is not None:
                self._look(self._session)
        self._leave()
        self._left.put(None)

    def close(self) -> None:
        """Leave, so that the others know it at once."""
        self._wishes.put(Closing())
        with suppress(Empty):
            self._left.get(timeout=_LEFT_WITHIN_S)

    def _do(self, wish: LinkAction) -> None:
        match wish:
            case JoinLink(bpm, quantum):
                self._quantum = quantum
                if self._session is None:
                    self._session = _joined(bpm)
            case LeaveLink():
                self._leave()
            case LinkTempo() | LinkPlaying() if self._session is not None:
                self._lead(self._session, wish)

    def _lead(self, session: Link, wish: LinkTempo | LinkPlaying) -> None:
        state = session.captureAppSessionState()
        at, micros = _instant(session)
        meant = micros + round((wish.at - at) * 1e6)
        if isinstance(wish, LinkTempo):
            state.setTempo(wish.bpm, meant)
        else:
            state.setIsPlaying(wish.playing, meant)
            self._playing = wish.playing
        session.commitAppSessionState(state)

    def _leave(self) -> None:
        if self._session is not None:
            self._session.enabled = False
        self._session, self._said, self._playing = None, None, False

    def _look(self, session: Link) -> None:
        """Say where the session is, if anything is new or it was long ago."""
        state = session.captureAppSessionState()
        at, micros = _instant(session)
        tempo = Tempo(state.tempo(), state.beatAtTime(micros, self._quantum), at)
        # A start or a stop may be meant for a little later: until then it is as before.
        playing = state.isPlaying() == (micros >= state.timeForIsPlaying())
        pressed = None if playing == self._playing else playing
        self._playing = playing
        found = Linked(tempo, self._quantum, session.numPeers(), pressed)
        if self._said is None or pressed is not None or _is_news(self._said, found):
            self._said = found
            self._arrived(found)


def _is_news(said: Linked, found: Linked) -> bool:
    if found.tempo.seconds - said.tempo.seconds >= SAY_S:
        return True
    return (said.tempo.bpm, said.quantum, said.peers) != (found.tempo.bpm, found.quantum, found.peers)


def _joined(bpm: float) -> Link:
    from link import Link

    session = Link(bpm)
    session.startStopSyncEnabled = True
    session.enabled = True
    return session


def _instant(session: Link) -> tuple[float, int]:
    """The same instant by our clock (monotonic seconds) and by Link's (microseconds).

    They are not the same clock: on Linux Link's is one that nobody sets right, and drifts from ours.
    """
    clock = session.clock()
    for _ in range(_TRIES):
        before, micros, after = now.seconds(), clock.micros(), now.seconds()
        if after - before < _AT_ONCE_S:
            break
    return (before + after) / 2, micros
