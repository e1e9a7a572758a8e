"""Golden contents: what every table says and every figure shows of a small study and of a small imported release.

Numbers are rounded to 7 significant digits. A figure is what was drawn: lines, bars, points, texts, not its pixels.
"""

import hashlib
import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from matplotlib.text import Text

from personas.core.files import write_atomically
from personas.core.parquet import read_frame
from personas.figures.drawing import style
from personas.plan.frozen import FrozenPlan, Run, freeze
from personas.workflow.planning import look
from tests.helpers import FakeServer, carry_out, make
from tests.precision.in_process import InProcess
from tests.precision.world import config
from tests.released.conftest import make_small
from tests.workflow.conftest import make_checkout

CONTENTS = Path(__file__).with_name("contents.json")

_PLACES = {"provenance", "statuses"}
"""Pages that name times and places."""

_MORE = {
    "benchmarks": {
        "xstest": {"items": "data/demo/xstest.csv", "limit": 3},
        "general": {"items": "data/demo/general.jsonl", "limit": 1},
        "role-specific": {"items": "data/demo/role-specific", "limit": 1},
        "ifbench": {"items": "data/demo/ifbench.jsonl", "limit": 2},
        "bfi": {"items": "data/demo/bfi.json", "limit": 3},
    },
    "patterns": {"benchmarks": ["xstest", "bfi"], "also_last": True},
    "calibration": {"labels": {}, "samples": {"some": {"metric": "refusal", "benchmark": "xstest", "n": 4}}},
    "comparison": {"two": {"models": ["one", "two"]}},
}
"""What the study of the exactness table leaves out."""

Digests = dict[str, str]


def contents(folder: Path) -> dict[str, Digests]:
    """Make everything that follows from the cells of both studies; return its digest by plain path, by study."""
    return {"small": _of_small_study(folder / "small"), "imported": _of_release(folder / "imported")}


def _of_small_study(folder: Path) -> Digests:
    checkout = make_checkout(folder)
    with FakeServer() as server:
        checkout.configure({**config(server.base_url), **_MORE})
        project = InProcess(folder)
        carry_out(project.freeze())
    return _made(project.freeze("run-2"))


def _of_release(folder: Path) -> Digests:
    folder.mkdir()
    release = make_small(folder)
    release.import_all()
    plan_report = look(release.grid(), release.results)
    return _made(freeze(plan_report.plan, Run("run-1", "host", 1, 0.0), release.results, plan_report.estimates))


def _made(frozen: FrozenPlan) -> Digests:
    return dict(sorted(found for artefact in frozen.artefacts for found in _of(frozen, artefact)))


def _of(frozen: FrozenPlan, artefact: Any) -> Iterator[tuple[str, str]]:
    drawn: list[Figure] = []

    def keep(figure: Figure, pdf: Path, png: Path) -> None:
        drawn.append(figure)
        write_atomically(png, b"a page of a model shows it")

    with mock.patch.object(style, "save", keep):
        make(frozen, artefact)
    if drawn:
        yield artefact.plain_outputs[0].removesuffix(".pdf"), _digest(_shown(drawn[0]))
    for plain, path in zip(artefact.plain_outputs, artefact.outputs, strict=True):
        stem, _, suffix = plain.rpartition(".")
        if suffix == "parquet":
            yield plain, _digest(_rows(read_frame(frozen.results / path)))
        elif suffix in ("tex", "html") and stem.rpartition("/")[2] not in _PLACES:
            text = (frozen.results / path).read_text(encoding="utf-8")
            yield plain, _digest(_Elements(text).found if suffix == "html" else text.splitlines())


class _Elements(HTMLParser):
    """The tags and texts of a page, blanks between words aside."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[Any] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append([tag, sorted(map(list, attrs))])

    def handle_endtag(self, tag: str) -> None:
        self.found.append(tag)

    def handle_data(self, data: str) -> None:
        if data.split():
            self.found.append(data.split())


def _rows(table: pd.DataFrame) -> Any:
    return [list(table.columns), *(list(row) for row in table.itertuples(index=False))]


def _shown(figure: Figure) -> Any:
    return [[type(artist).__name__, *_data(artist)] for artist in figure.findobj()]


def _data(artist: Any) -> Iterator[Any]:
    if isinstance(artist, Text):
        yield artist.get_text()
    elif isinstance(artist, Collection):
        yield [path.vertices for path in artist.get_paths()]
        yield artist.get_offsets()
    elif hasattr(artist, "get_xydata"):
        yield artist.get_xydata()
    elif hasattr(artist, "get_height") and hasattr(artist, "get_xy"):
        yield [artist.get_xy(), artist.get_width(), artist.get_height()]
    elif hasattr(artist, "get_array"):
        yield artist.get_array()


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(_plain(value), sort_keys=True).encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    if isinstance(value, np.ma.MaskedArray):
        return _plain(value.filled(np.nan))
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return None if np.isnan(value) else float(f"{value:.7g}")
    return value if isinstance(value, str | int | bool) or value is None else str(value)


def write_contents(folder: Path) -> None:
    """Write the golden contents anew."""
    CONTENTS.write_text(json.dumps(contents(folder), indent=1) + "\n", encoding="utf-8")


def differing(folder: Path) -> tuple[int, list[str]]:
    """Return how many contents were compared with the golden ones, and the names of those that differ."""
    golden, now = json.loads(CONTENTS.read_text(encoding="utf-8")), contents(folder)
    names = [(study, name) for study in golden for name in {**golden[study], **now[study]}]
    differ = [f"{study}: {name}" for study, name in names if golden[study].get(name) != now[study].get(name)]
    return len(names), sorted(differ)
