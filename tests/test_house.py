"""The house: which room may import which, how modules may be named, and that models and migrations agree."""

import ast
from functools import cache
from pathlib import Path

import pytest
from django.core.management import call_command

HOUSE = Path(__file__).resolve().parent.parent
# Each room may import those after it, never those before it.
ROOMS = ["config", "analysis", "responses", "consultations", "accounts", "notifications"]
# Within a room, a layer may import its own and lower ones. What is not named here is a flow module.
LAYERS = {"models": 0, "querysets": 0, "permissions": 1, "emails": 1}
LAYERS |= dict.fromkeys(["tasks", "admin", "api", "views", "urls"], 3)
DOORS = 3
JUNK_DRAWERS = {"core", "common", "utils", "services", "helpers"}


def modules() -> list[Path]:
    return [path for room in ROOMS for path in (HOUSE / room).rglob("*.py") if "migrations" not in path.parts]


@cache
def imports(path: Path) -> list[str]:
    """Every module name that the file imports, `from a import b` giving both a and a.b."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def room_of(path: Path) -> str:
    return path.relative_to(HOUSE).parts[0]


def test_imports_run_one_way_between_rooms():
    wrong = {
        f"{path.relative_to(HOUSE)} imports {name}"
        for path in modules()
        for name in imports(path)
        if (room := name.split(".")[0]) in ROOMS and ROOMS.index(room) < ROOMS.index(room_of(path))
    }
    assert not wrong, f"imports run {' → '.join(ROOMS)}"


def layer(module: str) -> int:
    name = module.split(".")[1] if "." in module else ""
    return LAYERS.get(name, 2)


def imports_of_doors(path: Path) -> list[str]:
    """What a module that is no door itself imports of its room's doors."""
    room = room_of(path)
    if room == "config" or LAYERS.get(path.relative_to(HOUSE).with_suffix("").parts[1], 2) == DOORS:
        return []
    return [
        name
        for name in imports(path)
        if name.startswith(f"{room}.") and (HOUSE / room / f"{name.split('.')[1]}.py").exists() and layer(name) == DOORS
    ]


def test_imports_run_one_way_within_a_room():
    wrong = {f"{path.relative_to(HOUSE)} imports {name}" for path in modules() for name in imports_of_doors(path)}
    assert not wrong


def test_no_junk_drawers():
    found = {path for path in modules() if JUNK_DRAWERS & {*path.with_suffix("").relative_to(HOUSE).parts}}
    assert not found


def test_our_responses_room_is_not_the_package_of_that_name():
    assert "responses" not in {
        line.split("==")[0].strip()
        for line in (HOUSE / "requirements-dev.txt").read_text().splitlines()
        if "==" in line
    }


@pytest.mark.django_db
def test_every_change_of_a_model_has_its_migration():
    call_command("makemigrations", check_changes=True, dry_run=True)
