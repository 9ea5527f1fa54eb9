"""`meloformer bridge`: the long-running process between the wires and the model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from meloformer.bridge.settings import Backend, ClockName, Endpoint, Latency, Settings
from meloformer.presets import DEFAULT, SHIPPED
from meloformer.scripts.options import (
    DeviceOption,
    EngineOption,
    KeyOption,
    PresetOption,
    PresetsOption,
    SeedOption,
    endpoint,
)

USUAL = Settings(presets=SHIPPED, preset=DEFAULT)


def bridge(
    preset: PresetOption = DEFAULT,
    presets: PresetsOption = SHIPPED,
    osc: Annotated[
        Endpoint, typer.Option(parser=endpoint, metavar="HOST:PORT", help="where OSC is heard")
    ] = USUAL.osc,
    reply: Annotated[
        Endpoint, typer.Option(parser=endpoint, metavar="HOST:PORT", help="where OSC answers go")
    ] = USUAL.reply,
    midi: Annotated[Backend, typer.Option(help="the MIDI system")] = USUAL.midi,
    midi_in: Annotated[
        str | None, typer.Option(metavar="PORT", help="listen to this MIDI port, not to one of our own")
    ] = None,
    midi_out: Annotated[
        str | None, typer.Option(metavar="PORT", help="play to this MIDI port, not to one of our own")
    ] = None,
    clock: Annotated[
        ClockName, typer.Option(help="whom to follow; auto: a MIDI clock while one ticks; link: an extra")
    ] = USUAL.clock,
    send_clock: Annotated[
        bool, typer.Option("--send-clock", help="send a MIDI clock while the tempo is our own")
    ] = USUAL.send_clock,
    osc_latency: Annotated[
        float,
        typer.Option(min=0, max=250, metavar="MS", help="what OSC plays sounds so late: tag it earlier"),
    ] = USUAL.latency.osc_ms,
    midi_latency: Annotated[
        float,
        typer.Option(min=0, max=250, metavar="MS", help="what MIDI plays sounds so late: send it earlier"),
    ] = USUAL.latency.midi_ms,
    device: DeviceOption = "auto",
    seed: SeedOption = None,
    takes: Annotated[
        Path | None, typer.Option(metavar="DIR", file_okay=False, help="keep the session in this folder")
    ] = None,
    engine: EngineOption = None,
    key: KeyOption = None,
) -> None:
    """Listen to OSC and MIDI, and answer in time, until Ctrl-C."""
    if midi == "none" and (midi_in or midi_out):
        raise typer.BadParameter("--midi none has no ports; leave --midi-in and --midi-out, or --midi, out")

    from meloformer.bridge.run import run_bridge

    if device == "cuda" and engine is None:
        from meloformer.model.weights import resolved

        resolved(device)  # no preset that is saved later could mend that

    run_bridge(
        Settings(
            presets=presets,
            preset=preset,
            osc=osc,
            reply=reply,
            midi=midi,
            midi_in=midi_in,
            midi_out=midi_out,
            clock=clock,
            send_clock=send_clock,
            latency=Latency(osc_latency, midi_latency),
            device=device,
            seed=seed,
            takes=takes,
            engine=engine,
            key=key,
        )
    )
