"""Who may import whom, read from the source itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "scripts": {"scripts", "bridge", "training", "model", "presets"},
    "bridge": {"bridge", "model", "presets"},
    "training": {"training", "model", "presets"},
    "model": {"model"},
    "presets": {"presets"},
}
CODEC = [
    *("model/vocabulary.py", "model/score.py", "model/events.py", "model/encoder.py", "model/decoder.py"),
    *("model/grammar.py", "model/midi.py", "model/chords.py", "model/layout.py", "model/limits.py"),
    *("model/sampling.py", "model/memory.py", "model/automaton.py", "model/reading.py", "model/allowed.py"),
    *("model/limiter.py", "model/harmony.py", "model/telling.py", "model/recollection.py"),
]
ENGINE = "bridge/engine"  # runs in a process of its own, where torch, a clock and a reader thread are at home
# In the bridge each of these has its home, so that everything else is pure and is tested without sleeping.
HOMES: dict[str, list[str]] = {
    "time": ["bridge/now.py", ENGINE],
    "threading": ["bridge/running.py", ENGINE],
    "subprocess": ["bridge/running.py"],
    "signal": ["bridge/running.py"],
    "watchdog.observers": ["bridge/running.py"],
    "socket": ["bridge/transports"],
    "rtmidi": ["bridge/transports"],
    "zmq": ["bridge/transports"],
    "link": ["bridge/transports"],
    "http.server": ["bridge/transports"],
    "http.client": [],
    **{nowhere: [] for nowhere in ("asyncio", "concurrent", "multiprocessing", "sched", "socketserver")},
}


def files(*places: str) -> Iterator[str]:
    """Python files in folders, or the files themselves, as paths from the root."""
    for place in places:
        found = [ROOT / place] if place.endswith(".py") else sorted((ROOT / place).rglob("*.py"))
        yield from (path.relative_to(ROOT).as_posix() for path in found)


def imports(file: str, lazy: bool = True) -> set[str]:
    """Dotted names that a file imports; without `lazy`, those it imports as it is imported itself."""
    names: set[str] = set()
    waiting: list[ast.AST] = [ast.parse((ROOT / file).read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}, line {node.lineno}: write the whole name, from meloformer on"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        if lazy or not waits(node):
            waiting += ast.iter_child_nodes(node)
    return names


def waits(node: ast.AST) -> bool:
    """Whether what stands inside is not run at import: functions, and what is there for types only."""
    if isinstance(node, ast.If):
        return ast.unparse(node.test) == "TYPE_CHECKING"
    return isinstance(node, ast.FunctionDef)


def ours(names: set[str]) -> set[str]:
    """The files behind names that begin with `meloformer.`, the packages on the way to them included."""
    parts = [name.split(".")[1:] for name in names if name.startswith("meloformer.")]
    stems = {"/".join(part[:depth]) for part in parts for depth in range(1, len(part) + 1)}
    return {p for stem in stems for p in (f"{stem}.py", f"{stem}/__init__.py") if (ROOT / p).is_file()}


def is_of(name: str, package: str) -> bool:
    return f"{name}.".startswith(f"{package}.")


def reached(start: str) -> set[str]:
    """Our files that are imported when `start` is, itself included."""
    seen: set[str] = set()
    waiting = {start}
    while waiting:
        file = waiting.pop()
        seen.add(file)
        waiting |= ours(imports(file, lazy=False)) - seen
    return seen


def test_imports_run_one_way() -> None:
    wrong = [
        f"{file} imports {other}"
        for layer, allowed in MAY_IMPORT.items()
        for file in files(layer)
        for other in ours(imports(file))
        if other.split("/")[0] not in allowed
    ]
    assert not wrong


def test_codec_presets_and_bridge_never_name_torch() -> None:
    bare = [file for file in files(*CODEC, "presets", "bridge") if not file.startswith(ENGINE)]
    assert not [file for file in bare for name in imports(file) if is_of(name, "torch")]


def test_codec_presets_bridge_and_commands_start_without_torch() -> None:
    bare = [file for file in files(*CODEC, "presets", "bridge", "scripts") if not file.startswith(ENGINE)]
    wrong = [
        f"{start}, by way of {file}"
        for start in bare
        for file in reached(start)
        for name in imports(file, lazy=False)
        if is_of(name, "torch")
    ]
    assert not wrong


def test_in_the_bridge_time_threads_processes_and_ports_have_their_homes() -> None:
    wrong = [
        f"{file} imports {name}"
        for file in files("bridge")
        for name in imports(file)
        for thing, homes in HOMES.items()
        if is_of(name, thing) and not file.startswith(tuple(homes))
    ]
    assert not wrong
