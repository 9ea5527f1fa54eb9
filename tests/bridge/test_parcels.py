"""What the ends of a far engine's wire tell each other: nothing else gets through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meloformer.bridge.engine.parcels import (
    CHUNK_BYTES,
    Chunk,
    Farewell,
    Hello,
    Line,
    Offer,
    Parcel,
    ParcelError,
    Ping,
    Pong,
    Want,
    Welcome,
    from_frames,
    to_frames,
)

WHOLE = st.integers(0, 10**18 - 1)
TEXT = st.text(max_size=1000)
HASH = st.text("0123456789abcdef", min_size=64, max_size=64)
PARCELS = st.one_of(
    st.builds(Hello, WHOLE, TEXT),
    st.builds(Welcome, WHOLE),
    st.builds(Farewell, TEXT),
    st.builds(Ping, WHOLE),
    st.builds(Pong, WHOLE),
    st.builds(Line, st.binary()),
    st.builds(Offer, TEXT, HASH, WHOLE, st.sampled_from(("auto", "cpu", "cuda"))),
    st.builds(Want, HASH, WHOLE),
    st.builds(Chunk, HASH, WHOLE, st.binary()),
)


@given(PARCELS)
def test_every_message_comes_back_as_it_was(parcel: Parcel) -> None:
    assert from_frames(to_frames(parcel)) == parcel


@given(st.lists(st.binary(max_size=80)))
def test_frames_that_are_no_message_are_refused_and_nothing_else_happens(frames: list[bytes]) -> None:
    try:
        parcel = from_frames(frames)
    except ParcelError:
        return
    assert from_frames(to_frames(parcel)) == parcel


@pytest.mark.parametrize(
    "frames",
    [
        (b"want", b"../../etc/passwd", b"0"),
        (b"want", b"A" * 64, b"0"),
        (b"want", b"a" * 64 + b"\n", b"0"),
        (b"offer", b"band", b"/" * 64, b"1", b"cpu"),
        (b"offer", b"band", b"a" * 64, b"1", b"/dev/sda"),
        (b"want", b"a" * 64, b"-1"),
        (b"want", b"a" * 64, b"9" * 30),
        (b"chunk", b"a" * 64, b"0", bytes(CHUNK_BYTES + 1)),
        (b"farewell", b"x" * 1001),
        (b"farewell", b"\xff"),
        (b"ping",),
        (b"quit",),
    ],
    ids=repr,
)
def test_what_could_do_harm_is_refused(frames: tuple[bytes, ...]) -> None:
    with pytest.raises(ParcelError):
        from_frames(frames)
