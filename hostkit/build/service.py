"""Build one env: look it up in the store, else compile, pack, check and store it."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hostkit.build.depends import DEPENDS, collect
from hostkit.build.inputs import Inputs, changed_sources, collect_inputs, read_revision
from hostkit.build.lock import hold
from hostkit.build.model import Artifact, Sizes
from hostkit.build.output import Step, StepKind
from hostkit.build.platformio import TIMEOUT_S, Compiled, command_for, compile_env, places_for
from hostkit.build.project import read_env
from hostkit.build.provision import provision
from hostkit.build.registry import forget_configuration, is_installed, registry_command, registry_places
from hostkit.build.size import check_sizes
from hostkit.build.slots import BuildSlots
from hostkit.build.store import LOG, ArtifactStore, DamagedArtifactError, Stored
from hostkit.build.toolchain import Toolchain, find_toolchain, registry_toolchain
from hostkit.clock import Clock
from hostkit.errors import ToolError
from hostkit.process import Command, Runner
from hostkit.settings.paths import Paths

if TYPE_CHECKING:
    from hostkit.build.pack import Packed

ELF = "firmware.elf"
_ATTEMPTS = 3


class EventKind(Enum):
    """What a build tells while it runs."""

    NOTE = "note"  # something that the user should know; not an error
    WAIT = "wait"  # another process builds the same, or in the same directory
    COMPILE = "compile"
    LINK = "link"
    PACK = "pack"
    OUTPUT = "output"  # one line of what PlatformIO prints


@dataclass(frozen=True, slots=True)
class BuildEvent:
    """``done`` of ``total`` sources are compiled (total 0: not known yet)."""

    kind: EventKind
    text: str
    done: int = 0
    total: int = 0


OnEvent = Callable[[BuildEvent], None]


@dataclass(frozen=True, slots=True)
class BuildResult:
    """The artifact, whether it was stored before, how long it took, and the compiler's warnings."""

    artifact: Artifact
    cached: bool
    seconds: float
    warnings: tuple[str, ...]


def ignore(event: BuildEvent) -> None:
    """Take no notice."""


def build(  # noqa: PLR0913 - what varies between callers, all by keyword
    project: Path,
    env: str,
    *,
    paths: Paths,
    runner: Runner,
    clock: Clock,
    on_event: OnEvent = ignore,
    timeout_s: float | Callable[[], float] = TIMEOUT_S,
) -> BuildResult:
    """Return the artifact of a checkout's env as its files are now.

    An artifact of the same inputs is taken from the store without starting PlatformIO; a damaged one
    is made anew. Several processes may build at once: the same inputs are built once. PlatformIO is
    ended after ``timeout_s``; where that is a function, it is called only if PlatformIO must run.
    Raises :class:`UsageError` (unknown env, broken platformio.ini), :class:`FailedError` (does not
    compile, over budget, does not fit), :class:`ToolError` (PlatformIO, compiler, disk).
    """
    began = clock.monotonic_ns()
    job = _Job(project.resolve(), env, paths, runner, on_event, timeout_s, BuildSlots(paths.slots, clock))
    stored, cached = job.run()
    seconds = (clock.monotonic_ns() - began) / 1e9
    return BuildResult(stored.artifact, cached, seconds, stored.warnings)


def find_build_id(project: Path, env: str, *, paths: Paths, runner: Runner, clock: Clock) -> str:
    """Return the build id that :func:`build` would give now, without building. Raises as it does."""
    return find_inputs(project, env, paths=paths, runner=runner, clock=clock).build_id


def find_inputs(project: Path, env: str, *, paths: Paths, runner: Runner, clock: Clock) -> Inputs:
    """Return the inputs of an env as they are now, without building. Raises as :func:`build` does."""
    job = _Job(project.resolve(), env, paths, runner, ignore, TIMEOUT_S, BuildSlots(paths.slots, clock))
    return job.inputs()


class _Job:
    """One call of :func:`build`, with what its steps share."""

    def __init__(  # noqa: PLR0913, PLR0917 - what build() was given
        self,
        project: Path,
        env: str,
        paths: Paths,
        runner: Runner,
        on_event: OnEvent,
        timeout_s: float | Callable[[], float],
        slots: BuildSlots,
    ) -> None:
        self._slots = slots
        self._settings = read_env(project, env, compiler=os.environ.get("HK_COMPILER", ""))
        self._places = places_for(project, env, core=paths.core, cache=paths.cache)
        self._toolchain = self._find_toolchain(paths, runner)
        if self._settings.from_registry:
            self._places = registry_places(self._places, os.environ)
        self._store = ArtifactStore(paths.artifacts)
        self._paths, self._runner, self._on_event = paths, runner, on_event
        self._timeout_s = timeout_s
        self._done = self._total = 0

    def _find_toolchain(self, paths: Paths, runner: Runner) -> Toolchain:
        compiler = self._settings.compiler
        if compiler is None:
            return registry_toolchain(self._settings.platform)
        return find_toolchain(compiler, cache=paths.cache, runner=runner)

    def run(self) -> tuple[Stored, bool]:
        """Return the artifact, and whether it was there already."""
        inputs = self.inputs()
        if inputs.revision.note:
            self._tell(EventKind.NOTE, inputs.revision.note)
        for _ in range(_ATTEMPTS):
            if (stored := self._look_up(inputs)) is not None:
                return stored, True
            with self._alone(inputs):
                if (stored := self._look_up(inputs)) is not None:  # made while this process waited
                    return stored, True
                compiled = self._compile(inputs)
                after = self.inputs()
                if after.build_id == inputs.build_id:
                    return self._keep(inputs, compiled), False
            changed = ", ".join(changed_sources(inputs.facts, after.facts)[:3]) or "the git commit"
            self._tell(EventKind.NOTE, f"{changed} changed during the build: building again")
            inputs = after
        raise ToolError(
            f"the sources changed during each of {_ATTEMPTS} builds",
            hint="build when nobody edits this checkout",
        )

    def _tell(self, kind: EventKind, text: str) -> None:
        self._on_event(BuildEvent(kind, text, self._done, self._total))

    def inputs(self) -> Inputs:
        """Return what the build depends on, as it is now."""
        revision = read_revision(self._places.project, self._runner)
        return collect_inputs(self._places.project, self._settings, self._toolchain, revision)

    def _look_up(self, inputs: Inputs) -> Stored | None:
        try:
            return self._store.load(self._settings.name, inputs.build_id)
        except DamagedArtifactError as error:
            self._tell(EventKind.NOTE, f"{error.message}; making it anew")
            self._store.discard(self._settings.name, inputs.build_id)
            return None

    def _alone(self, inputs: Inputs) -> ExitStack:
        """Hold what must not be done twice at once: this build anywhere, any build in this directory."""
        name = self._settings.name
        locks = (
            (self._paths.cache / "locks" / f"{name}-{inputs.build_id[:16]}.lock", "this very build"),
            (self._places.work.with_suffix(".lock"), f"another build of {name} in this checkout"),
        )
        with ExitStack() as stack:
            for lock, what in locks:
                text = f"waiting for another process: {what}"
                stack.enter_context(hold(lock, on_wait=partial(self._tell, EventKind.WAIT, text)))
            return stack.pop_all()

    def _compile(self, inputs: Inputs) -> Compiled:
        command = self._command(inputs)
        self._done = self._total = 0
        limit = self._timeout_s
        command = replace(command, timeout_s=limit() if callable(limit) else limit)
        text = "waiting for other processes: all build slots are taken"
        waiting = partial(self._tell, EventKind.WAIT, text)
        with self._slots.hold(waiting):
            return compile_env(command, self._places, self._runner, self._on_step)

    def _command(self, inputs: Inputs) -> Command:
        if self._settings.from_registry:
            if not is_installed(self._places.core, self._settings.platform):
                self._tell(
                    EventKind.NOTE, f"PlatformIO installs {self._settings.platform} from its registry now"
                )
            forget_configuration(self._places)
            return registry_command(self._places, self._settings, inputs, os.environ)
        if provision(self._paths.core):
            self._tell(EventKind.NOTE, f"PlatformIO provisioned in {self._paths.core}")
        if self._toolchain.self_contained and not (self._places.zig / "o").is_dir():
            self._tell(EventKind.NOTE, "zig compiles its own C library too, this once: some 15 s more")
        return command_for(self._places, self._settings, self._toolchain, inputs, os.environ)

    def _on_step(self, step: Step | str) -> None:
        if isinstance(step, str):
            self._tell(EventKind.OUTPUT, step)
        elif step.kind is StepKind.SOURCES:
            self._total = step.count
        elif step.kind is StepKind.LINK:
            self._done = self._total
            self._tell(EventKind.LINK, "linking")
        else:
            self._done += 1
            self._tell(EventKind.COMPILE, self._source_of(step.what))

    def _source_of(self, built: str) -> str:
        """Return an object's path without the build directory: lib/link/cobs, zcbor/zcbor_encode."""
        inside = built.rsplit(f"/out/{self._settings.name}/", 1)[-1]
        return inside.removeprefix("src/").removesuffix(".o")

    def _keep(self, inputs: Inputs, compiled: Compiled) -> Stored:
        self._tell(EventKind.PACK, "packing the image")
        executable = compiled.program.read_bytes()
        packed = self._pack(inputs, compiled.program, executable)
        artifact = self._artifact(inputs, packed)
        check_sizes(artifact.sizes)
        files = {image.file: data for image, data in packed.images}
        files |= {ELF: executable, LOG: compiled.log.encode()}
        depends = collect(compiled.program.parent, self._places.project)
        files |= {} if depends is None else {DEPENDS: depends}
        return self._store.save(artifact, files, inputs.facts, [str(item) for item in compiled.warnings])

    def _pack(self, inputs: Inputs, program: Path, executable: bytes) -> Packed:
        """Use the packer of the env's platform: ESP-IDF makes images itself, the others do not."""
        settings = self._settings
        if settings.from_registry:
            from hostkit.build.pack_idf import pack_idf  # noqa: PLC0415 - an unchanged build packs nothing

            return pack_idf(program, chip=settings.chip)
        from hostkit.build.pack import pack  # noqa: PLC0415

        return pack(executable, chip=settings.chip, version=settings.version, build_id=inputs.build_id)

    def _artifact(self, inputs: Inputs, packed: Packed) -> Artifact:
        settings, revision = self._settings, inputs.revision
        flash = next(image.size for image, _ in packed.images if image.role == "app")
        return Artifact(
            build_id=inputs.build_id,
            env=settings.name,
            chip=settings.chip.value,
            profile=settings.profile,
            version=settings.version,
            commit=revision.commit,
            dirty=revision.dirty,
            images=tuple(image for image, _ in packed.images),
            elf=ELF,
            sizes=Sizes(flash, settings.flash_budget, packed.ram, settings.ram_budget),
            toolchain=self._toolchain.versions,
            directory=self._store.directory(settings.name, inputs.build_id),
        )
