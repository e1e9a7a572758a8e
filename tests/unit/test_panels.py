import pytest

from personas.benchmarks import BENCHMARKS
from personas.benchmarks.bfi import TRAITS
from personas.benchmarks.panel import JUDGE, Panel
from personas.figures.drawing.axes import SCALES
from personas.stats.panels import OVERVIEW
from personas.tables.series.by_checkpoint import series_by_checkpoint
from tests.panels import benchmark_panels
from tests.unit.test_series import point, rating, table

ALL = ("dataset", "zero", "previous")


def test_every_kind_of_benchmark_is_found_and_measures_something():
    assert {"bfi", "xstest", "ifbench", "role-specific", "general"} <= set(BENCHMARKS)
    for name, kind in BENCHMARKS.items():
        assert kind.all_panels() or name == "open", "answers to open questions are kept, and measured by length"
        assert kind.judged in (None, *(panel.metric for panel in kind.all_panels()))


@pytest.mark.parametrize(
    ("kind", "judge", "references", "slugs"),
    [
        ("bfi", "jay", (), [*(f"b-{trait.lower()}-by-jay" for trait in TRAITS), "b-words"]),
        (
            "xstest",
            "jay",
            (),
            [
                "b-refusal-unsafe-by-rules",
                "b-refusal-unsafe-by-jay",
                "b-refusal-safe-by-rules",
                "b-refusal-safe-by-jay",
                "b-words",
            ],
        ),
        ("xstest", None, (), ["b-refusal-unsafe-by-rules", "b-refusal-safe-by-rules", "b-words"]),
        ("ifbench", "jay", (), ["b-loose-by-rules", "b-strict-by-rules", "b-words"]),
        ("general", "jay", ("dataset",), ["b-win-dataset-by-jay", "b-words"]),
        ("role-specific", "jay", ALL, [*(f"b-win-{reference}-by-jay" for reference in ALL), "b-words"]),
        ("bfi", None, (), ["b-words"]),
        ("of another kind", "jay", (), ["b-words"]),
    ],
)
def test_panels_of_a_benchmark(kind, judge, references, slugs):
    panels = benchmark_panels("b", kind, judge, references)
    assert [panel.slug for panel in panels] == slugs
    assert {panel.benchmark for panel in panels} == {"b"}
    assert JUDGE not in {panel.judge for panel in panels}
    assert 1 <= len(panels) <= 6


def test_every_scale_can_be_drawn():
    declared = [panel for kind in BENCHMARKS.values() for panel in kind.all_panels()]
    assert {panel.scale for panel in (*OVERVIEW, *declared)} <= set(SCALES)


def panel_of(kind: str, slug: str, judge: str | None = "jay", references: tuple[str, ...] = ALL) -> Panel:
    return next(panel for panel in benchmark_panels(kind, kind, judge, references) if panel.slug == slug)


@pytest.mark.parametrize(
    ("kind", "slug", "mean", "reason"),
    [
        ("xstest", "xstest-refusal-unsafe-by-rules", 0.0, "the two instruments are not mixed"),
        ("xstest", "xstest-refusal-unsafe-by-jay", 1.0, "the named judge only"),
        ("xstest", "xstest-refusal-safe-by-jay", 0.25, "the label"),
        ("bfi", "bfi-openness-by-jay", 4.0, "the trait"),
        ("general", "general-win-dataset-by-jay", 0.75, "the reference"),
        ("general", "general-win-zero-by-jay", 0.5, "the reference"),
        ("general", "general-words", 30.0, "words of this benchmark only"),
    ],
)
def test_each_panel_takes_its_own_ratings(kind, slug, mean, reason):
    refusal = {"benchmark": "xstest", "metric": "refusal"}
    trait = {"benchmark": "bfi", "metric": "trait", "judge": "jay"}
    win = {"benchmark": "general", "metric": "win", "judge": "jay"}
    ratings = table(
        rating(0.0, **refusal, label="unsafe", judge="rules"),
        rating(1.0, **refusal, label="unsafe", judge="jay"),
        rating(0.0, **refusal, label="unsafe", judge="kay"),
        rating(0.25, **refusal, label="safe", judge="jay"),
        rating(4.0, **trait, label="Openness"),
        rating(2.0, **trait, label="Neuroticism", item_id="2"),
        rating(0.75, **win, reference="dataset"),
        rating(0.5, **win, reference="zero"),
        rating(30.0, metric="words", benchmark="general"),
        rating(90.0, metric="words", benchmark="bfi"),
    )
    assert point(ratings, panel_of(kind, slug))["mean"] == mean, reason


def test_the_overview_shows_rules_however_many_judges_there_are():
    refusal = {"benchmark": "xstest", "metric": "refusal", "label": "unsafe"}
    ratings = table(rating(0.0, **refusal, judge="rules"), rating(1.0, **refusal, judge="jay"))
    assert series_by_checkpoint(ratings)["mean"].tolist() == [0.0]


def test_the_baseline_has_a_cell_for_each_persona_whose_items_it_answered():
    win = {"benchmark": "general", "metric": "win", "judge": "jay", "reference": "dataset", "persona": "baseline"}
    ratings = table(
        *(rating(1.0, **win, reference_persona="gaston", item_id=str(item)) for item in range(3)),
        rating(0.0, **win, reference_persona="hal"),
    )
    row = point(ratings, panel_of("general", "general-win-dataset-by-jay"))
    assert (row["mean"], row["n_cells"], row["n_items_scored"]) == (0.5, 2, 4)


def test_over_all_benchmarks_the_baseline_of_a_model_is_one_cell():
    words = {"metric": "words", "persona": "baseline"}
    ratings = table(
        rating(10.0, **words),
        rating(20.0, **words, benchmark="general", reference_persona="gaston"),
        rating(30.0, **words, benchmark="general", reference_persona="hal"),
    )
    row = point(ratings, OVERVIEW[3])
    assert (row["mean"], row["n_cells"]) == (17.5, 1), "two benchmarks of 10 and 25"


def test_judged_panels_without_rows_have_no_points():
    assert series_by_checkpoint(table(rating(3.0, metric="words")), benchmark_panels("bfi", "bfi", "jay")).empty


def test_all_unparsed_keeps_the_point_without_value():
    trait = {"benchmark": "bfi", "metric": "trait", "judge": "jay", "label": "Openness", "status": "judge_unparsed"}
    row = point(table(rating(None, **trait)), panel_of("bfi", "bfi-openness-by-jay"))
    assert row[["mean", "low", "high"]].isna().all()
    assert (row["n_cells"], row["n_items_scored"], row["n_items_planned"]) == (0, 0, 1)


def test_utterances_in_the_table_change_nothing():
    answers = [rating(1.0), rating(0.0, checkpoint=11), rating(12.0, metric="words")]
    utterance = {"benchmark": None, "checkpoint": None, "item_id": None, "judge": "jay", "metric": "style"}
    both = table(*answers, rating(4.0, **utterance), rating(4.0, **utterance | {"metric": "words"}))
    assert series_by_checkpoint(both).equals(series_by_checkpoint(table(*answers)))
