"""Fracture Locator's command line: parse → call `detect` → print → exit code.

Exit codes: 0 done; 1 a mistake that the user can mend; 2 wrong usage; 3 done, but some inputs
failed (they are listed in the results); 130 interrupted.
"""

from __future__ import annotations

import io
import logging
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from detect import DEFAULT_BUNDLE, __version__
from detect.console import (
    default_out,
    need_extra,
    reading_lines,
    set_up_logging,
    shows_progress,
    typed_command,
)
from detect.errors import FractureLocatorError

DONE, MISTAKE, SOME_FAILED, INTERRUPTED = 0, 1, 3, 130


class _Commands(TyperGroup):
    """Says that Ctrl-C ended a command, and how to go on; Typer ends it without a word."""

    def invoke(self, ctx: Any) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            command = self.commands.get(ctx.invoked_subcommand or "")
            resumable = any(option.name == "resume" for option in getattr(command, "params", ()))
            print("interrupted" + "; go on with --resume" * resumable, file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    cls=_Commands,
    help="Find fractures on radiographs: a calibrated verdict and boxes. Research use only.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(help="Make and look at datasets.", no_args_is_help=True)
app.add_typer(data_app, name="data")

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Print details.")]
Weights = Annotated[str, typer.Option("--weights", help="Bundle: a name under weights/ or a path.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]
Data = Annotated[
    list[Path], typer.Option("--data", help="Dataset folder; give it again to merge several.")
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Threads.", show_default="one per core")
]
Runtime = Annotated[str, typer.Option("--runtime", help="auto, openvino or onnxruntime.")]


@app.command()
def detect(
    paths: Annotated[list[str], typer.Argument(help="Files, folders or glob patterns.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for results.", show_default="results/NAME")
    ] = None,
    weights: Weights = DEFAULT_BUNDLE,
    operating_point: Annotated[
        str | None,
        typer.Option(
            "--operating-point",
            help="screening (misses least), balanced, or confirm (fewest false alarms).",
            show_default="the bundle's",
        ),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", help="Further output format; may be given again."),
    ] = None,
    min_score: Annotated[
        float | None,
        typer.Option("--min-score", min=0, max=1, help="List every box down to this score."),
    ] = None,
    heatmap: Annotated[
        bool, typer.Option("--heatmap", help="Show beside the image where the verdict looked.")
    ] = False,
    images: Annotated[bool, typer.Option(help="Write annotated images.")] = True,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a broken-off run.")] = False,
    overwrite: Overwrite = False,
    workers: Workers = None,
    runtime: Runtime = "auto",
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Give every radiograph a verdict and boxes, and write the results."""
    from detect.pipeline import DetectRequest, detect_folder

    set_up_logging(quiet, verbose)
    folder = out or default_out(paths[0])
    outcome = detect_folder(
        DetectRequest(
            paths=tuple(paths),
            out=folder,
            weights=weights,
            operating_point=operating_point,
            formats=tuple(formats or ()),
            min_score=min_score,
            images=images,
            heatmap=heatmap,
            resume=resume,
            overwrite=overwrite,
            workers=workers,
            runtime=_one_of("--runtime", runtime, ("auto", "openvino", "onnxruntime")),  # type: ignore[arg-type]
            show_progress=shows_progress(quiet),
            command=typed_command(),
        )
    )
    if not quiet:
        for line in reading_lines(folder):
            print(line)
        print(
            f"{outcome.read} read: {outcome.fractured} fractured, "
            f"{outcome.not_fractured} not fractured; {outcome.failures} failed; "
            f"{outcome.skipped} other files passed over. "
            f"{outcome.seconds:.1f} s. Results in {folder}"
        )
        print("Research use only – not for diagnosis.")
    if outcome.interrupted:
        print("interrupted; go on with --resume", file=sys.stderr)
        raise typer.Exit(INTERRUPTED)
    raise typer.Exit(SOME_FAILED if outcome.failures else DONE)


@app.command()
def train(
    data: Data,
    config: Annotated[
        Path | None, typer.Option("--config", help="Recipe.", show_default="configs/train.yaml")
    ] = None,
    init: Annotated[
        str, typer.Option("--init", help="YOLO .pt to start from; opening it runs its code.")
    ] = "yolo26n.pt",
    out: Annotated[Path, typer.Option("--out", help="Bundle to make.")] = Path("weights/mine"),
    runs: Annotated[Path, typer.Option("--runs", help="Folder for working files.")] = Path("runs"),
    device: Annotated[
        str, typer.Option("--device", help="auto, cpu, cuda, mps, or GPUs such as 0,1.")
    ] = "auto",
    epochs: Annotated[
        int | None, typer.Option("--epochs", min=1, help="Over the recipe's.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Over the recipe's.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a broken-off run.")] = False,
    overwrite: Overwrite = False,
    allow_leakage: Annotated[
        bool, typer.Option("--allow-leakage", help="Train although patients are in two splits.")
    ] = False,
    workers: Workers = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Fine-tune a model on annotated radiographs, calibrate, evaluate and pack it."""
    set_up_logging(quiet, verbose)
    need_extra(
        "train",
        *("torch", "torchvision", "ultralytics", "onnx", "onnxruntime", "onnxslim"),
        *("sklearn", "faster_coco_eval", "matplotlib"),
    )
    from detect.config import TrainConfig, load_config
    from detect.evaluate.table import format_table
    from detect.train.run import train as run_training
    from detect.train.session import TrainRequest

    recipe = load_config(config or _HERE / "configs" / "train.yaml", TrainConfig)
    changes = {k: v for k, v in (("epochs", epochs), ("seed", seed)) if v is not None}
    metrics = run_training(
        TrainRequest(
            data=tuple(data),
            recipe=recipe.model_copy(update=changes),
            init=init,
            out=out,
            run=runs / out.name,
            device=device,
            workers=workers or os.cpu_count() or 1,
            resume=resume,
            overwrite=overwrite,
            allow_leakage=allow_leakage,
            show_progress=shows_progress(quiet),
            command=typed_command(without=("--resume", "--overwrite")),
        )
    )
    if not quiet:
        print(format_table(metrics))
        print(f"Bundle: {out}. Working files: {runs / out.name}")


@app.command()
def evaluate(
    data: Data,
    split: Annotated[str, typer.Option("--split", help="train, val or test.")] = "test",
    weights: Weights = DEFAULT_BUNDLE,
    out: Annotated[Path, typer.Option("--out", help="Folder for metrics and figures.")] = Path(
        "results/evaluation"
    ),
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            help="Recipe whose `classes:` say which boxes are fractures.",
            show_default="told by their names",
        ),
    ] = None,
    overwrite: Overwrite = False,
    runtime: Runtime = "auto",
    workers: Workers = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Measure a bundle on annotated radiographs: AUROC, sensitivity, specificity, mAP, FROC."""
    set_up_logging(quiet, verbose)
    need_extra("evaluate", "sklearn", "faster_coco_eval", "matplotlib")
    from detect.config import TrainConfig, load_config
    from detect.data.load import load_fractures
    from detect.data.sample import SPLITS
    from detect.evaluate.report import claim_report, write_report
    from detect.evaluate.run import evaluate_dataset
    from detect.evaluate.table import format_table
    from detect.model.bundle import load_bundle

    _one_of("--split", split, SPLITS)
    claim_report(out, overwrite=overwrite)
    classes = load_config(config, TrainConfig).classes if config else {}
    metrics, _ = evaluate_dataset(
        load_fractures(data, classes),
        split,
        load_bundle(weights),
        runtime=_one_of("--runtime", runtime, ("auto", "openvino", "onnxruntime")),  # type: ignore[arg-type]
        workers=workers or os.cpu_count() or 1,
        show_progress=shows_progress(quiet),
        command=typed_command(without=("--overwrite",)),
    )
    write_report(metrics, out)
    if not quiet:
        print(format_table(metrics))
        print(f"Metrics and figures in {out}")
    raise typer.Exit(SOME_FAILED if metrics["data"]["n_failed"] else DONE)


@app.command()
def report(
    results: Annotated[Path, typer.Argument(help="A results.jsonl, or the folder that holds it.")],
    formats: Annotated[list[str], typer.Option("--format", help="Output format.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write into.")],
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Turn saved results into other formats, without running the model again."""
    set_up_logging(quiet, verbose)
    from detect.errors import InputError
    from detect.write.formats import known_formats, write_formats
    from detect.write.json_lines import RESULTS_NAME
    from detect.write.results import read_results

    names = known_formats(formats)
    source = results / RESULTS_NAME if results.is_dir() else results
    if "json" in names and source.resolve() == (out / RESULTS_NAME).resolve():
        raise InputError(f"--out {out}: would write over the results that are read")
    write_formats(read_results(source), out, names)
    if not quiet:
        print(f"{', '.join(names)} in {out}")


@data_app.command()
def phantom(
    out: Annotated[Path, typer.Argument(help="Folder to write the dataset into.")],
    count: Annotated[int, typer.Option("--count", min=1, help="How many.")] = 20,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same seed, same bytes.")] = 0,
    fractured: Annotated[
        float, typer.Option("--fractured", min=0, max=1, help="Share that is fractured.")
    ] = 0.5,
    form: Annotated[str, typer.Option("--form", help="png (16 bit), dicom (DX) or both.")] = "png",
    split: Annotated[
        str | None, typer.Option("--split", help="train, val or test.", show_default="70:15:15")
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Render the eight of datasets/demo instead.")
    ] = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Render synthetic radiographs with exact boxes, of no patient."""
    from tqdm import tqdm

    from detect.data.phantom import write_demo, write_phantoms

    if demo:
        table = write_demo(out, overwrite=overwrite)
    else:
        chosen = _one_of("--form", form, ("png", "dicom", "both"))
        with tqdm(
            total=count, desc="phantom", unit="image", disable=not shows_progress(quiet)
        ) as bar:
            table = write_phantoms(
                out,
                count,
                seed=seed,
                fractured_share=fractured,
                form=chosen,  # type: ignore[arg-type]
                split=split,
                overwrite=overwrite,
                progress=bar.update,
            )
    if not quiet:
        print(f"Synthetic radiographs with their truth: {table}")


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        print(__version__)
        raise typer.Exit


_HERE = Path(__file__).resolve().parent


def _one_of(option: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise typer.BadParameter(f"{option} {value}: choose from {', '.join(choices)}")
    return value


def main() -> None:
    """Run the command line; every foreseen error becomes one line and an exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a file's name may hold what it cannot
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except FractureLocatorError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(MISTAKE)
    except OSError as error:  # a path that the system refuses, or a full disk behind stdout
        logging.getLogger("detect").debug("", exc_info=True)
        print(f"error: {error.filename or 'output'}: {error.strerror}", file=sys.stderr)
        _abandon_stdout()
        sys.exit(MISTAKE)


def _abandon_stdout() -> None:
    """Keep Python from complaining once more of what stdout did not take."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())


if __name__ == "__main__":
    main()
