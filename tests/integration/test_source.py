"""The form of source in digests is the same under every Python: what one made is current to all."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from personas.plan import source
from personas.plan.normal_form import normal_form
from personas.plan.source import NOT_FOLLOWED

WRITTEN = '''
"""A module."""
from __future__ import annotations
import os.path as p, sys
from . import x as y

class C(Base, key=1):
    """Of all sorts."""
    a: int = 0
    """A note."""
    b: str

    @property
    async def f(self, /, q, *args: int, k=None, **more) -> None:
        async with q as r, k:
            await r
        return None

def g(n, m=..., *, o):
    global z
    try:
        x = [i async for i in n] if n else {**m, "k": (yield)}
    except* ValueError as e:
        raise RuntimeError from e
    match n:
        case {"a": [1, *rest], **other} if rest:
            pass
        case C(a=0) | None:
            z = lambda *a, b=1: a @ b
    while (w := n): del w; continue
    return f"{n!r:>{m}} a{{b}}" "c" f'{o=}' 'd' f"\\N{EM DASH}", rb"\\x00", 1j, -1.5, None, ..., u"u", x[1:2, ::3]
'''
DIGEST = "f3879aa814fe1cfae37bd603153ef4d26eea040ba3b903e724fa237c110ca337"


def digest(text: str) -> str:
    return hashlib.sha256(normal_form(text).encode()).hexdigest()


def others() -> list[str]:
    """Interpreters of other minor versions on this machine: on the PATH, of pyenv, of uv."""
    tops = [Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"]
    tops.append(Path(os.environ.get("UV_PYTHON_INSTALL_DIR", Path.home() / ".local/share/uv/python")))
    folders = [f for f in os.environ.get("PATH", "").split(os.pathsep) if "shims" not in f]
    path = os.pathsep.join([*folders, *(str(found) for top in tops for found in sorted(top.glob("*/bin")))])
    names = (f"python3.{minor}" for minor in range(11, 15) if minor != sys.version_info.minor)
    return [found for name in names if (found := shutil.which(name, path=path))]


def test_the_form_is_this_one() -> None:
    """Under whatever Python the tests run; `python -m tests.interpreters` runs them under all."""
    assert digest(WRITTEN) == DIGEST


def test_other_interpreters_write_the_whole_project_alike() -> None:
    files = sorted(Path(source.__file__).parents[1].rglob("*.py"))
    texts = [path.read_text(encoding="utf-8") for path in files]
    told = json.dumps([[normal_form(text), source._parse(text)] for text in texts])
    ours = hashlib.sha256(told.encode()).hexdigest()
    program = (
        "import sys, hashlib, json, importlib.util as u, pathlib\n"
        "sys.path.insert(0, str(pathlib.Path(sys.argv[1]).parents[2]))\n"
        "spec = u.spec_from_file_location('source', sys.argv[1]); m = u.module_from_spec(spec)\n"
        "sys.modules['source'] = m; spec.loader.exec_module(m)\n"
        "texts = [pathlib.Path(p).read_text(encoding='utf-8') for p in sys.stdin.read().split('\\n')]\n"
        "told = json.dumps([[m.normal_form.normal_form(text), m._parse(text)] for text in texts])\n"
        "print(hashlib.sha256(told.encode()).hexdigest())\n"
    )
    interpreters = others()
    if not interpreters:
        pytest.skip("no other Python is on this machine")
    for interpreter in interpreters:
        command = [interpreter, "-I", "-c", program, source.__file__]
        done = subprocess.run(command, input="\n".join(map(str, files)), capture_output=True, text=True, check=True)
        assert done.stdout.strip() == ours, interpreter


def test_what_is_not_followed_exists() -> None:
    top = Path(source.__file__).parents[1]
    assert [name for name in NOT_FOLLOWED if not (top / name).exists()] == []
