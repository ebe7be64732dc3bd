"""The virtual environment, the secrets and the settings of a run. Standard library only."""

import fcntl
import hashlib
import os
import re
import secrets
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from script import uv
from script.supervise import Failed, die_with_parent, telling_line

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
INSTALLER = ROOT / "requirements-install.txt"
SAFELY = ["--require-hashes", "--only-binary", ":all:"]
# Dozens of processes follow, and with this each of them would compile every file again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def install(requirements: Path, *, log: Path) -> bool:
    """Make .venv hold exactly these hashed requirements. True if anything had to be done. Raises Failed."""
    stamp = VENV / f"installed-{requirements.stem}"
    with alone(ROOT):
        version = _working_python()
        wanted = hashlib.sha256(requirements.read_bytes() + version.encode()).hexdigest()
        if version and stamp.exists() and stamp.read_text() == wanted:
            return False
        if not version:
            _make_venv(log)
            wanted = hashlib.sha256(requirements.read_bytes() + _working_python().encode()).hexdigest()
        stamp.unlink(missing_ok=True)
        _install(requirements, log)
        stamp.write_text(wanted)
        return True


def _working_python() -> str:
    """The version of .venv's Python; empty where there is none or it cannot run (its base was removed, say)."""
    command = [str(PYTHON), "-c", "import sys; print(sys.version)"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    if done.returncode < 0:  # killed: that says nothing about .venv, which is removed when it does not work
        raise Failed(f"{PYTHON} was killed by signal {-done.returncode} when asked for its version. Start again.")
    return done.stdout


def _make_venv(log: Path) -> None:
    base = next(filter(_has_venv, _bases()), None)
    if base is None:
        raise Failed("Python's venv module is not installed (on Debian and Ubuntu: apt-get install python3-venv).")
    shutil.rmtree(VENV, ignore_errors=True)
    run([base, "-m", "venv", "--without-pip", str(VENV)], what="Making .venv", log=log)


def _bases() -> list[str]:
    """What .venv may be made from, the best first.

    One that was compiled without Python's optimisations, as pyenv does unless it is told, is slower at everything. A
    distribution's has them, though its own words do not tell: where there is one of the same version, it is better.
    """
    system = "/usr/bin/python{}.{}".format(*sys.version_info)
    optimised = "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
    return [sys.executable] if optimised else [system, sys.executable]


def _has_venv(python: str) -> bool:
    try:
        # Debian ships ensurepip apart from Python, in python3-venv.
        return not subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode
    except OSError:
        return False


def _pip(log: Path) -> list[str]:
    """The pip that installs into .venv. At first that of the Python that runs us: to make another takes seconds."""
    own = [str(PYTHON), "-m", "pip"]
    if (VENV / "bin" / "pip").exists():
        return own
    if find_spec("pip"):
        return [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    run([str(PYTHON), "-m", "ensurepip"], what="Making pip", log=log)
    return own


def _install(requirements: Path, log: Path) -> None:
    """With uv, in a quarter of pip's time; where uv fails with pip, which may know a way that uv does not."""
    pip = _pip(log)
    from_pip = [*pip, "install", "--no-compile", "--disable-pip-version-check", "--no-input", *SAFELY]
    try:
        run([*from_pip, "-r", str(INSTALLER)], what="Installing uv", log=log)
        from_uv = [str(VENV / "bin" / "uv"), "pip", "install", "--python", str(PYTHON), *SAFELY]
        said = ask([*pip, "config", "list"], what="Asking pip for its settings", log=log)
        run([*from_uv, "-r", str(requirements)], what="uv", log=log, env={**uv.settings(said), **os.environ})
    except Failed:
        run([*from_pip, "-r", str(requirements)], what=f"Installing {requirements.name}", log=log)


def run(command: list[str], *, what: str, log: Path, env: dict[str, str] | None = None) -> None:
    """Run it with all that it says in `log`. Raises Failed with the line that tells why."""
    ask(command, what=what, log=log, env=env, keep_output=False)


def ask(
    command: list[str], *, what: str, log: Path, env: dict[str, str] | None = None, keep_output: bool = True
) -> str:
    """Run it with its errors in `log`; what it printed. Raises Failed with the line that tells why."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as errors:
        start = errors.tell()
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if keep_output else errors,
            stderr=errors,
            preexec_fn=die_with_parent,
            check=False,
        )
    if done.returncode:
        raise Failed(f"{what} failed: {_why(log, start)} Look in {log}.")
    return (done.stdout or b"").decode(errors="replace")


def _why(log: Path, start: int) -> str:
    with log.open("rb") as written:
        written.seek(start)
        return telling_line(written.read().decode(errors="replace")) or "it said nothing."


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait for any other run that is installing into this folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def secret(var: Path, name: str, *, size: int = 48) -> str:
    """A secret of this installation, so many random bytes in base64: made once, readable by its owner alone."""
    folder = var / "secrets"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name
    if not path.exists():
        fresh = folder / f"{name}.new"
        write_private(fresh, secrets.token_urlsafe(size))
        fresh.replace(path)
    return path.read_text().strip()


def write_private(path: Path, text: str) -> None:
    """A new file that its owner alone could ever read."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, text.encode())
    finally:
        os.close(handle)


def environment() -> dict[str, str]:
    """The environment, and beneath it what the file .env says: the same order as config/settings.py."""
    return {**dotenv(Path(os.environ.get("SOUNDINGS_ENV_FILE", ROOT / ".env"))), **os.environ}


def names_of_settings() -> set[str]:
    """Every setting that .env.example tells of, whether it shows a default ("#NAME=") or not."""
    return set(re.findall(r"^#?([A-Z][A-Z0-9_]*)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def dotenv(path: Path) -> dict[str, str]:
    """NAME=value lines; quotes around a value are dropped."""
    if not path.exists():
        return {}
    lines = (line.strip().removeprefix("export ") for line in path.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#") and "=" in line)
    return {name.strip(): value.strip().strip("'\"") for name, _, value in pairs}
