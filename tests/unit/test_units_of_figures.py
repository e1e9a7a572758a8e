"""The tables that only statistic figures read: averages, tokens, patterns by unit; and which figures are planned."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from personas.plan.artefact import Artefact
from personas.tables.averages import AVERAGE_DTYPES, averages
from personas.tables.series.pattern_units import pattern_numbers, pattern_units
from personas.tables.series.tokens import token_averages
from personas.workflow.artefacts import downstream
from tests.helpers import JUDGE, Project, is_figure
from tests.integration.test_statistic_run import STATISTIC

COLUMNS = ["measure", "model", "group", "persona", "condition", "order", "replicate", "axis", "position", "value"]


def value(
    model: str, group: str, persona: str | None, number: float, *, order: str = "fixed", replicate: int = 1
) -> tuple[Any, ...]:
    return ("m", model, group, persona, "c", order, replicate, "checkpoint", 0, number)


def averaged(*rows: tuple[Any, ...]) -> dict[tuple[str, str, str], dict[str, Any]]:
    table = averages(pd.DataFrame(rows, columns=COLUMNS))
    found = [dict(zip(AVERAGE_DTYPES, row, strict=True)) for row in table.itertuples(index=False)]
    return {(row["by"], row["unit"], row["group"]): row for row in found}


def test_means_are_over_the_other_dimension_and_each_cell_counts_the_same():
    found = averaged(
        value("a", "persona", "p", 0.0),
        value("a", "persona", "p", 1.0, order="shuffled"),
        value("a", "persona", "p", 0.5, replicate=2),
        value("a", "persona", "q", 0.9),
        value("b", "persona", "p", 0.1),
    )
    assert found["model", "a", "persona"]["mean"] == pytest.approx((0.5 + 0.9) / 2)
    assert found["persona", "p", "persona"]["mean"] == pytest.approx((0.5 + 0.1) / 2)
    assert [found[key]["n_cells"] for key in (("model", "a", "persona"), ("persona", "q", "persona"))] == [2, 1]
    assert np.isnan(found["persona", "q", "persona"]["low"]), "one cell shows no spread"


def test_beside_a_persona_stands_its_own_baseline_or_the_one_that_belongs_to_nobody():
    personas = [value(model, "persona", persona, 0.5) for model in "ab" for persona in "pq"]
    bound = [value("a", "baseline", "p", 0.1), value("a", "baseline", "q", 0.9)]
    found = averaged(*personas, *bound, value("b", "baseline", None, 0.3))
    assert found["persona", "p", "baseline"]["mean"] == pytest.approx((0.1 + 0.3) / 2)
    assert found["persona", "q", "baseline"]["mean"] == pytest.approx((0.9 + 0.3) / 2)
    assert found["model", "a", "baseline"]["mean"] == pytest.approx(0.5)
    assert found["model", "b", "baseline"]["n_cells"] == 1
    assert {unit for by, unit, _ in found if by == "persona"} == {"p", "q"}, "nobody is no persona"


def test_a_gap_is_counted_and_not_filled():
    found = averaged(value("a", "persona", "p", np.nan), value("a", "persona", "q", 0.4))
    row = found["model", "a", "persona"]
    assert (row["mean"], row["n_cells"], row["n_missing"]) == (0.4, 1, 1)
    assert np.isnan(found["persona", "p", "persona"]["mean"])


def test_a_value_that_is_there_twice_is_refused():
    with pytest.raises(ValueError, match="values: 1 answers are rated twice"):
        averaged(value("a", "persona", "p", 0.1), value("a", "persona", "p", 0.2))


def test_the_order_of_the_rows_has_no_influence():
    draw = np.random.default_rng(0)
    rows = [value(model, "persona", persona, draw.random()) for model in "abc" for persona in "pqr"]
    assert averaged(*rows) == averaged(*rows[::-1])


def test_tokens_are_averaged_by_round_and_unknown_ones_are_gaps():
    rows = [("a", "persona", p, "c", "fixed", 1, t, tokens) for p in "pq" for t, tokens in ((0, 0.0), (1, 40.0))]
    columns = ["model", "group", "persona", "condition", "order", "replicate", "round", "tokens"]
    table = pd.DataFrame(rows, columns=columns)
    table.loc[3, "tokens"] = np.nan
    found = token_averages(table)
    [row] = found[(found["by"] == "model") & (found["position"] == 1)].to_dict("records")
    assert (row["mean"], row["n_cells"], row["n_missing"]) == (40.0, 1, 1)


COUNTED = ["model", "persona", "benchmark", "condition", "mined_at", "mining", "checkpoint", "pattern_group"]


def counts(hits: Mapping[tuple[str, int], int], documents: int = 10, **place: Any) -> pd.DataFrame:
    """Counts of four patterns by condition and checkpoint, of one cell."""
    where: dict[str, Any] = {
        "model": "a",
        "persona": "p",
        "benchmark": "b",
        "mined_at": 0,
        "mining": "ok",
        "half": "",
    }
    where |= {"pattern_group": "persona"}
    rows = [
        {**where, "condition": condition, "checkpoint": t, "speaker": "persona", "n_patterns": 4, "n_hits": n}
        | {"n_documents": documents}
        | place
        for (condition, t), n in hits.items()
    ]
    return pd.DataFrame(rows)


def of_model(table: pd.DataFrame) -> dict[tuple[str, int], float]:
    rows = table[table["by"] == "model"]
    return dict(zip(zip(rows["condition"], rows["checkpoint"], strict=True), rows["of_highest"], strict=True))


def test_a_heat_map_is_the_studys_where_no_answer_is_missing():
    """The study: summed hits of a model, divided by the highest sum over both settings."""
    one = {("c", 0): 30, ("c", 9): 12, ("d", 0): 36, ("d", 9): 6}
    other = {("c", 0): 10, ("c", 9): 4, ("d", 0): 4, ("d", 9): 10}
    table = pd.concat([counts(one), counts(other, persona="q")])
    sums = {key: one[key] + other[key] for key in one}
    expected = {key: total / max(sums.values()) for key, total in sums.items()}
    assert of_model(pattern_units(table)) == pytest.approx(expected)


def test_a_heat_map_does_not_pale_where_answers_are_missing():
    whole = counts({("c", 0): 20, ("c", 9): 20})
    halved = whole.copy()
    halved.loc[1, ["n_documents", "n_hits"]] = [5, 10]
    assert of_model(pattern_units(halved)) == of_model(pattern_units(whole))


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (counts({("c", 0): 0, ("c", 9): 0}), "no hit at all: no highest to divide by"),
        (counts({("c", 0): 0, ("c", 9): 0}, documents=0), "no answers"),
        (counts({("c", 0): 0, ("c", 9): 0}).assign(n_patterns=0), "no patterns"),
    ],
)
def test_what_cannot_be_divided_is_a_gap(table, reason):
    assert all(np.isnan(share) for share in of_model(pattern_units(table)).values()), reason


def test_units_are_models_benchmarks_and_personas():
    table = pd.concat([counts({("c", 0): 8}), counts({("c", 0): 4}, persona="q", benchmark="d", model="z")])
    found = pattern_units(table)
    means = {(row["by"], row["unit"]): row["mean"] for row in found.to_dict("records")}
    assert means == {
        ("model", "a"): 0.2,
        ("model", "z"): 0.1,
        ("benchmark", "b"): 0.2,
        ("benchmark", "d"): 0.1,
        ("persona", "p"): 0.2,
        ("persona", "q"): 0.1,
    }


def test_numbers_of_patterns_keep_groups_and_minings_apart_and_a_failed_search_is_no_zero():
    parts = [
        counts({("c", 0): 1, ("c", 9): 1}).assign(n_patterns=10),
        counts({("c", 0): 1, ("c", 9): 1}, persona="q").assign(n_patterns=20),
        counts({("c", 0): 1}, pattern_group="baseline").assign(n_patterns=5),
        counts({("c", 0): 1}, mined_at=9).assign(n_patterns=4),
        counts({("c", 0): 0}, mined_at=9, persona="q", mining="timed-out").assign(n_patterns=0),
    ]
    found = pattern_numbers(pd.concat(parts)).to_dict("records")
    told = {(row["pattern_group"], row["mined_at"]): (row["mean"], row["n_cells"], row["n_missing"]) for row in found}
    assert told == {("persona", 0): (15, 2, 0), ("baseline", 0): (5, 1, 0), ("persona", 9): (4, 1, 1)}


def figures(project: Project) -> dict[str, Artefact]:
    found = filter(is_figure, downstream(project.grid()))
    return {made.plain_outputs[0].removeprefix("figures/").removesuffix(".pdf"): made for made in found}


def slugs(made: Artefact) -> list[str]:
    return [measure["measure"] for measure in made.spec["measures"]]


def test_a_suite_has_the_main_measures_of_a_judge_and_rules_where_it_rates_nothing(project: Project):
    rated = {"judges/j": {**JUDGE, "benchmarks": ["bfi", "general"], "utterances": ["style"]}}
    found = figures(project.set(rated))
    assert slugs(found["models-by-j"]) == [
        "utterances-by-j",
        "bfi-distance-from-baseline-by-j",
        "xstest-refusal-unsafe-by-rules",
        "xstest-refusal-safe-by-rules",
        "ifbench-loose-by-rules",
        "general-win-dataset-by-j",
    ]
    compared = [slug for slug in slugs(found["models-by-j"]) if "utterances" not in slug and "distance" not in slug]
    assert slugs(found["cost-of-a-persona-by-j"]) == compared, "what both have where no round stands before"
    assert found["models-by-j"].spec["rows"] == ["alpha", "beta"]
    assert [m["title"] for m in found["models-by-j"].spec["measures"]][-2:] == [
        "ifbench: Accuracy, loose",
        "general: Wins against the reference answer",
    ]


@pytest.mark.parametrize(
    ("edit", "gone", "reason"),
    [
        (
            {"personas/baseline": False},
            ("over-baseline", "cost-of-a", "effect-of-a", "patterns", "remaining"),
            "no baseline",
        ),
        ({"conditions/requests": None}, ("difference-", "models-difference-"), "one condition"),
        ({"checkpoints": [0]}, ("progression", "cost-of-length", "effect-of-length", "remaining"), "one checkpoint"),
        ({"checkpoints": [1, 2]}, ("cost-of-a-persona",), "no checkpoint without rounds before it"),
        ({"statistics": {"mixed_models": False}}, ("effect-of-",), "switched off"),
        ({"patterns": {"benchmarks": []}}, ("patterns",), "nothing is mined"),
    ],
)
def test_a_figure_that_the_grid_cannot_fill_is_not_planned(
    project: Project, edit: Mapping[str, Any], gone: Sequence[str], reason: str
):
    before, after = figures(project), figures(project.set(dict(edit)))
    left = {name for name in before if not name.startswith(tuple(gone))}
    assert all(any(name.startswith(beginning) for name in before) for beginning in gone), "or nothing is shown"
    assert {name for name in after if name in before} == left, reason


def of_statistics(project: Project) -> dict[str, Artefact]:
    """The figures of statistics and the tables that only they read, by plain name without suffix."""
    families = {*STATISTIC, "averages", "token_averages", "pattern_units", "pattern_numbers"}
    made = [one for one in downstream(project.grid()) if one.family in families]
    return {one.plain_outputs[0].rpartition(".")[0]: one for one in made}


@pytest.mark.parametrize(
    ("edit", "renamed"),
    [
        pytest.param(lambda p: p.edit(models__alpha__revision="r2"), r"", id="a model: all"),
        pytest.param(lambda p: p.edit(figures__seed=9), r"(?!)", id="seed: nothing here is drawn"),
        pytest.param(
            lambda p: p.edit(statistics__generalise=["personas"]), r"(?!figures/(effect|item))", id="intervals"
        ),
        pytest.param(lambda p: p.edit(figures__note="N"), r"figures/", id="note: what it is printed on"),
        pytest.param(lambda p: p.edit(patterns__fisher_p=0.05), r".*patterns|figures/effect", id="mining"),
        pytest.param(
            lambda p: p.replace_text("items/xstest.csv", ",homonyms,", ",other,"),
            r"(?!.*(patterns|token))",
            id="scoring: all but what stands on texts alone",
        ),
        pytest.param(lambda p: p.edit(models__alpha__name="A"), r"(?!)", id="name of a model"),
        pytest.param(lambda p: p.edit(patterns__also_last=True), r"(?!)", id="more patterns: those are new"),
    ],
)
def test_statistic_figures_renamed_by(project: Project, edit: Callable[[Project], Project], renamed: str):
    before, after = of_statistics(project), of_statistics(edit(project))
    told = {name for name, made in before.items() if made.outputs != after[name].outputs}
    assert told == {name for name in before if re.match(renamed, name)}


def test_patterns_of_the_last_checkpoint_are_counted_apart(project: Project):
    before, after = downstream(project.grid()), downstream(project.edit(patterns={"also_last": True}).grid())
    new = {made.plain_outputs[0] for made in after} - {made.plain_outputs[0] for made in before}
    mined = [made for made in after if made.stage == "patterns" and "/last-" in made.plain_outputs[0]]
    figures = {f"figures/patterns-numbers-of-{group}.pdf" for group in ("persona", "baseline")}
    assert new == {"tables/patterns-numbers.parquet", *figures, *(made.plain_outputs[0] for made in mined)}
    assert {made.spec["checkpoint"] for made in mined} == {2} and len(mined) == 2 * 2 * 5
    [table] = [made for made in after if made.plain_outputs[0] == "tables/patterns-by-unit.parquet"]
    assert not [path for path in table.inputs if "/last-" in path]
    mined_last = project.edit(patterns={"also_last": True, "checkpoint": 2}).grid()
    assert not [made for made in downstream(mined_last) if "/last-" in made.plain_outputs[0]], "they are the same"


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("by-checkpoint", "Overview"),
        ("difference-interview-minus-requests-xstest-by-j", "Differences"),
        ("models-difference-interview-minus-requests-by-j", "Models and personas"),
        ("effect-of-length-by-j", "Mixed models"),
        ("patterns", "Token patterns"),
        ("patterns-heat-map", "Token patterns"),
        ("by-length-by-j", "Length of the dialogue"),
        ("xstest-by-j", "Benchmarks"),
    ],
)
def test_headings_of_the_report(project: Project, name: str, heading: str) -> None:
    made = figures(project.set({"judges/j": JUDGE}))[name]
    assert made.heading == heading and made.caption
