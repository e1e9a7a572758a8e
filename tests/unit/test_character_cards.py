"""Character cards: every shape, the traps of real files, macros, and files that mean harm."""

import base64
import json
import struct
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personas.cli.import_card import write_persona
from personas.config.models import ModelSection
from personas.config.personas import Persona
from personas.config.reading.loader import validate
from personas.core.errors import UserError
from personas.core.strict_yaml import read_yaml
from personas.engines.kinds.endpoint import EndpointModel
from personas.exports.cards.card import read_card
from personas.exports.cards.macros import Macros
from personas.exports.cards.persona import import_card
from personas.exports.cards.png import SIGNATURE
from personas.prompts.judge import judge_prompt, load_texts
from personas.prompts.recipe import system_prompt
from tests.golden.judge import DEFAULT
from tests.helpers import Project, personas

FIELDS: dict[str, Any] = {
    "name": "Odo",
    "description": "{{char}} guards a gate.\r\nNobody passes {{user}}.",
    "personality": "stern",
    "scenario": "At the gate.",
    "first_mes": "Halt, <USER>!",
    "mes_example": "<START>\n{{user}}: May I?\n{{char}}: No.\n<START>\n<BOT>: Still no.",
}
V2: dict[str, Any] = {"spec": "chara_card_v2", "spec_version": "2.0", "data": FIELDS}


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def text(keyword: str, content: bytes) -> bytes:
    return chunk(b"tEXt", keyword.encode() + b"\0" + content)


def packed(card: object) -> bytes:
    return base64.b64encode(json.dumps(card).encode())


HEADER, PIXELS, END = chunk(b"IHDR", bytes(13)), chunk(b"IDAT", zlib.compress(bytes(64))), chunk(b"IEND", b"")


def png(*chunks: bytes) -> bytes:
    return b"".join([SIGNATURE, *chunks])


def imported(folder: Path, content: bytes | object, *, user: str = "the user", left_out: Sequence[str] = ()) -> Any:
    """Write a card, import it, read what became of it as a run does; the persona and the lines that were told."""
    path = folder / "card"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    _, *notes = write_persona(path, folder / "personas", user, tuple(left_out))
    [made] = (folder / "personas").glob("*.yaml")
    return validate(Persona, read_yaml(made), str(made)), notes


SHAPES: dict[str, tuple[object, str]] = {
    "V1": (FIELDS, "V1"),
    "V2": (V2, "V2"),
    "V3": ({**V2, "spec": "chara_card_v3", "spec_version": "3.0"}, "V3"),
    "V2 in PNG, behind the pixels": (png(HEADER, PIXELS, text("chara", packed(V2)), END), "V2"),
    "before the pixels": (png(HEADER, text("chara", packed(V2)), PIXELS, END), "V2"),
    "no pixels at all": (png(HEADER, text("Chara", packed(V2)), END), "V2"),
    "no end": (png(HEADER, PIXELS, text("chara", packed(V2))), "V2"),
    "both, ccv3 wins": (
        png(
            HEADER, text("chara", packed({"name": "Old"})), text("ccv3", packed({**V2, "spec": "chara_card_v3"})), END
        ),
        "V3",
    ),
    "lines and no padding in base64": (
        png(HEADER, text("chara", b"\n".join([packed(V2)[:60], packed(V2)[60:].rstrip(b"=")]))),
        "V2",
    ),
    "a byte order mark": (b"\xef\xbb\xbf" + json.dumps(V2).encode(), "V2"),
    "says V3, is flat": ({**FIELDS, "spec": "chara_card_v3", "spec_version": "3.0"}, "V1"),
    "says nonsense": ({**FIELDS, "spec": "\x1b[31m"}, "V1"),
    "V1 fields beside data": ({**V2, "name": "Other", "description": "Other."}, "V2"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_the_same_persona(shape: str, tmp_path: Path) -> None:
    content, version = SHAPES[shape]
    persona, notes = imported(tmp_path, content)
    assert read_card(tmp_path / "card").version == version
    assert persona == Persona(
        role="Odo",
        description="Odo guards a gate.\nNobody passes the user.\n\nPersonality: stern\n\nScenario: At the gate.",
        first_message="Halt, the user!",
        example_dialogues="the user: May I?\nOdo: No.\n\nOdo: Still no.",
    )
    told = {
        "says nonsense": "It says that it is a [31m, but",
        "says V3, is flat": "has no `data`: read as V1",
        "V1 fields beside data": "description, name beside `data`",
    }
    assert len(notes) == (shape in told) and told.get(shape, "") in "".join(notes)


def test_fields_as_chunks_of_their_own(tmp_path: Path) -> None:
    """UTF-8 there, though the format says Latin-1."""
    fields = (text(key, value.encode()) for key, value in (("name", "Zoë"), ("description", "Élan.")))
    persona, _ = imported(tmp_path, png(HEADER, *fields, text("Software", b"\xff"), END))
    assert (persona.role, persona.description) == ("Zoë", "Élan.")


def test_other_names_of_fields_and_their_precedence(tmp_path: Path) -> None:
    card = {
        "char_name": "Ilse",
        "char_persona": "A baker.",
        "description": "A smith.",
        "example_dialogue": "Ilse: Hm.",
    }
    persona, notes = imported(tmp_path, card)
    assert (persona.role, persona.description, persona.example_dialogues) == ("Ilse", "A smith.", "Ilse: Hm.")
    assert notes == ["It has description and char_persona, which differ: the first is read."]


def test_odd_values_are_no_texts(tmp_path: Path) -> None:
    odd: dict[str, Any] = {
        "name": " \r\n Odo \n the  Gate ",
        "description": "Guards\ud83d.",
        "personality": None,
        "scenario": 7,
        "first_mes": [],
    }
    persona, notes = imported(tmp_path, {**odd, "alternate_greetings": "Halt.", "creator": "", "tags": []})
    assert persona == Persona(role="Odo the Gate", description="Guards\ufffd.")
    assert notes == ["Not used: 1 alternate greeting."]


def test_what_is_not_used_is_named(tmp_path: Path) -> None:
    book = {"name": "World\x1b[31m", "entries": [{"keys": ["a"]}, {"keys": ["b"]}]}
    extra = {"character_book": book, "alternate_greetings": ["a", "b"], "system_prompt": "Be.", "creator_notes": "x"}
    card = {**V2, "spec_version": "4.1", "data": {**FIELDS, **extra}}
    persona, notes = imported(tmp_path, card, left_out=["first_message", "example_dialogues"])
    assert persona.first_message is None and persona.example_dialogues is None
    assert notes == [
        "Its version 4.1 is newer than 3.0, the last that is known here.",
        "Not used: lorebook 'World [31m' with 2 entries; 2 alternate greetings; creator_notes, system_prompt; "
        "first_message; example_dialogues.",
    ]


def test_the_nickname_is_the_role(tmp_path: Path) -> None:
    persona, _ = imported(tmp_path, {**V2, "data": {**FIELDS, "nickname": "Gate"}}, user="Ann")
    assert (persona.role, persona.name, persona.first_message) == ("Gate", "Odo", "Halt, Ann!")


MACROS = {
    "{{Char}} {{USER}} <char> <Bot> <user>": "Odo Ann Odo Odo Ann",
    "a{{// never said }}b{{comment: x}}c{{hidden_key:k}}": "abc",
    "{{reverse:abc}}": "cba",
    "{{random:one\\, two}}": "one, two",
    "{{pick:one}}{{random::two}}": "onetwo",
    "{{roll:1}}{{roll:d1}}": "11",
    "{{roll:x}} {{time}} {stray} {0} {{": "{{roll:x}} {{time}} {stray} {0} {{",
}


@pytest.mark.parametrize("written", MACROS)
def test_macros(written: str) -> None:
    assert Macros("Odo", "Ann", "seed").fill(written) == MACROS[written]


def test_what_is_drawn_stays_and_is_told(tmp_path: Path) -> None:
    card = {**FIELDS, "description": "Likes {{random:a,b,c,d,e,f,g,h}} {{roll:1000}} {{time}}."}
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    (first, notes), (second, _) = (imported(folder, card) for folder in folders)
    assert first == second and "{{r" not in first.description
    assert notes == [
        "Drawn once, and the same at every import: {{random:a,b,c,d,e,f,g,h}}, {{roll:1000}}.",
        "Macros that are left as they are: {{time}}.",
    ]


def test_what_a_macro_stands_for_is_not_looked_at_again() -> None:
    assert Macros("{{user}}", "{{char}}", "s").fill("{{char}} {{user}}") == "{{user}} {{char}}"


TEMPLATE_LIKE = "{role} {description} {{ 1 + 1 }} {% raw %} $name %s {0!r} {user_turn}"


def test_text_that_looks_like_a_template_reaches_models_and_judges_as_it_is(tmp_path: Path) -> None:
    fields = {key: f"{key} {TEMPLATE_LIKE}" for key in ("description", "first_mes", "mes_example")}
    persona, _ = imported(tmp_path, {"name": "Odo", **fields})
    raw = {"engine": "endpoint", "id": "m", "revision": "r", "base_url": "http://x/v1"}
    model: ModelSection = validate(EndpointModel, {**raw, "sampling": {"temperature": 0, "max_tokens": 9}}, "test")
    prompt = system_prompt(model, persona)
    assert prompt is not None and all(said in prompt for said in fields.values())
    assert (
        prompt.index("begins a conversation") < prompt.index("This is how Odo talks") < prompt.index("In everything")
    )
    judged = judge_prompt(
        load_texts(DEFAULT), "in-character", "json", persona=persona, user_turn="Hi.", answers=["Ho."]
    )
    assert fields["description"] in json.dumps(judged, ensure_ascii=False).replace("\\n", "\n")


REFUSED: dict[str, tuple[bytes, str]] = {
    "no name": (b'{"name": " ", "description": "x"}', "name: found none, expected the name of a character"),
    "nobody": (b'{"name": "Odo"}', "description: found none, expected who the character is"),
    "no letters": (b'{"name": "!!!", "description": "x"}', "name: found '!!!', expected letters or digits"),
    "the baseline": (b'{"name": "Baseline", "description": "x"}', "and not 'baseline'"),
    "a list": (b"[1]", "found a list, expected the object of a character card"),
    "no JSON": (b"name: Odo", "not valid JSON"),
    "deep JSON": (b"[" * 100_000, "not valid JSON, or nested too deeply"),
    "Latin-1": ('{"name": "Zoë"}'.encode("latin-1"), "not valid UTF-8"),
    "a PNG without a card": (png(HEADER, PIXELS, END), "found no chunk `chara` or `ccv3` in this PNG file"),
    "bad base64": (png(HEADER, text("chara", b"%%%")), "chunk chara: not valid base64"),
    "no UTF-8 in base64": (png(HEADER, text("ccv3", base64.b64encode(b"\xff\xfe"))), "chunk ccv3: not valid UTF-8"),
    "a torn chunk": (png(HEADER, text("chara", packed(V2))[:-9]), "found no chunk"),
    "a huge length": (png(b"\xff\xff\xff\xfftEXtchara\0" + packed(V2)), "found no chunk"),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_is_no_card_is_one_sentence(reason: str, tmp_path: Path) -> None:
    content, sentence = REFUSED[reason]
    (tmp_path / "card.png").write_bytes(content)
    done = personas(tmp_path, "import-card", "card.png", "--into", "personas")
    assert done.returncode == 1 and sentence in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "personas").exists()


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    done = personas(tmp_path, "import-card", "none.png", "--into", "personas")
    assert (done.returncode, done.stderr) == (1, "none.png: No such file or directory.\n")


def test_another_persona_is_not_replaced(project: Project) -> None:
    (project.folder / "card.json").write_text(json.dumps({**FIELDS, "name": "Keeper"}))
    done = personas(project.folder, "import-card", "card.json")
    assert done.returncode == 1 and done.stderr.startswith(
        "personas/keeper.yaml: found another persona, expected none"
    )
    (project.folder / "card.json").write_text(json.dumps(FIELDS))
    for _ in range(2):
        assert personas(project.folder, "import-card", "card.json").stdout.startswith("personas/odo.yaml: written.\n")
    assert "odo" in project.study().personas
    done = personas(project.folder / "turns", "import-card", "../card.json")
    assert done.stderr == "import-card: found no folder of personas here, expected --into FOLDER.\n"


def survives(content: bytes) -> None:
    """A file is a persona that reads back as it was written, or it is refused in one sentence."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "card"
        path.write_bytes(content)
        try:
            imported_card = import_card(read_card(path), "the user")
        except UserError as error:
            assert str(error).isprintable() and len(str(error)) < 600
            return
        (Path(folder) / "p.yaml").write_text(imported_card.content, encoding="utf-8")
        persona = validate(Persona, read_yaml(Path(folder) / "p.yaml"), "p")
        assert persona.role and persona.description and all(note.isprintable() for note in imported_card.notes)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
CARDS = st.dictionaries(st.sampled_from([*FIELDS, "data", "spec", "nickname", "character_book", "x\n"]), JSON_VALUES)


@settings(max_examples=100)
@given(CARDS, st.booleans())
def test_any_json_is_a_persona_or_a_sentence(fields: dict[str, Any], nested: bool) -> None:
    card = {"name": "Odo", "description": "x", **fields}
    survives(json.dumps({"data": card} if nested else card).encode())


@settings(max_examples=100)
@given(st.data())
def test_any_damage_to_a_png_is_a_persona_or_a_sentence(data: st.DataObject) -> None:
    whole = bytearray(png(HEADER, PIXELS, text("chara", packed(V2)), text("ccv3", packed(V2)), END))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(8, len(whole) - 1))] = data.draw(st.integers(0, 255))
    survives(bytes(whole[: data.draw(st.integers(8, len(whole)))]))
