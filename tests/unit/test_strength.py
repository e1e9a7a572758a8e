"""Strength without a judge: what a classifier may know, areas under curves, the style of answers, the table."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from personas.figures.strength import remaining as remaining_figure
from personas.scoring.strength.classifier import Grams, deal, fit
from personas.scoring.strength.identification import identify
from personas.scoring.strength.style import FEATURES, style_of, styles
from personas.stats.auc import draw_items, weighted_auc, weighted_mean
from personas.tables.strength.draws import rows_of
from personas.tables.strength.identification import AUC, RATE, identification
from personas.tables.strength.measures import strength_measures, strength_values
from personas.tables.strength.remaining import remaining
from personas.tables.strength.style import DISTANCE, style_distance
from personas.tables.strength.words import words

PERSONAS = ("baker", "keeper")
VOICES = {"baker": "butter and dough, my friend", "keeper": "tides and lamps, my friend", None: "it depends"}
TALK: dict[str, Any] = {"condition": "interview", "order": "fixed"}


def spoken(items: int = 12, last: Sequence[str] = (), benchmark: str = "xstest") -> pd.DataFrame:
    """Return answers at two checkpoints; at the second the personas in `last` still speak in their voice."""
    rows = []
    for checkpoint in (0, 6):
        for item in range(items):
            for persona, voice in VOICES.items():
                silent = checkpoint and persona not in last
                group = "persona" if persona else "baseline"
                said = f"About topic{item}: {VOICES[None] if silent else voice}."
                rows.append((group, persona, benchmark, str(item), checkpoint, said))
    columns = ["group", "persona", "benchmark", "item_id", "checkpoint", "text"]
    return pd.DataFrame(rows, columns=columns).assign(**TALK, replicate=1)


def table_of(answers: pd.DataFrame, personas: Sequence[str] = PERSONAS) -> Any:
    scores, _ = identify(answers, personas, 0, "alpha")
    return rows_of(identification(scores, len(personas), 0, resamples=200, seed=1), "alpha")


def test_the_checkpoint_that_taught_has_the_variance_that_items_do_not_show() -> None:
    """Two items teach each other there, so resampling items with the classifiers as they are is not enough."""
    scores, _ = identify(spoken(40, last=("keeper",)), PERSONAS, 0, "alpha")
    scores["score"] += np.random.default_rng(1).normal(0, 5, len(scores))
    taught, later = (
        {
            (point.measure, point.persona, point.checkpoint): point.draws
            for point in identification(scores, len(PERSONAS), first, resamples=200, seed=1)
        }
        for first in (0, 6)
    )
    for place in taught:
        own, other = (draws[place] for draws in (taught, later))
        ratio = own[1:].std() / other[1:].std() if other[1:].std() else 1.0
        assert own[0] == other[0]
        if place[0] == AUC:
            assert ratio == pytest.approx(np.sqrt(3) if place[2] == 0 else 1 / np.sqrt(3), rel=0.1), place


def value(table: Any, measure: str, persona: str | None, checkpoint: int) -> float:
    rows = table[(table["measure"] == measure) & (table["checkpoint"] == checkpoint) & (table["group"] == "persona")]
    [found] = rows[rows["persona"].isna() if persona is None else rows["persona"] == persona]["mean"]
    return float(found)


def test_a_voice_that_is_lost_is_told_no_more() -> None:
    table = table_of(spoken(last=["keeper"]))
    for persona in PERSONAS:
        assert value(table, AUC, persona, 0) == value(table, RATE, persona, 0) == 1.0
    assert value(table, AUC, "keeper", 6) == value(table, RATE, "keeper", 6) == 1.0
    assert value(table, AUC, "baker", 6) == 0.5, "the baker says what the baseline says"
    assert value(table, AUC, None, 6) == 0.75, "the mean of both"


def test_no_item_is_scored_by_what_its_own_answers_taught() -> None:
    random = np.random.default_rng(3)
    first = spoken(items=60)[lambda rows: rows["checkpoint"] == 0]
    vocabulary = [f"word{n}" for n in range(60)]
    first = first.assign(text=[" ".join(random.choice(vocabulary, 8)) for _ in first.index])
    table = table_of(pd.concat([first, first.assign(checkpoint=6)], ignore_index=True))
    assert abs(value(table, AUC, None, 6) - 0.5) < 0.2 and abs(value(table, RATE, None, 6) - 0.5) < 0.2
    texts = first["text"].tolist()
    counted = Grams(texts).count(texts)
    sides = np.where(first["persona"] == "baker", 1, np.where(first["group"] == "baseline", 0, -1))
    remembered = fit(counted, {("baseline", "baker"): sides}).score(counted)[:, 0]
    assert roc_auc_score(sides[sides >= 0], remembered[sides >= 0]) > 0.95, "who has seen the answers knows them"


def test_items_of_one_persona_alone_name_nobody() -> None:
    own = spoken(benchmark="role-specific")
    own = own[own["group"] == "persona"].assign(item_id=own["persona"] + "-" + own["item_id"])
    baseline = own.assign(group="baseline", text="It depends.")
    table = table_of(pd.concat([own, baseline], ignore_index=True))
    assert set(table["measure"]) == {AUC}
    assert value(table, AUC, "baker", 0) == 1.0 and table["n_planned"].max() == 2 * 24


def test_answers_without_text_have_no_score() -> None:
    answers = spoken()
    lost = (answers["persona"] == "baker") & (answers["checkpoint"] == 6)
    answers.loc[lost, "text"] = None
    table = table_of(answers)
    rows = table[(table["persona"] == "baker") & (table["checkpoint"] == 6)].set_index("measure")
    assert rows["mean"].isna().all() and rows["low"].isna().all()
    assert rows.loc[RATE, ["n_scored", "n_planned", "n_items"]].tolist() == [0, 12, 0]
    together = table[table["persona"].isna() & (table["checkpoint"] == 6) & (table["measure"] == RATE)]
    assert together["n_cells"].tolist() == [1]


@pytest.mark.parametrize("text", ["", "!!!", "日本"])
def test_odd_texts_break_nothing(text: str) -> None:
    answers = spoken(items=4)
    answers["text"] = text or None
    table = table_of(answers)
    assert set(table["measure"]) == {AUC, RATE} and (table["mean"].isna() | (table["mean"] <= 1)).all()


def test_one_item_cannot_be_held_out() -> None:
    assert table_of(spoken(items=1))["mean"].isna().all()


def test_the_same_answers_give_the_same_scores() -> None:
    answers = spoken()
    first, again = (identify(each, PERSONAS, 0, "alpha")[0] for each in (answers, answers.copy()))
    pd.testing.assert_frame_equal(first, again)


def test_items_are_dealt_out_whole() -> None:
    folds = deal([str(n) for n in range(11)] * 3)
    assert sorted(np.bincount(list(folds.values()))) == [2, 2, 2, 2, 3]
    assert deal(["b", "a"]) == deal(["a", "b"]) and deal([]) == {}


def test_words_that_carry_it_are_listed() -> None:
    _, found = identify(spoken(), PERSONAS, 0, "alpha")
    table: Any = words(found).set_index(["told_from", "persona"])
    assert "butter" in table.loc[("baseline", "baker"), "words_for"].split(" | ")
    assert "depends" in table.loc[("baseline", "baker"), "words_against"].split(" | ")
    assert "tides" in table.loc[("personas", "keeper"), "words_for"].split(" | ")
    told = table.loc[("personas", "keeper"), "words_for"].split(" | ")
    assert told.index("tides") < told.index("my friend"), "both say it"


def test_the_area_is_that_of_scikit_learn_with_and_without_weights() -> None:
    random = np.random.default_rng(0)
    above, below = random.normal(0.5, 1, 40).round(1), random.normal(0, 1, 30).round(1)  # rounded: there are ties
    drawn = draw_items(40, resamples=3, seed=2)
    found = weighted_auc(above, below, drawn, drawn[:, :30])
    labels, scores = np.repeat([1, 0], [40, 30]), np.concatenate([above, below])
    for weights, area in zip(drawn, found, strict=True):
        expected = roc_auc_score(labels, scores, sample_weight=np.concatenate([weights, weights[:30]]))
        assert area == pytest.approx(expected)
    assert np.isnan(weighted_auc(above, below[:0], drawn, drawn[:, :0])).all()


def test_the_first_draw_is_the_sample() -> None:
    drawn = draw_items(5, resamples=10, seed=1)
    assert drawn[0].tolist() == [1] * 5 and (drawn.sum(axis=1) == 5).all()
    assert weighted_mean(np.arange(5.0), drawn)[0] == 2.0


def test_style_of_an_answer() -> None:
    style = dict(zip(FEATURES, style_of("I am the sea. Oh, I am!"), strict=True))
    assert style["i"] == style["am"] == pytest.approx(200 / 7) and style["the"] == pytest.approx(100 / 7)
    assert style["mark '!'"] == style["mark ','"] == pytest.approx(100 / 7) and style["mark '?'"] == 0
    assert np.expm1(style["length of answer"]) == pytest.approx(7)
    assert np.expm1(style["length of sentence"]) == pytest.approx(3.5)
    assert np.expm1(style["length of word"]) == pytest.approx((1 + 2 + 3 + 3 + 2 + 1 + 2) / 7)
    assert len(style_of("日本。")) == len(style_of("!")) == len(FEATURES)


def shouting(share: float, seed: int) -> pd.DataFrame:
    """Return answers of random plain words, of which some at the second checkpoint end with three marks."""
    random = np.random.default_rng(seed)
    answers = spoken(items=60)
    said = [" ".join(random.choice(["I", "you", "see", "a", "ship", "and", "the", "sea"], 12)) for _ in answers.index]
    later = (answers["checkpoint"] == 6) & (answers["persona"] == "baker")
    loud = later.to_numpy() & (random.random(len(answers)) < share)
    return answers.assign(text=[text + ("!!!" if shout else ".") for text, shout in zip(said, loud, strict=True)])


def test_a_shift_of_style_is_told_and_chance_is_none() -> None:
    def distances(share: float, seed: int) -> Any:
        found = style_distance(styles(shouting(share, seed), "alpha"), 0, resamples=200, seed=1)
        table = rows_of(found, "alpha")
        return table[table["checkpoint"] == 6].set_index(["group", "persona"])

    table = distances(0.9, 1)
    assert table.loc[("persona", "baker"), "low"] > 0 and table.loc[("persona", "keeper"), "low"] <= 0
    nothing: Any = pd.concat([distances(0.0, seed) for seed in range(10)])
    assert abs((np.sign(nothing["mean"]) * nothing["mean"] ** 2).mean()) < 0.02, "0 on average"
    assert (nothing["low"] <= 0).mean() > 0.9
    assert set(nothing["measure"]) == {DISTANCE}


def test_changes_are_those_since_the_first_checkpoint() -> None:
    table = table_of(spoken())
    last = table[table["checkpoint"] == 6]
    assert (last["change"] == last["mean"] - 1.0).all() and not (last["change_low"] > last["change"]).any()
    assert (table[table["checkpoint"] == 0]["change"] == 0).all()


def test_measures_of_cards_have_their_values() -> None:
    table = table_of(spoken())
    values: Any = strength_values(table)
    assert set(values["measure"]) == {m["measure"] for m in strength_measures(2, True)} - {DISTANCE}
    assert values["persona"].notna().all(), "means over personas are made by the card itself"
    assert [m["measure"] for m in strength_measures(1, False)] == [DISTANCE]


def rated(checkpoints: Sequence[int], fall: float, first: float = 2.0) -> pd.DataFrame:
    """Return values of a judge by round: personas `first` above the baseline, and less by `fall` each checkpoint."""
    rows = [
        ("persona" if own else "baseline", persona, at + 1, 2.0 + own * (first - fall * place))
        for persona in PERSONAS
        for place, at in enumerate(checkpoints)
        for own in (0, 1)
    ]
    table = pd.DataFrame(rows, columns=["group", "persona", "position", "value"])
    told: dict[str, Any] = {
        "measure": "utterances-by-j",
        "model": "alpha",
        "axis": "round",
        "n_scored": 1,
        "n_planned": 1,
    }
    return table.assign(replicate=1, **TALK, **told)


def left(values: pd.DataFrame, strength: pd.DataFrame, checkpoints: Sequence[int]) -> Any:
    kinds = {"utterances-by-j": "judge j", AUC: "told from the baseline", RATE: "identified among personas"}
    more: dict[str, Any] = {"kinds": kinds, "personas": 2, "checkpoints": checkpoints, "resamples": 200, "seed": 1}
    return remaining(values, pd.DataFrame(), strength, **more).set_index(["kind", "checkpoint"])


def test_what_is_left_of_each_kind_is_a_share_of_the_first_distance() -> None:
    strength = table_of(spoken(last=["keeper"]))
    table = left(rated([0, 6], fall=1.5), strength, [0, 6])
    assert table.loc[("judge j", 0), "mean"] == 1.0
    assert table.loc[("judge j", 6), "mean"] == pytest.approx(0.25), "of 2.0 above the baseline 0.5"
    assert table.loc[("told from the baseline", 6), "mean"] == pytest.approx(0.5), "one of two personas is lost"
    assert table.loc[("told from the baseline", 6), ["low", "high"]].tolist() == [0.0, 1.0], "one or the other"


def test_nothing_is_left_of_what_was_never_there() -> None:
    table = left(rated([0, 6], fall=0.0, first=0.0), table_of(spoken()), [0, 6])
    assert table.loc["judge j"]["mean"].isna().all() and table.loc["judge j"]["n_cells"].tolist() == [2, 2]


def test_kinds_are_drawn_beside_each_other() -> None:
    table = left(rated([0, 6], fall=1.0), table_of(spoken()), [0, 6]).reset_index()
    figure = remaining_figure.draw(table, model="alpha")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["interview"]
    assert {text.get_text() for text in figure.legends[0].get_texts()} == set(table["kind"])
