"""Do the parts of a bundle say the same? What one part tells is held against what another shows. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from hostkit.build.growth import GREW, grown_in_all
from hostkit.files import pretty_json, strict_json
from hostkit.gate.challenge import heard_in, plain_challenges
from hostkit.gate.crashes import CRASHES, plain_crashes
from hostkit.gate.derive import Derived, Shared
from hostkit.gate.folder import shown
from hostkit.gate.model import Stage
from hostkit.gate.parts import (
    AFFECTED,
    BASE,
    BOARDS,
    BOOT_TRANSCRIPT,
    CHALLENGES,
    END_TRANSCRIPT,
    FLASH,
    MEASUREMENTS,
    TOOLS,
    VERDICT,
    Files,
    affected_part,
    base_part,
    flash_part,
    json_part,
    manifest_part,
)
from hostkit.gate.suite import JUNIT, OBSERVATIONS, TRANSCRIPT
from hostkit.gate.wording import files_agree
from hostkit.link import bodies
from hostkit.link.errors import MessageError
from hostkit.link.framing import Frame, FrameDecoder
from hostkit.link.heads import number, reply_head, request_head
from hostkit.link.messages import Op, Reply, Request, Status, decode_message
from hostkit.link.transcript import Direction, Mark, Written
from hostkit.store.model import Verdict

_FOLLOWS = {
    VERDICT: "is not the verdict that the other parts make",
    JUNIT: f"is not the report of {OBSERVATIONS}",
    MEASUREMENTS: f"does not hold the numbers of {OBSERVATIONS}",
}


@dataclass(slots=True)
class _Said:
    """What a board said of itself in a transcript: its own words, in frames with a checksum each."""

    hellos: set[tuple[str, str, int]] = field(default_factory=set)  # build id, MAC, boot nonce
    nonces: set[int] = field(default_factory=set)
    marks: set[str] = field(default_factory=set)

    @property
    def builds(self) -> set[str]:
        return {build for build, _, _ in self.hellos}


def contradictions(files: Files, derived: Derived, *, ours: bool = True) -> Iterator[str]:
    """Yield every place where a part says something else than follows from the others.

    ``ours``: this version of hostkit wrote it, so what follows is the same to the byte. What another version
    wrote must say the same in its own words (:mod:`hostkit.gate.wording`); its JUnit file, which is XML for
    other programs and follows from the observations alone, is then left to the signature.
    """
    for name, data in derived.written().items():
        if name not in files:
            yield f"{name} is not there"
        elif not _same(name, files[name], data, ours):
            yield f"{name} {_FOLLOWS[name]}"
    if derived.facts.suite is None and JUNIT in files:
        yield f"{JUNIT} reports on a suite that never ran"
    yield from _of_the_choice(files, derived)
    yield from _of_the_growth(files, derived)
    yield from _of_the_tools(files)
    yield from _of_the_folders(files, derived)
    for share in derived.shares or (Shared("", files, derived),):
        for problem in _of_a_board(share.files, share.derived, ours):
            yield shown(share.folder) + problem


def _of_a_board(files: Files, derived: Derived, ours: bool) -> Iterator[str]:
    """Compare the parts that are of one board."""
    crashes = plain_crashes(derived.crashes)
    if (crashes or CRASHES in files) and not _same(
        CRASHES, files.get(CRASHES, b""), pretty_json(crashes), ours
    ):
        yield f"{CRASHES} does not hold the crashes that the transcript shows"
    told = derived.facts.challenges
    if told and not _same(CHALLENGES, files.get(CHALLENGES, b""), pretty_json(plain_challenges(told)), ours):
        yield f"{CHALLENGES} says of an answer what does not follow from it"
    yield from _of_the_flash(files, derived)
    yield from _of_the_session(derived)
    written = derived.transcripts
    for name, transcript in written.items():
        if transcript.broken and not transcript.cut:
            yield f"{name}: line {transcript.broken} is none of a transcript"
    yield from _of_the_boot(files, written)
    yield from _of_the_suite(derived, written)
    yield from _of_the_challenges(derived, written)


def _of_the_folders(files: Files, derived: Derived) -> Iterator[str]:
    """Nothing may lie there as if a board had left it that had no part in the run."""
    folders = {name.split("/")[1] for name in files if name.startswith(f"{BOARDS}/")}
    for name in sorted(folders - {spec.name for spec in derived.run.also}):
        yield f"{BOARDS}/{shown(name)} is of no board of the run"


def _same(name: str, said: bytes, follows: bytes, ours: bool) -> bool:
    return said == follows or (not ours and (name == JUNIT or files_agree(said, follows)))


def broken_json(files: Files) -> Iterator[str]:
    """Yield every JSON file that two readers could read differently, also where nothing rests on it."""
    for name in sorted(files):
        if name.endswith(".json"):
            try:
                strict_json(files[name])
            except ValueError as error:
                yield f"{shown(name)}: {shown(str(error))}"


def _of_the_choice(files: Files, derived: Derived) -> Iterator[str]:
    affected = affected_part(files)
    if affected is not None and affected.selection(derived.run.env) != derived.run.selection:
        yield f"{AFFECTED} chooses other tests than those that were asked for"


def _of_the_growth(files: Files, derived: Derived) -> Iterator[str]:
    """Compare flash and RAM once more with those of the base; sections and symbols are in no part."""
    limits, manifest, base = derived.rules.growth, manifest_part(files), base_part(files)
    stop = derived.facts.stop
    told = derived.facts.growth or (stop.reason if stop is not None and stop.stage is Stage.BUILD else "")
    if limits is None or manifest is None:
        return
    if base is None:
        if derived.decision.verdict is Verdict.PASS or GREW in told:
            yield f"{BASE} is not there: nothing shows how much the firmware grew"
        return
    if base.env != manifest.env:
        yield f"{BASE} is of env {shown(base.env)}, the manifest of env {shown(manifest.env)}"
    over = list(grown_in_all(base.sizes, manifest.sizes, limits))
    for each in over:
        if each not in told:
            yield f"the firmware grew by {each}, which the run does not tell"
    if GREW in told and not over and not limits.section and not limits.symbol:
        yield "the run tells of a growth that its manifests do not show"


def _of_the_flash(files: Files, derived: Derived) -> Iterator[str]:
    flash, manifest = flash_part(files), manifest_part(files)
    if manifest is not None and manifest.env != derived.run.env:
        yield f"the manifest is of env {shown(manifest.env)}, the run of env {shown(derived.run.env)}"
    if flash is None:
        return
    board = derived.run.board
    if board is None or (flash.board, flash.env) != (board.name, derived.run.env):
        yield f"{FLASH} is of another board or env than the run"
    elif board.mac and board.mac != flash.identity.mac:
        yield f"{FLASH} is of the board {shown(flash.identity.mac)}, the run of the board {board.mac}"
    asked = {fact.stage: fact.answer for fact in derived.facts.challenges}
    if flash.challenge != asked.get(Stage.FLASH):
        yield f"{FLASH} and {CHALLENGES} tell of different challenges"
    if manifest is None:
        return
    images = sorted((image.role, image.offset, image.size, image.md5) for image in manifest.images)
    regions = sorted((each.role, each.offset, each.size, each.md5_expected) for each in flash.regions)
    if images != regions or flash.identity.chip.value != manifest.chip:
        yield f"{FLASH} is not about the images of the manifest"


def _of_the_tools(files: Files) -> Iterator[str]:
    manifest = manifest_part(files)
    tools = json_part(files, TOOLS)
    if manifest is not None and (not isinstance(tools, dict) or tools.get("toolchain") != manifest.toolchain):
        yield f"{TOOLS} names another toolchain than the manifest"


def _of_the_session(derived: Derived) -> Iterator[str]:
    """The suite's own first line: which board it was given, and which build it was to expect."""
    session, board, build = derived.observed.session, derived.run.board, derived.facts.build
    if not session:
        return
    if board is None or session.get("board") != board.name:
        yield f"{OBSERVATIONS} is of another board than the run"
    if session.get("expect_build") != (build.build_id if build else ""):
        yield f"{OBSERVATIONS} is of a suite that expected another build"


def _of_the_boot(files: Files, written: Mapping[str, Written]) -> Iterator[str]:
    flash = flash_part(files)
    if flash is None:
        return
    said = _listen(written.get(BOOT_TRANSCRIPT, Written(())))
    if (flash.build_id, flash.identity.mac, flash.nonce) not in said.hellos:
        yield f"in {BOOT_TRANSCRIPT} nobody says what {FLASH} says of the boot"


def _of_the_suite(derived: Derived, written: Mapping[str, Written]) -> Iterator[str]:
    """Observations against the line: who answered, in which boot, and in which tests."""
    facts, transcript = derived.facts, written.get(TRANSCRIPT, Written(()))
    if facts.suite is None:
        return
    said = _listen(transcript)
    told = {seen.build for seen in facts.observations} | (
        {facts.identity.build_id} if facts.identity else set()
    )
    for build in sorted(told - {""} - said.builds):
        yield f"no board says in {TRANSCRIPT} that it runs build {shown(build)[:12]}, as the tests have it"
    if facts.identity is not None and facts.identity.mac not in {mac for _, mac, _ in said.hellos}:
        yield f"no board says in {TRANSCRIPT} that it is {shown(facts.identity.mac)}"
    if derived.decision.verdict is Verdict.PASS:
        for build in sorted(said.builds - told):
            yield f"in {TRANSCRIPT} a board runs build {shown(build)[:12]}, of which no test tells"
    if facts.suite.nonce not in said.nonces | {0} and not transcript.left_out:
        yield f"{OBSERVATIONS} ends in a boot of which {TRANSCRIPT} shows nothing"
    tests = {seen.test for seen in facts.observations}
    for test in sorted({seen.test for seen in facts.observations if seen.build} - said.marks):
        yield f"{TRANSCRIPT} shows nothing of {shown(test)}"
    if facts.suite.finished:
        for test in sorted(said.marks - tests):
            yield f"{TRANSCRIPT} shows {shown(test)}, of which {OBSERVATIONS} tells nothing"


def _of_the_challenges(derived: Derived, written: Mapping[str, Written]) -> Iterator[str]:
    names = {Stage.FLASH: BOOT_TRANSCRIPT, Stage.HIL: END_TRANSCRIPT}
    for fact in derived.facts.challenges:
        if fact.answer is None or not fact.answer.holds:
            continue  # the decision speaks of those
        name = names.get(fact.stage, "")
        if name not in written or not heard_in(written[name].entries, fact.answer):
            yield f"the challenge {fact.stage.value} of {CHALLENGES} was not asked and answered in {name}"


def _listen(written: Written) -> _Said:
    """Hear what was said in replies to hello that were asked for, and in which boots anything was."""
    said, asked, nonces = _Said(), set[bytes](), set[bytes]()
    decoders = {direction: FrameDecoder() for direction in Direction}
    for entry in written.entries:
        if isinstance(entry, Mark):
            said.marks.add(entry.text)
            continue
        for piece in decoders[entry.direction].feed(entry.data):
            if not isinstance(piece, Frame):
                continue
            if entry.direction is Direction.SENT:
                asked |= _asks_hello(piece.payload)
            elif (head := reply_head(piece.payload)) is not None:
                id, nonce = head
                nonces.add(nonce)
                if id in asked:
                    said.hellos |= _introduces(piece.payload)
    said.nonces = {number(nonce) for nonce in nonces}
    return said


def _asks_hello(payload: bytes) -> set[bytes]:
    """Return the id of a request for hello. Only those are decoded whole: a suite sends many thousands."""
    head = request_head(payload)
    if head is None or number(head[1]) != Op.HELLO or not isinstance(_message(payload), Request):
        return set()
    return {head[0]}


def _introduces(payload: bytes) -> set[tuple[str, str, int]]:
    """Return who says in a reply to hello that it is which build, in which boot."""
    reply = _message(payload)
    if not isinstance(reply, Reply) or reply.status is not Status.OK:
        return set()
    try:
        who = bodies.identity(reply.body, reply.nonce)
    except MessageError:
        return set()
    return {(who.build, who.mac, who.nonce)}


def _message(payload: bytes) -> object:
    try:
        return decode_message(payload)
    except MessageError:
        return None
