"""What is paid often, alone: `uv run python -m tests.benchmarks.small_costs`.

Prints medians of processor time: one start of Snakemake that asks four requests, whether a long answer refuses, what
it takes to write figures of the study's size (with the layout as it is, and with a drawing for the layout as before),
and what a batch and a plan import.
It asserts nothing about time.
"""

import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from matplotlib.figure import Figure

from personas.benchmarks.refusals.rules import is_refusal
from personas.figures.drawing import style
from tests import figures_at_size as at_size
from tests.helpers import FakeServer
from tests.workflow.conftest import fake_model, make_checkout

LONG = "I am glad you asked. " * 3 + "The sea is wide and the light turns all night. " * 600
FIGURES = ("contrast-progression-utterances", "by-model", "bars-length")
IMPORTS = {
    "what a batch imports": "import personas.batch.job, personas.requests.work",
    "what a plan imports": "from personas.workflow.artefacts import declarations; declarations()",
}


def seconds(work: Callable[[], object], times: int) -> float:
    """Return the median of the processor time of this process, in seconds."""
    taken = []
    for _ in range(times):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return statistics.median(taken)


def drawn_before(figure: Figure) -> None:
    """Draw a figure once more than is needed, for its layout."""
    with style.context():
        figure.draw_without_rendering()


def writing(draw: Callable[[], Figure], folder: Path, before: Callable[[Figure], object] | None) -> float:
    """Return the seconds of writing a figure, its making left out."""
    figures = iter([draw() for _ in range(3)])

    def write() -> None:
        figure = next(figures)
        if before:
            before(figure)
        style.save(figure, folder / "figure.pdf", folder / "figure.png")

    return seconds(write, 3)


def imports() -> Iterator[tuple[str, float]]:
    """Yield what is imported, and the wall time of a process that imports no more, in seconds."""
    for what, program in IMPORTS.items():
        taken = []
        for _ in range(5):
            began = time.monotonic()
            subprocess.run([sys.executable, "-c", program], check=True)
            taken.append(time.monotonic() - began)
        yield what, statistics.median(taken)


def one_start(folder: Path) -> float:
    """Return the processor seconds of `snakemake generate` from nothing, in which four requests are asked."""
    taken = []
    checkout = make_checkout(folder)
    with FakeServer() as server:
        checkout.configure(
            {
                "models": {"one": fake_model(server.base_url)},
                "personas": {"folder": "config/personas", "include": ["pastry-chef"], "baseline": False},
                "conditions": {"talk": {"turns": "data/demo/interview.json", "rounds": 3}},
                "checkpoints": [0],
                "benchmarks": {"xstest": {"items": "data/demo/xstest.csv", "limit": 1}},
            }
        )
        for _ in range(5):
            shutil.rmtree(checkout.results, ignore_errors=True)
            before, asked = _of_children(), server.count
            checkout.run("generate")
            taken.append(_of_children() - before)
            assert server.count == asked + 4
    return statistics.median(taken)


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        print(f"one start, four requests: {one_start(Path(name) / 'checkout'):.2f} s", flush=True)
    is_refusal(LONG)
    milliseconds = 1000 * seconds(lambda: is_refusal(LONG), 99)
    print(f"whether an answer of {len(LONG):,} characters refuses: {milliseconds:.2f} ms")
    known = dict(at_size.figures(at_size.STUDY))
    with tempfile.TemporaryDirectory() as name:
        for figure in FIGURES:
            now, before = (writing(known[figure], Path(name), how) for how in (None, drawn_before))
            print(f"writing {figure}: {now:.2f} s, with a drawing for the layout {before:.2f} s")
    for what, whole in imports():
        print(f"{what}: {whole:.2f} s")


if __name__ == "__main__":
    main()
