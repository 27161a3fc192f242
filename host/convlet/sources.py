"""The sources that firmware is built from: MicroPython, the Pico SDK and the libraries they use.

They come from Debian's signed packages into the cache folder, or from checkouts that the user names.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from convlet.errors import ToolError
from convlet.files import cache_folder
from convlet.locks import locked
from convlet.processes import run
from convlet.progress import SILENT, Progress

SUITE = "trixie"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
OLDEST_MICROPYTHON = (1, 25, 0)
MICROPYTHON_VARIABLE = "CONVLET_MICROPYTHON"
PICO_SDK_VARIABLE = "CONVLET_PICO_SDK"


@dataclass(frozen=True)
class Package:
    """A Debian package: `version` is its upstream version, whatever Debian's revision of it."""

    name: str
    version: str
    is_source: bool


MICROPYTHON = Package("micropython", "1.25.0", is_source=True)
# A series: Debian puts security fixes of it in the same suite.
MBEDTLS = Package("mbedtls", "3.6", is_source=True)
PICO_SDK = Package("pico-sdk-source", "2.1.1", is_source=False)
TINYUSB = Package("tinyusb-source", "0.18.0", is_source=False)
PACKAGES = (MICROPYTHON, MBEDTLS, PICO_SDK, TINYUSB)
_FETCHING = "fetching-"
IDENTITY = " ".join(f"{package.name}={package.version}" for package in PACKAGES)


@dataclass(frozen=True)
class Sources:
    """Where the sources lie. `is_fixed`: nothing changes them, so what was built from them stays good."""

    micropython: Path
    pico_sdk: Path
    identity: str
    is_fixed: bool

    @property
    def version(self) -> str:
        """MicroPython's version as in its header, such as 1.25.0."""
        return ".".join(str(part) for part in micropython_version(self.micropython))


def locate() -> Sources:
    """The sources that the environment names, else those in the cache. Raises ToolError when missing."""
    named = os.environ.get(MICROPYTHON_VARIABLE)
    named_sdk = os.environ.get(PICO_SDK_VARIABLE)
    folder = _fetched_folder()
    if not named and not folder.is_dir():
        raise ToolError(
            "the sources of MicroPython are not in the cache: run `convlet firmware sources`, "
            f"or set {MICROPYTHON_VARIABLE} to a checkout of MicroPython"
        )
    micropython = Path(named).absolute() if named else folder / "micropython"
    pico_sdk = folder / "pico-sdk"
    if named_sdk:
        pico_sdk = Path(named_sdk).absolute()
    elif named:
        pico_sdk = micropython / "lib" / "pico-sdk"
    _check_micropython(micropython)
    if not named and not named_sdk:
        return Sources(micropython, pico_sdk, IDENTITY, is_fixed=True)
    return Sources(micropython, pico_sdk, f"{micropython} {pico_sdk}", is_fixed=False)


def fetch(progress: Progress = SILENT) -> Sources:
    """Download and unpack what `locate` does not find yet. Raises ToolError, and then changes nothing."""
    if os.environ.get(MICROPYTHON_VARIABLE):
        return locate()
    folder = _fetched_folder()
    with locked(folder.parent / "lock"):
        for abandoned in folder.parent.glob(f"{_FETCHING}*"):
            shutil.rmtree(abandoned)
        if not folder.is_dir():
            _fetch_packages(folder, progress)
    return locate()


def micropython_version(micropython: Path) -> tuple[int, int, int]:
    """The version in MicroPython's own header. Raises ToolError when there is none."""
    try:
        header = (micropython / "py" / "mpconfig.h").read_text()
    except OSError as error:
        raise ToolError(f"{micropython} is not a checkout of MicroPython: it has no py/mpconfig.h") from error
    parts = [
        re.search(rf"#define MICROPY_VERSION_{part} (\d+)", header) for part in ("MAJOR", "MINOR", "MICRO")
    ]
    major, minor, micro = (int(part.group(1)) if part else 0 for part in parts)
    return major, minor, micro


def check_pico_sdk(sources: Sources) -> None:
    """Raises ToolError unless the Pico SDK and the libraries that MicroPython's rp2 port needs are there."""
    needed = {
        sources.pico_sdk / "pico_sdk_init.cmake": f"set {PICO_SDK_VARIABLE} to a Pico SDK",
        sources.micropython / "lib/tinyusb/src/tusb.h": "run `make -C ports/rp2 submodules` in the checkout",
        sources.micropython / "lib/mbedtls/library": "run `make -C ports/rp2 submodules` in the checkout",
    }
    for path, advice in needed.items():
        if not path.exists():
            raise ToolError(f"firmware for the RP2 needs {path}, which is missing: {advice}")


def check_libraries(sources: Sources, port: str, micropython_board: str, libraries: Iterable[str]) -> None:
    """Raises ToolError unless those folders of MicroPython's lib/ are filled that Debian's packages lack."""
    folder = sources.micropython / "lib"
    missing = [
        name for name in libraries if not any((folder / name / file).exists() for file in ("LICENSE", "src"))
    ]
    if missing:
        raise ToolError(
            f"firmware for {micropython_board} needs {', '.join(missing)} in {folder}, which Debian's packages lack: "
            f"set {MICROPYTHON_VARIABLE} to a checkout of MicroPython in which "
            f"`make -C ports/{port} BOARD={micropython_board} submodules` has run"
        )


def _check_micropython(micropython: Path) -> None:
    found = micropython_version(micropython)
    if found < OLDEST_MICROPYTHON:
        found_text, needed_text = (".".join(map(str, version)) for version in (found, OLDEST_MICROPYTHON))
        raise ToolError(f"{micropython} is MicroPython {found_text}; Convlet needs {needed_text} or newer")


def _fetched_folder() -> Path:
    name = "-".join(f"{package.name}-{package.version}" for package in PACKAGES)
    return cache_folder() / "sources" / name


def _fetch_packages(folder: Path, progress: Progress) -> None:
    """Make `folder` from Debian's packages: in a folder beside it first, renamed when it is whole."""
    if not shutil.which("apt-get"):
        oldest = ".".join(map(str, OLDEST_MICROPYTHON))
        raise ToolError(
            "this system has no apt-get to fetch the sources of MicroPython with. Install git, make, "
            "a C compiler, cmake, ninja, arm-none-eabi-gcc with newlib, and qemu-system-arm; then set "
            f"{MICROPYTHON_VARIABLE} to a checkout of MicroPython {oldest} or newer with the submodules of "
            f"its unix and rp2 ports, and {PICO_SDK_VARIABLE} to a Pico SDK unless the checkout holds one "
            "in lib/pico-sdk"
        )
    progress.step(
        f"Fetching the sources of MicroPython {MICROPYTHON.version} and the Pico SDK {PICO_SDK.version}"
    )
    with (
        tempfile.TemporaryDirectory(prefix=_FETCHING, dir=folder.parent) as name,
        progress.bar("sources", total=2 + len(PACKAGES)) as advance,
    ):
        temporary = Path(name)
        apt = _private_apt(temporary)
        run([*apt("apt-get"), "update"], "read Debian's package lists")
        advance(1)
        for package in PACKAGES:
            _fetch_package(package, temporary, apt)
            advance(1)
        whole = _assemble(temporary)
        advance(1)
        whole.rename(folder)


def _private_apt(folder: Path) -> Callable[[str], list[str]]:
    """How to call apt's programs with package lists of our own, so that the system's stay as they are."""
    keyring = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    mirror = _debian_mirror(folder)
    listing = folder / "sources.list"
    listing.write_text("".join(f"{kind} {keyring}{mirror} {SUITE} main\n" for kind in ("deb", "deb-src")))
    state, cache = folder / "apt-lists", folder / "apt-cache"
    for path in (state / "partial", cache / "archives" / "partial"):
        path.mkdir(parents=True)
    options = {
        "Dir::Etc::sourcelist": listing,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::Lists": state,
        "Dir::Cache": cache,
    }
    # Downloads land in the user's own cache folder, which apt's unprivileged user may not enter.
    flags = [f"-o{key}={value}" for key, value in options.items()] + ["-oAPT::Sandbox::User=root"]
    return lambda program: [program, *flags]


def _debian_mirror(folder: Path) -> str:
    """The mirror of Debian that this machine's own apt configuration names."""
    own_lists = folder / "system-lists"
    (own_lists / "partial").mkdir(parents=True)
    apt = ["apt-get", f"-oDir::State::Lists={own_lists}", "-oAPT::Sandbox::User=root"]
    mirror = _mirror_known_to(["apt-get"])
    if not mirror:  # no package lists yet, as in a fresh container: apt knows what a mirror is from its lists
        run([*apt, "update"], "read Debian's package lists")
        mirror = _mirror_known_to(apt)
    if not mirror:
        raise ToolError(
            "apt is not set up for Debian, whose packages hold the sources of MicroPython: set "
            f"{MICROPYTHON_VARIABLE} and {PICO_SDK_VARIABLE} to checkouts of MicroPython and the Pico SDK"
        )
    return mirror


def _mirror_known_to(apt: list[str]) -> str | None:
    form = ["--format", "$(SITE)|$(ORIGIN)|$(LABEL)", "Created-By: Packages"]
    for line in run([*apt, "indextargets", *form], "read the configuration of apt").splitlines():
        site, _, owner = line.partition("|")
        if owner == "Debian|Debian":
            return site
    return None


def _fetch_package(package: Package, folder: Path, apt: Callable[[str], list[str]]) -> None:
    """Unpack `package` into `folder`/its name."""
    target = folder / package.name
    with _empty_folder(folder / "download") as download:
        if package.is_source:
            command = [*apt("apt-get"), "source", "--download-only", package.name]
            run(command, f"download the source of {package.name}", folder=download)
            archive = _only_file(download, "*.dsc", package)
            run(["dpkg-source", "--no-check", "-x", archive, target], f"unpack {package.name}")
        else:
            run([*apt("apt-get"), "download", package.name], f"download {package.name}", folder=download)
            archive = _only_file(download, "*.deb", package)
            run(["dpkg-deb", "-x", archive, target], f"unpack {package.name}")


def _only_file(folder: Path, pattern: str, package: Package) -> Path:
    """The file that apt brought. Raises ToolError when it is of another version than we know to work."""
    found = next(folder.glob(pattern))
    version = found.name.removesuffix(".dsc").split("_")[1]
    if not re.match(rf"{re.escape(package.version)}(?!\d)", version):
        raise ToolError(f"Debian {SUITE} has {package.name} {version}; Convlet needs {package.version}")
    return found


@contextmanager
def _empty_folder(path: Path) -> Iterator[Path]:
    path.mkdir()
    try:
        yield path
    finally:
        shutil.rmtree(path)


def _assemble(folder: Path) -> Path:
    """Lay the unpacked packages out as MicroPython expects them: libraries where its submodules would be."""
    whole = folder / "whole"
    whole.mkdir()
    (folder / MICROPYTHON.name).rename(whole / "micropython")
    (folder / PICO_SDK.name / "usr/src/pico-sdk").rename(whole / "pico-sdk")
    libraries = whole / "micropython" / "lib"
    for library, unpacked in (
        ("tinyusb", folder / TINYUSB.name / "usr/src/tinyusb"),
        ("mbedtls", folder / MBEDTLS.name),
    ):
        (libraries / library).rmdir()
        unpacked.rename(libraries / library)
    # The rp2 port looks for this file to see whether micropython-lib is there; our manifests need none of it.
    (libraries / "micropython-lib" / "README.md").touch()
    return whole
