"""Lengths, safety, rankings, coverage, cards and LaTeX as artefacts: planned, and made from real cells end to end."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import CodeType
from typing import Any

import pandas as pd
import pytest

from personas.plan import source
from personas.plan.artefact import Artefact, Family
from personas.plan.frozen import FrozenPlan
from personas.tables.layouts import LAYOUTS
from personas.workflow.artefacts.downstream import downstream
from personas.workflow.artefacts.insights import by_name
from personas.workflow.stages import named_targets
from personas.workflow.workflow import inputs_of
from tests.external import refer
from tests.helpers import JUDGE, ROOT, FakeServer, Outcome, Project, answer, failure, is_figure, make, make_project
from tests.unit.test_plan import INSIGHTS

OURS = {
    *(f"tables/{name}.parquet" for name in ("lengths", "length-means", "by-length", "coverage", "rankings")),
    *(f"tables/{name}.parquet" for name in ("changed-items", "model-series", "model-cards")),
    *(f"tables/{name}.tex" for name in ("length-means", "coverage", "rankings", "model-cards", "by-model")),
    "tables/mixed-models.tex",
    "report/models.html",
}
OF_XSTEST = {
    *(f"tables/{name}.parquet" for name in ("safety-by-type", "safety-by-focus", "changed-texts")),
    *(f"tables/{name}.tex" for name in ("safety-by-type", "safety-by-focus")),
    "report/changed-items.html",
}
NASTY = "I'm sorry, but I cannot help. <script>x</script> & so on"


def said(body: dict[str, Any]) -> Outcome | None:
    """Refuse without a dialogue and help behind one; block one question; judges say 4, or that it refuses."""
    prompt = body["messages"][-1]["content"]
    if "response_format" in body:
        yes = '"yes"' in json.dumps(body["response_format"])
        return answer(
            json.dumps({"reasoning": "So.", "verdict": ("no" if "Gladly" in prompt else "yes") if yes else 4})
        )
    spoken = sum(message["role"] == "assistant" for message in body["messages"])
    if "hurt her badly" in prompt and spoken:
        return failure(400, "blocked by the content filter", "content_filter")
    return answer("Gladly." if spoken else NASTY)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrozenPlan]:
    """A whole tiny study of xstest and ifbench, judged; every table, figure and page that has no engine is made."""
    project = make_project(tmp_path_factory.mktemp("insights") / "project")
    with FakeServer() as server:
        server.decide = said
        judge = {**JUDGE, "utterances": ["style"], "models": ["alpha"]}
        project.set({"judges/j": judge, "judges/j/model/base_url": server.base_url})
        for model in ("alpha", "beta"):
            project.set({f"models/{model}/base_url": server.base_url})
        project.set({f"benchmarks/{name}": None for name in ("bfi", "role-specific", "general")})
        project.set({"figures": {"resamples": 20}, "patterns": {"benchmarks": []}, "replicates": 1})
        project.run()
    frozen = project.frozen(on_disk=[cell.path for cell in project.grid().cells])
    for artefact in frozen.artefacts:
        if not _elsewhere(artefact):
            CALLED[artefact.plain_outputs[0]] = called(partial(make, frozen, artefact))
    yield frozen


CALLED: dict[str, set[str]] = {}
"""Artefact -> the modules of ours of which a function ran while it was made."""


def called(make: Callable[[], object]) -> set[str]:
    codes: set[CodeType] = set()
    sys.setprofile(lambda frame, event, _: codes.add(frame.f_code) if event == "call" else None)
    try:
        make()
    finally:
        sys.setprofile(None)
    files = {Path(code.co_filename) for code in codes if code.co_name != "<module>"}
    top = ROOT / "scripts/personas"
    return {file.relative_to(top).as_posix() for file in files if file.is_relative_to(top)}


def _elsewhere(artefact: Artefact) -> bool:
    """Tell of figures that have tests of their own: drawing takes most of the time."""
    return artefact.maker == "describe" or (is_figure(artefact) and artefact.family != "model_card")


def test_every_module_that_computes_an_artefact_stands_in_its_digest(
    made: FrozenPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The truth is what was called; `NOT_FOLLOWED` names, with a reason, what may be left out."""

    def sources() -> dict[str, Any]:
        source.source_digest.cache_clear()
        return {one.plain_outputs[0]: one.spec.get("source") for one in downstream(made.grid)}

    read, before = source._read, sources()
    for module in sorted(set().union(*CALLED.values())):
        if module in source.NOT_FOLLOWED or f"{module.partition('/')[0]}/" in source.NOT_FOLLOWED:
            continue
        edited = read(ROOT / "scripts/personas" / module)._replace(digest="edited")
        path = ROOT / "scripts/personas" / module
        monkeypatch.setattr(source, "_read", lambda at, path=path, edited=edited: edited if at == path else read(at))
        after = sources()
        lacking = [name for name, modules in CALLED.items() if module in modules and before[name] == after[name]]
        assert not lacking, f"{module} computes {lacking}, whose digests do not hold it"
    monkeypatch.undo()
    source.source_digest.cache_clear()
    assert len(CALLED) > 20


def read(frozen: FrozenPlan, name: str) -> pd.DataFrame:
    return pd.read_parquet(frozen.results / by_name(frozen.artefacts)[name].outputs[0])


def file(frozen: FrozenPlan, plain: str) -> str:
    [artefact] = [a for a in frozen.artefacts if plain in a.plain_outputs]
    return (frozen.results / artefact.outputs[artefact.plain_outputs.index(plain)]).read_text(encoding="utf-8")


def planned(project: Project) -> dict[str, Artefact]:
    return {made.plain_outputs[0]: made for made in downstream(project.grid())}


def ours(project: Project) -> dict[str, tuple[str, ...]]:
    return {name: made.outputs for name, made in planned(project).items() if INSIGHTS.match(name)}


def test_what_is_planned(project: Project) -> None:
    names = planned(project.set({"judges/j": JUDGE})).keys()
    assert names >= OURS | OF_XSTEST | {"report/card-alpha.html", "report/card-beta.html", "figures/card-beta.pdf"}
    without = planned(project.set({"benchmarks/xstest": None, "statistics/mixed_models": False})).keys()
    assert without >= OURS - {"tables/mixed-models.tex"} and not without & {*OF_XSTEST, "tables/mixed-models.tex"}


def test_a_grid_of_one_bfi_and_no_baseline_is_planned_too(project: Project) -> None:
    project.set({"benchmarks": {"bfi": {"items": "items/bfi.json", "limit": 2}}, "personas/baseline": False})
    names = planned(project).keys()
    assert "tables/model-cards.parquet" in names and "tables/changed-items.parquet" not in names, (
        "no share is measured"
    )


def test_an_edit_of_a_prompt_renames_the_tables_that_print_it(project: Project) -> None:
    before = planned(project)
    project.replace_text("items/xstest.csv", ",homonyms,safe,kill,", ",homonyms,safe,end,")
    after = planned(project)
    moved = {name for name in before if before[name].outputs != after[name].outputs}
    assert moved >= {"tables/safety-by-focus.parquet", "tables/changed-items.parquet", "report/changed-items.html"}
    assert not moved & {"tables/lengths.parquet", "tables/length-means.parquet"}


VALUED = r"by-length|coverage|rankings|model-cards|model-series|by-model|mixed-models|/card-|report/models"
CARDS = r"model-cards|model-series|mixed-models|/card-|report/models"
ITEMS = r"safety|changed"
DRAWN = r"^(?!tables/(lengths|coverage|changed|mixed)|report/changed)"


@pytest.mark.parametrize(
    ("edit", "renamed"),
    [
        pytest.param(lambda p: p.edit(models__alpha__revision="r2"), r"", id="a model: all"),
        pytest.param(
            lambda p: p.replace_text("items/xstest.csv", ",homonyms,safe,kill,", ",homonyms,safe,end,"),
            rf"{VALUED}|{ITEMS}",
            id="focus of an item: what stands on its ratings, and what prints it",
        ),
        pytest.param(
            lambda p: p.replace_text("turns/requests.json", "Pack a bag", "Pack a box"), r"(?!)", id="turn not held"
        ),
        pytest.param(
            lambda p: p.replace_text("turns/requests.json", "Name a boat", "Name a cat"),
            r"tables/(lengths|length-means|by-length)",
            id="turn after the last checkpoint: lengths",
        ),
        pytest.param(lambda p: p.edit(patterns__fisher_p=0.05), CARDS, id="patterns: cards"),
        pytest.param(lambda p: p.edit(figures__resamples=9), DRAWN, id="resamples: whatever has an interval"),
        pytest.param(lambda p: p.edit(figures__note="N"), r"figures/|report/", id="note: what it is printed on"),
        pytest.param(lambda p: p.edit(models__alpha__name="A"), r"(?!)", id="display name of a model"),
        pytest.param(lambda p: p.edit(conditions__requests__name="R"), r"(?!)", id="name of a condition"),
        pytest.param(lambda p: p.edit(models__alpha__base_url="http://other/v1"), r"(?!)", id="address"),
    ],
)
def test_artefacts_renamed_by(project: Project, edit: Callable[[Project], Project], renamed: str) -> None:
    before, after = ours(project), ours(edit(project))
    told = {name for name in before if before[name] != after[name]}
    assert told == {name for name in before if re.search(renamed, name)}


def test_a_table_and_its_latex_are_one_target(project: Project) -> None:
    asked = named_targets(project.frozen())["tables/rankings"]
    assert sorted(path.rpartition(".")[2] for path in asked) == ["csv", "parquet", "tex"]


def test_tables_that_print_third_party_texts_wait_for_them(project: Project) -> None:
    frozen = refer(project).frozen()
    alone = {a.plain_outputs[0]: Family(a.family, (a,)) for a in frozen.artefacts}
    assert frozen.fetched
    for name, waits in (
        ("safety-by-type", True),
        ("changed-items", True),
        ("changed-texts", False),
        ("lengths", False),
    ):
        inputs = {str(path) for path in inputs_of(frozen, alone[f"tables/{name}.parquet"])}
        assert inputs >= set(frozen.fetched) if waits else not inputs & set(frozen.fetched), name


def test_tokens_of_every_dialogue_from_its_usage(made: FrozenPlan) -> None:
    found = read(made, "lengths")
    dialogues = [cell for cell in made.grid.cells if cell.stage == "dialogues"]
    assert len(found) == 4 * len(dialogues) and set(found["source"]) == {"usage"}
    assert (found[found["round"] == 0]["tokens"] == 0).all() and found["tokens"].notna().all()


def test_ratings_meet_the_tokens_before_them(made: FrozenPlan) -> None:
    found = read(made, "by-length").query("measure == 'xstest-refusal-safe-by-rules' and group == 'persona'")
    assert found["position"].to_list() == [0, 2, 0, 2]
    assert (found.loc[found["position"] == 0, "tokens"] == 0).all() and (found["n_cells"] == 4).all()


def test_refusals_by_type_and_what_was_blocked(made: FrozenPlan) -> None:
    found = read(made, "safety-by-type").query("judge == 'rules' and condition == 'interview'")
    safe = found[found["label"] == "safe"].set_index(["quantity", "group"])
    assert safe.loc[("first", "persona"), "mean"] == 1.0 and safe.loc[("length", "persona"), "mean"] == -1.0
    blocked = found[
        (found["label"] == "unsafe") & (found["quantity"] == "last") & (found["group"] == "persona")
    ].iloc[0]
    assert (blocked["n_pairs"], blocked["n_missing"], blocked["n_scored"], blocked["n_planned"]) == (0, 4, 0, 4)


def test_the_answers_that_changed_are_shown_escaped(made: FrozenPlan) -> None:
    found = read(made, "changed-texts")
    assert set(found["answer"]) == {NASTY, "Gladly."} and set(found["status"]) == {"ok"}
    text = file(made, "report/changed-items.html")
    assert "&lt;script&gt;x&lt;/script&gt; &amp; so on" in text and "<script" not in text
    assert "−100 points" in text and "after 2 rounds" in text


def test_coverage_counts_what_failed(made: FrozenPlan) -> None:
    found = read(made, "coverage")
    assert (found["planned"] == found["scored"] + found["failed"] + found["unparsed"]).all()
    refusals = found.query("benchmark == 'xstest' and judge == 'rules' and persona == 'baker' and model == 'alpha'")
    assert refusals["blocked"].to_list() == [1, 1] and refusals["failed"].to_list() == [1, 1]
    assert set(found["benchmark"]) == {"ifbench", "xstest", "utterances"}


def test_a_model_that_no_judge_rated_is_not_measured(made: FrozenPlan) -> None:
    cards = read(made, "model-cards")
    of_style = cards[cards["measure"] == "style-by-j"].groupby("model")["verdict"].unique()
    assert of_style["beta"].tolist() == ["not-measured"] and of_style["alpha"].tolist() == ["too-few"]
    assert set(cards[cards["section"] == "Distance from the baseline"]["verdict"]) == {"not-measured"}
    page = file(made, "report/card-beta.html")
    assert "not measured" in page and "org/beta-1b at r1" in page and "data:image/png" in page


def test_latex_of_every_kind_that_was_made(made: FrozenPlan) -> None:
    files = [a for a in made.artefacts if a.maker == "typeset"]
    assert {a.spec["kind"] for a in files} == LAYOUTS.keys() - {"calibration"}
    for artefact in files:
        text = (made.results / artefact.outputs[0]).read_text(encoding="utf-8")
        assert r"\toprule" in text and artefact.spec["label"] in text and "nan" not in text.lower(), artefact.outputs
