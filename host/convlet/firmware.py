"""Builds MicroPython firmware with the module `convlet`, once for each state of its inputs."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from convlet import boards, firmware_recipes, map_file, sources
from convlet.errors import ToolError
from convlet.files import cache_folder, keep_newest
from convlet.firmware_recipes import Recipe
from convlet.format import CHOOSABLE
from convlet.locks import locked
from convlet.processes import run
from convlet.progress import SILENT, Progress
from convlet.resources import MODULE_FOLDER
from convlet.sources import Sources

KEPT = 8  # finished firmwares and build folders of one kind that stay in the cache
_MODULE_FILES = {".c", ".h", ".S", ".mk", ".cmake", ".txt"}
_RECORD = "firmware.json"
_RAM_SECTIONS = {".data", ".bss", ".dram0.data", ".dram0.bss"}


@dataclass(frozen=True)
class Firmware:
    """A finished build. `image` is what is flashed or started, `elf` has its symbols.

    `operators`: those whose kernels are in. `file_bytes`: what each C file of the module takes of the flash,
    where the linker says so.
    """

    board: str
    image: Path
    elf: Path
    flash_bytes: int
    ram_bytes: int
    operators: tuple[str, ...]
    file_bytes: dict[str, int]


@dataclass(frozen=True)
class Added:
    """What the module adds to a firmware."""

    flash_bytes: int
    ram_bytes: int


def build(
    board: str,
    *,
    with_module: bool = True,
    operators: Collection[str] = CHOOSABLE,
    sanitize: bool = False,
    hot_in_ram: bool = False,
    module: Path = MODULE_FOLDER,
    progress: Progress = SILENT,
) -> Firmware:
    """Firmware for `board`, from the cache when nothing it is made of has changed.

    Of the engine's operators only `operators` are in it: the others' kernels take no flash, and models that
    need them are refused.
    `sanitize` builds the unix port with address and undefined-behaviour checks. `hot_in_ram` puts the kernels into
    RAM, see engine/placement.h. Raises ToolError with the compiler's message when the build fails.

    >>> made = build("pico")
    >>> made.image.name, "CONV_2D" in made.operators
    ('firmware.uf2', True)
    """
    target = boards.find(board)
    if sanitize and target.build.port != "unix":
        raise ToolError(f"only the board unix can be built with sanitizers, not {board}")
    if hot_in_ram and target.build.port != "rp2":
        raise ToolError(f"only a Pico's kernels can be put into RAM here, not those of {board}")
    if not (module / "micropython.mk").exists():
        raise ToolError(f"the C sources of the module are not in {module}: work from a checkout of Convlet")
    found = sources.locate()
    chosen = tuple(name for name in CHOOSABLE if with_module and name in operators)
    recipe = Recipe(target, found, module.absolute(), with_module, chosen, sanitize, hot_in_ram)
    _check_tools(recipe)
    folder = cache_folder() / "firmware"
    with locked(folder / f"{recipe.kind}.lock"):
        finished = folder / f"{recipe.kind}-{_digest_of_all(recipe)}"
        if not (found.is_fixed and (finished / _RECORD).exists()):
            finished = _build_in_cache(folder, recipe, progress)
        finished.touch()
        _forget_old(folder, recipe.kind)
    return _load(finished)


def _check_tools(recipe: Recipe) -> None:
    """Raises ToolError when something is missing that is worth more than the compiler's words."""
    build = recipe.board.build
    firmware_recipes.with_tools(recipe, [], [])
    if build.port == "rp2":
        sources.check_pico_sdk(recipe.sources)
    sources.check_libraries(recipe.sources, build.port, build.micropython_board, build.libraries)


def added_by_module(
    board: str,
    *,
    operators: Collection[str] = CHOOSABLE,
    hot_in_ram: bool = False,
    module: Path = MODULE_FOLDER,
    progress: Progress = SILENT,
) -> Added:
    """Flash and RAM of the firmware with the module less those without it.

    >>> added_by_module("pico").ram_bytes
    0
    """
    whole = build(board, operators=operators, hot_in_ram=hot_in_ram, module=module, progress=progress)
    bare = build(board, module=module, with_module=False, progress=progress)
    return Added(whole.flash_bytes - bare.flash_bytes, whole.ram_bytes - bare.ram_bytes)


@dataclass(frozen=True)
class Measured:
    """Where the flash that the module takes goes; `rest` is what it brings in of MicroPython and libraries."""

    added: Added
    file_bytes: dict[str, int]

    @property
    def rest(self) -> int:
        return self.added.flash_bytes - sum(self.file_bytes.values())


def measure(board: str, *, operators: Collection[str] = CHOOSABLE, progress: Progress = SILENT) -> Measured:
    """What each C file of the module adds to the firmware of a board whose linker tells.

    >>> found = measure("pico")
    >>> found.rest + sum(found.file_bytes.values()) == found.added.flash_bytes
    True
    """
    added = added_by_module(board, operators=operators, progress=progress)
    return Measured(added, build(board, operators=operators, progress=progress).file_bytes)


def _build_in_cache(folder: Path, recipe: Recipe, progress: Progress) -> Path:
    """Build, and keep the result in `folder` under the digest of what it was made of."""
    progress.step(f"Building MicroPython {recipe.sources.version} for {recipe.board.title}{_variant(recipe)}")
    while True:
        digest = _digest_of_all(recipe)
        work = cache_folder() / "builds" / f"{recipe.kind}-{_digest_of_settings(recipe)}"
        _compile(recipe, work, progress)
        if digest == _digest_of_all(recipe):  # else a file was edited meanwhile: build what is there now
            break
    work.touch()
    _forget_old(work.parent, recipe.kind)
    finished = folder / f"{recipe.kind}-{digest}"
    with tempfile.TemporaryDirectory(dir=folder) as name:
        temporary = Path(name) / "whole"
        temporary.mkdir()
        _keep(recipe, work, temporary)
        if finished.exists():
            shutil.rmtree(finished)
        temporary.rename(finished)
    return finished


def _variant(recipe: Recipe) -> str:
    if not recipe.with_module:
        return " without the module"
    return "" if recipe.operators == CHOOSABLE else f" with {', '.join(recipe.operators)} only"


def _compile(recipe: Recipe, work: Path, progress: Progress) -> None:
    left = recipe.board.build.steps
    with progress.bar("compiling", total=left) as advance:

        def follow() -> None:
            nonlocal left
            if left > 1:  # the count in the table is that of one version; the bar is full when the build is
                left -= 1
                advance(1)

        firmware_recipes.build(recipe, work, mpy_cross(recipe.sources), follow)
        advance(left)


def _keep(recipe: Recipe, work: Path, target: Path) -> None:
    """Copy from the build folder what a finished firmware consists of, and note its sizes."""
    elf = target / recipe.board.build.product
    shutil.copy2(work / recipe.board.build.product, elf)
    image = firmware_recipes.make_image(recipe, work, target) or elf
    flash, ram = _sizes(recipe, elf)
    record = Firmware(
        recipe.board.name,
        Path(image.name),
        Path(elf.name),
        flash,
        ram,
        recipe.operators,
        _file_bytes(recipe, work),
    )
    (target / _RECORD).write_text(json.dumps(asdict(record), default=str, indent=1))


def _load(finished: Path) -> Firmware:
    record = json.loads((finished / _RECORD).read_text())
    record["image"] = finished / record["image"]
    record["elf"] = finished / record["elf"]
    record["operators"] = tuple(record["operators"])
    return Firmware(**record)


def mpy_cross(found: Sources) -> Path:
    """MicroPython's compiler of Python modules, built outside its source tree."""
    digest = hashlib.sha256(found.identity.encode()).hexdigest()[:16]
    folder = cache_folder() / "builds" / f"mpy-cross-{digest}"
    with locked(folder.with_suffix(".lock")):
        firmware_recipes.build_mpy_cross(found, folder)
    return folder / "mpy-cross"


def _sizes(recipe: Recipe, elf: Path) -> tuple[int, int]:
    """Bytes of flash and of statically allocated RAM, by the compiler's own `size`."""
    size = recipe.board.build.compiler.removesuffix("gcc") + "size"
    purpose = "measure the firmware"

    def printed(*options: str) -> list[str]:
        command = firmware_recipes.with_tools(recipe, [size, *options, elf], [elf.parent])
        return run(command, purpose).splitlines()

    text, data = printed()[1].split()[:2]
    sections = (line.split() for line in printed("-A"))
    ram = sum(int(words[1]) for words in sections if words and words[0] in _RAM_SECTIONS)
    return int(text) + int(data), ram


def _file_bytes(recipe: Recipe, work: Path) -> dict[str, int]:
    if recipe.board.build.link_map is None:
        return {}
    return map_file.file_bytes((work / recipe.board.build.link_map).read_text(), recipe.module.name)


def _digest_of_settings(recipe: Recipe) -> str:
    """Names the build folder: whatever make and ninja do not notice by themselves when it changes."""
    lists = {".mk", ".cmake", ".txt"}
    boards_folder = recipe.module / "boards"
    files = [path for path in _inputs(recipe) if path.suffix in lists or boards_folder in path.parents]
    return _digest(recipe, files, str(recipe.module))


def _digest_of_all(recipe: Recipe) -> str:
    """Names the finished firmware: everything it is made of."""
    return _digest(recipe, _inputs(recipe), " ".join(recipe.operators))


def _inputs(recipe: Recipe) -> list[Path]:
    """The files of ours that go into the firmware: all boards' definitions, which may include each other."""
    found: list[Path] = []
    if recipe.with_module:
        files = [path for path in recipe.module.rglob("*") if path.suffix in _MODULE_FILES]
        found += [path for path in files if recipe.module / "boards" not in path.parents]
    if recipe.own_board or recipe.board.build.manifest:
        folders = (recipe.module / name for name in ("boards", "xtensa"))
        found += [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return sorted(set(found))


def _digest(recipe: Recipe, files: Iterable[Path], more: str) -> str:
    version = firmware_recipes.with_tools(recipe, [recipe.board.build.compiler, "--version"], [])
    compiler = run(version, f"build firmware for {recipe.board.title}")
    settings = (recipe.sources.identity, recipe.board.build, recipe.kind, compiler, more)
    digest = hashlib.sha256(repr(settings).encode())
    digest.update(Path(firmware_recipes.__file__).read_bytes())
    for path in files:
        digest.update(f"\n{path.relative_to(recipe.module)}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _forget_old(folder: Path, kind: str) -> None:
    """Keep the newest few folders of a kind; the digest's length tells unix-X from unix-bare-X."""
    keep_newest((path for path in folder.glob(f"{kind}-{'?' * 16}") if path.is_dir()), KEPT)
