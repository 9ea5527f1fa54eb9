"""The border: what is not exactly a message of the table is refused, with what is allowed."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from meloformer.bridge import incoming as osc
from meloformer.bridge.border import read, sent_to, write
from meloformer.bridge.errors import Code, Refused
from meloformer.bridge.incoming import INCOMING
from meloformer.bridge.outgoing import Error, OutNote, Presets, Status

ANYTHING = some.one_of(
    some.none(),
    some.booleans(),
    some.integers(),
    some.floats(),
    some.text(max_size=300),
    some.binary(max_size=20),
    some.lists(some.integers(), max_size=3),
    some.tuples(some.integers(0, 255), some.integers(0, 255)),
)


def refusal(address: str, *values: object) -> Refused:
    with pytest.raises(Refused) as caught:
        read(address, values)
    return caught.value


def test_a_message_is_read_into_its_value() -> None:
    assert read("/melo/note", [1, 60, 100]) == osc.LiveNote(1, 60, 100)
    assert read("/melo/preset/load", ["band"]) == osc.LoadPreset("band")


def test_a_client_that_has_only_floats_is_understood() -> None:
    message = read("/melo/note", [1.0, 60.0, 100.0])
    assert message == osc.LiveNote(1, 60, 100)
    assert isinstance(message, osc.LiveNote)
    assert type(message.pitch) is int


def test_a_whole_number_is_as_good_as_a_float() -> None:
    message = read("/melo/transport/tempo", [120])
    assert isinstance(message, osc.TransportTempo)
    assert type(message.bpm) is float


def test_a_control_is_read_by_its_row() -> None:
    assert read("/melo/control/bars", [8.0]) == osc.SetControl("bars", 8)


def test_an_optional_argument_may_be_left_out() -> None:
    assert read("/melo/help", []) == osc.AskHelp("")
    assert read("/melo/help", ["/melo/note"]) == osc.AskHelp("/melo/note")


@pytest.mark.parametrize(
    ("address", "values", "code", "words"),
    [
        ("/melo/note", (1, 60), Code.WRONG_COUNT, "takes i channel i pitch i velocity, not 2 values"),
        ("/melo/stop", (1,), Code.WRONG_COUNT, "takes no arguments"),
        ("/melo/note", (1, 60, "loud"), Code.WRONG_TYPE, "velocity must be a whole number from 0 to 127"),
        ("/melo/note", (1, 60.5, 80), Code.WRONG_TYPE, "pitch must be a whole number"),
        ("/melo/note", (True, 60, 80), Code.WRONG_TYPE, "not true or false"),
        ("/melo/note", (0, 60, 80), Code.OUT_OF_RANGE, "channel must be a whole number from 1 to 16, not 0"),
        ("/melo/transport/tempo", (math.nan,), Code.OUT_OF_RANGE, "not nan"),
        ("/melo/transport/tempo", (math.inf,), Code.OUT_OF_RANGE, "from 20 to 400, not inf"),
        ("/melo/transport/tempo", (19.9,), Code.OUT_OF_RANGE, "not 19.9"),
        ("/melo/continue", (65,), Code.OUT_OF_RANGE, "from 0 to 64"),
        ("/melo/preset/load", (7,), Code.WRONG_TYPE, "name must be a text, not a whole number"),
        ("/melo/preset/load", (b"band",), Code.WRONG_TYPE, "name must be a text, not something else"),
        ("/melo/preset/load", ("x" * 201,), Code.OUT_OF_RANGE, "at most 200 characters"),
        (
            "/melo/transport/clock",
            ("sundial",),
            Code.NOT_FOUND,
            "clock must be one of auto, internal, midi, osc, link, not 'sundial'",
        ),
        ("/melo/nite", (1, 60, 80), Code.UNKNOWN_ADDRESS, "did you mean /melo/note?"),
        ("/xyz", (), Code.UNKNOWN_ADDRESS, "/melo/help lists them all"),
    ],
)
def test_what_is_refused_is_told_what_is_allowed(
    address: str, values: tuple[object, ...], code: Code, words: str
) -> None:
    refused = refusal(address, *values)
    assert (refused.code, refused.address) == (code, address)
    assert words in refused.reason


def test_a_refusal_of_what_has_no_address_begins_with_its_reason() -> None:
    assert str(Refused(Code.NOT_OSC, "", "not an OSC packet")) == "not an OSC packet"
    assert str(Refused(Code.NOT_NOW, "/melo/stop", "why")) == "/melo/stop: why"


def test_an_endless_address_is_not_sent_back_whole() -> None:
    assert len(refusal("/" + "x" * 10_000).address) == 80


@given(some.sampled_from([*INCOMING, "/melo/nothing"]), some.lists(ANYTHING, max_size=6))
def test_whatever_comes_is_a_checked_message_or_a_refusal_with_words(
    address: str, values: list[object]
) -> None:
    try:
        message = read(address, values)
    except Refused as refused:
        assert refused.reason
        assert len(refused.reason) < 1000
    else:
        assert sent_to(message) == address


def test_a_message_is_written_with_the_types_of_its_table() -> None:
    address, values = write(OutNote(id=3, channel=1, pitch=60, velocity=90, beat=4))
    assert (address, values) == ("/melo/out/note", (3, 1, 60, 90, 4.0))
    assert [type(value) for value in values] == [int, int, int, int, float]


def test_a_list_is_written_one_argument_each() -> None:
    assert write(Presets(("band", "solo"))) == ("/melo/presets", ("band", "solo"))
    assert write(Status(("beat", 1.5, "clients", 2))) == ("/melo/status", ("beat", 1.5, "clients", 2))


def test_an_error_carries_its_code_as_a_plain_number() -> None:
    _, values = write(Error(Code.NOT_NOW, "/melo/continue", "nothing has been heard"))
    assert values[0] == 6
    assert type(values[0]) is int
