"""Coverage-guided fuzzing (atheris) of all that is parsed; ``make fuzz``.

`fuzz.py --seconds N [--target NAME]` runs each target for so long, and exits with 1 if one fails:
with an exception, after a minute's thought over one input, or by more than a gigabyte. An input
that fails is left as fuzz/TARGET-crash-…; `fuzz.py TARGET FILE` runs it again.
"""

from __future__ import annotations

import argparse
import functools
import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import atheris

with atheris.instrument_imports(include=["fscaps"]):
    import fscaps
    from fscaps import stores
    from fscaps._linux import mountinfo
    from fscaps._linux.directory import Directory
    from fscaps._sandbox import child, listening, protocol, scratch, supervisor  # noqa: F401
    from fscaps.render import Style, _explanation, formats, json as form, render, text  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).resolve().parent
SECONDS_FOR_ONE, MEGABYTES, LONGEST = 60, 1024, 1 << 16


def _is_safe(shown: str) -> None:
    """A terminal must not take it for anything but text."""
    assert all(letter.isprintable() or letter == "\n" for letter in shown), ascii(shown)


def _refuse(constant: str) -> None:
    """For NaN and Infinity, which Python reads and nobody else."""
    raise AssertionError(constant)


def _in_all_formats(report: fscaps.Report) -> None:
    for name in formats():
        render(report, name, Style(verbose=True))
    _is_safe(render(report, "text", Style(verbose=True)))
    shown = form.render(report)
    json.loads(shown, parse_constant=_refuse)
    assert form.load(shown) == report


def a_mount_table(data: bytes) -> None:
    """/proc/self/mountinfo, in which every user who may mount has his say."""
    for line in mountinfo.parse(data):
        os.fsencode(line.point)


def a_saved_report(data: bytes) -> None:
    """What fscaps.load() is given: a report that was tampered with, or anything."""
    chosen = atheris.FuzzedDataProvider(data)
    text = _tampered(chosen, _report()) if chosen.ConsumeBool() else data[1:]
    try:
        report = fscaps.load(text)
    except fscaps.FscapsError:
        return
    _in_all_formats(report)


@functools.lru_cache(maxsize=None)
def _report() -> str:
    return form.render(fscaps.survey("/proc/self", roles=["docker/image"], write=False))


@functools.lru_cache(maxsize=None)
def _said() -> tuple[bytes, ...]:
    """What an honest worker says."""
    report = form.load(_report())
    assert report.host is not None
    located = protocol.Located("/proc/1", ("/proc/self -> 1",), report.host, report.mount)
    found = [protocol.Found(one) for one in list(report.findings.values())[:3]]
    problem = fscaps.Problem("in-use", "a", "b", "c", True)
    stored = protocol.Stored(fscaps.Store("docker", ("vfs",), ("1",), 2, (problem,), ("limit",)))
    first = (located, protocol.Scratch(scratch.new_name()), protocol.Asking("node.fifo"))
    last = (protocol.Looking(), stored, protocol.Warned("a"))
    events: list[protocol.Event] = [*first, *found, *last]
    return tuple(map(protocol.encode, events))


def _tampered(chosen: atheris.FuzzedDataProvider, text: str | bytes) -> bytes:
    """JSON of which some values are others."""
    body = json.loads(text)
    for _ in range(chosen.ConsumeIntInRange(0, 4)):
        body = _bent(chosen, body)
    return json.dumps(body).encode()


def _bent(chosen: atheris.FuzzedDataProvider, value: Any) -> Any:
    if not isinstance(value, (dict, list)) or not value or not chosen.ConsumeIntInRange(0, 15):
        return _anything(chosen)
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = chosen.PickValueInList(keys)
    value[key] = _bent(chosen, value[key])
    return value


def _anything(chosen: atheris.FuzzedDataProvider) -> Any:
    fixed: tuple[object, ...] = (
        None,
        True,
        0,
        -1,
        10**400,
        1e308,
        math.inf,
        math.nan,
        "",
        "\x1b[2J\n",
        [],
        {},
        "/",
    )
    text = chosen.ConsumeUnicode(chosen.ConsumeIntInRange(0, 600))
    return chosen.PickValueInList([*fixed, text, [text], {text: text}])


class _Liar(child.Child):
    """A worker that has said all this, and is gone."""

    def __init__(self, said: bytes) -> None:
        events, says = os.pipe()
        os.write(says, said[:LONGEST])  # which a pipe takes
        os.close(says)
        requests = [os.open(os.devnull, os.O_WRONLY) for _ in range(2)]
        super().__init__(-1, requests, events)

    def wait(self, seconds: float) -> bool:
        """There is no process."""
        return seconds > 0

    def end(self, grace: float) -> bool:
        """Nor one to be ended."""
        os.close(self.events)
        return grace > 0


def _note(cleaned: list[str], name: str | None) -> bool:
    cleaned.append(name or "")
    return True


def a_lying_worker(data: bytes) -> None:
    """The survey's whole way from the worker's words to a report that is shown."""
    chosen = atheris.FuzzedDataProvider(data)
    lines = [_tampered(chosen, line) for line in _said() if chosen.ConsumeBool()]
    said = b"\n".join((*lines, chosen.ConsumeBytes(LONGEST)))
    cleaned: list[str] = []
    supervisor._cleaned = lambda _python, _path, progress, *_: _note(cleaned, progress.scratch)
    try:
        report = fscaps.survey("/", roles=["docker/image"], worker=_Liar(said))
    except fscaps.FscapsError as error:
        _is_safe(str(error))
        return
    assert all(len(name) < 256 for name in cleaned)  # noqa: PLR2004 - linux/limits.h:NAME_MAX
    _in_all_formats(report)


def an_explanation(data: bytes) -> None:
    """Text that somebody pasted."""
    explanation = fscaps.explain(data.decode("utf-8", "surrogateescape"))
    _is_safe(_explanation.as_text(explanation, Style()))
    _explanation.as_json(explanation)


_PARTS = {
    "docker": ("image/overlay2/layerdb/sha256/{id}/cache-id", "overlay2/{id}/link"),
    "containers-storage": ("storage.lock", "overlay/{id}/link", "overlay-layers/layers.json"),
    "containerd": ("io.containerd.snapshotter.v1.overlayfs/metadata.db",),
}


def a_store(data: bytes) -> None:
    """Files, names and links of a store that somebody laid as a trap."""
    chosen = atheris.FuzzedDataProvider(data)
    parts = _PARTS[chosen.PickValueInList(list(_PARTS))]
    with tempfile.TemporaryDirectory(dir="/dev/shm") as place:  # a tmpfs is quicker
        for part in parts:
            path = Path(place, part.format(id=f"{chosen.ConsumeIntInRange(0, 3):064x}"))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(chosen.ConsumeBytes(chosen.ConsumeIntInRange(0, 4096)))
        links = Path(place, parts[-1]).parents[1] / "l"
        links.mkdir(exist_ok=True)
        name = chosen.ConsumeBytes(26).replace(b"/", b"").replace(b"\0", b"")
        target = chosen.ConsumeBytes(64).replace(b"\0", b"")
        if name not in (b"", b".", b"..") and target:
            os.symlink(target, os.path.join(os.fsencode(links), name))
        with Directory(os.open(place, os.O_RDONLY | os.O_DIRECTORY)) as top:
            found = stores.look(top, 30.0)
        for problem in found.problems if found else ():
            _is_safe(problem.what)


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (a_mount_table, a_saved_report, a_lying_worker, an_explanation, a_store)
}


def seeds() -> dict[str, bytes]:
    """Something well-formed for each, from which to stray."""
    return {
        "a_mount_table": Path("/proc/self/mountinfo").read_bytes(),
        "a_saved_report": b"\0" + _report().encode(),
        "a_lying_worker": b"".join(_said()),
        "an_explanation": b"failed to mount overlay: invalid argument\nEPERM: read-only file",
        "a_store": bytes(range(256)) * 20,
    }


def every(names: list[str], seconds: int) -> int:
    """Each in a process of its own; what to exit with."""
    failed = 0
    with tempfile.TemporaryDirectory() as work:
        first = seeds()
        for name in names or TARGETS:
            corpus = Path(work, name)
            corpus.mkdir()
            (corpus / "seed").write_bytes(first[name])
            print(f"{name}:", flush=True)
            failed |= subprocess.run([*_command(name, seconds), corpus], check=False).returncode
    return 1 if failed else 0


def _command(name: str, seconds: int) -> list[str]:
    limits = (f"-max_total_time={seconds}", f"-timeout={SECONDS_FOR_ONE}")
    more = (f"-rss_limit_mb={MEGABYTES}", f"-max_len={LONGEST}", "-verbosity=0")
    kept = (f"-artifact_prefix={HERE}/{name}-", "-print_final_stats=1")
    return [sys.executable, __file__, name, *limits, *more, *kept]


def main() -> int:
    """Run one target as atheris has it, or all."""
    if sys.argv[1:2] and sys.argv[1] in TARGETS:
        atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[sys.argv[1]])
        atheris.Fuzz()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=300, help="for each target")
    parser.add_argument("--target", action="append", default=[], choices=TARGETS)
    chosen = parser.parse_args()
    return every(chosen.target, chosen.seconds)


if __name__ == "__main__":
    sys.exit(main())
