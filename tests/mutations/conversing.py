"""Faults in who writes user turns, in what judges read beside an answer, and in what is said of power and noise."""

from tests.mutations import Mutation

USERS = [
    Mutation(
        "users",
        "an edited brief leaves the dialogues of the old user in place",
        "scripts/personas/grid/grid.py",
        "        **brief.identity(),\n",
        "",
    ),
    Mutation(
        "users",
        "after a kill, user turns of another model are asked and paid a second time in the plan",
        "scripts/personas/plan/costs/follower.py",
        "slug = work.user.slug if work.user and question.is_written else None",
        "slug = None",
    ),
    Mutation(
        "users",
        "a user who has said goodbye is answered, and the conversation goes on",
        "scripts/personas/requests/simulated_user.py",
        "self.brief.stop.lower() in turn.lower()",
        "self.brief.stop in turn",
    ),
    Mutation(
        "users",
        "what the persona thought is told to the user",
        "scripts/personas/requests/simulated_user.py",
        'return strip_thinking(answer or "")[0].strip() or "…"',
        'return (answer or "").strip() or "…"',
    ),
    Mutation(
        "users",
        "a script that comes back begins anew, so a persona is asked the same twice",
        "scripts/personas/grid/reading/turns.py",
        "rest = script.questions[offsets[script.source] :]",
        "rest = script.questions",
    ),
    Mutation(
        "users",
        "a conversation that was held elsewhere is planned and costed as if it were asked",
        "scripts/personas/plan/costs/distinct.py",
        "return 0 if is_given else self._round(cell, load.before)",
        "return self._round(cell, load.before)",
    ),
    Mutation(
        "users",
        "`personas gc` takes paid user turns for rubbish",
        "scripts/personas/workflow/upkeep/keys.py",
        ', "user_reply.request_key"]',
        "]",
    ),
    Mutation(
        "users",
        "after an edit of a persona its baseline keeps the turns of the old conversation",
        "scripts/personas/grid/grid.py",
        "    return [[source_digest, turn] for turn in turns]",
        "    return turns",
    ),
    Mutation(
        "users",
        "where all users begin alike, the rounds of all but one of the baseline's dialogues are planned for nothing",
        "scripts/personas/plan/costs/simulation.py",
        "is_known = self._is_plain and not (self._is_replay and question.before)",
        "is_known = self._is_plain",
    ),
    Mutation(
        "users",
        "BFI: every persona is compared with the profile of one baseline, whichever comes last",
        "scripts/personas/tables/series/distances.py",
        'baselines.get((*place, cell["persona"]), baselines.get((*place, "")))',
        "next((one for at, one in baselines.items() if at[:-1] == place), None)",
    ),
    Mutation(
        "users",
        "the baseline goes on where the persona's user had ended the conversation",
        "scripts/personas/requests/track.py",
        "broken = broken or _unheard(self.replayed[t])",
        "broken = broken or None",
    ),
]
JUDGES = [
    Mutation(
        "judges",
        "judges read whom they have before them",
        "scripts/personas/prompts/judge/mask.py",
        "return turn.replace(addressee, MASK)",
        "return turn.replace(addressee, addressee.strip())",
    ),
    Mutation(
        "judges",
        "a retest asks with the same seed, so every judge agrees with itself",
        "scripts/personas/grid/judgements.py",
        '"seed": cell.spec["seed"] + 1, ',
        "",
    ),
    Mutation(
        "judges",
        "an answer is held against what was said after it",
        "scripts/personas/requests/earlier.py",
        "before = [place for place in with_text if place < number]",
        "before = [place for place in with_text if place != number]",
    ),
    Mutation(
        "judges",
        "a fact counts as known where its letters stand inside another word",
        "scripts/personas/benchmarks/facts.py",
        """any(f" {' '.join(_words(form))} " in text""",
        """any(f"{' '.join(_words(form))}" in text""",
    ),
    Mutation(
        "judges",
        "the judge of refusals reads who the persona is, and of the baseline nothing",
        "scripts/personas/grid/judgements.py",
        "is_read = persona != BASELINE and (needs_persona or judge.described)",
        "is_read = persona != BASELINE",
    ),
    Mutation(
        "judges",
        "what the description does to the judge has the wrong sign",
        "scripts/personas/tables/judges/descriptions.py",
        'value=pairs["with"] - pairs["without"]',
        'value=pairs["without"] - pairs["with"]',
    ),
    Mutation(
        "judges",
        "figures say that people agree with a judge who only agrees with itself",
        "scripts/personas/figures/drawing/judges.py",
        'if whom == ITSELF else f"people ({whom})"',
        'if whom != ITSELF else f"people ({whom})"',
    ),
    Mutation(
        "judges",
        "open questions of the baseline are rated as nobody's",
        "scripts/personas/grid/judgements.py",
        "stands_for = study.personas if kind != rubric else ()",
        "stands_for = ()",
    ),
]
POWER = [
    Mutation(
        "statistics",
        "resamples that all come out alike give an interval of width 0",
        "scripts/personas/stats/bootstrap.py",
        "if low < high else",
        "if low <= high else",
    ),
    Mutation(
        "statistics",
        "a plan promises to find what the interval, never narrower than over items, will not show",
        "scripts/personas/stats/power.py",
        "is_small = value + both < total",
        "is_small = value + both < 0",
    ),
    Mutation(
        "statistics",
        "a persona more moves which dialogues are repeated, and asks others anew",
        "scripts/personas/grid/repeats.py",
        "is_drawn = own < noise.cells or own == _first(config, model)",
        "is_drawn = own < noise.cells or len(config.models) > 1",
    ),
]
