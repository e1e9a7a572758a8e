"""Where the results come from, read from what the files say of themselves: engines, versions, minutes, tokens."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from personas.grid.cells import Cell
from personas.requests.projection import read_description

PROVENANCE_COLUMNS = (
    *("stage", "model", "judge", "asked", "revision", "engine", "cells", "rows"),
    *("prompt_tokens", "cached_tokens", "completion_tokens", "request_minutes", "made", "hosts", "versions"),
)


def provenance(results: Path, cells: Iterable[Cell]) -> pd.DataFrame:
    """Return one row per stage, model and judge.

    `asked`, `revision`, `engine`: the model that gave the answers. `request_minutes`: summed time of all requests,
    which is more than the time that passed where they overlap. `made`: first and last day (UTC). `versions`: each
    version of a package that cells name.
    """
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for cell in cells:
        groups[cell.stage, cell.track.model, cell.judge or ""].append(read_description(results / cell.path))
    rows = [{**_keys(key), **_summary(descriptions)} for key, descriptions in groups.items()]
    return pd.DataFrame(rows, columns=list(PROVENANCE_COLUMNS))


def _keys(key: tuple[str, str, str]) -> dict[str, str]:
    return dict(zip(("stage", "model", "judge"), key, strict=True))


def _summary(descriptions: list[Mapping[str, Any]]) -> dict[str, Any]:
    spec = descriptions[0]["spec"]
    model = spec["judge"] if "judge" in spec else spec["model"]
    usage = {name: sum(t["usage"][name] for t in descriptions) for name in descriptions[0]["usage"]}
    days = sorted(t["made"][:10] for t in descriptions)
    return {
        "asked": model["id"],
        "revision": model["revision"],
        "engine": model["engine"],
        "cells": len(descriptions),
        "rows": sum(sum(t["statuses"].values()) for t in descriptions),
        **{name: int(usage[name]) for name in ("prompt_tokens", "cached_tokens", "completion_tokens")},
        "request_minutes": round(usage["seconds"] / 60, 1),
        "made": days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}",
        "hosts": len({t["host"] for t in descriptions}),
        "versions": ", ".join(sorted({f"{name} {v}" for t in descriptions for name, v in t["versions"].items()})),
    }


def status_shares(results: Path, cells: Iterable[Cell]) -> pd.DataFrame:
    """Return how rows ended: one row per stage, model, kind of cell and status, with the share within these."""
    counts: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for cell in cells:
        counts[cell.stage, cell.track.model, cell.kind].update(read_description(results / cell.path)["statuses"])
    rows = [
        {
            "stage": stage,
            "model": model,
            "benchmark or metric": kind,
            "status": status,
            "rows": n,
            "share": n / counter.total(),
        }
        for (stage, model, kind), counter in counts.items()
        for status, n in sorted(counter.items())
    ]
    return pd.DataFrame(rows, columns=["stage", "model", "benchmark or metric", "status", "rows", "share"])
