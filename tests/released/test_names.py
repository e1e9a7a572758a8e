"""The grammar of released names: builder and parser undo each other, and what is not of the grammar is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.grid.release.names import (
    DATASETS,
    METRICS,
    PAIRED,
    Against,
    Name,
    NameFault,
    PatternsName,
    Spoken,
    VerdictsName,
    Vocabulary,
    parse,
)

ROLES = ("HAL 9000", "Lestat de Lioncourt", "Gaston", "Mary Sibley", "bfi", "Doctor 7 empty", "empty shuffled 3")
MODELS = ("gemma-3-4b-it", "Llama-3_3-Nemotron-Super-49B-v1", "Llama-3_3", "gemini-2.5-flash")
KNOWN = Vocabulary(ROLES, MODELS)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        pytest.param(
            "generations/gemma-3-4b-it/interview_HAL_9000_shuffle.json",
            Spoken("gemma-3-4b-it", "interview", "HAL 9000", shuffled=True),
            id="shuffled dialogue of a persona that ends in a number",
        ),
        pytest.param(
            "generations/gemini-2.5-flash/instructions_empty.json",
            Spoken("gemini-2.5-flash", "instructions", None),
            id="dialogue of the baseline",
        ),
        pytest.param(
            "generations/x/bfi_HAL_9000_68.json",
            Spoken("x", "interview", "HAL 9000", dataset="bfi", t=68),
            id="persona HAL 9000 after 68 rounds",
        ),
        pytest.param(
            "generations/x/inst-instruction_role_specific_empty_0.json",
            Spoken("x", "instructions", None, dataset="instruction_role_specific", t=0),
            id="dataset with underscores, other conversation, baseline",
        ),
        pytest.param(
            "metrics/in_character/Selene-1/x/interview_empty.json-HAL 9000.csv",
            VerdictsName(Spoken("x", "interview", None), "Selene-1", "in_character", "HAL 9000"),
            id="baseline judged as a persona, whose name has a blank there",
        ),
        pytest.param(
            "metrics/xstest/Selene-1/x/inst-xstest_empty_11.json.csv",
            VerdictsName(Spoken("x", "instructions", None, dataset="xstest", t=11), "Selene-1", "xstest"),
            id="baseline judged as nobody",
        ),
        pytest.param(
            "metrics/instruction_general/S/x/instruction_general_Mary_Sibley_102.json_previous_reference.csv",
            VerdictsName(
                Spoken("x", "interview", "Mary Sibley", dataset="instruction_general", t=102),
                "S",
                "instruction_general",
                against="previous",
            ),
            id="compared with the checkpoint before",
        ),
        pytest.param(
            "results/premise/premise_Llama-3_3-Nemotron-Super-49B-v1_inst-bfi_Gaston_last_round.csv",
            PatternsName("Llama-3_3-Nemotron-Super-49B-v1", "instructions", "bfi", "Gaston", last_round=True),
            id="patterns: the longest model name, and the last round",
        ),
    ],
)
def test_names(path: str, name: Name) -> None:
    assert parse(path, KNOWN) == name
    assert name.path == path


def spoken() -> st.SearchStrategy[Spoken]:
    models, roles = st.sampled_from(MODELS), st.none() | st.sampled_from(ROLES)
    conversations = st.sampled_from(["interview", "instructions"])
    dialogues = st.builds(Spoken, models, conversations, roles, st.booleans())
    datasets, rounds = st.sampled_from(sorted(DATASETS.values())), st.integers(0, 999)
    return dialogues | st.builds(Spoken, models, conversations, roles, st.just(False), datasets, rounds)


@st.composite
def names(draw: st.DrawFn) -> Name:
    of = draw(spoken())
    if draw(st.booleans()):
        return of
    if of.dataset is None:
        as_role = None if of.role else draw(st.sampled_from(ROLES))
        return VerdictsName(of, "Judge_1.0", draw(st.sampled_from(sorted(METRICS.values()))), as_role)
    if of.role and draw(st.booleans()):
        return PatternsName(of.model, of.conversation, of.dataset, of.role, draw(st.booleans()))
    against: Against | None = draw(st.sampled_from([None, "zero", "previous"])) if of.dataset in PAIRED else None
    return VerdictsName(of, "Judge_1.0", of.dataset, against=against)


@given(names())
def test_what_is_built_is_read_again(name: Name) -> None:
    assert parse(name.path, KNOWN) == name


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("generations/x/bfi_Gaston.json", "found 'Gaston' at the end of 'bfi_Gaston', expected the number of rounds"),
        ("generations/x/bfi_Dracula_11.json", "found the persona 'Dracula', expected HAL 9000, Lestat de Lioncourt"),
        ("generations/x/mmlu_Gaston_11.json", "found no known benchmark in 'mmlu_Gaston', expected bfi, xstest"),
        ("generations/x/bfi_Gaston_011.json", "found the name 'bfi_Gaston_011.json', expected 'bfi_Gaston_11.json'"),
        ("generations/x/bfi_Gaston_11.txt", "found the name 'bfi_Gaston_11.txt', expected one that ends in .json"),
        ("generations/bfi_Gaston_11.json", "found a file here, expected it deeper or less deep"),
        ("generations/x/inst-interview_Gaston.json", "at the end of 'inst-interview_Gaston', expected the number"),
        ("metrics/charm/S/x/interview_Gaston.json.csv", "found the metric 'charm', expected knowledge, style"),
        ("metrics/bfi/S/x/xstest_Gaston_11.json.csv", "found 'xstest_Gaston_11' below 'bfi', expected what"),
        ("metrics/bfi/S/x/interview_Gaston.json.csv", "found 'interview_Gaston' below 'bfi', expected what"),
        ("metrics/style/S/x/bfi_Gaston_11.json.csv", "found 'bfi_Gaston_11' below 'style', expected what"),
        ("metrics/style/S/x/interview_empty.json-Dracula.csv", "found '-Dracula' after .json, expected -<persona>"),
        ("metrics/style/S/x/interview_empty.csv", "expected that of the judged file, which ends in .json"),
        ("results/premise/premise_gpt_bfi_Gaston.csv", "found no known model in 'premise_gpt_bfi_Gaston'"),
        ("results/premise/premise_gemma-3-4b-it_bfi_empty.csv", "found patterns of 'empty', expected those of a"),
        ("results/premise/notes.csv", "found the name 'notes', expected one that begins with premise_"),
    ],
    ids=lambda part: part.rpartition("/")[2] if "/" in part else "",
)
def test_what_is_no_name_is_told(path: str, told: str) -> None:
    with pytest.raises(NameFault) as fault:
        parse(path, KNOWN)
    assert told in str(fault.value)
