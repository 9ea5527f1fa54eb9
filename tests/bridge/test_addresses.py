"""The table of OSC addresses: it is the protocol, word for word."""

from __future__ import annotations

import pytest

from meloformer.bridge import incoming as osc
from meloformer.bridge.arguments import arguments_of
from meloformer.bridge.border import address_of, sent_to
from meloformer.bridge.errors import Code
from meloformer.bridge.incoming import INCOMING
from meloformer.bridge.outgoing import OUTGOING
from meloformer.bridge.reference import FILE, help_for, reference
from meloformer.presets.controls import ACTIONS, CONTROLS

# What clients rely on. A change here breaks somebody's patch: give it an upgrade path.
PROMISED_IN = {
    "/melo/hello": "i port",
    "/melo/bye": "i port",
    "/melo/note": "i channel i pitch i velocity",
    "/melo/phrase/begin": "",
    "/melo/phrase/note": "f onset_beat f duration_beats i channel i pitch i velocity",
    "/melo/phrase/end": "",
    "/melo/continue": "i bars",
    "/melo/accompany": "i on",
    "/melo/pause": "i on",
    "/melo/mute": "i on",
    "/melo/reset": "",
    "/melo/infill": "i first_bar i last_bar",
    "/melo/variations": "i count i bars",
    "/melo/choose": "i index",
    "/melo/stop": "",
    "/melo/panic": "",
    "/melo/transport/start": "",
    "/melo/transport/stop": "",
    "/melo/transport/continue": "",
    "/melo/transport/clock": "s clock",
    "/melo/transport/free": "i on",
    "/melo/transport/tempo": "f bpm",
    "/melo/transport/position": "f beat",
    "/melo/transport/meter": "i numerator i denominator",
    "/melo/preset/load": "s name",
    "/melo/preset/list": "",
    "/melo/status": "",
    "/melo/help": "[s address]",
    "/melo/ping": "",
    "/melo/control/temperature": "f value",
    "/melo/control/top_p": "f value",
    "/melo/control/min_p": "f value",
    "/melo/control/echo": "f value",
    "/melo/control/memory": "f value",
    "/melo/control/bars": "i value",
    "/melo/control/seed": "i value",
    "/melo/control/velocity": "f value",
    "/melo/learn": "s control",
    "/melo/control/polyphony": "[i channel] i value",
    "/melo/control/density": "[i channel] f value",
    "/melo/control/pitch_range": "[i channel] i low i high",
    "/melo/control/velocity_range": "[i channel] i low i high",
    "/melo/control/silence": "[i channel] i value",
    "/melo/control/scale": "* value...",
    "/melo/control/grid": "* value...",
    "/melo/control/chords": "* value...",
    "/melo/control/programs": "* value...",
}
PROMISED_OUT = {
    "/melo/welcome": "s version s preset",
    "/melo/out/begin": "s request i bars",
    "/melo/out/note": "i id i channel i pitch i velocity f beat",
    "/melo/out/off": "i id i channel i pitch f beat",
    "/melo/out/bar": "i bar s chord",
    "/melo/out/end": "s request i notes s reason",
    "/melo/variation": "i index i notes",
    "/melo/transport/estimate": "f bpm f confidence i beats_per_bar",
    "/melo/state": "s state",
    "/melo/preset/loaded": "s name f milliseconds",
    "/melo/preset/failed": "s name s reason",
    "/melo/learned": "s control i cc",
    "/melo/presets": "s names...",
    "/melo/status": "* pairs...",
    "/melo/help": "s address s arguments s meaning",
    "/melo/pong": "",
    "/melo/error": "i code s address s reason",
}


@pytest.mark.parametrize("address", PROMISED_IN)
def test_clients_can_send_what_was_promised(address: str) -> None:
    assert INCOMING[address].signature == PROMISED_IN[address]


def test_the_bridge_sends_what_was_promised() -> None:
    assert {row.address: row.signature for row in OUTGOING.values()} == PROMISED_OUT


def test_every_live_control_has_its_address_and_range() -> None:
    for name, control in CONTROLS.items():
        *channel, value = INCOMING[f"/melo/control/{name}"].arguments
        assert bool(channel) == (control.per_channel or control.kind == "range")
        if control.kind != "text":
            assert (value.says.low, value.says.high) == (control.low, control.high)


def test_every_action_of_a_pedal_is_an_address() -> None:
    assert {f"/melo/{action}" for action in ACTIONS} <= INCOMING.keys()


def test_the_promised_ranges_are_the_tables() -> None:
    ranges = {argument.name: argument.says for argument in arguments_of(osc.LiveNote)}
    assert (ranges["channel"].low, ranges["channel"].high) == (1, 16)
    assert (ranges["velocity"].low, ranges["velocity"].high) == (0, 127)
    (tempo,) = arguments_of(osc.TransportTempo)
    assert (tempo.says.low, tempo.says.high) == (20, 400)


def test_every_answer_named_in_the_table_is_an_address() -> None:
    sent = {row.address for row in OUTGOING.values()}
    assert {row.answer.split(" ")[0] for row in INCOMING.values() if row.answer} <= sent


def test_help_tells_every_address_its_arguments_and_ranges() -> None:
    entries = {entry.address: entry for entry in help_for("")}
    assert entries.keys() == INCOMING.keys()
    note = entries[address_of(osc.LiveNote)]
    assert note.arguments == "i channel i pitch i velocity"
    assert "channel: MIDI channel; 10 is drums (1 to 16)" in note.meaning


def test_help_for_one_address_tells_both_directions() -> None:
    assert [entry.arguments for entry in help_for("/melo/status")] == ["", "* pairs..."]
    assert help_for("/melo/nothing") == ()


def test_the_reference_tells_every_address_and_every_code() -> None:
    text = reference()
    for address in (*PROMISED_IN, *PROMISED_OUT):
        assert f"`{address}`" in text
    for code in Code:
        assert code.meaning in text


def test_the_reference_that_people_read_is_that_of_the_tables() -> None:
    renew = "renew it: python -m meloformer.bridge.reference"
    assert FILE.read_text(encoding="utf-8") == reference(), renew


def test_every_message_knows_the_address_it_came_for() -> None:
    assert sent_to(osc.SetControl("bars", 4)) == "/melo/control/bars"
    assert sent_to(osc.Ping()) == "/melo/ping"
