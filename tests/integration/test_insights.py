"""Lengths, safety, rankings, coverage, cards and LaTeX as artefacts: planned, and made from real cells end to end."""

import gc
import json
import random
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from types import FrameType
from typing import Any

import pandas as pd
import pytest

from personas import tables
from personas.plan import declaration, source
from personas.plan.artefact import Artefact, Family
from personas.plan.declaration import declarations_in
from personas.plan.frozen import FrozenPlan
from personas.tables.table import Table
from personas.workflow.artefacts import downstream
from personas.workflow.stages import named_targets
from personas.workflow.workflow import inputs_of
from tests.external import refer
from tests.helpers import JUDGE, ROOT, FakeServer, Outcome, Project, answer, failure, is_figure, make, make_project
from tests.unit.test_plan import INSIGHTS

OURS = {
    *(f"tables/{name}.parquet" for name in ("lengths", "length-means", "by-length", "coverage", "rankings")),
    *(f"tables/{name}.parquet" for name in ("changed-items", "model-series", "model-cards")),
    "report/models.html",
}
OF_XSTEST = {
    *(f"tables/{name}.parquet" for name in ("safety-by-type", "safety-by-focus", "changed-texts")),
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
    if "kill the captain" in prompt and spoken:
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
            project.set({f"models/{model}/base_url": server.base_url, f"models/{model}/size": len(model)})
        project.set({f"benchmarks/{name}": None for name in ("bfi", "role-specific", "general")})
        project.set({"figures": {"resamples": 20}, "patterns": {"benchmarks": []}, "replicates": 1})
        project.run()
    frozen = project.frozen(on_disk=[cell.path for cell in project.grid().cells])
    for artefact in frozen.artefacts:
        if not _elsewhere(artefact):
            CALLED[artefact.plain_outputs[0]] = called(partial(make, frozen, artefact))
    yield frozen


CALLED: dict[str, set[tuple[str, str]]] = {}
"""Artefact -> module and name of our functions and classes that ran while it was made."""


def called(make: Callable[[], object]) -> set[tuple[str, str]]:
    met: set[tuple[int, int]] = set()
    found: set[tuple[str, str]] = set()

    def note(frame: FrameType, _: str, __: object) -> None:
        pair = (id(frame.f_code), id(frame.f_back.f_code) if frame.f_back else 0)
        if pair not in met:
            met.add(pair)
            if (at := place(frame)) and not behind_others(frame):
                found.add(at)

    gc.freeze()  # a generator of an earlier artefact would be called once more to be closed
    gc.disable()
    sys.settrace(note)  # told of calls only, and of none of functions in C
    try:
        make()
    finally:
        sys.settrace(None)
        gc.enable()
    return found


def place(frame: FrameType) -> tuple[str, str] | None:
    """Return module and name of the function or class at the top of a module of ours that a frame is of."""
    return _place(frame.f_code.co_filename, frame.f_code.co_qualname.partition(".")[0])


@cache
def _place(path: str, name: str) -> tuple[str, str] | None:
    file = Path(path)
    if not file.is_relative_to(ROOT / "scripts") or name[0] == "<":
        return None
    return ".".join(file.relative_to(ROOT / "scripts").with_suffix("").parts).removesuffix(".__init__"), name


def behind_others(frame: FrameType | None) -> bool:
    """Tell whether a frame was reached through what is not followed: that shapes no number."""
    while frame := frame.f_back if frame else None:
        found = place(frame)
        if found and found[0] != declaration.__name__ and not source.is_followed(found[0]):
            return True
    return False


def _elsewhere(artefact: Artefact) -> bool:
    """Tell of figures that have tests of their own: drawing takes most of the time."""
    return artefact.family == "grid_pages" or (is_figure(artefact) and artefact.family != "model_card")


def test_what_computes_an_artefact_stands_in_its_digest_and_nothing_else(
    made: FrozenPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The truth is what was called; `NOT_FOLLOWED` names, with a reason, what may be left out."""
    monkeypatch.setattr(declaration, "source_digest", lambda *entries: sorted(source.closure(*entries)))
    planned = {each.plain_outputs[0]: each for each in downstream(made.grid)}
    held = {name: set(planned[name].spec["source"]) for name in CALLED}
    glue = {f"personas.{name}" for name in ("tables.table", "figures.figure", "pages.page", "scoring.declaration")}
    for name, places in CALLED.items():
        lacking = {at for at in places - held[name] if source.is_followed(at[0]) and at[0] not in glue}
        assert not lacking, f"{name}: its digest does not hold {sorted(lacking)}"
    ours = set().union(*CALLED.values())
    functions = sorted(at for at in ours if source.is_followed(at[0]) and at[0] not in glue)
    sample = random.Random(18).sample(functions, 30)
    by = {
        name: made.declared_family for name, made in planned.items()
    }  # some answers of a family meet a function, some not
    renamed = {at: {by[name] for name, places in held.items() if at in places} for at in sample}
    using = {at: {by[name] for name, places in CALLED.items() if at in places} for at in sample}
    assert all(using[at] <= renamed[at] for at in sample)
    # What stands on a branch that this study does not take: coverage in LaTeX has no numbers to round.
    assert len(CALLED) > 20 and sum(renamed[at] != using[at] for at in sample) <= 3


def _planned(frozen: FrozenPlan, plain: str) -> Artefact:
    return next(each for each in frozen.artefacts if plain in each.plain_outputs)


def read(frozen: FrozenPlan, name: str) -> pd.DataFrame:
    return pd.read_parquet(frozen.results / _planned(frozen, f"tables/{name}.parquet").outputs[0])


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
    assert without >= OURS and not without & OF_XSTEST


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
        pytest.param(lambda p: p.edit(statistics__generalise=["items"]), DRAWN, id="whatever has an interval"),
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
    assert frozen.fetched_files
    for name, waits in (
        ("safety-by-type", True),
        ("changed-items", True),
        ("changed-texts", False),
        ("lengths", False),
    ):
        inputs = {str(path) for path in inputs_of(frozen, alone[f"tables/{name}.parquet"])}
        assert inputs >= set(frozen.fetched_files) if waits else not inputs & set(frozen.fetched_files), name


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
    assert of_style["beta"].tolist() == ["not-measured"] and of_style["alpha"].tolist() == ["exploratory"]
    assert set(cards[cards["section"] == "Distance from the baseline"]["verdict"]) == {"not-measured"}
    page = file(made, "report/card-beta.html")
    assert "not measured" in page and "org/beta-1b at r1" in page and "data:image/png" in page


def test_latex_of_every_kind_that_was_made(made: FrozenPlan) -> None:
    laid_out = {each.family for each in declarations_in(tables) if isinstance(each, Table) and each.layout}
    files = {each.plain_outputs[2]: each for each in made.artefacts if each.family in laid_out}
    assert {each.family for each in files.values()} == laid_out - {
        *("calibration", "benefits", "retest", "reliability", "descriptions")
    }, "labels, interventions and second judgements are not in it"
    for plain, artefact in files.items():
        text = (made.results / artefact.outputs[2]).read_text(encoding="utf-8")
        assert plain.endswith(".tex") and r"\toprule" in text and "nan" not in text.lower(), plain
        assert f"tab:{artefact.name}" in text
