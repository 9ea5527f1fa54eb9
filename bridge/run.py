"""`run_bridge`: open everything, say what was opened, stay until told to end, leave silence behind."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from queue import SimpleQueue

from meloformer.bridge import elsewhere, now, query_tree, running
from meloformer.bridge.console import own_tempo, printed_aside
from meloformer.bridge.errors import BridgeError
from meloformer.bridge.library import Library
from meloformer.bridge.loop import Inbox, Loop, MidiOutPort, Outside, Touched, unlinked, unnoted
from meloformer.bridge.midi import MidiOut
from meloformer.bridge.session.actions import LinkAction
from meloformer.bridge.session.events import Closing, MidiBack, MidiGone, Played
from meloformer.bridge.session.following import NO_LINK, OBEYED
from meloformer.bridge.session.machine import begin
from meloformer.bridge.session.state import State
from meloformer.bridge.settings import Endpoint, Settings
from meloformer.bridge.takes.noted import Noted
from meloformer.bridge.takes.recorder import Recorder
from meloformer.bridge.transports import link
from meloformer.bridge.transports.lasting_midi import LastingMidi
from meloformer.bridge.transports.midi import MidiChoice
from meloformer.bridge.transports.osc import OscWire
from meloformer.bridge.transports.query import QueryWire
from meloformer.bridge.transports.quiet import QuietWire
from meloformer.presets.preset import Preset


def run_bridge(settings: Settings) -> None:
    """Run the bridge until SIGINT or SIGTERM; raises BridgeError or PresetError when it cannot start."""
    if settings.clock == "link" and not link.is_there():
        others = " or ".join(clock for clock in OBEYED if clock != "link")
        raise BridgeError(f"{NO_LINK}; install it, or choose --clock {others}")
    begins = _engine(settings)
    inbox: Inbox = SimpleQueue()
    running.steady_hands()
    running.on_end(lambda: inbox.put(Closing()))
    with printed_aside(), running.watching(lambda file: inbox.put(Touched(file))) as watch:
        _run(settings, begins, inbox, watch)


def _run(settings: Settings, begins: elsewhere.Begins, inbox: Inbox, watch: Callable[[Path], None]) -> None:
    library = Library(settings.presets, settings.seed, inbox.put, partial(_watched, watch))
    preset = library.get(settings.preset)
    _say(f"MeloFormer {version('meloformer')}")
    state = _first_state(settings, preset)
    with now.fine_grained(), _opened(settings, begins, inbox, library, state) as outside:
        gc.freeze()  # what is here stays: the collector need not walk through it while someone plays
        Loop(state, inbox, outside, _once(_listening)).run()


def _first_state(settings: Settings, preset: Preset) -> State:
    clocks = settings.clock, settings.send_clock, settings.latency
    return begin(preset, version("meloformer"), settings.device, now.seconds(), *clocks, link.is_there())


@contextmanager
def _opened(
    settings: Settings, begins: elsewhere.Begins, inbox: Inbox, library: Library, state: State
) -> Iterator[Outside]:
    """Takes, wires, engine and presets, closed again in the reverse order."""
    with ExitStack() as stack:
        noted = _recorder(settings, inbox, state, stack)
        osc = OscWire(settings.osc, settings.reply, inbox.put)
        stack.callback(osc.close)
        _say(f"OSC in {osc.endpoint}, out {settings.reply}")
        _answer_questions(osc.endpoint, stack)
        midi = _midi(settings, inbox.put, stack)
        linked = _link(inbox, stack)
        engine = begins(inbox.put)
        stack.callback(engine.stop)
        running.start(library.serve, "presets")
        running.start(osc.serve, "OSC in")
        engine.start()
        yield Outside(osc, midi, engine, library, noted, linked)


def _recorder(settings: Settings, inbox: Inbox, state: State, stack: ExitStack) -> Callable[[Noted], None]:
    """What keeps the session, where it is to be kept."""
    if settings.takes is None:
        return unnoted
    recorder = Recorder(settings.takes, state, inbox.put)
    running.start(recorder.serve, "take")
    stack.callback(recorder.close)
    _say(f"take {recorder.file}")
    return recorder.note


def _engine(settings: Settings) -> elsewhere.Begins:
    """What begins the engine: a process of this machine, or one elsewhere."""
    if settings.engine is None:
        return running.EngineProcess
    return elsewhere.begins_at(settings.engine, settings.key)


def _answer_questions(osc: Endpoint, stack: ExitStack) -> None:
    """Let programs ask what can be sent; where that port is taken, they cannot, and nothing else is lost."""
    try:
        wire = QueryWire(osc, partial(query_tree.answer, osc=osc))
    except BridgeError as error:
        _say(f"OSCQuery none: {error}")
        return
    running.start(wire.serve, "OSCQuery")
    stack.callback(wire.close)
    _say(f"OSCQuery at http://{wire.endpoint}")


def _link(inbox: Inbox, stack: ExitStack) -> Callable[[LinkAction], None]:
    """What joins a Link session when that is asked for; until then it costs nothing."""
    if not link.is_there():
        return unlinked
    wire = link.LinkWire(inbox.put)
    running.start(wire.serve, "Link")
    stack.callback(wire.close)
    return wire.tell


def _watched(watch: Callable[[Path], None], folder: Path) -> None:
    """Saved presets are taken over by themselves; where files cannot be watched, when told to."""
    try:
        watch(folder)
    except OSError as error:
        _say(f"{folder} is not watched ({error.strerror}); after a change send /melo/preset/load NAME")


def _listening(state: State) -> None:
    _say("listening")
    if line := own_tempo(state):
        _say(line)


def _midi(
    settings: Settings, arrived: Callable[[Played | MidiGone | MidiBack], None], stack: ExitStack
) -> MidiOutPort:
    """The MIDI ports, or quiet ones where `auto` finds no MIDI system; what was asked for must be there."""
    if settings.midi == "none":
        _say("MIDI none")
        return QuietWire[MidiOut]()
    choice = MidiChoice(settings.midi, settings.midi_in, settings.midi_out)
    try:
        midi = LastingMidi(choice, arrived)
    except BridgeError as error:
        if choice != MidiChoice("auto", None, None):
            raise
        _say(f"MIDI none, OSC alone: {error}")
        return QuietWire[MidiOut]()
    stack.callback(midi.close)
    running.start(midi.serve, "MIDI")
    _say(f"MIDI {midi}")
    return midi


def _say(line: str) -> None:
    print(line, flush=True)


def _once(work: Callable[[State], None]) -> Callable[[State], None]:
    """The same work, done the first time only."""
    left = [work]
    return lambda state: left.pop()(state) if left else None
