"""The laws of the house (docs/architecture.md, "The rooms"), read from the source; complaints name file and line."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from html.parser import HTMLParser
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import jinja2
import pytest
from flask import Flask
from jinja2 import nodes

from app.extensions import db

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "app" / "templates"

# Later groups import earlier ones. Rooms of one group know nothing of each other; inside a room, what shares a group
# may import one another, though never in a circle.
ROOMS = (
    {"letters", "light_jwt", "limit_store", "logs", "schema", "sentry"},
    {"extensions", "htmx", "headers", "pages", "paths", "phones"},
    {"assets", "errors", "formats", "backup"},
    {"args", "cursors", "holds", "links", "jobs", "twilio"},
    {"auth"},
    {"coordinaciones", "contract", "health", "media", "push"},
    {"installable", "whatsapp"},
    {"doctor"},
)
# The subjects inside whatsapp, which is their ground floor. Each floor imports from those before it, and the subjects
# of one floor know nothing of each other. Doors of the room itself (api, cli, jobs) stand above them all.
SUBJECTS = (
    {""},
    {"templates", "costs", "contacts", "attachments", "alerts"},
    {"messaging"},
    {"inbox"},
)
# What a file is, by its folder and the last word of its name: rules and models, reads and forms, actions, gates, doors.
RULE, READ, ACTION, GATE, DOOR, SETUP = range(6)
KINDS = (
    {"queries": READ, "forms": READ, "filters": READ}
    | {"guard": GATE, "limits": GATE, "serve": GATE}
    | {"views": DOOR, "api": DOOR, "webhook": DOOR, "cli": DOOR, "jobs": DOOR, "cron": DOOR}
)
# What of flask and of the session a rule leaves alone; settings (current_app) it may read.
NOT_FOR_RULES = {"g", "request", "Blueprint", "render_template", "url_for", "redirect", "make_response", "session"}
ASKS = {"db", "writing"}
MAY_ASK = {
    "app/whatsapp/changes.py",  # The one sequence: the number, and the write that takes it.
    "app/auth/tokens.py",  # Carried by the request's cookies.
}
TAKE_A_NUMBER = {
    "changing",
    "fill_up",  # It takes the lock first, and the number once it knows that there is something to change.
    "release_assigned",  # In the transaction of another room, as both that follow.
    "let_go",
    "_let_go_in_doubt",
}
# Heavy vendors are loaded by the one function that needs them, for the cold start (docs/architecture.md).
LATE_IMPORTS = {
    "app/twilio/client.py": {"twilio", "requests", "urllib3"},
    "app/auth/passwords.py": {"argon2"},
    "app/phones.py": {"phonenumbers"},
    "app/links.py": {"linkify_it"},
    "app/extensions.py": {"flask_migrate"},
    "app/media/bucket.py": {"obstore"},
    "app/media/contents.py": {"filetype"},
    "app/media/pictures.py": {"PIL"},
    "app/sentry.py": {"sentry_sdk"},
    "app/backup/cli.py": {"app"},  # No request needs any of it.
    "app/backup/queries.py": {"alembic"},
    "app/backup/older_queries.py": {"alembic"},
    "app/push/webpush.py": {"cryptography", "pywebpush", "py_vapid", "requests"},
    "app/push/mail.py": {"smtplib"},
    "config.py": {"dotenv"},
}
VENDORS = {
    "twilio": ("app/twilio/",),
    "flask_jwt_extended": ("app/light_jwt.py",),
    "jwt": ("app/light_jwt.py",),
    "pywebpush": ("app/push/webpush.py",),
    "py_vapid": ("app/push/webpush.py",),
    "argon2": ("app/auth/passwords.py",),
    "phonenumbers": ("app/phones.py",),
    "linkify_it": ("app/links.py",),
    "sentry_sdk": ("app/sentry.py",),
    "obstore": ("app/media/bucket.py",),
    "filetype": ("app/media/contents.py",),
    "PIL": ("app/media/pictures.py",),
}
FORBIDDEN_NAMES = {"app", "index", "server", "main", "wsgi", "asgi"} | {
    "utils",
    "helpers",
    "services",
    "manager",
    "common",
    "misc",
}
# Identifiers and file names that leave open what they are of (docs/words.md).
EMPTY_WORDS = {"told", "said", "wanted", "asked", "again", "one", "other"}
EMPTY_FILES = {"again", "care", "frame", "telling", "wanted", "looking", "closing", "counts"}
# What templates may call beside their macros: words, addresses, marks of the page. None of it asks the database.
CALLED_IN_TEMPLATES = {
    "_",
    "ngettext",
    "url_for",
    "asset",
    "module",
    "imports_of",
    "style_sheets",
    "csrf_token",
    "utcnow",
    "dict",
    "range",
    "caller",
    "super",
}
# Names that are the same in every language, and text that is no word.
SAME_IN_EVERY_LANGUAGE = {"Coordina", "WhatsApp", "DJ", "h", "min", "POST"}


def rel(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def sources(*places: str) -> tuple[Path, ...]:
    """Return the Python files of `places`, which are folders or files; one that is not there yet has none."""
    found: list[Path] = []
    for place in places:
        path = ROOT / place
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path] if path.exists() else []
    return tuple(found)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), rel(path))


def app_sources() -> tuple[Path, ...]:
    return sources("app", "config.py", "environment.py", "wsgi.py")


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and full name of every module that `path` imports, wherever in it that happens."""
    package = module_of(path) if path.name == "__init__.py" else module_of(path).rpartition(".")[0]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield node.lineno, inner if is_module(inner) else base


def level(groups: tuple[set[str], ...], name: str) -> int | None:
    return next((number for number, group in enumerate(groups) if name in group), None)


def room_of(module: str) -> str:
    return [*module.split("."), ""][1]


def subject_of(module: str) -> str:
    """Return the subject of a module inside whatsapp; "" for the room's own files, and for every other room."""
    parts = module.split(".")
    return parts[2] if parts[1:2] == ["whatsapp"] and len(parts) > 2 and parts[2] in set().union(*SUBJECTS) else ""


def floor_of(module: str) -> int:
    above = not subject_of(module) and kind_of(module) in (DOOR, SETUP)
    return len(SUBJECTS) if above else level(SUBJECTS, subject_of(module)) or 0


def kind_of(module: str) -> int:
    """Return what a module of a room is: its folder says so, else the last word of its name."""
    parts = module.split(".")[2:]
    if not parts:
        return SETUP
    if "actions" in parts:
        return ACTION
    return KINDS.get(parts[-1].rpartition("_")[2], RULE)


def complain(complaints: list[str]) -> None:
    assert not complaints, "\n" + "\n".join(complaints)


@cache
def own_imports() -> tuple[tuple[Path, int, str, str], ...]:
    return tuple(
        (path, line, module_of(path), name)
        for path in sources("app")
        for line, name in imports(path)
        if name.split(".")[0] == "app"
    )


def test_every_module_has_its_place_in_the_house() -> None:
    complaints = [
        f"{rel(path)}: the room {room!r} is not in ROOMS of tests/test_house.py"
        for path in sources("app")
        if (room := room_of(module_of(path))) and level(ROOMS, room) is None
    ]

    complain(complaints)


def test_rooms_import_only_to_the_left() -> None:
    complaints = []
    for path, line, module, imported in own_imports():
        room, other = room_of(module), room_of(imported)
        if not room or room == other:
            continue
        if not other or (level(ROOMS, other) or 0) >= (level(ROOMS, room) or 0):
            complaints.append(f"{rel(path)}:{line}: {room} imports {imported}, which stands above or beside it")

    complain(complaints)


def test_inside_a_room_imports_go_only_to_the_left() -> None:
    complaints = []
    for path, line, module, imported in own_imports():
        if room_of(module) != room_of(imported):
            continue
        if kind_of(imported) > kind_of(module):
            complaints.append(f"{rel(path)}:{line}: {module} imports {imported}, which stands above it")

    complain(complaints)


def test_subjects_import_only_from_the_floors_below() -> None:
    complaints = []
    for path, line, module, imported in own_imports():
        if room_of(module) != "whatsapp" or room_of(imported) != "whatsapp":
            continue
        same = subject_of(module) == subject_of(imported)
        if not same and floor_of(imported) >= floor_of(module):
            complaints.append(f"{rel(path)}:{line}: {module} imports {imported}, which stands above or beside it")

    complain(complaints)


def test_rules_know_neither_the_request_nor_the_session() -> None:
    complaints = []
    for path in sources("app"):
        module = module_of(path)
        if module.count(".") < 2 or kind_of(module) != RULE or rel(path) in MAY_ASK:
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ImportFrom) and node.module in ("flask", "app.extensions"):
                barred = NOT_FOR_RULES if node.module == "flask" else ASKS
                names = sorted(alias.name for alias in node.names if alias.name in barred)
                complaints += [f"{rel(path)}:{node.lineno}: a rule imports {name}" for name in names]

    complain(complaints)


def test_imports_make_no_circles() -> None:
    graph: dict[str, set[str]] = {module_of(path): set() for path in sources("app")}
    for _path, _line, module, imported in own_imports():
        graph[module].add(imported)
    done: set[str] = set()
    complaints: list[str] = []

    def follow(module: str, trail: list[str]) -> None:
        if module in trail:
            complaints.append("circle: " + " -> ".join([*trail[trail.index(module) :], module]))
        elif module not in done:
            for imported in sorted(graph.get(module, ())):
                follow(imported, [*trail, module])
            done.add(module)

    for module in graph:
        follow(module, [])

    complain(complaints)


def test_gateways_import_nothing_of_the_app() -> None:
    complaints = [
        f"{rel(path)}:{line}: imports {imported}"
        for path, line, _module, imported in own_imports()
        if rel(path).startswith("app/twilio/") and not imported.startswith("app.twilio")
    ]

    complain(complaints)


def test_no_function_imports_but_the_loaders_of_heavy_vendors() -> None:
    complaints = []
    for path in sources("app", "config.py", "environment.py", "wsgi.py", "simulator", "bench"):
        functions = [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        inner = [node for function in functions for node in ast.walk(function)]
        for node in inner:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or "."] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                if name.split(".")[0] not in LATE_IMPORTS.get(rel(path), set()):
                    complaints.append(f"{rel(path)}:{node.lineno}: {name} is imported inside a function")

    complain(complaints)


def test_doors_never_import_other_doors() -> None:
    complaints = []
    for path, line, module, imported in own_imports():
        if kind_of(module) == kind_of(imported) == DOOR:
            complaints.append(f"{rel(path)}:{line}: a door imports the door {imported}")

    complain(complaints)


def test_every_blueprint_names_its_guard_beside_it() -> None:
    complaints = []
    for path in sources("app"):
        made: dict[str, int] = {}
        guarded: set[str] = set()
        for node in ast.walk(tree(path)):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id="Blueprint"))):
                    made[name] = node.lineno
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="before_request"), args=[ast.Name()]):
                    guarded.add(name)
        complaints += [
            f"{rel(path)}:{line}: {name} names no guard" for name, line in made.items() if name not in guarded
        ]

    complain(complaints)


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_vendor_is_known_in_one_place(vendor: str) -> None:
    complaints = [
        f"{rel(path)}:{line}: imports {name}"
        for path in app_sources()
        for line, name in imports(path)
        if name.split(".")[0] == vendor and not rel(path).startswith(VENDORS[vendor])
    ]

    complain(complaints)


def test_the_environment_is_read_in_config_alone() -> None:
    complaints = []
    for path in app_sources():
        for node in ast.walk(tree(path)):
            reads = isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv")
            if reads and isinstance(node.value, ast.Name) and node.value.id == "os" and rel(path) != "config.py":
                complaints.append(f"{rel(path)}:{node.lineno}: os.{node.attr}")
            if isinstance(node, ast.ImportFrom) and node.module == "os" and rel(path) != "config.py":
                complaints.append(f"{rel(path)}:{node.lineno}: from os import ...")

    complain(complaints)


def test_every_line_of_the_log_is_a_constant() -> None:
    complaints = []
    for path in sources("app"):
        for node in ast.walk(tree(path)):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="log")), args=[ast.Constant(value=str(text))]):
                    if "%" in text:
                        complaints.append(f"{rel(path)}:{node.lineno}: what varies belongs into a field")
                case ast.Call(func=ast.Attribute(value=ast.Name(id="log"))):
                    complaints.append(f"{rel(path)}:{node.lineno}: nobody can search for this line")

    complain(complaints)


def test_the_app_never_imports_what_stands_in_for_the_world() -> None:
    complaints = [
        f"{rel(path)}:{line}: imports {name}"
        for path in app_sources()
        for line, name in imports(path)
        if name.split(".")[0] in ("simulator", "tests", "bench", "ci")
    ]

    complain(complaints)


def test_only_actions_write_and_commit() -> None:
    complaints = []
    for path in sources("app"):
        ways_to_write = ("app/extensions.py", "app/whatsapp/changes.py")
        if rel(path) in ways_to_write or kind_of(module_of(path)) == ACTION:
            continue
        for node in ast.walk(tree(path)):
            match node:
                case ast.Call(func=ast.Attribute(attr="commit" | "flush" | "begin_nested" as name)):
                    complaints.append(f"{rel(path)}:{node.lineno}: {name}() outside actions")
                case ast.Name(id="writing") | ast.alias(name="writing"):
                    complaints.append(f"{rel(path)}:{node.lineno}: writing() outside actions")

    complain(complaints)


def write_blocks(path: Path, *names: str) -> Iterator[ast.With]:
    """Yield the blocks of `path` that are opened by one of `names`, such as `with writing() as session:`."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.With):
            opened = [it.context_expr.func for it in node.items if isinstance(it.context_expr, ast.Call)]
            if any(isinstance(it, ast.Name) and it.id in names for it in opened):
                yield node


def test_nothing_is_rolled_back_inside_a_write_block() -> None:
    # The block does that itself when an error leaves it: `raise Unchanged` where there is nothing to write.
    complaints = []
    for path in sources("app"):
        for block in write_blocks(path, "writing", "changing"):
            for node in ast.walk(block):
                if isinstance(node, ast.Attribute) and node.attr == "rollback":
                    complaints.append(f"{rel(path)}:{node.lineno}: rollback() inside a write block")

    complain(complaints)


def raised(node: ast.AST) -> str | None:
    """Return the name of what `node` raises, with or without a call."""
    if not isinstance(node, ast.Raise):
        return None
    error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return error.id if isinstance(error, ast.Name) else None


def test_unchanged_is_raised_where_changing_catches_it() -> None:
    complaints = []
    for path in sources("app"):
        caught = {node for block in write_blocks(path, "changing") for node in ast.walk(block)}
        complaints += [
            f"{rel(path)}:{node.lineno}: Unchanged outside changing()"
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Raise) and raised(node) == "Unchanged" and node not in caught
        ]

    complain(complaints)


def test_a_number_of_the_sequence_is_taken_by_changing() -> None:
    complaints = []
    for path in sources("app"):
        for function in ast.walk(tree(path)):
            if not isinstance(function, ast.FunctionDef) or function.name in TAKE_A_NUMBER:
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Name) and node.id == "next_change":
                    complaints.append(f"{rel(path)}:{node.lineno}: next_change() in {function.name}")

    complain(complaints)


def test_no_view_holds_a_query() -> None:
    complaints = [
        f"{rel(path)}:{line}: a door imports {name}"
        for path in sources("app")
        if room_of(module_of(path)) and kind_of(module_of(path)) in (GATE, DOOR)
        for line, name in imports(path)
        if name.split(".")[0] == "sqlalchemy"
    ]

    complain(complaints)


def test_pages_are_rendered_with_their_frame_and_pieces_without() -> None:
    complaints = []
    for path in sources("app"):
        for node in ast.walk(tree(path)):
            match node:
                case ast.Call(
                    func=ast.Name(id="render_page" | "render_template" as name), args=[ast.Constant(value=str(piece))]
                ):
                    if piece.rpartition("/")[2].startswith("_") == (name == "render_page"):
                        complaints.append(f"{rel(path)}:{node.lineno}: {piece} is not for {name}()")

    complain(complaints)


def _reached(function: Callable[..., Any], seen: set[CodeType]) -> Iterator[tuple[str, object]]:
    """Yield the names that `function` uses and what each is; the app's own functions among them are followed."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None or code in seen:
        return
    seen.add(code)
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    names = {name for each in (code, *inner) for name in each.co_names}
    used = [(name, function.__globals__[name]) for name in names if name in function.__globals__]
    used += [
        (name, getattr(module, name))
        for _name, module in used
        if isinstance(module, ModuleType) and module.__name__.startswith("app")
        for name in names
        if hasattr(module, name)
    ]
    for name, thing in used:
        yield name, thing
        if isinstance(thing, FunctionType) and thing.__module__.startswith("app"):
            yield from _reached(thing, seen)


def test_no_filter_reaches_the_database(app: Flask) -> None:
    # tests/rendering.py hears, in every test, what a template asks by way of a row that was not read with it.
    complaints = []
    for called, filter_ in app.jinja_env.filters.items():
        function = filter_.func if isinstance(filter_, partial) else filter_
        if isinstance(function, FunctionType) and function.__module__.startswith("app"):
            complaints += [f"the filter {called} reaches {name}" for name, it in _reached(function, set()) if it is db]

    complain(complaints)


def test_functions_fit_on_a_screen() -> None:
    complaints = []
    for path in sources("app", "simulator", "bench", "ci", "config.py", "environment.py", "wsgi.py"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > 40:
                    complaints.append(f"{rel(path)}:{node.lineno}: {node.name} has {length} lines; 40 is the most")

    complain(complaints)


def test_files_stay_readable() -> None:
    complaints = []
    for path in sources("app", "simulator", "bench", "ci", "config.py", "environment.py", "wsgi.py"):
        length = len(path.read_text().splitlines())
        if length > 300:
            complaints.append(f"{rel(path)}:{length}: {length} lines; 300 is the most")

    complain(complaints)


def scripts() -> list[Path]:
    """Return the modules of the pages: the two other scripts stand before them, and where there is no network."""
    return sorted((ROOT / "app" / "static" / "js").rglob("*.js"))


def test_scripts_and_styles_stay_readable() -> None:
    static = ROOT / "app" / "static"
    own = {*static.rglob("*.js"), *static.rglob("*.css")} - {*static.glob("vendor/*")}
    complaints = []
    for path in sorted(own):
        length = len(path.read_text().splitlines())
        if length > 300:
            complaints.append(f"{rel(path)}:{length}: {length} lines; 300 is the most")

    complain(complaints)


# What stands first in a page of its kind, and so does something as soon as it is there.
BEGINNINGS = {"start.js", "share.js", "notices.js", "signed-out.js"}
IMPORT = re.compile(r'import (?:\{ [^}]+ \}|\* as \w+) from "(\.\.?/[a-z./-]+\.js)";')


def test_modules_import_in_the_one_way_that_a_page_can_read() -> None:
    complaints = []
    for path in scripts():
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = IMPORT.fullmatch(line)
            if re.match(r"(import|export)\b.*\bfrom\b|import\b", line) and not found:
                complaints.append(f"{rel(path)}:{number}: an import is one line, of names, from a relative address")
            if found and not (path.parent / found[1]).exists():
                complaints.append(f"{rel(path)}:{number}: {found[1]} is not there")
            if re.search(r"\bimport\(", line):
                complaints.append(f"{rel(path)}:{number}: no page can name beforehand what is imported later")

    complain(complaints)


def test_modules_import_in_no_circle() -> None:
    modules = {
        path: [(path.parent / name).resolve() for name in IMPORT.findall(path.read_text())] for path in scripts()
    }

    complain([f"{rel(path)}:1: imports itself, by others" for path in modules if path in reachable(path, modules)])


def reachable(start: Path, modules: dict[Path, list[Path]]) -> set[Path]:
    found: set[Path] = set()
    waiting = [start]
    while waiting:
        new = [path for path in modules[waiting.pop()] if path not in found]
        found.update(new)
        waiting += new
    return found


def test_a_subject_of_the_page_begins_by_its_init() -> None:
    start = (ROOT / "app" / "static" / "js" / "start.js").read_text()
    complaints = []
    for path in scripts():
        source, name = path.read_text(), path.relative_to(ROOT / "app" / "static" / "js").as_posix()
        begins = len(re.findall(r"^export function init\(\) \{$", source, re.MULTILINE))
        if name not in BEGINNINGS and begins != start.count(f'"./{name}"'):
            complaints.append(f"{rel(path)}:1: has {begins} init, and start.js begins it {start.count(name)} times")

    complain(complaints)


def test_scripts_use_what_htmx_makes_public_and_fake_no_event() -> None:
    # A field that is filled in tells of it, since htmx listens for that alone; `chime` is heard by nobody here.
    fakes = re.compile(r'dispatchEvent\((?!new (?:Event\("input"|CustomEvent\("chime"))')
    complaints = []
    for path in scripts():
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if "_htmx" in line:
                complaints.append(f"{rel(path)}:{number}: `_htmx` is htmx's own")
            if fakes.search(line):
                complaints.append(f"{rel(path)}:{number}: call the function")

    complain(complaints)


def test_no_module_has_a_name_that_hosts_look_for_or_that_says_nothing() -> None:
    taken = [path for path in (ROOT / "app").rglob("*") if path.suffix == ".py" or path.is_dir()]
    complaints = [f"{rel(path)}:1: rename it" for path in taken if path.stem in FORBIDDEN_NAMES]

    complain(complaints)


def named_in(node: ast.AST) -> str | None:
    """Return the name that a piece of code gives, if it gives one."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name) | ast.alias(asname=str(name)):
            return name
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return name
    return None


def test_no_name_is_a_word_that_says_nothing() -> None:
    complaints = [
        f"{rel(path)}:{getattr(node, 'lineno', 1)}: {name} (docs/words.md)"
        for path in app_sources()
        for node in ast.walk(tree(path))
        if (name := named_in(node)) in EMPTY_WORDS
    ]
    complaints += [f"{rel(path)}:1: rename it (docs/words.md)" for path in sources("app") if path.stem in EMPTY_FILES]

    complain(complaints)


def test_public_functions_say_what_they_do() -> None:
    complaints = []
    for path in sources("app"):
        for node in tree(path).body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            is_door = kind_of(module_of(path)) == DOOR and node.decorator_list  # Its route says what it is.
            if not is_door and not ast.get_docstring(node):
                complaints.append(f"{rel(path)}:{node.lineno}: {node.name} has no docstring")

    complain(complaints)


# Templates


@cache
def templates() -> dict[str, str]:
    return {path.relative_to(TEMPLATES).as_posix(): path.read_text() for path in sorted(TEMPLATES.rglob("*.html"))}


@cache
def jinja() -> jinja2.Environment:
    return jinja2.Environment(autoescape=True, extensions=["jinja2.ext.i18n"])


@cache
def markup(name: str) -> str:
    """Return a template with its Jinja taken out (`¤` for what it prints), every line where it was."""
    pieces: list[str] = []
    for _line, kind, value in jinja().lex(templates()[name]):
        if kind == "data":
            pieces.append(value)
        else:
            pieces.append(("¤" if kind == "variable_begin" else "") + "\n" * value.count("\n"))
    return "".join(pieces)


class Reader(HTMLParser):
    """Gathers what a person reads: texts, and the attributes that are read aloud or shown."""

    READ = {"aria-label", "title", "placeholder", "alt", "aria-description", "aria-roledescription"}

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[int, str, dict[str, str]]] = []
        self.read: list[tuple[int, str]] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.tags.append((self.getpos()[0], tag, named))
        self.read += [(self.getpos()[0], value) for name, value in named.items() if name in self.READ]
        self.silent += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.read.append((self.getpos()[0], data))


@cache
def read(name: str) -> Reader:
    reader = Reader()
    reader.feed(markup(name))
    reader.close()
    return reader


def test_templates_hold_no_style_and_no_script() -> None:
    complaints = []
    for name in templates():
        for line, tag, attributes in read(name).tags:
            where = f"app/templates/{name}:{line}: <{tag}>"
            if tag == "style" or "style" in attributes:
                complaints.append(f"{where} has an inline style")
            if tag == "script" and "src" not in attributes:
                complaints.append(f"{where} is an inline script")
            complaints += [f"{where} has {attribute}" for attribute in attributes if attribute.startswith("on")]
            complaints += [
                f"{where} has a javascript: address" for value in attributes.values() if "javascript:" in value.lower()
            ]

    complain(complaints)


def test_templates_hold_nothing_that_htmx_evaluates() -> None:
    # Such strings die silently under a Content-Security-Policy without unsafe-eval.
    complaints = []
    for name in templates():
        for line, tag, attributes in read(name).tags:
            for attribute, value in attributes.items():
                evaluated = attribute.startswith(("hx-on", "data-hx-on")) or value.strip().startswith(
                    ("js:", "javascript:")
                )
                filtered = attribute.startswith("hx-trigger") and "[" in value
                if evaluated or filtered:
                    complaints.append(f"app/templates/{name}:{line}: <{tag}> evaluates {attribute}={value!r}")

    complain(complaints)


def strings_of(node: nodes.Node) -> set[str]:
    found = {const.value for const in node.find_all(nodes.Const) if isinstance(const.value, str)}
    return found | ({node.value} if isinstance(node, nodes.Const) and isinstance(node.value, str) else set())


def test_every_template_is_used() -> None:
    named = {
        node.value
        for path in sources("app")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith(".html")
    }
    for source in templates().values():
        for node in jinja().parse(source).find_all((nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport)):
            named |= strings_of(node.template)

    complain([f"app/templates/{name}:1: nothing shows it" for name in templates() if name not in named])
    complain([f"app/templates/{name}: is named and does not exist" for name in sorted(named - set(templates()))])


def test_pieces_stand_alone_and_pages_extend_the_base() -> None:
    complaints = []
    for name, source in templates().items():
        extends = next(iter(jinja().parse(source).find_all(nodes.Extends)), None)
        if Path(name).name.startswith("_") and extends:
            complaints.append(f"app/templates/{name}:{extends.lineno}: a piece extends a page")
        if not Path(name).name.startswith("_") and name != "base.html" and not extends:
            complaints.append(f"app/templates/{name}:1: a page extends nothing")

    complain(complaints)


def test_templates_receive_data_and_never_ask_for_it() -> None:
    parsed = {name: jinja().parse(source) for name, source in templates().items()}
    macros = {macro.name for source in parsed.values() for macro in source.find_all(nodes.Macro)}
    for source in parsed.values():
        imported = [pair for node in source.find_all(nodes.FromImport) for pair in node.names]
        macros |= {pair[1] for pair in imported if isinstance(pair, tuple)}
    complaints = []
    for name, source in parsed.items():
        for call in source.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name not in CALLED_IN_TEMPLATES | macros:
                complaints.append(f"app/templates/{name}:{call.lineno}: calls {call.node.name}")

    complain(complaints)


def test_each_piece_imports_the_macros_that_it_calls() -> None:
    # An include would hand down what its page imported: the piece then breaks where another page shows it.
    parsed = {name: jinja().parse(source) for name, source in templates().items()}
    macros = {macro.name for source in parsed.values() for macro in source.find_all(nodes.Macro)}
    complaints = []
    for name, source in parsed.items():
        pairs = [pair for node in source.find_all(nodes.FromImport) for pair in node.names]
        imported = {pair if isinstance(pair, str) else pair[1] for pair in pairs}
        called = {
            call.node.name: call.lineno
            for call in source.find_all(nodes.Call)
            if isinstance(call.node, nodes.Name) and call.node.name in macros
        }
        own = {macro.name for macro in source.find_all(nodes.Macro)}
        at = f"app/templates/{name}"
        complaints += [f"{at}:{line}: {it} is not imported" for it, line in called.items() if it not in imported | own]
        named = {node.name for node in source.find_all(nodes.Name)}
        complaints += [f"{at}:1: {it} is imported for nothing" for it in sorted(imported - named)]
        for node in source.find_all(nodes.FromImport):
            made = {macro.name for macro in parsed[next(iter(strings_of(node.template)))].find_all(nodes.Macro)}
            given = {pair if isinstance(pair, str) else pair[0] for pair in node.names}
            complaints += [f"{at}:{node.lineno}: {it} is no macro of that file" for it in sorted(given - made)]

    complain(complaints)


def test_lines_of_templates_stay_readable() -> None:
    complaints = [
        f"app/templates/{name}:{number}: {len(line)} characters; 160 is the most, 120 the aim"
        for name, source in templates().items()
        for number, line in enumerate(source.splitlines(), 1)
        if len(line) > 160
    ]

    complain(complaints)


def test_every_address_in_a_template_leads_somewhere(app: Flask) -> None:
    arguments = {rule.endpoint: rule.arguments for rule in app.url_map.iter_rules()}
    complaints = []
    for name, source in templates().items():
        for call in jinja().parse(source).find_all(nodes.Call):
            if not isinstance(call.node, nodes.Name) or call.node.name != "url_for":
                continue
            endpoints = strings_of(call.args[0])
            given = {keyword.key for keyword in call.kwargs}
            where = f"app/templates/{name}:{call.lineno}"
            complaints += [f"{where}: {it} does not exist" for it in endpoints if it not in arguments]
            if not call.dyn_kwargs:
                complaints += [
                    f"{where}: {it} needs {sorted(arguments[it] - given)}"
                    for it in endpoints
                    if it in arguments and not arguments[it] <= given
                ]

    complain(complaints)


def has_words(text: str) -> bool:
    bare = text.replace("¤", " ").strip(" \n·,.:;()/-+")
    return bool(re.search(r"[^\W\d_]", bare)) and bare not in SAME_IN_EVERY_LANGUAGE


def test_every_word_on_a_screen_goes_through_gettext() -> None:
    complaints = [
        f"app/templates/{name}:{line}: {text.strip()!r} is not translated"
        for name in templates()
        for line, text in read(name).read
        if any(has_words(part) for part in text.split("·"))
    ]

    complain(complaints)


def printed_strings(node: nodes.Node) -> Iterator[nodes.Const]:
    """Yield the constants that an expression may print as they are: no arguments, nothing that is compared."""
    if isinstance(node, nodes.Const):
        yield node
    elif isinstance(node, nodes.CondExpr):
        yield from printed_strings(node.expr1)
        if node.expr2:
            yield from printed_strings(node.expr2)
    elif isinstance(node, nodes.Or | nodes.And | nodes.Concat | nodes.Add | nodes.Filter):
        for child in node.iter_child_nodes(exclude=("args", "kwargs") if isinstance(node, nodes.Filter) else ()):
            yield from printed_strings(child)


def test_every_word_that_an_expression_prints_goes_through_gettext() -> None:
    complaints = []
    for name, source in templates().items():
        for output in jinja().parse(source).find_all(nodes.Output):
            for const in (it for node in output.nodes for it in printed_strings(node)):
                text = str(const.value) if isinstance(const.value, str) else ""
                # A sentence, or a word as sentences begin; class names and values of attributes are neither.
                if re.search(r"[áéíóúñ¿¡]|^[A-ZÁÉÍÓÚ][a-zñ]+|\w [\w¿¡]+ \w", text) and has_words(text):
                    complaints.append(f"app/templates/{name}:{const.lineno}: {text!r} is not translated")

    complain(complaints)
