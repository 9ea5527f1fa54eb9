"""`meloformer bench`: the measurements behind the README's tables, one JSON line each."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from meloformer.presets import DEFAULT, SHIPPED
from meloformer.scripts import (
    bench_attention,
    bench_bridge,
    bench_chorales,
    bench_clock,
    bench_data,
    bench_decode,
    bench_hand,
    bench_limits,
    bench_memory,
    bench_meter,
    bench_sampling,
    bench_session,
    bench_tempo,
    bench_train,
    bench_variants,
)
from meloformer.scripts.options import (
    BarsOption,
    DeviceOption,
    EngineOption,
    KeyOption,
    PiecesOption,
    PresetOption,
    PresetsOption,
    SeqLenOption,
    Size,
    far,
)

app = typer.Typer(help="The measurements behind the README's tables, as JSON lines.", no_args_is_help=True)

DataArgument = Annotated[
    Path, typer.Argument(metavar="DATA", exists=True, file_okay=False, help="a data set of `prepare`")
]
FolderArgument = Annotated[Path, typer.Argument(exists=True, file_okay=False, help="a folder of MIDI files")]


@app.command()
def bridge(
    preset: PresetOption = DEFAULT,
    presets: PresetsOption = SHIPPED,
    repeats: Annotated[int, typer.Option(min=1, help="how many phrases of each length")] = 10,
    engine: EngineOption = None,
    key: KeyOption = None,
) -> None:
    """The time to the first answered note, how exact notes leave, and what idling costs."""
    tell(bench_bridge.measure(preset, presets, repeats, *far(engine, key)))


@app.command()
def clock(preset: PresetOption = DEFAULT, presets: PresetsOption = SHIPPED) -> None:
    """How far from the grid of a MIDI clock answered notes sound, over JACK; takes some minutes."""
    tell(bench_clock.measure(preset, presets))


@app.command()
def decode(
    preset: PresetOption = DEFAULT,
    presets: PresetsOption = SHIPPED,
    bars: BarsOption = 64,
    device: DeviceOption = "auto",
) -> None:
    """Tokens in a second, and whether that stays the same as the music gets longer."""
    tell(bench_decode.measure(preset, presets, bars, device))


@app.command()
def data(
    folder: FolderArgument,
    limit: Annotated[int | None, typer.Option(min=1, help="at most so many files, by name")] = None,
) -> None:
    """Whether every MIDI file below a folder comes back from its tokens as it was; fails if not.

    And how fast it is read, told and fed to training, beside MidiTok where `meloformer[bench]` is installed.
    """
    tell(bench_data.measure(folder, limit))


@app.command()
def memory(
    data: DataArgument,
    preset: PresetOption = DEFAULT,
    presets: PresetsOption = SHIPPED,
    pieces: PiecesOption = 4,
    seq_len: SeqLenOption = 2048,
) -> None:
    """What a memory of the sitting gains in bits per note, what it costs, and the shares it should have."""
    tell(bench_memory.measure(preset, presets, data, pieces, seq_len))


@app.command()
def chorales(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", dir_okay=False, help="your copy of the JSB chorales, as .json"),
    ],
    preset: PresetOption = DEFAULT,
    presets: PresetsOption = SHIPPED,
    limit: Annotated[int | None, typer.Option(min=1, help="at most so many chorales of each split")] = None,
) -> None:
    """Nats that a note, a frame and a sixteenth of the JSB chorales cost, with all that a stream says.

    A note is struck once, however long it is held; a frame is a voice that sounds in a sixteenth.
    """
    tell(bench_chorales.measure(preset, presets, file, limit))


@app.command()
def train(
    size: Annotated[Size, typer.Option(help="of the model")] = "small",
    data: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="a data set to learn from")
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="measured of each kind, after two that are not")] = 2,
    minutes: Annotated[float, typer.Option(min=0, help="after these nothing else is begun")] = 2.0,
    compile: Annotated[bool, typer.Option("--compile", help="compiled, as long runs and GPUs are")] = False,
) -> None:
    """Tokens in a second, utilisation, memory, recompiles and waiting, by attention and length of a row."""
    tell(bench_train.measure(size, data, steps, minutes, compile))


@app.command()
def contexts(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", exists=True, file_okay=False, help="a data set of `prepare`")
    ],
    seq_lens: Annotated[
        list[int], typer.Option("--seq-len", min=64, max=65536, help="tokens in a row; may be said again")
    ] = bench_variants.LENGTHS,
    steps: Annotated[
        int, typer.Option(min=20, help="of one row; a third as many tokens in rows of each other length")
    ] = 600,
    seeds: Annotated[int, typer.Option(min=1, help="how often each is learnt")] = 3,
    size: Annotated[Size | None, typer.Option(help="of the model; a tiny one where nothing is said")] = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="PRESET", help="go on with this preset's weights, gently"),
    ] = None,
    presets: PresetsOption = SHIPPED,
) -> None:
    """What seeing less costs: bits per note that one network reaches under dense and sparse attention."""
    if size and from_:
        raise typer.BadParameter("--size and --from are different beginnings; choose one")
    tell(bench_variants.contexts(data, seq_lens, steps, seeds, size, from_, presets))


@app.command()
def ablations(
    data: DataArgument,
    variant: Annotated[
        list[str] | None, typer.Option(help="this one; may be said again (all where nothing is said)")
    ] = None,
    seq_len: Annotated[int, typer.Option(min=64, max=65536, help="tokens in a row")] = 512,
    steps: Annotated[int, typer.Option(min=20, help="of 2,048 tokens")] = 1500,
    seeds: Annotated[int, typer.Option(min=1, help="how often each is learnt")] = 1,
) -> None:
    """What each choice of the recipe is worth: bits per note that a tiny network reaches with and without."""
    try:
        tell(bench_variants.ablations(data, variant, seq_len, steps, seeds))
    except KeyError as unknown:
        raise typer.BadParameter(
            f"no variant is called {unknown}; choose from training/variants.py"
        ) from None


@app.command()
def attention(
    size: Annotated[Size, typer.Option(help="of the model, whose heads attend")] = "small",
    minutes: Annotated[float, typer.Option(min=0, help="after these no longer row is begun")] = 2.0,
) -> None:
    """FlexAttention beside its dense twin: how much of the mask is empty, and how long a forward takes."""
    tell(bench_attention.measure(size, minutes))


@app.command()
def sampling(
    data: DataArgument,
    preset: PresetOption = DEFAULT,
    presets: PresetsOption = SHIPPED,
    prompts: Annotated[int, typer.Option(min=2, help="how many of the fixed prompts are answered")] = 24,
    device: DeviceOption = "auto",
) -> None:
    """Every musical measure of a preset's answers at several temperatures, top_p, min_p and memory."""
    tell(bench_sampling.measure(preset, presets, data, prompts, device))


@app.command()
def session(
    preset: PresetOption = DEFAULT,
    presets: PresetsOption = SHIPPED,
    minutes: Annotated[float, typer.Option(min=0.1, help="how long the evening is")] = 60.0,
    live: Annotated[bool, typer.Option("--live", help="in real time, over UDP, to a bridge")] = False,
    seed: Annotated[int, typer.Option(help="of what the players do")] = 1,
) -> None:
    """A long evening of all that players do: fails if a note stays behind; tells what grows or slows."""
    tell(bench_session.measure(preset, presets, minutes, live, seed))


@app.command()
def limits(
    preset: PresetOption = DEFAULT,
    presets: PresetsOption = SHIPPED,
    bars: BarsOption = 8,
    device: DeviceOption = "auto",
) -> None:
    """What each limit costs: the mask of one token alone, and whole tokens of an answer under it."""
    tell(bench_limits.measure(preset, presets, bars, device))


@app.command()
def tempo(
    folder: FolderArgument,
    phrases: Annotated[int, typer.Option(min=1, help="at most so many of each collection")] = 200,
) -> None:
    """How often the tempo of 8 beats played without a clock is found: human takes, and scores played so."""
    tell(bench_tempo.measure(folder, phrases))


@app.command()
def hand(data: DataArgument) -> None:
    """How much of what a hand plays is heard as it was meant, beside hearing it on the nearest tick."""
    tell(bench_hand.measure(data))


@app.command()
def meter(
    data: DataArgument,
    preset: PresetOption = DEFAULT,
    presets: PresetsOption = SHIPPED,
    beats: Annotated[int, typer.Option(min=6, max=64, help="how long the phrases are")] = 16,
    phrases: Annotated[int, typer.Option(min=1, help="at most so many, one of a piece")] = 150,
) -> None:
    """How often the meter of free playing is found: by accents alone, and with what the model says."""
    tell(bench_meter.measure(preset, presets, data, beats, phrases))


def tell(records: Iterable[dict[str, Any]]) -> None:
    for record in records:
        print(json.dumps(record), flush=True)
