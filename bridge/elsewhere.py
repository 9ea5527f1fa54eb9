"""An engine on another machine: both ends are opened here, where the extra `remote` is installed."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from meloformer.bridge import running
from meloformer.bridge.engine.held import Held
from meloformer.bridge.errors import BridgeError
from meloformer.bridge.loop import Engine
from meloformer.bridge.settings import Endpoint

Begins = Callable[[Callable[[Any], None]], Engine]


def begins_at(place: Endpoint, key: Path | None) -> Begins:
    """What begins the engine at that place, on a thread of its own. Raises BridgeError without a good key."""
    _check_installed()
    from meloformer.bridge.transports.far_engine import FarEngine
    from meloformer.bridge.transports.keys import LaptopKey

    if key is None:
        raise BridgeError(f"the engine at {place} wants a key; say --key with the laptop.key that it made")
    known = LaptopKey.read(key)

    def begins(arrived: Callable[[Any], None]) -> FarEngine:
        engine = FarEngine(place, known, arrived)
        running.start(engine.serve, "engine elsewhere")
        return engine

    return begins


def run_engine(place: Endpoint, keys: Path, cache: Path) -> None:
    """Serve bridges of other machines until SIGINT or SIGTERM; raises BridgeError when it cannot start."""
    _check_installed()
    from meloformer.bridge.transports.door import Door
    from meloformer.bridge.transports.keys import ENGINE_FILE, LAPTOP_FILE, EngineKey, make

    running.steady_hands()
    new = make(keys)
    door = Door(place, EngineKey.read(keys / ENGINE_FILE), Held(cache), running.EngineProcess, _say)
    running.on_end(door.close)
    if new is not None:
        _say(f"new keys in {keys}; the laptop needs a file {LAPTOP_FILE} (chmod 600) with this one line:")
        _say(new)
    _say(f"engine on tcp://{door.endpoint}, for whoever holds {keys / LAPTOP_FILE}")
    door.serve()


def _check_installed() -> None:
    if find_spec("zmq") is None:
        raise BridgeError(
            "an engine on another machine needs pyzmq, on both; run `pip install meloformer[remote]`, "
            "or in a clone `.venv/bin/pip install pyzmq`"
        )


def _say(line: str) -> None:
    print(line, flush=True)
