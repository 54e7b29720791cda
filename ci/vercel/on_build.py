"""Our part of every build at Vercel, after it has installed requirements.txt: the `buildCommand` of vercel.json.

`python -m ci.vercel.on_build` does three things, in this order:

1. It refuses to build what could not start: a setting that is missing is named here, before the deployment is live.
2. It migrates the database, past the pooler where there is one: production's, and a preview's where
   PREVIEW_HAS_OWN_DATABASE says that it is another one. Nothing in a build tells the two apart, and a branch that is
   only tried must not change what production works with. The deployment before this one serves meanwhile, so a
   migration adds what is new, and a later one takes away what is old.
3. It takes out of the installed packages what no request can reach. Bytecode doubles a function, and what does not fit
   beside it is compiled again at every cold start.
"""

from __future__ import annotations

import ast
import os
import shutil
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path

from flask_migrate import upgrade

from app import create_app
from app.extensions import init_migrations
from config import LANGUAGES, ROOT, Config
from environment import ConfigError, flag

# The names of the direct connection, by Neon's integration and by the one before it. A pooler in transaction mode loses
# what a migration sets for its session.
_UNPOOLED = ("DATABASE_URL_UNPOOLED", "POSTGRES_URL_NON_POOLING")


# Of Pillow, which asks for them only where an image is of that kind, or holds letters or colours to convert.
_OTHER_PICTURES = ("_avif", "_imagingft", "_imagingcms", "_imagingtk")
_THEIR_LIBRARIES = ("avif", "freetype", "harfbuzz", "png16", "brotli", "lcms2")


def twilio_products(gateway: Path) -> set[str]:
    """Return the name of every attribute that the files of `gateway` ask for, Twilio's products among them."""
    sources = (ast.parse(path.read_text(encoding="utf-8")) for path in gateway.rglob("*.py"))
    named = {node.attr for source in sources for node in ast.walk(source) if isinstance(node, ast.Attribute)}
    return named | {"api"}  # `client.messages` is a short name of one of its parts.


def find_needless(packages: Path) -> Iterator[Path]:
    """Yield what of the installed `packages` no request can reach."""
    yield packages / "pip"
    spoken = {"root", *(language.partition("_")[0] for language in LANGUAGES)}
    for locale in packages.glob("babel/locale-data/*.dat"):
        if locale.stem.partition("_")[0] not in spoken:
            yield locale
    asked = twilio_products(ROOT / "app" / "twilio")
    for product in packages.glob("twilio/rest/*/__init__.py"):
        if product.parent.name not in asked:
            yield product.parent

    for name in _OTHER_PICTURES:
        yield from packages.glob(f"PIL/{name}.*.so")
    for name in _THEIR_LIBRARIES:
        yield from packages.glob(f"pillow.libs/lib{name}*")


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files of a folder."""
    return sum(file.stat().st_size for file in (path, *path.rglob("*")) if file.is_file())


def trim(packages: Path) -> None:
    """Delete from `packages` what find_needless finds there."""
    found = [path for path in find_needless(packages) if path.exists()]
    freed = sum(map(size_of, found))
    for path in found:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    print(f"Took {freed / 2**20:.0f} MiB that no request reaches out of the installed packages.")


def migrate(env: Mapping[str, str]) -> None:
    """Bring the database of `env` to the newest revision, by its direct URL where `env` has one."""
    direct = next((env[name] for name in _UNPOOLED if env.get(name)), "")
    app = create_app(Config.from_environment({**env, **({"DATABASE_URL": direct} if direct else {})}))
    init_migrations(app)
    with app.app_context():
        upgrade()
    print("The database is migrated.")


def may_migrate(env: Mapping[str, str]) -> bool:
    """Tell whether the database of `env` belongs to what is built. Raises ConfigError."""
    where, own = env.get("VERCEL_ENV"), flag(env, "PREVIEW_HAS_OWN_DATABASE", False)
    return where == "production" or (where == "preview" and own)


def main(env: Mapping[str, str]) -> None:
    """Do what the module says. Raises SystemExit with one sentence where Coordina could not start."""
    try:
        Config.from_environment(env)
        ours = may_migrate(env)
    except ConfigError as error:
        raise SystemExit(f"Coordina cannot start with these settings. {error}") from None
    if ours:
        migrate(env)
    else:
        print("The database is not migrated: it is not production's, and PREVIEW_HAS_OWN_DATABASE is not 1.")
    packages, builders = Path(sysconfig.get_path("purelib")).resolve(), env.get("VERCEL_PYTHON_VENV_PATH")
    if builders and packages.is_relative_to(Path(builders).resolve()):
        trim(packages)
    else:
        print("These packages are not of Vercel's build: nothing was taken out of them.")


if __name__ == "__main__":
    main(os.environ)
