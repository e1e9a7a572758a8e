"""The plan as JSON, as tables and as a picture: the parts add up, and what is printed fits."""

import io
import json
import re
import socket
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from rich.console import Console

from personas.core.errors import UserError
from personas.pages.numbers import compact, minutes, money
from personas.plan.frozen import Run, freeze, write
from personas.plan.outcome import Outcome
from personas.workflow.terminal.actual import last_run, planned_against_actual
from personas.workflow.terminal.picture_of_grid.coverage import coverage, write_picture
from personas.workflow.terminal.plan_document import SCHEMA_FILE, plan_document, schema
from personas.workflow.terminal.plan_schema import Counts, PlanDocument
from personas.workflow.terminal.plan_tables import print_plan_report
from tests.helpers import JUDGE, ROOT, FakeServer, Project

PRICE = {"prompt_per_million": 1000.0, "completion_per_million": 2000.0}


@pytest.fixture
def priced(project: Project) -> Project:
    """Two models and a judge, with prices in two currencies."""
    euros = {**PRICE, "currency": "EUR"}
    return project.set({"models/alpha/price": PRICE, "models/beta/price": euros, "judges/j": JUDGE,
                        "judges/j/model/price": PRICE})  # fmt: skip


def test_the_schema_file_agrees_with_the_model() -> None:
    written = (ROOT / SCHEMA_FILE).read_text(encoding="utf-8")
    assert written == schema(), (
        f"{SCHEMA_FILE} is stale; run: uv run python -m personas.workflow.terminal.plan_document"
    )


def test_a_document_is_valid(priced: Project) -> None:
    """Also its missing cells, which are not checked when it is made; and the schema knows every key."""
    raw = json.loads(plan_document(priced.plan_report()).model_dump_json())
    again = PlanDocument.model_validate(raw)
    assert json.loads(again.model_dump_json()) == raw
    _follows(raw, json.loads(schema()))


def _follows(raw: Any, whole: dict[str, Any], part: dict[str, Any] | None = None) -> None:
    """Check names and required keys of objects against a JSON schema, as far as ours use it."""
    part = whole if part is None else part
    if "$ref" in part:
        part = whole["$defs"][part["$ref"].rpartition("/")[2]]
    if isinstance(raw, dict) and "properties" in part:
        assert raw.keys() == part["properties"].keys() and set(part["required"]) <= raw.keys()
        for key, value in raw.items():
            _follows(value, whole, part["properties"][key])
    elif isinstance(raw, dict):
        for value in raw.values():
            _follows(value, whole, part.get("additionalProperties") or {})
    elif isinstance(raw, list):
        for value in raw:
            _follows(value, whole, part["items"])


@pytest.mark.parametrize("change", [{"version": 1}, {"extra": 1}, {"reasons": {"new": -1}}], ids=str)
def test_another_document_is_refused(project: Project, change: dict[str, Any]) -> None:
    raw = json.loads(plan_document(project.plan_report()).model_dump_json())
    with pytest.raises(ValidationError):
        PlanDocument.model_validate({**raw, **change})


def _half(project: Project) -> Project:
    """Half of the cells are there, empty files."""
    for cell in project.grid().cells[::2]:
        (project.results / cell.path).parent.mkdir(parents=True, exist_ok=True)
        (project.results / cell.path).touch()
    return project


@pytest.mark.parametrize("half", [False, True], ids=["from nothing", "half of it there"])
def test_the_parts_add_up(priced: Project, half: bool) -> None:
    plan_report = (_half(priced) if half else priced).plan_report()
    document = plan_document(plan_report)
    total, work = document.total, document.work
    assert total.cells == len(plan_report.plan.grid.cells) and total.missing == len(document.missing)
    parts: list[Sequence[Counts]] = [document.groups, *(list(v.values()) for v in document.axes.values())]
    for counts in parts:
        for field in ("cells", "current", "missing"):
            assert sum(getattr(part, field) for part in counts) == getattr(total, field)
    assert sum(document.reasons.values()) == total.missing
    for field in (
        "rows",
        "requests",
        "journaled",
        "to_send",
        "prompt_tokens",
        "computed_tokens",
        "completion_tokens",
    ):
        assert sum(getattr(g.work, field) for g in document.groups) == pytest.approx(getattr(work, field), abs=1)
    assert work.requests == sum(cell.requests for cell in document.missing) == work.journaled + work.to_send
    assert sum(batch.cells for batch in document.batches) == total.missing
    assert sum(batch.rows for batch in document.batches) == work.rows
    amounts: Counter[str] = Counter()
    for group in document.groups:
        amounts.update(group.work.money)
    assert work.money.keys() == {"USD", "EUR"}
    assert all(work.money[key] == pytest.approx(amounts[key], abs=1e-3) for key in work.money)


def test_groups_stand_in_the_order_of_the_grid(priced: Project) -> None:
    found = [(g.stage, g.model, g.judge) for g in plan_document(priced.plan_report()).groups]
    generated = [(stage, model, None) for model in ("alpha", "beta") for stage in ("dialogues", "responses")]
    assert found == [*generated, ("judgements", "alpha", "j"), ("judgements", "beta", "j")]


def test_money_by_currency(priced: Project) -> None:
    groups = plan_document(priced.plan_report()).groups
    assert {(g.model, g.judge): set(g.work.money) for g in groups} == {
        ("alpha", None): {"USD"}, ("beta", None): {"EUR"}, ("alpha", "j"): {"USD"}, ("beta", "j"): {"USD"},
    }  # fmt: skip


def test_how_much_is_measured(served: Project, server: FakeServer) -> None:
    assert plan_document(served.plan_report()).work.measured_share == 0
    served.run()
    done = plan_document(served.plan_report())
    assert (done.work.measured_share, done.missing, done.batches, done.reasons) == (None, [], [], {})
    for path in (served.results / "journal").rglob("*.jsonl"):
        path.unlink()
    for cell in served.grid().cells:
        (served.results / cell.path).unlink()
    assert plan_document(served.plan_report()).work.measured_share == 1


LONG = {"models/alpha": None, "models/beta": None, "judges/j": None}
NAMES = ["qwen3-235b-a22", "gemma-3-27b-it", "llama-3.3-70b"]


def printed(project: Project, width: int = 140) -> list[str]:
    stream = io.StringIO()
    print_plan_report(project.plan_report(), Console(file=stream, width=width))
    return [line.strip() for line in stream.getvalue().splitlines()]


def _large(project: Project) -> Project:
    """Long names and large numbers."""
    base = {**project.raw()["models"]["alpha"], "price": PRICE}
    base["sampling"] = {"temperature": 0.0, "max_tokens": 4000}
    project.set({**LONG, **{f"models/{name}": base for name in NAMES}, "replicates": 20,
                 "judges/selene-mini": JUDGE})  # fmt: skip
    return project


@pytest.mark.parametrize("large", [False, True], ids=["small", "long names and large numbers"])
def test_no_line_of_the_table_is_wrapped(priced: Project, large: bool) -> None:
    lines = printed(_large(priced) if large else priced)
    assert max(map(len, lines)) <= 140
    found = [line.split()[:2] for line in lines if re.match(r"dialogues|responses|judgements|all ", line)]
    models = NAMES if large else ["alpha", "beta"]
    kinds = [[stage, model] for model in models for stage in ("dialogues", "responses")]
    assert found[:-1] == kinds + [["judgements", model] for model in models]
    table = lines[: next(n for n, line in enumerate(lines) if line.startswith("Names: "))]
    words = [line for line in table if line.strip() and "──" not in line]
    assert len(words) == 2 + len(found), "a heading of two lines, and one line a row"
    assert words[0].split() == ["prompt", "answer", "engine"]


def test_what_is_printed_besides_the_table(priced: Project) -> None:
    text = "\n".join(printed(priced))
    missing = len(priced.plan_report().plan.missing)
    assert f"{missing:,} missing: new" in text and "by persona: baker" in text
    assert "0% of these from rates measured in earlier runs" in text


def test_nothing_to_do_is_said(served: Project, server: FakeServer) -> None:
    served.run()
    assert printed(served)[-1] == "Every cell is current."


def test_planned_against_actual(served: Project, server: FakeServer) -> None:
    assert planned_against_actual(served.results) is None
    served.run()
    found = last_run(served.results)
    assert found is not None and found[0] == "run-1"
    [compared] = found[1]
    assert compared.batch == "generate_alpha_01" and compared.outcome is not None
    assert compared.estimate.to_send == compared.outcome.sent == server.count
    stream = io.StringIO()
    Console(file=stream, width=140).print(planned_against_actual(served.results))
    told = re.sub(r" +", " ", stream.getvalue())
    assert f"planned {server.count} " in told and f"finished {server.count} " in told


def test_a_batch_that_has_not_begun(served: Project) -> None:
    plan_report = served.plan_report()
    write(freeze(plan_report.plan, Run("run-9", socket.gethostname(), 1, 0.0), served.results, plan_report.estimates))
    stream = io.StringIO()
    Console(file=stream, width=140).print(planned_against_actual(served.results))
    assert "not begun" in stream.getvalue() and "->" not in stream.getvalue().split("run-9")[1]


def test_a_damaged_plan_of_an_older_run_is_passed_over(served: Project, server: FakeServer) -> None:
    served.run()
    for text in ("{", json.dumps({"estimates": {"x": {"none": 1}}}), json.dumps({"version": 1})):
        (served.results / "runs" / "run-2").mkdir(exist_ok=True)
        (served.results / "runs" / "run-2" / "plan.json").write_text(text)
        found = last_run(served.results)
        assert found is not None and found[0] == "run-1"


def test_coverage_adds_up(priced: Project) -> None:
    plan_report = _half(priced).plan_report()
    table = coverage(plan_report)
    places = [("dialogues", "responses", "judgements"), ("alpha", "beta"), ("baker", "keeper", "baseline")]
    assert list(table[["stage", "model", "persona"]].itertuples(index=False, name=None)) == [
        (stage, model, persona) for stage in places[0] for model in places[1] for persona in places[2]
    ]
    assert table["cells"].sum() == len(plan_report.plan.grid.cells)
    assert (table["cells"] - table["current"]).sum() == len(plan_report.plan.missing)
    assert (table["current"] <= table["cells"]).all() and (table["journaled"] == 0).all()


def test_coverage_tells_what_the_journal_has_and_what_failed(served: Project, server: FakeServer) -> None:
    served.run()
    cells = served.grid().cells
    lost = [cell.path for cell in cells if cell.track.persona == "keeper"]
    for path in lost:
        (served.results / path).unlink()
    Outcome("generate_alpha_01", "alpha", ended="died", cells=lost[:1]).write(served.results / "runs" / "run-2")
    table = coverage(served.plan_report()).set_index(["persona", "stage"])
    assert table["journaled"].to_dict() == {key: float(key[0] == "keeper") for key in table.index}
    assert table["failed"].to_dict() == {key: int(key == ("keeper", "dialogues")) for key in table.index}


def test_a_persona_without_items_has_a_row_of_zeros(project: Project) -> None:
    keep = {slug: None for slug in project.raw()["benchmarks"] if slug != "general"}
    project.set({f"benchmarks/{slug}": None for slug in keep})
    project.edit_persona("cook", role="Cook Lee", description="You cook.")
    table = coverage(project.plan_report()).set_index(["stage", "model", "persona"])
    assert table.loc[("responses", "alpha", "cook"), "cells"] == 0
    assert table.loc[("dialogues", "alpha", "cook"), "cells"] == 3


@pytest.mark.parametrize("suffix", [".png", ".pdf"])
@pytest.mark.parametrize("judge", [False, True], ids=["no judgement", "judgements"])
def test_the_picture_is_written_as_both(project: Project, tmp_path: Path, judge: bool, suffix: str) -> None:
    if judge:
        project.set({"judges/j": JUDGE})
    project.edit_persona("cook", role="Cook Lee", description="You cook.")
    write_picture(project.plan_report(), tmp_path / "new" / f"grid.v1{suffix}")
    written = {path.name: path.read_bytes()[:4] for path in (tmp_path / "new").iterdir()}
    assert written == {"grid.v1.pdf": b"%PDF", "grid.v1.png": b"\x89PNG"}


@pytest.mark.parametrize("name", ["grid", "grid.svg", "grid.PNG2"])
def test_another_suffix_is_refused(project: Project, tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=f"--picture: found '{name}', expected a name that ends in .png or .pdf"):
        write_picture(project.plan_report(), tmp_path / name)
    assert not list(tmp_path.glob("grid*"))


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.4, "0"), (999, "999"), (999.4, "999"), (999.6, "1.00 k"), (12_340, "12.3 k"), (99_949, "99.9 k"),
     (99_950, "100 k"), (999_499, "999 k"), (999_500, "1.00 M"), (4_560_000, "4.56 M"), (9_995_000, "10.0 M"),
     (1e9, "1.00 G"), (123e9, "123 G")],
)  # fmt: skip
def test_compact(value: float, text: str) -> None:
    assert compact(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 s"), (0.5, "30 s"), (0.98, "59 s"), (0.999, "1.0 min"), (1, "1.0 min"), (9.96, "10 min"),
     (119.4, "119 min"), (119.6, "2.0 h"), (120, "2.0 h"), (600, "10.0 h")],
)  # fmt: skip
def test_minutes(value: float, text: str) -> None:
    assert minutes(value) == text


@pytest.mark.parametrize(
    ("amounts", "text"),
    [({}, ""), ({"USD": 12.3}, "12.30 USD"), ({"USD": 1, "EUR": 2}, "2.00 EUR + 1.00 USD"),
     ({"USD": 0.0}, "0.00 USD"), ({"USD": 0.004}, "0.00 USD"), ({"USD": 12345.6}, "12,345.60 USD")],
)  # fmt: skip
def test_money(amounts: dict[str, float], text: str) -> None:
    assert money(amounts) == text


@pytest.mark.parametrize(
    ("cap", "told"),
    [pytest.param(1e9, False, id="fits"), pytest.param(0.0001, True, id="does not fit")],
)
def test_a_spending_cap_that_the_plan_would_pass_is_told(priced: Project, cap: float, told: bool) -> None:
    priced.edit(models__alpha__limits={"spending": cap}, models__alpha__price=PRICE)
    assert any(line.startswith("models.alpha.limits.spending: 0.00 ") for line in printed(priced)) is told


def test_what_was_spent_counts_against_the_cap(served: Project, server: FakeServer) -> None:
    """Also of cells that are there: the cap is for the model in this results folder."""
    price = {"prompt_per_million": 1e6, "completion_per_million": 0.0}
    served.edit(models__alpha__price=price).run()
    rest = served.edit_persona("cook", role="Cook Lee", description="You cook.")
    [capped] = rest.edit(models__alpha__limits={"spending": 1.0}).plan_report().capped
    words = sum(len(message["content"].split()) for body in server.bodies for message in body["messages"])
    assert (capped.where, capped.currency, capped.cap, capped.spent) == ("models.alpha", "USD", 1.0, words)
    assert capped.estimated > 0 and capped.is_exceeded
