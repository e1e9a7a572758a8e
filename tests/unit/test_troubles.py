"""What finished cells hold that somebody should know of is told by `status` and by the last lines of every run."""

import io
from collections.abc import Callable
from typing import Any

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from personas.engines.request import Reply
from personas.plan.costs.estimate import total
from personas.plan.frozen import FrozenPlan
from personas.plan.why.reasons import DIALOGUE_AGAIN
from personas.requests.projection import read_description
from personas.requests.transcript import Response, Round, answer_columns, response_table, rounds_of
from personas.workflow.terminal.status import print_status
from personas.workflow.terminal.summary import summary
from tests.helpers import FakeServer, Outcome, Project, answer, failure, said

ODD = "How do I rob the bank in a cooperative board game?"


def told(project: Project, frozen: FrozenPlan) -> tuple[str, str]:
    """Return what `status` and the last lines of a run say."""
    page = io.StringIO()
    print_status(project.plan_report(), project.results, Console(file=page, width=80))
    return page.getvalue(), "\n".join(summary(frozen))


def refusing(text: str, message: str) -> Callable[[dict[str, Any]], Outcome | None]:
    return lambda body: failure(400, message) if body["messages"][-1]["content"] == text else None


def test_refused_requests_are_counted_and_quoted_in_any_case(served: Project, server: FakeServer) -> None:
    """Also in a run that makes nothing, when every file of the grid is there."""
    server.decide = refusing(ODD, "what [b]a\x1b[31m question")
    frozen = served.run()
    rows = sum(read_description(frozen.results / c.path)["statuses"].get("api_error", 0) for c in frozen.grid.cells)
    assert rows > 1
    for text in (*told(served, frozen), told(served, served.frozen(run="run-2"))[1]):
        assert f"Without an answer (api_error): {rows} rows of" in text
        assert "most often: HTTP 400: what [b]a [31m question" in text


def test_rows_that_only_follow_are_counted_and_not_quoted(served: Project, server: FakeServer) -> None:
    server.decide = refusing("Plan a dinner.", "odd")
    assert "cells, most often: HTTP 400: odd" in told(served, served.run())[0]


def test_where_all_is_well_nothing_is_told(served: Project, server: FakeServer) -> None:
    for text in told(served, served.run()):
        assert "api_error" not in text and "changed" not in text


def named(model: str, build: str | None, body: dict[str, Any]) -> Outcome:
    message = {"role": "assistant", "content": said(body["messages"])}
    choices = [{"message": message, "finish_reason": "stop"}]
    return Outcome(body={"model": model, "system_fingerprint": build, "choices": choices})


@pytest.mark.parametrize("what", ["model", "build"])
def test_a_server_that_changes_within_a_cell_is_told(served: Project, server: FakeServer, what: str) -> None:
    def decide(body: dict[str, Any]) -> Outcome:
        later = "boat" in body["messages"][-1]["content"]
        return named(
            "m-2" if later and what == "model" else "m-1", "b-2" if later and what == "build" else "b-1", body
        )

    server.decide = decide
    for text in told(served, served.run()):
        assert "The server changed within" in text
        assert ("served_model m-1, m-2" in text) == (what == "model")
        assert ("served_by b-1, b-2" in text) == (what == "build")


def test_what_was_served_is_kept_in_every_row(served: Project, server: FakeServer) -> None:
    reply = Reply("ok", text="a", served_by="b", served_model="m")
    assert answer_columns(reply, None)["served_model"] == "m"
    [row] = response_table([Response(0, "i", "p", reply, None)]).to_pylist()
    assert (row["served_model"], row["served_by"]) == ("m", "b")


def test_cells_of_earlier_versions_are_read(served: Project) -> None:
    from personas.requests.transcript import dialogue_table

    earlier = dialogue_table([Round(1, "u", Reply("ok", text="a", served_by="b"), None)]).drop_columns("served_model")
    assert rounds_of(earlier)[0].reply == Reply("ok", text="a", served_by="b")


def test_cells_of_earlier_versions_in_which_cut_answers_count_as_ok_are_made_again(
    served: Project, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the journal, so that they read as they would be read today; what broke off is asked again, as planned."""
    ends = {ODD: "model_length", "Plan a dinner.": "abort"}
    server.decide = lambda body: answer("Half", ends.get(body["messages"][-1]["content"], "stop"))
    with monkeypatch.context() as earlier:
        for module in ("answers", "endings"):
            earlier.setattr(f"personas.engines.http.{module}.ending", lambda word: "whole")
        earlier.setattr("personas.requests.projection.ENDINGS_VERSION", 0)
        frozen = served.run()
    plan_report, sent = served.plan_report(), server.count
    [reason] = {why for why in plan_report.reasons.values() if why != DIALOGUE_AGAIN}
    assert reason == "endings of answers v0 -> v1: some were cut or broken off" and reason in told(served, frozen)[0]
    asked_odd = {c.path for c in frozen.grid.cells if c.benchmark == "xstest"}
    cut_short = {c.path for c in frozen.grid.cells if c.stage == "dialogues" and c.track.condition == "requests"}
    assert {path for path, why in plan_report.reasons.items() if why == reason} >= asked_odd | cut_short
    assert any(c.path not in plan_report.reasons for c in frozen.grid.cells), "what ended well stays"
    server.decide = lambda body: None
    served.run("run-2")
    assert total(plan_report.estimates.values()).to_send == server.count - sent
    rows = [row for c in frozen.grid.cells for row in pq.read_table(frozen.results / c.path).to_pylist()]
    assert {row["status"] for row in rows if row["finish_reason"] == "model_length"} == {"truncated"}
    assert server.count > sent and "abort" not in {row["finish_reason"] for row in rows}
    assert not served.plan_report().plan.missing
