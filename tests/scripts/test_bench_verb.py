"""`meloformer bench`: each measurement is made on a real model and a real bridge, and is one JSON line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from meloformer.scripts import bench_bridge, bench_engine
from meloformer.scripts.served import AT_ONCE, SilentBridgeError, served, spread
from tunes import write_chorales, write_tunes


def test_decoding_is_measured_every_few_bars(meloformer, tiny: Path) -> None:
    outcome = meloformer("bench", "decode", "--presets", str(tiny), "--bars", "12")
    assert outcome.code == 0
    records = [json.loads(line) for line in outcome.out.splitlines()]
    assert [(record["bars_before"], record["bars"]) for record in records] == [(0, 8), (8, 4)]
    assert all(record["tokens_per_second"] > 0 for record in records)


def test_every_limit_is_measured_alone_and_all_together(meloformer, tiny: Path) -> None:
    outcome = meloformer("bench", "limits", "--presets", str(tiny), "--bars", "1")
    assert outcome.code == 0
    records = {record["limit"]: record for record in map(json.loads, outcome.out.splitlines())}
    limits = ("pitch_range", "scale", "polyphony", "density", "velocity_range", "grid", "chords")
    assert list(records) == ["none", *limits, "all"]
    assert all(record["mask_us"] > 0 for record in records.values())


def test_the_first_note_is_measured_live_and_handed_over(tiny: Path) -> None:
    with served("band", tiny, AT_ONCE) as bridge:
        for record in (
            bench_bridge.first_note(bridge, strikes=2, repeats=2),
            bench_bridge.first_note(bridge, strikes=2, repeats=2, together=4),
            bench_bridge.handed_over(bridge, notes=4, repeats=2),
        ):
            assert record["samples"] == 2
            assert 0 < record["median_ms"] <= record["worst_ms"]


def test_a_swap_while_an_answer_sounds_changes_none_of_the_notes_that_were_promised(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_bridge, "SWAPPED_EVERY_S", 0.1)
    record = bench_bridge.swapping("band", tiny)
    assert record["samples"] == bench_bridge.SWAPS
    assert record["notes"] > 0 and record["promised_notes_changed"] == record["left_sounding"] == 0


def test_the_first_note_late_in_a_conversation_and_a_dense_texture_are_measured(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_engine, "HOUR_BARS", 12)
    monkeypatch.setattr(bench_engine, "STREAMED_BARS", 2)
    early, late, streamed = bench_engine.measure("band", tiny, repeats=1)
    assert (early["bars_before"], early["samples"]) == (0, 1)
    assert late["bars_before"] >= 12
    assert streamed["times_real_time"] > 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of processes in /proc")
def test_a_measurement_that_fails_leaves_no_process_behind(tiny: Path) -> None:
    with pytest.raises(SilentBridgeError), served("band", tiny, AT_ONCE) as bridge:
        pid = bridge.process.pid
        (engine,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        bridge.arrival("/melo/out/note", patience_s=0.1)
    assert not Path(f"/proc/{pid}").exists()
    assert not Path(f"/proc/{engine}").exists()


def test_a_memory_is_measured_in_bits_and_in_microseconds(meloformer, tiny: Path, tmp_path: Path) -> None:
    write_tunes(tmp_path / "songs", 120)
    assert meloformer("prepare", tmp_path / "songs", "--out", tmp_path / "data").code == 0
    outcome = meloformer("bench", "memory", tmp_path / "data", "--presets", tiny, "--seq-len", 256)
    assert outcome.code == 0
    said = json.loads(outcome.out)
    assert 0 < said["with_memory"] < said["bits_per_note"]
    assert said["microseconds_per_token"] > 0


def test_chorales_are_measured_split_by_split_by_note_and_by_frame(
    meloformer, tiny: Path, tmp_path: Path
) -> None:
    file = write_chorales(tmp_path / "mine.json", {"train": 3, "test": 1})
    outcome = meloformer("bench", "chorales", file, "--presets", tiny, "--limit", 2)
    assert outcome.code == 0
    records = [json.loads(line) for line in outcome.out.splitlines()]
    assert [(record["split"], record["chorales"]) for record in records] == [("train", 2), ("test", 1)]
    (test,) = (record for record in records if record["split"] == "test")
    assert (test["sixteenths"], test["frames"]) == (64, 4 * 64 - 1)
    assert test["notes"] < test["frames"]
    for kind in ("masked", "unmasked"):
        assert test[kind]["per_note"] * test["notes"] == pytest.approx(test[kind]["nats"], rel=1e-3)
        assert test[kind]["per_frame"] * test["frames"] == pytest.approx(test[kind]["nats"], rel=1e-3)
    assert test["masked"]["nats"] < test["unmasked"]["nats"]


def test_a_pickle_of_the_chorales_is_refused_in_one_line(meloformer, tiny: Path, tmp_path: Path) -> None:
    file = tmp_path / "jsb-chorales-16th.pkl"
    file.write_bytes(b"cos\nsystem\n")
    outcome = meloformer("bench", "chorales", file, "--presets", tiny)
    assert outcome.code == 1
    assert outcome.err.count("\n") == 1
    assert "Jsb16thSeparated.json" in outcome.err


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what another process has used")
def test_the_processor_time_of_a_bridge_and_its_engine_is_told(tiny: Path) -> None:
    with served("band", tiny, AT_ONCE) as bridge:
        assert bench_bridge.cpu_seconds(bridge) > 0.1


def test_a_bridge_that_says_nothing_is_told_of_with_the_way_out(tiny: Path) -> None:
    with served("band", tiny, AT_ONCE) as bridge, pytest.raises(SilentBridgeError, match="meloformer bridge"):
        bridge.arrival("/melo/out/note", patience_s=0.1)


def test_the_spread_names_the_middle_and_the_worst() -> None:
    told = spread([5.0, 1.0, 2.0, 4.0, 3.0])
    assert (told["samples"], told["median_ms"], told["worst_ms"]) == (5, 3.0, 5.0)
