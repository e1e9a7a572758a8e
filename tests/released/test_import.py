"""What cells are made of released files, and how odd cases end."""

import hashlib
import json
from collections import Counter

import pytest

from personas.benchmarks import BENCHMARKS
from personas.core.errors import UserError
from personas.exports.release.doubts import doubts
from personas.grid.cells import Cell
from personas.grid.release.layout import ORDERS, baseline_layout
from personas.grid.release.names import DATASETS
from personas.plan.disk import existing_files
from personas.plan.frozen import Run, freeze
from tests.helpers import make_plan
from tests.released.conftest import Small
from tests.released.maker import write_csv
from tests.released.world import FLOW, SELENE, World

CONVERSATIONS = {"persona-directed": "interview", "goal-oriented": "instructions"}


def test_every_response_is_about_its_item(small_release: Small) -> None:
    """The made-up answers name speaker and question; the baseline's answers to a persona's questions among them."""
    grid, seen = small_release.grid(), Counter[str]()
    for cell in (cell for cell in grid.cells if cell.stage == "responses"):
        table, origin = small_release.import_cell(cell.plain_path, grid)
        assert not origin.faults and not origin.missing
        speaker = grid.study.personas.get(cell.track.persona)
        for row in table.to_pylist():
            told = f"{speaker.role if speaker else 'nobody'} of "
            assert row["answer"].startswith(told) and f"«{row['prompt']}»" in row["answer"]
            if row["checkpoint"]:
                said_in = CONVERSATIONS[cell.track.condition]
                assert row["answer"].endswith(f"after {row['checkpoint']} rounds of {said_in}")
            seen[cell.benchmark or ""] += 1
    questions = {"role-specific": 6 * 2, "general": 7 * 2, "bfi": 5 * 4, "xstest": 4 * 4, "ifbench": 3 * 4}
    assert seen == {name: 3 * 2 * 3 * count for name, count in questions.items()}, "3 models, 2 conditions, 3 rounds"


def test_the_order_of_general_questions_is_not_that_of_the_item_file(small_release: Small) -> None:
    """Else the test above would show nothing of the baseline's layout."""
    world, file = small_release.world, (small_release.folder / "study/general.jsonl").read_text(encoding="utf-8")
    in_file = list(dict.fromkeys(json.loads(line)["question"] for line in file.splitlines()))
    assert sorted(in_file) == sorted(world.all_general()) and in_file != world.all_general()


@pytest.mark.parametrize("order", ["fixed", "shuffled"])
def test_a_dialogue_keeps_the_turns_that_were_said(small_release: Small, order: str) -> None:
    rows = small_release.rows(f"dialogues/gemma/baseline/persona-directed-{order}.parquet")
    said = small_release.maker.turns("interview", "gemma-3-4b-it", shuffle=order == "shuffled")
    assert [row["user"] for row in rows] == said and [row["round"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert all(f"«{row['user']}» in round {row['round']}" in row["answer"] for row in rows)
    assert {row["status"] for row in rows} == {"ok"}


def test_a_row_tells_its_file_and_lacks_what_was_not_released(small_release: Small) -> None:
    row = small_release.rows("responses/gemini/gaston/bfi/goal-oriented-fixed.parquet")[0]
    assert row["served_by"] == "released generations/gemini-2.5-flash/inst-bfi_Gaston_0.json"
    assert row["answer_sha256"] == hashlib.sha256(row["answer"].encode()).hexdigest()
    unknown = ("finish_reason", "prompt_tokens", "completion_tokens", "cached_tokens", "seconds", "reasoning")
    assert {row[name] for name in unknown} == {None} and row["request_key"]


def test_twins_of_round_0_are_one_answer(small_release: Small) -> None:
    """Equal files give rows of equal keys, so an analysis that pools conditions counts them once."""
    keys = {
        model: [
            [row["request_key"] for row in small_release.rows(f"responses/{model}/gaston/bfi/{c}-fixed.parquet")[:5]]
            for c in ("persona-directed", "goal-oriented")
        ]
        for model in ("gemma", "gemini")
    }
    assert keys["gemma"][0] == keys["gemma"][1] and keys["gemini"][0] != keys["gemini"][1]


def test_verdicts_stand_with_the_answers_that_they_are_about(small_release: Small) -> None:
    grid = small_release.grid()
    for cell in (cell for cell in grid.cells if cell.judged and cell.track.model == "nemotron"):
        rows, judged_path = small_release.rows(cell.plain_path, grid), cell.judged.plain_path if cell.judged else ""
        judged = {_key(row): row for row in small_release.rows(judged_path, grid)}
        with_itself = cell.reference in ("zero", "previous")
        assert [_key(row) for row in rows] == [key for key in judged if key[0] or not with_itself]
        for row in rows:
            answer = judged[_key(row)]
            place = row["round"] - 1 if row["round"] else _idx(small_release.world, cell, answer["prompt"])
            assert row["judged_sha256"] == answer["answer_sha256"]
            assert f"{row['served_by'].removeprefix('released metrics/')} {place}." in row["answer"]
            assert row["reference_is_a"] == (place % 2 == 0 if cell.reference else None)


def _key(row: dict[str, object]) -> tuple[object, object]:
    return row["round"] if row.get("round") else row.get("checkpoint"), row.get("item_id")


def _idx(world: World, cell: Cell, prompt: str) -> int:
    """Where a question stands in the list of the persona that is judged by, by hand."""
    by_slug = {role.lower().replace(" ", "-"): role for role in world.roles}
    role = by_slug.get(cell.as_persona or cell.track.persona)
    lists = {"bfi": world.bfi, "xstest": world.xstest}
    if role:
        specific = [_bare(q, role) if cell.as_persona else q for q in world.specific[role]]
        lists |= {"general": world.general[role], "role-specific": specific}
    return list(lists[cell.kind]).index(prompt)


def _bare(question: str, role: str) -> str:
    rest = question.removeprefix(f"{role}, ")
    return rest[0].upper() + rest[1:]


def test_references_are_those_of_the_data_set_and_of_earlier_answers(small_release: Small) -> None:
    path = "judgements/selene/gemma/hal-9000/general/goal-oriented-fixed--vs-{}.parquet"
    said = small_release.rows("responses/gemma/hal-9000/general/goal-oriented-fixed.parquet")
    by_place = {(row["checkpoint"], row["item_id"]): row["answer_sha256"] for row in said}
    for reference, earlier in (("zero", {3: 0, 6: 0}), ("previous", {3: 0, 6: 3})):
        rows = small_release.rows(path.format(reference))
        assert {row["checkpoint"] for row in rows} == {3, 6}
        expected = [by_place[earlier[row["checkpoint"]], row["item_id"]] for row in rows]
        assert [row["reference_sha256"] for row in rows] == expected
    given = {hashlib.sha256(f"HAL 9000 on {q}".encode()).hexdigest() for q in small_release.world.general["HAL 9000"]}
    assert {row["reference_sha256"] for row in small_release.rows(path.format("dataset"))} == given


def test_the_second_judge_has_the_cells_that_it_rated(small_release: Small) -> None:
    cells = [cell for cell in small_release.grid().cells if cell.judge == "flow-judge"]
    assert {cell.track.model for cell in cells} == {"gemma"}
    assert {cell.track.condition for cell in cells} == {"persona-directed"}
    bfi = [cell for cell in cells if cell.benchmark == "bfi"]
    assert len(bfi) == 3 and "baseline" not in {cell.track.persona for cell in bfi}
    assert len(cells) - len(bfi) == 3 * 2 * (3 + 3), (
        "3 metrics, 2 orders, 3 personas and the baseline as each of them"
    )


def edit_json(small_release: Small, name: str, place: int, value: object) -> None:
    path = small_release.release / name
    said = json.loads(path.read_text(encoding="utf-8"))
    said[place] = value
    path.write_text(json.dumps(said), encoding="utf-8")


@pytest.mark.parametrize(
    ("value", "status", "answer"),
    [
        pytest.param(None, "blocked", None, id="null: the answer was blocked"),
        pytest.param("", "empty", "", id="nothing said"),
        pytest.param(" \n", "empty", " \n", id="blanks"),
        pytest.param("half \ud83d of it", "ok", "half ��� of it", id="half a character"),
        pytest.param("naïve 😀\r\nnew line", "ok", "naïve 😀\r\nnew line", id="line ends and other scripts"),
    ],
)
def test_odd_answers(small_release: Small, value: str | None, status: str, answer: str | None) -> None:
    edit_json(small_release, "generations/gemini-2.5-flash/bfi_Gaston_3.json", 2, value)
    row = small_release.rows("responses/gemini/gaston/bfi/persona-directed-fixed.parquet")[5 + 2]
    assert (row["status"], row["answer"], row["checkpoint"]) == (status, answer, 3)
    judged = small_release.rows("judgements/selene/gemini/gaston/bfi/persona-directed-fixed.parquet")[5 + 2]
    assert judged["answer"].startswith("**Reasoning:**"), "what the judge said is kept"
    counted = status == "ok"
    assert (judged["request_key"] is not None, judged["status"] == "ok") == (counted, counted)


def test_a_null_in_a_dialogue(small_release: Small) -> None:
    name = "generations/gemini-2.5-flash/instructions_Gaston.json"
    edit_json(small_release, name, 5, {"role": "assistant", "content": None})
    rows = small_release.rows("dialogues/gemini/gaston/goal-oriented-fixed.parquet")
    assert [row["status"] for row in rows] == ["ok", "ok", "blocked", "ok", "ok", "ok"]


def test_a_missing_file_leaves_its_items_without_answers(small_release: Small) -> None:
    (small_release.release / "generations/gemma-3-4b-it/bfi_HAL_9000_3.json").unlink()
    table, origin = small_release.import_cell("responses/gemma/hal-9000/bfi/persona-directed-fixed.parquet")
    by_status = Counter((row["checkpoint"], row["status"]) for row in table.to_pylist())
    assert by_status == {(0, "ok"): 5, (3, "not_imported"): 5, (6, "ok"): 5}
    assert origin.missing == ["generations/gemma-3-4b-it/bfi_HAL_9000_3.json"]
    judged = small_release.rows("judgements/selene/gemma/hal-9000/bfi/persona-directed-fixed.parquet")
    assert Counter(row["status"] for row in judged) == {"ok": 10, "not_imported": 5}


def test_a_limit_takes_the_drawn_items_of_the_files(small_release: Small) -> None:
    small_release.configure(benchmarks__general__limit=1, benchmarks__xstest__limit=2)
    [drawn] = small_release.grid().study.items_for("general", None, as_role="Gaston")
    rows = small_release.rows("responses/gemma/baseline/general/persona-directed-fixed--as-gaston.parquet")
    assert {row["prompt"] for row in rows} == {drawn.prompt} < set(small_release.world.general["Gaston"])
    assert all(f"«{row['prompt']}»" in row["answer"] for row in rows)
    assert len(small_release.rows("judgements/selene/gemma/gaston/xstest/goal-oriented-fixed.parquet")) == 2 * 3


def test_user_turns_of_another_script_are_noted(small_release: Small) -> None:
    name = "generations/gemma-3-4b-it/instructions_Gaston.json"
    edit_json(small_release, name, 0, {"role": "user", "content": "Something else."})
    _, origin = small_release.import_cell("dialogues/gemma/gaston/goal-oriented-fixed.parquet")
    assert origin.notes == {name: "1 of 6 user turns are not those that the config names"}


def test_another_order_of_the_baseline_is_noted_and_can_be_named(small_release: Small) -> None:
    """The answers of the release name their questions; put in the order of the item file, they belong elsewhere."""
    path = "responses/gemma/baseline/general/persona-directed-fixed--as-gaston.parquet"
    assert not small_release.import_cell(path)[1].notes
    small_release.configure(release__baseline_order="items")
    _, origin = small_release.import_cell(path)
    notes = set(origin.notes.values())
    assert len(origin.notes) == 3 and all("in the other order; look at release.baseline_order" in n for n in notes)
    grid = small_release.grid()
    ids = baseline_layout(grid.study, "general", "items")
    prompts = {item.id: item.prompt for item in grid.study.items["general"]}
    for t in small_release.world.checkpoints:
        name = f"generations/gemma-3-4b-it/instruction_general_empty_{t}.json"
        (small_release.release / name).write_text(json.dumps([f"On {prompts[i]}" for i in ids]), encoding="utf-8")
    table, origin = small_release.import_cell(path)
    assert not origin.notes and all(row["answer"] == f"On {row['prompt']}" for row in table.to_pylist())


def test_a_changed_file_is_another_cell_and_what_judges_it(small_release: Small) -> None:
    before = {cell.path for cell in small_release.grid().cells}
    verdicts = f"metrics/bfi/{SELENE}/gemma-3-4b-it/bfi_Gaston_3.json.csv"
    for name, cells in ((verdicts, 1), ("generations/gemma-3-4b-it/bfi_Gaston_3.json", 3)):
        path = small_release.release / name
        path.write_text(path.read_text(encoding="utf-8").replace("a", "b", 1), encoding="utf-8")
        after = {cell.path for cell in small_release.grid().cells}
        assert len(after - before) == len(before - after) == cells, "the responses, and two judgements of them"
        before = after


def test_a_moved_release_is_the_same_cells(small_release: Small) -> None:
    before = {cell.path for cell in small_release.grid().cells}
    small_release.release.rename(small_release.folder / "elsewhere")
    small_release.configure(release__folder="elsewhere")
    assert {cell.path for cell in small_release.grid().cells} == before


def test_a_judge_of_our_own_can_rate_released_answers(small_release: Small) -> None:
    model = {"engine": "endpoint", "id": "org/j", "revision": "r", "base_url": "http://127.0.0.1:9/v1"}
    sampling = {"temperature": 0.0, "max_tokens": 9}
    small_release.configure(judges__own={"model": {**model, "sampling": sampling}})
    cells = [cell for cell in small_release.grid().cells if cell.judge == "own"]
    assert cells and not any(cell.is_imported for cell in cells)


def test_a_file_of_another_judge_does_no_harm(small_release: Small) -> None:
    path = small_release.release / f"metrics/style/{FLOW}-2/gemma-3-4b-it/interview_Gaston.json.csv"
    path.parent.mkdir(parents=True)
    write_csv(path, "style", ["x"])
    assert small_release.accounted().loc[path.relative_to(small_release.release).as_posix(), "outcome"] == "ignored"


def in_order(release: Small, benchmark: str, order: str, say: str) -> str:
    """Write the baseline's answers to a set in an order; return the path of one of its cells."""
    grid = release.grid()
    kind = BENCHMARKS[grid.study.config.kind_of(benchmark)]
    prompts = {item.id: item.prompt for item in kind.items_for(grid.study.items[benchmark], None)}
    for t in release.world.checkpoints:
        name = f"generations/gemma-3-4b-it/{DATASETS[benchmark]}_empty_{t}.json"
        said = [say.format(prompts[i]) for i in baseline_layout(grid.study, benchmark, order)]
        (release.release / name).write_text(json.dumps(said), encoding="utf-8")
    return f"responses/gemma/baseline/{benchmark}/persona-directed-fixed--as-gaston.parquet"


@pytest.mark.parametrize("general", ORDERS)
@pytest.mark.parametrize("specific", ORDERS)
def test_each_set_is_matched_by_itself(small_release: Small, general: str, specific: str) -> None:
    for benchmark, order in (("general", general), ("role-specific", specific)):
        path = in_order(small_release, benchmark, order, "On {}")
        table, origin = small_release.import_cell(path)
        assert not origin.notes and all(row["answer"] == f"On {row['prompt']}" for row in table.to_pylist())


def test_where_the_words_tell_nothing_it_is_the_studys_order_and_said(small_release: Small) -> None:
    path = in_order(small_release, "general", "items", "{}")
    for t in small_release.world.checkpoints:
        file = small_release.release / f"generations/gemma-3-4b-it/instruction_general_empty_{t}.json"
        said = json.loads(file.read_text(encoding="utf-8"))
        file.write_text(json.dumps([f"{place}." for place in range(len(said))]), encoding="utf-8")
    table, origin = small_release.import_cell(path)
    grid = small_release.grid()
    places = {item: place for place, item in enumerate(baseline_layout(grid.study, "general", "items"))}
    assert all(row["answer"] == f"{places[row['item_id']]}." for row in table.to_pylist())
    assert len(origin.notes) == 3 and all("do not tell which order" in note for note in origin.notes.values())
    small_release.import_all("gemma")
    plan = make_plan(grid, existing_files(small_release.results))
    [line] = doubts(freeze(plan, Run("r", "host", 1, 0.0), small_release.results))
    assert line.startswith(
        "Doubtful: 3 released files of the baseline's answers to general; generations/gemma-3-4b-it/"
    )
    assert "release.baseline_order" in line


def test_orders_can_be_named_one_by_one(small_release: Small) -> None:
    small_release.configure(release__baseline_order={"general": "personas"})
    path = in_order(small_release, "general", "items", "On {}")
    assert len(small_release.import_cell(path)[1].notes) == 3
    small_release.configure(release__baseline_order={"bfi": "items"})
    with pytest.raises(UserError, match="found bfi, expected some of"):
        small_release.grid()
