"""Who receives what a bridge sends, and keeps account of it: no note stays behind, none ends twice."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Final, NamedTuple

from meloformer.bridge.border import address_of
from meloformer.bridge.midi import MidiNote
from meloformer.bridge.outgoing import OutEnd, OutNote, OutOff
from meloformer.bridge.session.actions import Action, Send, SendMidi
from meloformer.scripts.served import Arrival

_ON: Final = address_of(OutNote)
_OFF: Final = address_of(OutOff)
_END: Final = address_of(OutEnd)


class StuckError(Exception):
    """A note did not end, or ended twice: which."""


@dataclass
class Ledger:
    """What sounds, by one way of naming a note."""

    sounding: set[tuple[int, ...]] = field(default_factory=set)
    struck: int = 0

    def on(self, *key: int) -> None:
        if key in self.sounding:
            raise StuckError(f"note {key} was struck while it sounded")
        self.sounding.add(key)
        self.struck += 1

    def off(self, *key: int) -> None:
        if key not in self.sounding:
            raise StuckError(f"note {key} ended and did not sound")
        self.sounding.remove(key)


@dataclass
class Ledgers:
    """By what OSC calls a note, and by channel and pitch, which is all that a synthesiser knows."""

    ids: Ledger = field(default_factory=Ledger)
    keys: Ledger = field(default_factory=Ledger)
    answers: int = 0  # that ended

    def close(self) -> None:
        """The music is over. Raises StuckError where something still sounds."""
        left = self.ids.sounding | self.keys.sounding
        if left:
            raise StuckError(f"{len(left)} notes never ended, among them {min(left)}")


class _Sound(NamedTuple):
    at: float  # seconds since 1970
    serial: int
    strikes: bool
    key: tuple[int, int]


class Synthesiser:
    """A client that plays each note at its time tag, or when it comes if that is later.

    As the patches do, it takes back what has not sounded when an answer ends early, and is silent then.
    """

    def __init__(self) -> None:
        self.ledgers = Ledgers()
        self._later: list[_Sound] = []
        self._came = 0.0  # the latest arrival: a wall clock that is set back turns no order round
        self._serials = count()

    def take(self, arrivals: Iterable[Arrival]) -> None:
        """Messages, in the order in which they came. Raises StuckError."""
        for arrival in arrivals:
            address, self._came = arrival.message.address, max(self._came, arrival.epoch_s)
            if address in (_ON, _OFF):
                id_, channel, pitch = (int(str(each)) for each in arrival.message.arguments[:3])
                (self.ledgers.ids.on if address == _ON else self.ledgers.ids.off)(id_)
                at = max(self._came, arrival.message.epoch_s or 0.0)
                sound = _Sound(at, next(self._serials), address == _ON, (channel, pitch))
                heapq.heappush(self._later, sound)
            elif address == _END:
                self.ledgers.answers += 1
                if arrival.message.arguments[2] != "done":
                    self.play(self._came)
                    self._later.clear()
                    self.ledgers.keys.sounding.clear()

    def play(self, until_epoch_s: float) -> None:
        """Sound all that was to sound by then; of one moment, what came first. Raises StuckError."""
        keys = self.ledgers.keys
        while self._later and self._later[0].at <= until_epoch_s:
            sound = heapq.heappop(self._later)
            (keys.on if sound.strikes else keys.off)(*sound.key)


def follow(actions: Iterable[Action], ledgers: Ledgers) -> None:
    """The same for what a session does: OSC by its names, MIDI by channel and pitch."""
    for action in actions:
        match action:
            case Send(OutNote(id_), _):
                ledgers.ids.on(id_)
            case Send(OutOff(id_), _):
                ledgers.ids.off(id_)
            case Send(OutEnd(), _):
                ledgers.answers += 1
            case SendMidi(MidiNote(channel, pitch, velocity)):
                (ledgers.keys.on if velocity else ledgers.keys.off)(channel, pitch)
