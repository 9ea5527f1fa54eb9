"""`meloformer VERB`: exit code 0 on success, 2 for wrong arguments, 1 and one line for anything else."""

from __future__ import annotations

import os
import sys

INTERRUPTED = 130  # what a shell makes of Ctrl-C

try:
    import typer

    from meloformer.scripts import (
        accompany_verb,
        bench_verb,
        bridge_verb,
        clients_verb,
        continue_verb,
        convert_verb,
        demo_verb,
        doctor_verb,
        engine_verb,
        evaluate_verb,
        infill_verb,
        prepare_verb,
        presets_verb,
        rehearse_verb,
        takes_verb,
        train_verb,
    )
except KeyboardInterrupt:  # this takes a second; once a verb runs, typer does the same
    sys.exit(INTERRUPTED)

TRACEBACK = "MELOFORMER_TRACEBACK"

app = typer.Typer(
    help="Send a phrase; music that fits comes back, in time.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(bench_verb.app, name="bench")
app.command("accompany")(accompany_verb.accompany)
app.command("bridge")(bridge_verb.bridge)
app.command("clients")(clients_verb.clients)
app.command("continue")(continue_verb.continue_)
app.command("convert")(convert_verb.convert)
app.command("demo")(demo_verb.demo)
app.command("doctor")(doctor_verb.doctor)
app.command("engine")(engine_verb.engine)
app.command("evaluate")(evaluate_verb.evaluate)
app.command("infill")(infill_verb.infill)
app.command("prepare")(prepare_verb.prepare)
app.add_typer(presets_verb.app, name="presets")
app.command("rehearse")(rehearse_verb.rehearse)
app.add_typer(takes_verb.app, name="takes")
app.command("train")(train_verb.train)


def main() -> None:
    """Run the verb that the command line names."""
    try:
        app()
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        sys.exit(f"meloformer: {in_one_line(error)}")


def in_one_line(error: Exception) -> str:
    """What was wrong and the way out. Our own errors say both; any other names where to see more."""
    text = " ".join(str(error).split())
    if type(error).__module__.startswith("meloformer."):
        return text
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}; choose another path"
    return f"unexpected {type(error).__name__}: {text}; set {TRACEBACK}=1 to see where it came from"


if __name__ == "__main__":
    main()
