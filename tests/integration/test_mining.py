"""What is mined of a study that really ran: answers without their thinking, for as long as the config allows."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from personas.plan.frozen import FrozenPlan
from personas.scoring.patterns import premise
from personas.scoring.patterns.mining import mine_patterns
from tests.helpers import FakeServer, Outcome, answer, make_project


def decide(body: dict[str, Any]) -> Outcome:
    """Let a persona think of a puzzle and speak of tides."""
    is_persona = body["messages"][0]["role"] == "system"
    return answer("<think>A puzzle.</think>The tides rise." if is_persona else "<think>Hm.</think>Plain words.")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrozenPlan]:
    """A study of one model whose answers to one benchmark are mined."""
    with FakeServer() as server:
        server.decide = decide
        project = make_project(tmp_path_factory.mktemp("mined") / "project")
        alone = {"models/beta": None, **{f"benchmarks/{name}": None for name in ("bfi", "ifbench", "role-specific")}}
        more = {"benchmarks/general": None, "benchmarks/xstest/limit": 5, "replicates": 2, "checkpoints": [0]}
        yield project.set({"models/alpha/base_url": server.base_url, **alone, **more}).run()


def mined(frozen: FrozenPlan, **spec: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Mine the first artefact, with other values in its spec; return its patterns and counts."""
    made = next(one for one in frozen.artefacts if one.stage == "patterns")
    changed = replace(made, spec={**made.spec, **spec})
    mine_patterns(replace(frozen, artefacts=[changed]), changed)
    patterns, counts = (pd.read_parquet(frozen.results / path) for path in made.outputs)
    return patterns, counts


def test_thinking_is_not_mined(ran: FrozenPlan) -> None:
    patterns, _ = mined(ran)
    tokens = {token for pattern in patterns["pattern"] for clause in pattern for token in clause}
    assert {"tides", "Plain"} <= tokens and tokens.isdisjoint({"puzzle", "Hm", "think", "<", ">"})


def test_the_search_has_minutes(ran: FrozenPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nsleep 1\n: > patterns\n")
    slow.chmod(0o755)
    monkeypatch.setattr(premise, "_program", lambda: slow)
    assert set(mined(ran, max_minutes=0.5)[1]["mining"]) == {"ok"}
    assert set(mined(ran, max_minutes=0.005)[1]["mining"]) == {"timed-out"}
