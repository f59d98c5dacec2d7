"""Stores as a distrustful reader meets them: forged, huge, unreadable, half gone.

Nothing here was laid down by an engine; tests/engines/test_stores.py has stores that were.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies
from unit.running import environment, execute, run, unprivileged

import fscaps
from fscaps import stores
from fscaps._linux.directory import Directory
from fscaps.stores import _look

if TYPE_CHECKING:
    from collections.abc import Iterator

IDS = [f"{number:064x}" for number in range(6)]
SHORT = [f"{'A' * 25}{letter}" for letter in "BCDEFG"]


def look(path: Path, seconds: float = 30.0) -> fscaps.Store:
    with Directory(os.open(path, os.O_RDONLY | os.O_DIRECTORY)) as target:
        found = stores.look(target, seconds)
    assert found is not None
    return found


def ids(path: Path) -> set[str]:
    return {problem.id for problem in look(path).problems}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """What a data-root of Docker looks like, as far as is looked at: six layers on each other."""
    root = tmp_path / "root"
    for name in ("containers", "network", "volumes", "overlay2/l"):
        (root / name).mkdir(parents=True)
    for number, (layer, short) in enumerate(zip(IDS, SHORT)):
        home = root / "overlay2" / layer
        (home / "diff/folder").mkdir(parents=True)
        (home / "link").write_text(short)
        (root / "overlay2/l" / short).symlink_to(f"../{layer}/diff")
        if number:
            (home / "lower").write_text(":".join(f"l/{below}" for below in SHORT[:number]))
        chain = root / "image/overlay2/layerdb/sha256" / layer
        chain.mkdir(parents=True)
        (chain / "cache-id").write_text(layer)
    return root


def test_a_whole_store_has_no_problem(root: Path) -> None:
    found = look(root)
    assert (found.engine, found.drivers, found.layers) == ("docker", ("overlay2",), len(IDS))
    assert found.problems == ()


def test_an_ordinary_directory_is_no_store(place: Path) -> None:
    assert fscaps.survey(place, only=["name.option"]).store is None


@pytest.mark.parametrize("name", ["containers", "network", "volumes", "image"])
def test_what_lacks_a_part_is_no_data_root(root: Path, name: str) -> None:
    (root / name).rename(root.parent / name)
    with Directory(os.open(root, os.O_RDONLY)) as target:
        assert stores.look(target, 1.0) is None


# --- one link, one layer --------------------------------------------------------------------


def test_one_link_that_is_missing_is_named(root: Path) -> None:
    (root / "overlay2/l" / SHORT[2]).unlink()
    (problem,) = look(root).problems
    assert (problem.id, problem.breaks) == ("links-missing", True)
    assert SHORT[2] in problem.what


def test_a_file_in_place_of_a_link_is_none(root: Path) -> None:
    (root / "overlay2/l" / SHORT[2]).unlink()
    (root / "overlay2/l" / SHORT[2]).write_text("")
    assert ids(root) == {"links-missing"}


def test_a_link_to_elsewhere_is_none(root: Path) -> None:
    (root / "overlay2/l" / SHORT[2]).unlink()
    (root / "overlay2/l" / SHORT[2]).symlink_to("/etc")
    assert ids(root) == {"links-missing"}


def test_a_link_that_a_lower_file_alone_names_is_missed(root: Path) -> None:
    (root / "overlay2" / IDS[5] / "lower").write_text("l/NOSUCHLINK")
    (problem,) = look(root).problems
    assert "NOSUCHLINK" in problem.what


def test_many_are_named_by_example(root: Path) -> None:
    for short in SHORT:
        (root / "overlay2/l" / short).unlink()
    (problem,) = look(root).problems
    assert "and 3 more" in problem.what


# --- attributes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "where", "words"),
    [
        ("opaque", "diff/folder", "hides what lower layers have in it"),
        ("opaque", "diff", "hides what lower layers have in it"),
        ("origin", "diff", "mounted with index=on"),
        ("origin", "diff/folder", "that a file was copied up from"),
        ("redirect", "diff/folder", "leads to its content by name"),
    ],
)
def test_a_users_attributes_are_told_where_they_are(
    root: Path, kind: str, where: str, words: str
) -> None:
    """Those of the overlay that a user mounts; the top of a layer is looked at, too."""
    try:
        os.setxattr(root / "overlay2" / IDS[4] / where, f"user.overlay.{kind}", b"y")
    except OSError as error:
        pytest.skip(f"no user.* attributes here: {error.strerror}")
    (problem,) = look(root).problems
    assert (problem.id, problem.breaks) == (f"copy-{kind}", False)
    assert words in problem.what
    assert problem.what.endswith(f": {IDS[4]}/{where}.")


# --- where each driver keeps its layers -----------------------------------------------------


def _laid_down(path: Path, *directories: str) -> Path:
    for name in directories:
        (path / name).mkdir(parents=True)
    return path


@pytest.mark.parametrize(
    ("driver", "place"),
    [
        ("vfs", "vfs/dir"),
        ("btrfs", "btrfs/subvolumes"),
        ("fuse-overlayfs", "fuse-overlayfs"),
    ],
)
def test_docker_finds_the_layers_of_each_driver(tmp_path: Path, driver: str, place: str) -> None:
    """moby daemon/graphdriver: vfs/driver.go:dir, btrfs/btrfs.go:subvolumesDir."""
    chain = f"image/{driver}/layerdb/sha256/{IDS[0]}"
    path = _laid_down(tmp_path / "root", f"{place}/{IDS[0]}", chain, "containers", "network")
    (path / "volumes").mkdir()
    (path / chain / "cache-id").write_text(IDS[0])
    found = look(path)
    assert (found.drivers, found.layers, found.problems) == ((driver,), 1, ())
    (path / place / IDS[0]).rmdir()
    (path / place / IDS[1]).mkdir()
    assert ids(path) == {"layers-missing"}


@pytest.mark.parametrize(("driver", "place"), [("vfs", "vfs/dir"), ("btrfs", "btrfs/subvolumes")])
def test_podman_finds_the_layers_of_each_driver(tmp_path: Path, driver: str, place: str) -> None:
    """containers/storage drivers/vfs/driver.go:dir, drivers/btrfs/btrfs.go:subvolumesDir."""
    path = _laid_down(tmp_path / "root", f"{place}/{IDS[0]}", f"{driver}-layers")
    (path / "storage.lock").touch()
    (path / f"{driver}-layers/layers.json").write_text(json.dumps([{"id": IDS[0]}]))
    found = look(path)
    assert (found.drivers, found.layers, found.problems) == ((driver,), 1, ())
    (path / place / IDS[0]).rmdir()
    (path / place / IDS[1]).mkdir()
    assert ids(path) == {"layers-missing"}


@pytest.mark.parametrize(
    ("snapshotter", "problems"),
    [("devmapper", set()), ("zfs", set()), ("overlayfs", {"layers-missing"})],
)
def test_not_each_snapshotter_keeps_directories(
    tmp_path: Path, snapshotter: str, problems: set[str]
) -> None:
    """containerd plugins/snapshots/devmapper/snapshotter.go: a database and devices."""
    part = f"io.containerd.snapshotter.v1.{snapshotter}"
    path = _laid_down(tmp_path / "root", "io.containerd.metadata.v1.bolt", part)
    (path / "io.containerd.metadata.v1.bolt/meta.db").write_text("")
    (path / part / "metadata.db").write_text("")
    assert ids(path) == problems


@pytest.mark.parametrize(
    ("other", "now", "who"),
    [
        ("btrfs", {"several-drivers"}, "dockerd does not start"),
        ("aufs", set(), "Docker before 24 does not start"),
        ("devicemapper", set(), "Docker before 25 does not start"),
    ],
)
def test_a_driver_that_docker_has_no_more_stops_old_versions_only(
    root: Path, other: str, now: set[str], who: str
) -> None:
    """moby daemon/graphdriver/driver.go:scanPriorDrivers goes over those that are built in."""
    (root / other / "something").mkdir(parents=True)
    (problem,) = look(root).problems
    assert problem.id == "several-drivers"
    assert {one.id for one in (problem,) if one.breaks} == now
    assert who in problem.what


@pytest.mark.parametrize(
    ("name", "broken"), [("overlay2", {"symlink"}), ("rootfs", {"symlink"}), ("image", set())]
)
def test_runc_minds_a_link_above_a_containers_root_only(
    root: Path, name: str, broken: set[str]
) -> None:
    """rootfs/ is where dockerd mounts what containerd keeps."""
    (root / name).mkdir(exist_ok=True)
    (root / name).rename(root.parent / name)
    (root / name).symlink_to(root.parent / name)
    assert {problem.id for problem in look(root).problems if problem.breaks} == broken


def test_a_link_above_podmans_layers_breaks_nothing(tmp_path: Path) -> None:
    """crun, which podman usually runs, resolves it (src/libcrun/container.c, realpath)."""
    path = _laid_down(tmp_path / "root", "overlay-layers", "elsewhere/l")
    (path / "storage.lock").touch()
    (path / "overlay").symlink_to("elsewhere")
    (problem,) = look(path).problems
    assert (problem.id, problem.breaks) == ("symlink", False)


def test_podmans_parents_may_lie_in_another_store(tmp_path: Path) -> None:
    """containers/storage drivers/overlay/overlay.go:get looks in additional image stores, too."""
    home = f"overlay/{IDS[0]}"
    path = _laid_down(tmp_path / "root", f"{home}/diff", "overlay-layers", "overlay/l")
    (path / "storage.lock").touch()
    (path / home / "link").write_text(SHORT[0])
    (path / home / "lower").write_text(f"l/{SHORT[1]}")
    (path / "overlay/l" / SHORT[0]).symlink_to(f"../{IDS[0]}/diff")
    (path / "overlay-layers/layers.json").write_text(json.dumps([{"id": IDS[0]}]))
    assert ids(path) == set()
    (path / "overlay/l" / SHORT[0]).unlink()
    assert ids(path) == {"links-missing"}


# --- hostile --------------------------------------------------------------------------------


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _endless(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def test_half_a_surrogate_is_no_name_of_a_layer(tmp_path: Path) -> None:
    """It cannot be the name of a file; what else is there is looked at all the same."""
    path = _laid_down(tmp_path / "root", "overlay/l", "overlay-layers")
    (path / "storage.lock").touch()
    (path / "volumes").symlink_to("elsewhere")
    (path / "overlay-layers/layers.json").write_text('[{"id": "\\ud800"}]')
    found = look(path)
    assert {problem.id for problem in found.problems} == {"symlink"}
    assert any("layers.json was not read" in text for text in found.limits)


def test_a_crowd_of_snapshotters_is_cut_short(root: Path) -> None:
    """All of them would be more than a worker may say in a line."""
    for number in range(600):
        (root / "rootfs" / f"{number}{'x' * 200}").mkdir(parents=True)
    found = look(root)
    assert len(found.drivers) < 30
    assert any("names of a directory were listed" in text for text in found.limits)


def _huge(path: Path) -> None:
    os.truncate(path, 1 << 40)


def _rubbish(path: Path) -> None:
    path.write_bytes(b"../../../../etc\0\xff\n" * 999)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("harm", [_fifo, _endless, _huge, _rubbish, _folder])
def test_files_that_are_no_such_files_are_not_believed(root: Path, harm: object) -> None:
    """Nothing blocks, nothing is read without end, and no problem is made up of it."""
    assert callable(harm)
    for name in ("link", "lower"):
        harm(root / "overlay2" / IDS[3] / name)
    harm(root / "image/overlay2/layerdb/sha256" / IDS[3] / "cache-id")
    assert look(root).problems == ()


def test_what_is_no_regular_file_is_not_opened_for_reading(tmp_path: Path) -> None:
    """A FIFO reads as empty, and a device may do anything."""
    (tmp_path / "file").write_bytes(b"content")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("file")
    with Directory(os.open(tmp_path, os.O_RDONLY)) as directory:
        assert _look.small(directory, "file") == b"content"
        assert _look.small(directory, "fifo") is None
        assert _look.small(directory, "link") is None
        assert _look.small(directory, "nothing") is None


def test_nothing_outside_is_looked_at(root: Path, tmp_path: Path) -> None:
    """A store whose parts are links to another one is not taken for that."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / IDS[0]).mkdir()
    (root / "overlay2").rename(tmp_path / "real")
    (root / "overlay2").symlink_to(tmp_path / "outside")
    found = look(root)
    assert found.layers == 0
    assert {problem.id for problem in found.problems} == {"symlink"}


def test_a_loop_of_links_ends(root: Path) -> None:
    (root / "overlay2/l").rename(root / "overlay2/old")
    (root / "overlay2/l").symlink_to("l")
    look(root)


def test_names_of_any_bytes_are_told_safely(root: Path) -> None:
    evil = os.fsencode(root / "image/overlay2/layerdb/sha256" / IDS[0] / "cache-id")
    with open(evil, "wb") as file:
        file.write(b"\x1b[2J\xff\n\x9b")
    (problem,) = look(root).problems
    assert problem.what.isprintable()
    assert json.loads(run("--json", "--no-write", "--only", "name.option", root).stdout)["store"]


@given(strategies.binary(max_size=300), strategies.binary(max_size=300))
def test_any_content_is_survived(link: bytes, table: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "storage.lock").touch()
        home = root / "overlay" / IDS[0]
        home.mkdir(parents=True)
        (root / "overlay/l").mkdir()
        (root / "overlay-layers").mkdir()
        (home / "link").write_bytes(link)
        (root / "overlay-layers/layers.json").write_bytes(table)
        assert look(root).engine == "containers-storage"


@pytest.mark.parametrize("table", ["[" * 99999, "{}", '[{"id": 7}]', '[{"id": "../.."}]', "[1]"])
def test_a_table_that_is_none_is_not_believed(tmp_path: Path, table: str) -> None:
    (tmp_path / "storage.lock").touch()
    (tmp_path / "overlay-layers").mkdir()
    (tmp_path / "overlay-layers/layers.json").write_text(table)
    assert look(tmp_path).problems == ()


# --- bounds ---------------------------------------------------------------------------------


def test_a_store_of_any_size_is_looked_at_in_part_and_says_so(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With smaller numbers than ours, which would take long to make."""
    from fscaps.stores import _overlay

    monkeypatch.setattr(_look, "NAMES", 4)
    monkeypatch.setattr(_look.Look.entries, "__defaults__", (4,))
    monkeypatch.setattr(_look.Look.names, "__defaults__", (4,))
    monkeypatch.setattr(_overlay, "LAYERS", 2)
    monkeypatch.setattr(_overlay, "FILES", 1)
    found = look(root)
    assert found.layers <= 4
    assert any("only 4 names" in limit for limit in found.limits)
    assert any(limit.startswith("2 layers ") for limit in found.limits)
    assert any("attributes of 1 files" in limit for limit in found.limits)


def test_when_time_is_up_it_says_so(root: Path) -> None:
    found = look(root, seconds=0.0)
    assert "time was up before all was looked at" in found.limits
    assert found.problems == ()


def test_limits_are_few(root: Path) -> None:
    looking = _look.Look(Directory(os.open(root, os.O_RDONLY)), 1.0)
    for number in range(99):
        looking.limit(f"{number} could not be opened")
    assert len(looking.limits) < 10
    looking.target.close()


# --- what may not be seen -------------------------------------------------------------------


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can take a directory away from a user")
@pytest.mark.parametrize(("mode", "limited"), [(0, True), (0o400, False)])
def test_what_may_not_be_seen_is_not_said_to_be_missing(
    root: Path,
    mode: int,
    limited: bool,  # noqa: FBT001 - a parameter
) -> None:
    """A directory that may not be listed, and one of which the names alone may be seen."""
    with tempfile.TemporaryDirectory() as place:  # which, unlike pytest's, others may enter
        os.chmod(place, 0o755)
        _see_without_rights(root, Path(place) / "root", mode, limited)


def _see_without_rights(
    root: Path,
    copy: Path,
    mode: int,
    limited: bool,  # noqa: FBT001 - a parameter
) -> None:
    shutil.copytree(root, copy, symlinks=True)
    os.chmod(copy / "overlay2", mode)
    code = (
        "import sys, fscaps; found = fscaps.survey(sys.argv[1], only=['name.option'], "
        "write=False).store; print([p.id for p in found.problems], found.limits)"
    )
    ended = unprivileged([sys.executable, "-c", code, str(copy)], env=environment())
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("[] ")
    assert ("overlay2 could not be opened" in ended.stdout) == limited


# --- --no-write -----------------------------------------------------------------------------


@pytest.fixture
def watched(root: Path) -> Iterator[Path]:
    """A store in which nothing may be created or changed, not even for a moment."""
    before = os.stat(root)
    yield root
    after = os.stat(root)
    assert (before.st_mtime_ns, before.st_ctime_ns) == (after.st_mtime_ns, after.st_ctime_ns)


def test_without_writing_all_that_takes_it_is_unknown(watched: Path) -> None:
    report = fscaps.survey(watched, write=False)
    assert report.store is not None
    assert report.warnings == ()
    skipped = {name for name, one in report.findings.items() if one.reason is fscaps.Reason.SKIPPED}
    answered = set(report.findings) - skipped
    assert {"name.option", "space.free", "space.inodes", "directory.changeable"} <= answered
    assert {"directory.writable", "space.writable", "symlink.target", "overlay.upper"} <= skipped


def test_the_command_writes_nothing_on_request(watched: Path) -> None:
    ended = run("--no-write", "--for", "docker/image", watched)
    assert ended.returncode == 4
    assert "a store of docker, overlay2, 6 layers" in ended.stdout


def test_with_writing_the_directory_is_written_to(root: Path) -> None:
    """So that the two tests above can fail."""
    before = os.stat(root).st_mtime_ns
    fscaps.survey(root, only=["symlink.target"])
    assert os.stat(root).st_mtime_ns != before


def test_a_store_is_told_in_the_report_and_in_json(root: Path) -> None:
    (root / "overlay2/l" / SHORT[2]).unlink()
    ended = run("--no-write", "--only", "name.option", root)
    assert "broken:   Links in overlay2/l are missing" in ended.stdout
    body = json.loads(run("--json", "--no-write", "--only", "name.option", root).stdout)
    assert body["store"]["problems"][0]["id"] == "links-missing"
    again = fscaps.load(json.dumps(body)).store
    assert again == fscaps.survey(root, only=["name.option"], write=False).store


def test_a_single_question_is_not_a_look_at_the_store(root: Path) -> None:
    """ask() is for those who ask often."""
    code = (
        "import sys, fscaps; fscaps.ask(sys.argv[1], fscaps.probes.name.option);"
        "sys.exit('fscaps.store' in sys.modules)"
    )
    ended = execute([sys.executable, "-c", code, str(root)])
    assert ended.returncode == 0
