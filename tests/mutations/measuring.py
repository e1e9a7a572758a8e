"""Faults in scores, verdicts, patterns, and what figures show of them."""

from tests.mutations import Mutation

SCORING = [
    Mutation(
        "scoring",
        "an item that could not be scored counts as failed",
        "scripts/personas/scoring/table.py",
        "return {}, UNSCORABLE",
        "return dict.fromkeys(benchmark.metrics, 0.0), status",
    ),
    Mutation(
        "scoring",
        "a comparison of which one order has no verdict counts as half a loss",
        "scripts/personas/scoring/judgements.py",
        "    if lacking:\n",
        "    if len(lacking) == len(verdicts):\n",
    ),
    Mutation(
        "scoring",
        "a verdict on an earlier text counts for the present one",
        "scripts/personas/scoring/judgements.py",
        'if judged_hash(answer_texts.get(place)) != row["judged_sha256"]:',
        "if place not in answer_texts:",
    ),
    Mutation(
        "scoring",
        "wins are losses",
        "scripts/personas/prompts/judge/order.py",
        'float((label == "B") == first)',
        'float((label == "A") == first)',
    ),
    Mutation(
        "scoring",
        "an instruction counts as followed when one of its constraints is",
        "scripts/personas/benchmarks/ifbench.py",
        "values = (all(strict), all(loose),",
        "values = (any(strict), all(loose),",
    ),
    Mutation(
        "scoring",
        "an answer cut off at `max_tokens` counts as whole",
        "scripts/personas/engines/http/endings.py",
        '_Word("cut", r".*(length|max',
        '_Word("cut", r".*(max',
    ),
]

VERDICTS = [
    Mutation(
        "verdicts",
        "a verdict that a judge only quotes counts like the one that it gives",
        "scripts/personas/prompts/judge/verdicts.py",
        "counting = [one for one in statements if one.own] or statements",
        "counting = statements",
    ),
    Mutation(
        "verdicts",
        "of two different verdicts the last counts, as if there were no doubt",
        "scripts/personas/prompts/judge/verdicts.py",
        "if len(verdicts) > 1:",
        "if len(verdicts) > 2:",
    ),
    Mutation(
        "verdicts",
        "verdicts that a judge only thinks count",
        "scripts/personas/prompts/judge/verdicts.py",
        'answer = _without_end_of_turn(strip_thinking(text or "")[0])',
        'answer = _without_end_of_turn(text or "")',
    ),
    Mutation(
        "verdicts",
        "4/10 counts as a 4 of 5",
        "scripts/personas/prompts/judge/verdicts.py",
        "re.fullmatch(",
        "re.match(",
    ),
    Mutation(
        "verdicts",
        "a text that was cut off after `4` of `4.5` counts as a 4",
        "scripts/personas/scoring/judgements.py",
        'if row["status"] not in WITH_TEXT or cut:',
        'if row["status"] not in WITH_TEXT:',
    ),
]

PATTERNS = [
    Mutation(
        "patterns",
        "a pattern of two words counts where one of them stands",
        "scripts/personas/scoring/patterns/count.py",
        "(hits.data == n_clauses[hits.indices])",
        "(hits.data > 0)",
    ),
    Mutation(
        "patterns",
        "patterns are those of the model's thinking",
        "scripts/personas/scoring/patterns/answer_sets.py",
        'text = strip_thinking(row["answer"] or "")[0]',
        'text = row["answer"] or ""',
    ),
    Mutation(
        "patterns",
        "the baseline's patterns are called the persona's",
        "scripts/personas/scoring/patterns/mine.py",
        '= ("baseline", "persona")  #',
        '= ("persona", "baseline")  #',
    ),
    Mutation(
        "patterns",
        "a search is given up after as many seconds as the config allows minutes",
        "scripts/personas/scoring/patterns/mining.py",
        'timeout=60 * spec["max_minutes"]',
        'timeout=spec["max_minutes"]',
    ),
    Mutation(
        "patterns",
        "a search that did not end counts as one that found nothing",
        "scripts/personas/tables/series/pattern_units.py",
        '.where(once["mining"] == "ok")',
        "",
    ),
]

FIGURES = [
    Mutation(
        "figures",
        "bars are marked as claims that are not, after the correction for many",
        "scripts/personas/figures/bars.py",
        'if row["q"] < SIGNIFICANT:',
        'if not row["q"] > SIGNIFICANT:',
    ),
    Mutation(
        "figures",
        "the grey floor shows the smallest noise of the lines instead of the largest",
        "scripts/personas/figures/contrasts.py",
        'points.groupby("position")["noise"].max()',
        'points.groupby("position")["noise"].min()',
    ),
    Mutation(
        "figures",
        "items without a value are drawn as unchanged",
        "scripts/personas/figures/item_changes.py",
        "values = changes.dropna()",
        "values = changes.fillna(0.0)",
    ),
    Mutation(
        "figures",
        "rows of the heat map stand beside the names of other models",
        "scripts/personas/figures/tokens/heat_map.py",
        "shares.reindex(index=list(models), columns=list(at))",
        "shares.reindex(columns=list(at))",
    ),
    Mutation(
        "figures",
        "the last checkpoint's bars are filled, and called the first's",
        "scripts/personas/figures/tokens/numbers.py",
        '{ends[0]: "persona", ends[-1]: "baseline"}',
        '{ends[0]: "baseline", ends[-1]: "persona"}',
    ),
    Mutation(
        "figures",
        "the raters of a confusion matrix are swapped",
        "scripts/personas/figures/calibration.py",
        'axes.set_xlabel(row["rater_b"])\n    axes.set_ylabel(row["rater_a"], labelpad=6)',
        'axes.set_xlabel(row["rater_a"])\n    axes.set_ylabel(row["rater_b"], labelpad=6)',
    ),
]
