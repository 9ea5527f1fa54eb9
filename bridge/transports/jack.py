"""Being told when the JACK server ends, and finding out whether it is back.

RtMidi does not listen for it, keeps its port "open", and then waits for ever inside `send_message` while it
holds Python's lock: the whole bridge would stand still. A client without ports is asked to be told instead.
What is called here does not hold that lock, so it can also find out whether a server stands still, as one in
sync mode does once a client of it was killed.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Final

from rtmidi import _rtmidi

from meloformer.bridge.running import done_within

CLIENT_NAME: Final = b"MeloFormer"
_NO_START_SERVER: Final = 1
_ANSWERS_WITHIN_S: Final = 2.0
_ENDED = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def when_server_ends(ended: Callable[[], None]) -> Callable[[], bool]:
    """Call `ended`, on a thread of JACK's, when the server goes away.

    Returns what ends the watch, and tells whether the server was there to hear it: not one that stands still.
    """
    jack = _library()
    client = jack.jack_client_open(CLIENT_NAME, _NO_START_SERVER, ctypes.byref(ctypes.c_int()))
    callback = _ENDED(lambda _: ended())
    if client:
        jack.jack_on_shutdown(client, callback, None)

    def leave() -> None:
        # JACK knows only the address of `callback`, which lives for as long as this function does.
        nonlocal callback
        if client:
            jack.jack_client_close(client)
        del callback

    return lambda: done_within(leave, _ANSWERS_WITHIN_S, "JACK")


def server_is_there() -> bool:
    """Whether there is a server to open ports at."""
    jack = _library()
    client = jack.jack_client_open(CLIENT_NAME, _NO_START_SERVER, ctypes.byref(ctypes.c_int()))
    if client:
        jack.jack_client_close(client)
    return bool(client)


@cache
def _library() -> ctypes.CDLL:
    """Python-rtmidi's own library, so that both talk to the server by the same version of JACK."""
    jack = ctypes.CDLL(_rtmidi.__file__)
    jack.jack_client_open.restype = ctypes.c_void_p
    jack.jack_client_close.argtypes = [ctypes.c_void_p]
    jack.jack_on_shutdown.argtypes = [ctypes.c_void_p, _ENDED, ctypes.c_void_p]
    # What it would print while nobody is there is known; a C function that only reads keeps no lock waiting.
    for tell in (jack.jack_set_error_function, jack.jack_set_info_function):
        tell.argtypes = [ctypes.c_void_p]
        tell(ctypes.cast(ctypes.CDLL(None).strlen, ctypes.c_void_p))
    return jack
