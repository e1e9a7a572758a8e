"""How every figure of the project looks, and how it is written. No other module sets a colour or a font."""

from __future__ import annotations

import io
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from personas.core.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

DPI = 200
INK = "#222222"
FAINT = "#5c5c5c"
OUTSIDE = "#B2182B"  # what does not agree
TITLE, TEXT, SMALL = 10.5, 9.0, 7.5  # font sizes in points
SMALL_PRINT: dict[str, Any] = {"fontsize": SMALL, "color": FAINT}  # keyword arguments of a matplotlib text

RC: dict[str, Any] = {
    # Both fonts ship with matplotlib; the second one lends the glyphs that the first lacks.
    "font.family": ["STIXGeneral", "DejaVu Sans"],
    "mathtext.fontset": "stix",
    "font.size": TEXT,
    "axes.titlesize": TITLE,
    "axes.titleweight": "bold",
    "axes.labelsize": TEXT,
    "xtick.labelsize": TEXT - 0.5,
    "ytick.labelsize": TEXT - 0.5,
    "legend.fontsize": TEXT,
    "legend.frameon": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.minor.size": 3.5,  # as long as the labelled ones: the same points, only without room for a label
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.4,
    "lines.markersize": 5.5,
    "pdf.fonttype": 42,  # TrueType: text stays text, which journals ask for
    "ps.fonttype": 42,
    "svg.hashsalt": "persona-persistence",
    "savefig.facecolor": "white",
}


@dataclass(frozen=True)
class Look:
    """Colour and marker of one dialogue condition; the marker tells conditions apart in grey."""

    colour: str
    marker: str


# Okabe-Ito palette, which colour-blind readers can tell apart. Filled markers only ("X", not "x"): a baseline
# is drawn hollow, and a thin cross has no inside.
LOOKS = {"persona-directed": Look("#E69F00", "o"), "goal-oriented": Look("#0072B2", "X")}
FALLBACK = (Look("#009E73", "^"), Look("#CC79A7", "s"), Look("#D55E00", "D"), Look("#000000", "v"))


def looks(conditions: Iterable[str]) -> dict[str, Look]:
    """The look of each condition, by name; unknown names take the fallback looks in alphabetical order."""
    names = sorted(set(conditions))
    unknown = [name for name in names if name not in LOOKS]
    fallback = {name: FALLBACK[place % len(FALLBACK)] for place, name in enumerate(unknown)}
    return {name: LOOKS.get(name) or fallback[name] for name in names}


def line_style(look: Look, group: str) -> dict[str, Any]:
    """Keyword arguments of a line: solid and filled for "persona", dashed and hollow for "baseline"."""
    baseline = group == "baseline"
    return {
        "color": look.colour,
        "marker": look.marker,
        "linestyle": (0, (4, 2)) if baseline else "solid",
        "markerfacecolor": "white" if baseline else look.colour,
        "markeredgecolor": look.colour,
        "markeredgewidth": 1.0,
    }


def bar_style(look: Look, group: str) -> dict[str, Any]:
    """Keyword arguments of a bar: filled for "persona", hollow for "baseline"."""
    inside = "white" if group == "baseline" else lighter(look.colour, 0.35)
    return {"facecolor": inside, "edgecolor": look.colour, "linewidth": 0.8}


def faint_style(look: Look, group: str) -> dict[str, Any]:
    """Keyword arguments of a thin line behind that of `line_style`, with a dot at each point."""
    # Drawn over white instead of see-through: where faint lines cross, they would add up.
    return {
        "color": lighter(look.colour),
        "linestyle": (0, (4, 2)) if group == "baseline" else "solid",
        "linewidth": 0.7,
        "marker": ".",
        "markersize": 2.0,
    }


def lighter(colour: str, white: float = 0.55) -> str:
    """The colour mixed with a share of white (0: itself, 1: white), as #rrggbb."""
    from matplotlib.colors import to_hex, to_rgb

    red, green, blue = (white + (1 - white) * channel for channel in to_rgb(colour))
    return to_hex((red, green, blue))


def shades() -> LinearSegmentedColormap:
    """Colours from white to the blue of the second condition, for shares from 0 to 1."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("shares", ["white", LOOKS["goal-oriented"].colour])


def context() -> AbstractContextManager[None]:
    """Matplotlib's own defaults with the project's settings on top, whatever the user's matplotlibrc says."""
    import matplotlib as mpl

    return mpl.rc_context(_defaults() | RC)  # type: ignore[arg-type]  # keys are not literals


def save(figure: Figure, pdf_path: Path, png_path: Path) -> None:
    """Write the figure as PDF (vectors) and PNG (200 dpi), each atomically; folders are made where missing.

    The same figure always gives the same bytes: no date, no program version in the files.

    Raises:
        OSError: a file cannot be written; a file that was there before stays whole.
    """
    _settle(figure)
    without_date = {"Creator": None, "Producer": None, "CreationDate": None}
    write_atomically(pdf_path, render(figure, format="pdf", metadata=without_date))
    write_atomically(png_path, render(figure, format="png", dpi=DPI, metadata={"Software": None}))


def _settle(figure: Figure) -> None:
    """Lay the panels out, once for both files, and round where they stand."""
    # The solver behind the layout leaves traces in the last bits that differ from run to run.
    engine = figure.get_layout_engine()
    if engine is not None:
        with context():
            engine.execute(figure)  # as a drawing begins, without the drawing
    figure.set_layout_engine(None)  # "none" would lay out once more for each file, to no effect
    for axes in figure.axes:
        left, bottom, width, height = (round(edge, 6) for edge in axes.get_position().bounds)
        axes.set_position((left, bottom, width, height))


def _defaults() -> dict[str, Any]:
    # The backend is left alone: setting it has side effects, and figures here never touch pyplot.
    import matplotlib as mpl

    return {key: value for key, value in mpl.rcParamsDefault.items() if not key.startswith("backend")}


def render(figure: Figure, **options: Any) -> bytes:
    """Return the bytes of the figure as a file; options as of `Figure.savefig`."""
    buffer = io.BytesIO()
    with context():
        figure.savefig(buffer, **options)
    return buffer.getvalue()
