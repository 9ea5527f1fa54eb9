"""The engine in a process of its own, with the preset that is shipped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit import PATIENCE_S
from meloformer.bridge.engine.lines import from_engine, to_line
from meloformer.bridge.engine.messages import (
    Ask,
    Ended,
    Heard,
    Load,
    Loaded,
    LoadFailed,
    Revise,
    Said,
    Stop,
    Trouble,
)
from meloformer.bridge.session.events import EngineGone
from meloformer.model.events import BarStart, NoteOff, NoteOn
from meloformer.model.score import Meter
from meloformer.presets import DEFAULT
from talking import NATURAL, WEIGHTS, Talk


@pytest.fixture(scope="module")
def talk() -> Iterator[Talk]:
    talk = Talk()
    talk.engine.tell(Load(DEFAULT, WEIGHTS, "cpu"))
    talk.wait_for(Loaded)
    yield talk
    talk.engine.stop()


def test_every_note_of_an_answer_is_ended(talk: Talk) -> None:
    talk.play()
    events = talk.answer("whole", bars=4)
    assert isinstance(events[0], BarStart) and events[0].tick == 96
    sounding = set()
    for event in events:
        if isinstance(event, NoteOn) and event.instrument < 128:
            sounding.add((event.instrument, event.pitch))
        elif isinstance(event, NoteOff):
            sounding.remove((event.instrument, event.pitch))
    assert not sounding


def test_the_same_phrase_and_seed_give_the_same_answer(talk: Talk) -> None:
    talk.play(seed=5)
    first = talk.answer("once")
    talk.play(seed=5)
    assert talk.answer("again") == first


def test_a_conversation_can_be_continued(talk: Talk) -> None:
    talk.play()
    talk.answer("first", bars=1)
    assert talk.answer("then", bars=1)[0].tick == 192


def test_an_answer_streams_and_a_stop_is_seen_inside_it(talk: Talk) -> None:
    talk.play()
    talk.engine.tell(Ask("long", 64, NATURAL, None))
    talk.wait_for(Said, lambda said: said.request == "long")
    talk.engine.tell(Stop("long"))
    ended = talk.wait_for(Ended, lambda ended: ended.request == "long")
    assert ended.reason == "stopped"
    assert ended.notes == sum(isinstance(event, NoteOn) for event in talk.said("long"))


def test_a_stop_that_comes_with_its_question_stops_it(talk: Talk) -> None:
    talk.play()
    talk.engine.tell(Ask("regretted", 64, NATURAL, None))
    talk.engine.tell(Stop("regretted"))
    assert talk.wait_for(Ended, lambda ended: ended.request == "regretted").reason == "stopped"


def test_weights_that_cannot_be_used_are_refused_and_those_in_use_stay(talk: Talk, tmp_path: Path) -> None:
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"not a tensor in sight")
    talk.engine.tell(Load("broken", str(broken), "cpu"))
    failed = talk.wait_for(LoadFailed, lambda failed: failed.name == "broken")
    assert str(broken) in failed.reason
    talk.play()
    assert talk.answer("after the refusal")


def test_a_model_is_loaded_beside_an_answer_that_goes_on(talk: Talk) -> None:
    talk.play()
    talk.engine.tell(Ask("meanwhile", 4, NATURAL, None))
    talk.wait_for(Said, lambda said: said.request == "meanwhile")
    talk.engine.tell(Load("beside", WEIGHTS, "cpu"))
    assert talk.wait_for(Ended, lambda ended: ended.request == "meanwhile").reason == "done"
    talk.wait_for(Loaded, lambda loaded: loaded.name == "beside")
    assert talk.answer("by the new one")[0].tick == 96 * 5


def test_a_model_that_is_ready_takes_over_inside_a_long_answer_and_its_bars_can_be_made_anew(
    talk: Talk,
) -> None:
    talk.play()
    talk.engine.tell(Ask("without end", 64, NATURAL, None))
    talk.wait_for(Said, lambda said: said.request == "without end")
    talk.engine.tell(Load("in between", WEIGHTS, "cpu"))
    talk.wait_for(Loaded, lambda loaded: loaded.name == "in between")
    assert not [each for each in talk.heard if isinstance(each, Ended) and each.request == "without end"]
    talk.engine.tell(Stop("without end"))
    talk.engine.tell(Revise("anew", 192, 2, NATURAL, None, Meter(4, 4)))
    assert talk.wait_for(Ended, lambda ended: ended.request == "anew").reason == "done"
    assert [event.tick for event in talk.said("anew") if isinstance(event, BarStart)] == [192, 288]


def test_a_model_that_comes_inside_a_phrase_has_heard_its_beginning(talk: Talk) -> None:
    talk.play(seed=3)
    expected = talk.answer("without a swap")
    talk.play(seed=3)
    talk.engine.tell(Load("inside", WEIGHTS, "cpu"))
    talk.wait_for(Loaded, lambda loaded: loaded.name == "inside")
    assert talk.answer("with a swap") == expected


def test_what_cannot_be_is_told_and_the_conversation_goes_on(talk: Talk) -> None:
    talk.play()
    talk.engine.tell(Heard(NoteOn(5, 0, 60, 20)))
    assert "heard failed" in talk.wait_for(Trouble).reason
    talk.play()
    assert talk.answer("after the trouble")


def test_a_question_before_any_model_fails_in_words() -> None:
    talk = Talk()
    talk.engine.tell(Ask("too early", 1, NATURAL, None))
    assert talk.wait_for(Ended).reason == "failed"
    assert "no model is loaded" in talk.wait_for(Trouble).reason
    talk.engine.stop()


def raw_engine() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "meloformer.bridge.engine"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_a_line_that_is_no_message_is_told_and_the_engine_goes_on() -> None:
    with raw_engine() as engine:
        assert engine.stdin is not None and engine.stdout is not None
        engine.stdin.write(b"rm -rf\n" + to_line(Ask("1", 1, NATURAL, None)))
        engine.stdin.flush()
        assert from_engine(engine.stdout.readline()) == Trouble(
            "a message was not understood: not a JSON line (Expecting value: line 1 column 1 (char 0)); "
            "is this another program's output?"
        )
        assert from_engine(engine.stdout.readline()) == Ended("1", 0, "failed")


def test_a_question_that_is_not_understood_has_failed() -> None:
    with raw_engine() as engine:
        assert engine.stdin is not None and engine.stdout is not None
        engine.stdin.write(to_line(Ask("1", 1, NATURAL, None)).replace(b'"bars":1', b'"bars":0'))
        engine.stdin.flush()
        assert isinstance(from_engine(engine.stdout.readline()), Trouble)
        assert from_engine(engine.stdout.readline()) == Ended("1", 0, "failed")


def test_without_a_bridge_the_engine_ends() -> None:
    engine = raw_engine()
    engine.communicate(timeout=PATIENCE_S)
    assert engine.returncode == 0


def test_an_engine_that_is_killed_is_told_of_and_another_can_start() -> None:
    talk = Talk()
    talk.engine.tell(Load(DEFAULT, WEIGHTS, "cpu"))
    talk.wait_for(Loaded)
    assert talk.engine.pid is not None
    os.kill(talk.engine.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    assert "ended by itself" in talk.wait_for(EngineGone).reason
    talk.heard.clear()
    talk.engine.start()
    talk.engine.tell(Load(DEFAULT, WEIGHTS, "cpu"))
    talk.wait_for(Loaded)
    talk.engine.stop()
    assert not [each for each in talk.heard if isinstance(each, EngineGone)]
