import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
from math import comb, isclose
from pathlib import Path

import numpy as np
import psutil
import pypremise
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from personas.core.errors import UserError
from personas.scoring.patterns import mine as mine_module
from personas.scoring.patterns import premise
from personas.scoring.patterns.count import count_patterns
from personas.scoring.patterns.mine import MiningResult, least_documents, mine
from personas.scoring.patterns.tokens import LONGEST_RUN, LONGEST_WORD, tokenize
from tests.benchmarks.count_patterns import with_sets
from tests.benchmarks.rare_tokens import corpus, with_all_tokens
from tests.growth import BOUND, growth
from tests.helpers import ROOT

PERSONA = ["Gaston fights"] * 20 + ["something else"] * 5
BASELINE = ["one assistant"] * 20 + ["something else"] * 5
WORDS = [f"zq{a}{b}" for a in "abcdefghklm" for b in "bcdfghklnp"]  # letters only, so that each is one token


@pytest.fixture(scope="module")
def found() -> MiningResult:
    return mine(*planted())


def planted(seed: int = 1) -> tuple[list[str], list[str]]:
    """100 texts a group; 2 patterns mark the persona and 1 the baseline, in 40 of 100 texts against 2 of 100."""
    rng = random.Random(seed)
    marks = {"persona": ["Gaston ’s 🙂", "no one"], "baseline": ["language model"]}
    groups = []
    for group in ("persona", "baseline"):
        texts = [rng.choices(WORDS, [1 / (rank + 2) for rank in range(len(WORDS))], k=40) for _ in range(100)]
        for owner, patterns in marks.items():
            for pattern in patterns:
                for place in rng.sample(range(100), 40 if owner == group else 2):
                    texts[place].append(pattern)
        groups.append([" ".join(text) for text in texts])
    return groups[0], groups[1]


def test_as_published_the_program_gets_what_the_package_makes_of_the_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the study: baseline first, white space in, tokens numbered as they appear."""
    persona, baseline = ["No one.\n\nNo!", "zeta alpha"], ["Well,  yes", "alpha zeta no"]
    seen = []

    def remember(documents: list[list[int]], labels: list[int], **_: object) -> list[premise.PremisePattern]:
        seen.append((documents, labels))
        return [premise.PremisePattern(((2,),), 1, 0.001, -3.0, 1)]

    monkeypatch.setattr(mine_module, "run_premise", remember)
    mined = mine(persona, baseline, as_published=True)
    lists = [tokenize(texts, with_space=True) for texts in (baseline, persona)]
    instances, _, tokens = pypremise.data_loaders.from_token_lists(*lists)
    assert seen == [([list(one.features) for one in instances], [0, 0, 1, 1])]
    assert mined.patterns[0].clauses == ((tokens[2],),) == ((" ",),), "white space can mark a group"


@pytest.mark.parametrize(
    ("text", "tokens", "reason"),
    [
        ("Gaston’s “No!” no", ["Gaston", "’s", "“", "No", "!", "”", "no"], "punctuation and case stay"),
        ("I'd  say\n\n\tso", ["I", "'d", "say", "so"], "white space is no token"),
        ("a\u00a0b", ["a", "b"], "nor is a no-break space"),
        ("fight 🙂🎯", ["fight", "🙂", "🎯"], "an emoji is a token"),
        (" \n", [], "nothing but layout"),
        ("", [], "nothing"),
    ],
)
def test_tokens(text, tokens, reason):
    assert tokenize([text]) == [tokens], reason


def test_texts_are_tokenised_in_order_whatever_their_length():
    long = "word " * 250_000  # over spaCy's limit for pipelines of a million characters
    assert [len(tokens) for tokens in tokenize(iter(["one", long, "", "two words"]))] == [1, 250_000, 0, 2]


def test_planted_patterns_are_found_exactly(found):
    assert found.status == "ok"
    assert [(p.group, p.clauses, p.n_persona, p.n_baseline) for p in found.patterns] == [
        ("persona", (("no",), ("one",)), 40, 2),
        ("persona", (("Gaston",), ("’s",), ("🙂",)), 40, 2),
        ("baseline", (("language",), ("model",)), 2, 40),
    ]
    assert (found.n_persona_documents, found.n_baseline_documents) == (100, 100)


def test_runs_and_orders_of_the_texts_give_the_same(found):
    persona, baseline = planted()
    assert mine(persona, baseline) == found
    random.Random(3).shuffle(persona)
    assert mine(persona, baseline[::-1]) == found


def test_nothing_found_is_not_an_error():
    mined = mine(["one two", "two three"] * 5, ["one two", "two three"] * 5)
    assert (mined.status, mined.patterns, mined.detail) == ("ok", (), "")


def test_p_and_gain_carry_their_own_names_which_the_package_swaps(monkeypatch, tmp_path):
    """Also what else the wrapper does that we pass by; if this fails after an upgrade, use the wrapper again."""
    monkeypatch.setenv("HOME", str(tmp_path))
    instances, _, words = pypremise.data_loaders.get_dummy_data()
    theirs = pypremise.Premise(voc_index_to_token=words).find_patterns(instances)
    assert (tmp_path / ".pypremise_config.json").exists()

    texts: list[list[str]] = [[], []]
    for instance in instances:
        texts[instance.label.value].append(" ".join(words[number] for number in instance.features))
    ours = {pattern.clauses: pattern for pattern in mine(texts[1], texts[0]).patterns}
    assert set(ours) == {(("How",), ("many",)), (("When",), ("taken",), ("was",))}
    for their in theirs:
        our = ours[tuple(sorted(tuple(clause) for clause in their.pattern.clauses))]
        assert (our.p_value, our.mdl_gain) == (their.mdl_gain, -their.fisher_value)
        assert (our.n_baseline, our.n_persona) == (their.label0_count, their.label1_count)


def test_mining_equals_the_package_on_the_same_tokens(found, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    persona, baseline = planted()
    instances, _, words = pypremise.data_loaders.from_token_lists(tokenize(baseline), tokenize(persona))
    theirs = pypremise.Premise(voc_index_to_token=words).find_patterns(instances)
    told = {(tuple(sorted(map(tuple, t.pattern.clauses))), t.label0_count, t.label1_count) for t in theirs}
    assert told == {(p.clauses, p.n_baseline, p.n_persona) for p in found.patterns}


def test_p_is_fishers_one_sided_and_gain_is_bits_saved(found):
    for pattern in found.patterns:
        held, most = pattern.n_persona + pattern.n_baseline, max(pattern.n_persona, pattern.n_baseline)
        tail = sum(comb(100, k) * comb(100, held - k) for k in range(most, min(held, 100) + 1)) / comb(200, held)
        assert isclose(pattern.p_value, tail, rel_tol=1e-5)
        assert pattern.mdl_gain > 1


def test_documents_without_tokens_are_left_out_and_counted():
    mined = mine(["", *PERSONA], [*BASELINE, " ", "\n\n"])
    assert (mined.n_empty_persona, mined.n_empty_baseline) == (1, 2)
    assert (mined.n_persona_documents, mined.n_baseline_documents) == (25, 25)
    assert mined.patterns == mine(PERSONA, BASELINE).patterns != ()


@pytest.mark.parametrize(
    ("persona", "baseline", "counts"),
    [([], [], (0, 0, 0, 0)), (["a"], [], (1, 0, 0, 0)), ([], ["a"], (0, 1, 0, 0)), (["a"], ["", " "], (1, 0, 0, 2))],
)
def test_a_single_group_never_reaches_the_program(monkeypatch, persona, baseline, counts):
    monkeypatch.setattr(mine_module, "run_premise", lambda *_, **__: pytest.fail("the program would abort"))
    assert mine(persona, baseline) == MiningResult("no-documents", (), *counts)


def test_tokens_of_the_programs_own_grammar_come_back_whole(monkeypatch):
    odd = ["and", "-or-", "a b", "x\ny", '"', ";", "0:7", "\\", "é", "👩‍👧"]
    monkeypatch.setattr(mine_module, "tokenize", lambda texts, **_: [text.split("|") for text in texts])
    mined = mine(["|".join(odd)] * 20 + ["other"] * 5, ["plain"] * 20 + ["other"] * 5)
    held = [pattern for pattern in mined.patterns if pattern.group == "persona"]
    assert {token for pattern in held for (token,) in pattern.clauses} <= set(odd)
    assert sum(len(pattern.clauses) for pattern in held) == len(odd)
    assert all((pattern.n_persona, pattern.n_baseline) == (20, 0) for pattern in held)


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"fisher_p": 0}, "fisher_p"),
        ({"fisher_p": float("nan")}, "fisher_p"),
        ({"min_overlap": 5}, "min_overlap"),
        ({"timeout": 0}, "timeout"),
    ],
)
def test_numbers_that_the_program_would_take_without_a_word(wrong, name):
    with pytest.raises(UserError, match=f"^{name} is "):
        mine(PERSONA, BASELINE, **wrong)


def test_no_program_for_this_machine(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(UserError, match=r"no program for .* riscv64"):
        mine(PERSONA, BASELINE)


# The program's surroundings


@pytest.fixture
def temporary(monkeypatch, tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def pretend(monkeypatch, tmp_path: Path, script: str) -> None:
    """Put a shell script in the program's place."""
    program = tmp_path / "pretended"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(premise, "_program", lambda: program)


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def sleeper(told: Path) -> str:
    """A script that starts a child, tells both process ids, and ends after a minute."""
    return f"sleep 60 &\necho $$ $! > {told}.new\nmv {told}.new {told}\nwait"


def test_time_is_up(monkeypatch, tmp_path, temporary):
    pretend(monkeypatch, tmp_path, sleeper(tmp_path / "pids"))
    mined = mine(PERSONA, BASELINE, timeout=3)
    assert (mined.status, mined.patterns, mined.detail) == ("timed-out", (), "no end after 3 s")
    assert (mined.n_persona_documents, mined.n_baseline_documents) == (25, 25)
    assert all(gone(int(pid)) for pid in (tmp_path / "pids").read_text().split()), "the child, too"
    assert list(temporary.iterdir()) == []


def test_the_true_program_is_ended_in_time(temporary):
    assert mine(*planted(), timeout=0.001).status == "timed-out"
    assert list(temporary.iterdir()) == []


def test_the_program_ends_with_its_owner(tmp_path):
    program = tmp_path / "pretended"
    program.write_text(f"#!/bin/sh\n{sleeper(tmp_path / 'pids')}\n")
    program.chmod(0o755)
    code = (
        "from pathlib import Path; from personas.scoring.patterns import premise\n"
        f"premise._program = lambda: Path({str(program)!r})\n"
        "premise.run_premise([[0], [1]], [0, 1], fisher_p=1, min_overlap=0, timeout=60)"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    owner = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment)
    while not (tmp_path / "pids").exists():
        assert owner.poll() is None
        time.sleep(0.05)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    assert all(gone(int(pid)) for pid in (tmp_path / "pids").read_text().split())


@pytest.mark.parametrize(
    ("script", "detail", "reason"),
    [
        ("echo first >&2; echo last words >&2; exit 3", "exit status 3: first last words", "its own words are told"),
        ("kill -ABRT $$", "exit status 134: no message", "a failed C++ assertion"),
        ("true", "it wrote no patterns", "no file"),
        ("echo '0 and 1;9:0;0' > patterns", "something else than patterns", "a cut line"),
        ("echo '0 and x;9:0;0;0.1;-2;Pair' > patterns", "something else than patterns", "not a number"),
    ],
)
def test_failures_are_named_and_leave_nothing(monkeypatch, tmp_path, temporary, script, detail, reason):
    pretend(monkeypatch, tmp_path, script)
    mined = mine(PERSONA, BASELINE)
    assert (mined.status, mined.patterns) == ("failed", ()), reason
    assert detail in mined.detail, reason
    assert list(temporary.iterdir()) == []


def test_a_program_without_the_execute_bit_in_a_read_only_package(monkeypatch, tmp_path, temporary):
    package = tmp_path / "package"
    package.mkdir()
    program = package / "Premise"
    program.write_bytes(premise._program().read_bytes())
    program.chmod(0o444)
    package.chmod(0o555)
    monkeypatch.setattr(premise, "_program", lambda: program)
    try:
        assert mine(PERSONA, BASELINE).patterns
    finally:
        package.chmod(0o755)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("home", ["empty", None])
def test_the_home_folder_stays_as_it_is(tmp_path, home):
    """In a process of its own, so that spaCy starts there, too; `None` is a home that cannot be written."""
    folder = tmp_path / "empty"
    folder.mkdir()
    code = (
        f"from personas.scoring.patterns.mine import mine; print(len(mine({PERSONA!r}, {BASELINE!r}).patterns))\n"
        "import sys; print('pypremise' in sys.modules)"
    )
    environment = {**os.environ, "HOME": str(folder) if home else "/dev/null/home"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == ["2", "False"]
    assert list(folder.iterdir()) == []


def test_importing_is_cheap_for_others():
    code = "import sys, personas.scoring.patterns.mine; print({'spacy', 'scipy', 'pypremise'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


# Counting


@pytest.mark.parametrize("seed", [0, 1])
def test_tokens_that_can_stand_in_no_pattern_are_left_out_and_nothing_changes(seed):
    """In text where most tokens are rare, with patterns that hardly shorten the description."""
    texts = corpus(seed, documents=200, tokens=60, words=5000)
    few, every = mine(*texts), with_all_tokens(*texts)
    told = [{(p.clauses, p.group, p.n_persona, p.n_baseline, p.p_value) for p in m.patterns} for m in (few, every)]
    assert told[0] == told[1] and len(few.patterns) >= 8
    gains = [{p.clauses: p.mdl_gain for p in mined.patterns} for mined in (few, every)]
    assert gains[0] == pytest.approx(gains[1], abs=0.1)


@pytest.mark.parametrize(("n_one", "n_other"), [(200, 200), (30, 300), (300, 30), (5, 5), (3, 9)])
@pytest.mark.parametrize("fisher_p", [0.01, 0.3, 1e-6])
def test_no_pattern_of_fewer_documents_could_pass(n_one, n_other, fisher_p):
    def smallest(k: int) -> float:  # of one-sided Fisher, over all ways in which k documents hold it, for both groups
        sides = ((hypergeom(n_one + n_other, size, k), min(k, size)) for size in (n_one, n_other))
        return min(float(held.sf(most - 1)) for held, most in sides)

    least = least_documents(n_one, n_other, fisher_p)
    assert all(smallest(k) > fisher_p for k in range(1, least))
    assert least == 1 or smallest(least) <= fisher_p * (1 + 1e-6)


TOKEN = st.sampled_from("abcdefg")
CLAUSE = st.lists(TOKEN, min_size=1, max_size=3).map(tuple)
GROUPS = st.lists(st.lists(st.lists(TOKEN | st.sampled_from("xyz"), max_size=6), max_size=5), max_size=4)


@given(GROUPS, st.lists(st.lists(CLAUSE, min_size=1, max_size=3).map(tuple), max_size=5))
@settings(deadline=None, max_examples=300)
def test_counts_are_those_of_the_definition(groups, patterns):
    counts = count_patterns(groups, patterns)
    assert counts.shape == (len(groups), len(patterns))
    assert counts.dtype == np.int64
    assert counts.tolist() == with_sets(groups, patterns)


def test_counting_by_hand():
    groups = [[["no", "one", "no"], ["one"], ["nobody", "one"]], [], [["No", "one"]]]
    patterns = [(("no",), ("one",)), (("no", "nobody"), ("one",)), (("one",), ("one",)), (("absent",),)]
    assert count_patterns(groups, patterns).tolist() == [[1, 2, 3, 0], [0, 0, 0, 0], [0, 0, 1, 0]]


@pytest.mark.parametrize(
    ("groups", "patterns", "error"),
    [
        ([[["a"]]], [()], ValueError),
        ([[["a"]]], [(("a",), ())], ValueError),
        ([["a text"]], [(("a",),)], TypeError),
    ],
)
def test_what_cannot_be_counted(groups, patterns, error):
    with pytest.raises(error):
        count_patterns(groups, patterns)


@pytest.mark.parametrize("part", ["!", ":)", "'", "😀", "http://", "(", "word ", "\n", "a", ". "])
def test_time_of_tokens_grows_with_length(part: str) -> None:
    assert growth(lambda text: tokenize([text]), part) < BOUND


def test_only_longer_runs_are_cut() -> None:
    rule, word, marks = "-" * LONGEST_RUN, "a" * LONGEST_WORD, "!" * 1_000
    assert tokenize([f"{rule} {word}", marks]) == [[rule, word], ["!"] * 1_000]
    assert [len("".join(tokens)) for tokens in tokenize(["-" * 1_000, "a" * 12_000])] == [1_000, 12_000]
