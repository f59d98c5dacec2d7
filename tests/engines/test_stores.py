"""Stores that real engines have laid down are recognised, and so is what is done to them.

Where a problem is said to break something, the engine is started on it and does fail.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import fscaps
from fscaps._linux.directory import Directory
from fscaps.stores import _daemons
from fscaps.stores._look import Look
from lab import image
from lab.engines.dockerd import Dockerd, missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
    pytest.mark.timeout(240),
]

OVERLAY2_LAYERS = 6  # the image's four, a container's own and its -init


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data-root, its dockerd stopped, with an image and a container that has changed a file."""
    work = tmp_path_factory.mktemp("docker")
    root = work / "data-root"
    root.mkdir()
    with Dockerd(work, root, driver="overlay2") as docker:
        assert docker.start()
        tar = image.write(work / "full.tar", "full", image.full())
        assert docker.cli("load", "-i", str(tar)).returncode == 0
        change = ("sh", "-c", "chmod 700 /bin/busybox")
        ran = docker.cli("run", "--name", "changed", "--network", "none", "full", *change)
        assert ran.returncode == 0
        docker.stop()
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may break."""
    copy = tmp_path / "data-root"
    subprocess.run(["cp", "-a", made, copy], check=True)
    return copy


def store(path: Path) -> fscaps.Store:
    """What is found, which must not change by looking."""
    before = tree(path)
    found = fscaps.survey(path, only=["directory.changeable"], write=False).store
    assert tree(path) == before
    assert found is not None
    return found


def tree(path: Path) -> list[tuple[str, int, int]]:
    """Every name with its inode and the time of its last change."""
    found = []
    for at, folders, files in os.walk(path):
        for name in sorted((*folders, *files)):
            status = os.lstat(os.path.join(at, name))
            found.append((os.path.join(at, name), status.st_ino, status.st_ctime_ns))
    return sorted(found)


def ids(found: fscaps.Store, *, breaking: bool = True) -> set[str]:
    return {problem.id for problem in found.problems if problem.breaks == breaking}


def runs(root: Path, work: Path, *command: str) -> str:
    """What a real dockerd on the store says to running the image; empty if it runs."""
    with Dockerd(work, root, driver="overlay2") as docker:
        if not docker.start():
            return docker.log
        ran = docker.cli(*(command or ("run", "--network", "none", "full", "true")))
        docker.stop()
        return ran.stderr if ran.returncode else ""


# --- Docker ---------------------------------------------------------------------------------


def test_a_data_root_is_recognised_with_its_driver_version_and_layers(root: Path) -> None:
    found = store(root)
    assert (found.engine, found.drivers) == ("docker", ("overlay2",))
    assert found.layers == OVERLAY2_LAYERS
    assert any("20.10 or older" in told for told in found.versions)
    assert any("no engine-id" in told for told in found.versions)
    assert ids(found) == set()
    assert ids(found, breaking=False) == {"copy-opaque", "copy-origin"}
    assert found.limits == ()


def test_a_daemon_that_is_up_holds_it(root: Path, tmp_path: Path) -> None:
    with Dockerd(tmp_path, root, driver="overlay2") as docker:
        assert docker.start()
        found = fscaps.survey(root, only=["directory.changeable"], write=False).store
        assert found is not None
        held = [problem.what for problem in found.problems if problem.id == "in-use"]
        assert {what.split(" (process ")[0] for what in held} == {"dockerd", "containerd"}
        docker.stop()
    assert "in-use" not in ids(store(root), breaking=False)


def test_a_daemon_whose_locks_are_not_seen_is_told_by_its_command_line(
    root: Path, tmp_path: Path
) -> None:
    """It has a mount namespace of its own, and sees the store where we see it elsewhere, too."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with Dockerd(tmp_path, root, driver="overlay2") as docker:
        assert docker.start()
        with mounted("--bind", root, on=elsewhere):
            for path, told in ((root, 1), (elsewhere, 1), (root / "volumes", 0), (tmp_path, 0)):
                with Directory(os.open(path, os.O_RDONLY)) as target:
                    look = Look(target, 30.0)
                    _daemons.owned(look, ())
                assert len(look.problems) == told, path
                assert all("by --data-root" in problem.what for problem in look.problems)
        docker.stop()


def _lose_links(root: Path) -> None:
    for link in (root / "overlay2/l").iterdir():
        link.unlink()


def _lose_l(root: Path) -> None:
    shutil.rmtree(root / "overlay2/l")


def _lose_a_layer(root: Path) -> None:
    lowest = next(
        p for p in (root / "overlay2").iterdir() if p.name != "l" and not (p / "lower").exists()
    )
    shutil.rmtree(lowest)


def _link_overlay2(root: Path) -> None:
    (root / "overlay2").rename(root.parent / "elsewhere")
    (root / "overlay2").symlink_to(root.parent / "elsewhere")


@pytest.mark.parametrize(
    ("harm", "problems", "words"),
    [
        (_lose_links, {"links-missing"}, "no such file or directory"),
        (_lose_l, {"links-gone"}, "no such file or directory"),
        (_lose_a_layer, {"layers-missing"}, ""),
        (_link_overlay2, {"symlink"}, "invalid rootfs"),
    ],
)
def test_what_is_said_to_break_the_store_does(
    root: Path, tmp_path: Path, harm: Callable[[Path], None], problems: set[str], words: str
) -> None:
    assert runs(root, tmp_path) == ""
    harm(root)
    assert ids(store(root)) == problems
    said = runs(root, tmp_path)
    assert said
    assert words in said


def test_links_to_layers_that_are_gone_dangle(root: Path) -> None:
    _lose_a_layer(root)
    assert "links-dangling" in ids(store(root), breaking=False)


def test_half_a_layer_is_told(root: Path) -> None:
    chain = next((root / "image/overlay2/layerdb/sha256").iterdir())
    (chain / "cache-id").unlink()
    found = store(root)
    assert "layers-half" in ids(found)
    (half,) = (problem for problem in found.problems if problem.id == "layers-half")
    assert chain.name in half.what


@contextmanager
def mounted(*command: str | Path, on: Path) -> Iterator[None]:
    """A mount in our own namespace."""
    subprocess.run(["mount", *command, on], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", on], check=True)


def test_a_file_system_mounted_over_overlay2_is_told(root: Path) -> None:
    with mounted("-t", "tmpfs", "tmpfs", on=root / "overlay2"):
        found = store(root)
        assert ids(found) == {"layers-missing", "links-gone"}
        (mount,) = (problem for problem in found.problems if problem.id == "mounted-over")
        assert "another file system (tmpfs from tmpfs)" in mount.what
        assert "overlay2" in mount.what
    assert "mounted-over" not in ids(store(root), breaking=False)


def test_another_place_bound_over_a_part_is_told_and_a_part_bound_on_itself_is_not(
    root: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with mounted("--bind", other, on=root / "volumes"):
        (mount,) = (p for p in store(root).problems if p.id == "mounted-over")
        assert "another place of the same file system" in mount.what
    with mounted("--bind", root / "overlay2", on=root / "overlay2"):
        assert "mounted-over" not in ids(store(root), breaking=False)


@pytest.mark.parametrize(("other", "breaking"), [("fuse-overlayfs", True), ("overlay", False)])
def test_two_drivers_are_told_and_dockerd_refuses_to_choose(
    root: Path, tmp_path: Path, other: str, *, breaking: bool
) -> None:
    """One that Docker has given up (overlay, in 24) is in the way of this older dockerd alone."""
    (root / other / "l").mkdir(parents=True)
    (root / other / "l/LAYER").touch()
    assert "several-drivers" in ids(store(root), breaking=breaking)
    with Dockerd(tmp_path, root) as docker:
        assert not docker.start()
        (said,) = re.findall(r"contains several valid graphdrivers: ([^;]*);", docker.log)
        assert sorted(said.split(", ")) == sorted([other, "overlay2"])


# --- attributes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "change", "kind"),
    [
        ("metacopy=on", lambda merged: (merged / "d/f").chmod(0o600), "copy-metacopy"),
        ("redirect_dir=on", lambda merged: (merged / "d").rename(merged / "e"), "copy-redirect"),
    ],
)
def test_what_a_copy_would_lose_is_told(
    root: Path, tmp_path: Path, option: str, change: Callable[[Path], None], kind: str
) -> None:
    """A container's upper directory, written by a real overlay with that option."""
    layer = next((root / "overlay2").glob("*-init")).name.removesuffix("-init")
    lower, merged = tmp_path / "lower", tmp_path / "merged"
    (lower / "d").mkdir(parents=True)
    (lower / "d/f").write_text("content")
    merged.mkdir()
    upper = root / "overlay2" / layer
    options = f"{option},lowerdir={lower},upperdir={upper / 'diff'},workdir={upper / 'work'}"
    with mounted("-t", "overlay", "overlay", "-o", options, on=merged):
        change(merged)
    assert kind in ids(store(root), breaking=False)


def test_a_copy_of_a_layer_that_was_mounted_with_an_index_cannot_be_mounted_so(
    root: Path, tmp_path: Path
) -> None:
    """That is told of the layer's own directory, in which nothing is changed then."""
    layer = next((root / "overlay2").glob("*-init")).name.removesuffix("-init")
    lower, merged, home = tmp_path / "lower", tmp_path / "merged", root / "overlay2" / layer
    shutil.rmtree(home / "diff")
    for directory in (lower, merged, home / "diff"):
        directory.mkdir()

    def mounts(home: Path, option: str) -> int:
        options = f"{option},lowerdir={lower},upperdir={home / 'diff'},workdir={home / 'work'}"
        command = ("mount", "-t", "overlay", "overlay", "-o", options, merged)
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode == 0:
            subprocess.run(["umount", merged], check=True)
        return 0 if ended.returncode == 0 else "Stale file handle" in ended.stderr

    assert mounts(home, "index=on") == 0
    (problem,) = (p for p in store(root).problems if "index=on has a handle" in p.what)
    assert problem.id == "copy-origin"
    assert f"{layer}/diff." in problem.what
    subprocess.run(["cp", "-a", lower, tmp_path / "copied lower"], check=True)
    subprocess.run(["cp", "-a", home, tmp_path / "copy"], check=True)
    lower = tmp_path / "copied lower"
    assert mounts(tmp_path / "copy", "index=on") is True
    assert mounts(tmp_path / "copy", "index=off") == 0


def test_what_an_image_deleted_is_there_again_in_a_copy_without_attributes(
    root: Path, tmp_path: Path
) -> None:
    """The image replaces a directory; the one that hides the old is named."""
    (problem,) = (p for p in store(root).problems if p.id == "copy-opaque")
    hiding = root / "overlay2" / problem.what.rpartition(": ")[2].rstrip(".")
    assert os.getxattr(hiding, "trusted.overlay.opaque")
    lower, merged = tmp_path / "lower", tmp_path / "merged"
    for directory in (lower / hiding.name, merged):
        directory.mkdir(parents=True)
    (lower / hiding.name / "deleted").touch()
    subprocess.run(["cp", "-r", hiding.parent, tmp_path / "copy"], check=True)
    for upper, seen in ((hiding.parent, False), (tmp_path / "copy", True)):
        with mounted("-t", "overlay", "none", "-o", f"lowerdir={upper}:{lower}", on=merged):
            assert (merged / hiding.name / "deleted").exists() is seen


# --- containers/storage ---------------------------------------------------------------------


@pytest.fixture
def graphroot(tmp_path: Path) -> Iterator[Path]:
    if shutil.which("podman") is None:
        pytest.skip("no podman")
    tar = image.write(tmp_path / "full.tar", "full", image.full())
    # Podman takes no longer path than 50 characters for its run directory, which lies beside it.
    with tempfile.TemporaryDirectory(prefix="fscaps-") as short:
        root = Path(short) / "graphroot"
        podman(root, "load", "-i", str(tar))
        yield root


def podman(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    run = root.parent / "run"
    places = ("--root", root, "--runroot", run / "root", "--tmpdir", run / "tmp")
    return subprocess.run(
        ["podman", *places, "--storage-driver", "overlay", "--cgroup-manager", "cgroupfs",
         "--events-backend", "file", *command],
        check=True, capture_output=True, text=True,
    )  # fmt: skip


def test_a_graphroot_is_recognised(graphroot: Path) -> None:
    found = store(graphroot)
    assert (found.engine, found.drivers) == ("containers-storage", ("overlay",))
    assert found.layers == 4
    assert any("4.0 or newer" in told for told in found.versions)
    assert ids(found) | ids(found, breaking=False) == {"copy-opaque"}
    assert found.limits == ()


def test_links_that_podman_makes_anew_break_nothing(graphroot: Path) -> None:
    for link in (graphroot / "overlay/l").iterdir():
        link.unlink()
    assert "links-missing" in ids(store(graphroot), breaking=False)
    mounted_at = podman(graphroot, "image", "mount", "full").stdout.strip()
    assert (Path(mounted_at) / "bin").is_dir()
    podman(graphroot, "image", "umount", "full")
    assert "links-missing" not in ids(store(graphroot), breaking=False)


def test_layers_that_the_table_alone_knows_are_told(graphroot: Path) -> None:
    lowest = next(p for p in (graphroot / "overlay").iterdir() if (p / "empty").exists())
    shutil.rmtree(lowest)
    found = store(graphroot)
    assert "layers-missing" in ids(found)
    assert "links-dangling" in ids(found, breaking=False)


# --- containerd -----------------------------------------------------------------------------


@contextmanager
def containerd(work: Path) -> Iterator[Path]:
    """A containerd of our own; its root."""
    root, socket = work / "root", work / "s"
    config = work / "config.toml"
    config.write_text(
        f'version = 2\nroot = "{root}"\nstate = "{work}/state"\n'
        f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "{socket}"\n'
    )
    with (work / "log").open("wb") as log:
        process = subprocess.Popen(["containerd", "-c", config], stdout=log, stderr=log)
    try:
        # ctr waits for the server by itself
        tar = image.write(work / "full.tar", "full", image.full())
        command: list[str | Path] = [
            "ctr",
            "-a",
            socket,
            "--connect-timeout",
            "30s",
            "image",
            "import",
            tar,
        ]
        subprocess.run(command, check=True, capture_output=True)
        yield root
    finally:
        process.terminate()
        process.wait(30)


def test_containerd_s_root_is_recognised_held_and_broken(tmp_path: Path) -> None:
    with containerd(tmp_path) as root:
        live = fscaps.survey(root, only=["directory.changeable"], write=False).store
        assert live is not None
        (held,) = (problem for problem in live.problems if problem.id == "in-use")
        assert held.what.startswith("containerd (process ")
    found = store(root)
    assert (found.engine, found.drivers) == ("containerd", ("overlayfs",))
    assert found.layers == 4
    assert ids(found) | ids(found, breaking=False) == {"copy-opaque"}
    overlayfs = root / "io.containerd.snapshotter.v1.overlayfs"
    (overlayfs / "metadata.db").rename(tmp_path / "metadata.db")
    assert ids(store(root)) == {"database-missing"}
    (tmp_path / "metadata.db").rename(overlayfs / "metadata.db")
    shutil.rmtree(overlayfs / "snapshots")
    assert ids(store(root)) == {"layers-missing"}
    (root / "io.containerd.metadata.v1.bolt/meta.db").unlink()
    assert ids(store(root)) == {"layers-missing", "database-missing"}
