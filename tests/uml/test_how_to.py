"""The how-tos' own commands, run as they stand on the page, on real NFS with a second client.

The hosts are namespaces of one User-Mode Linux: see hosts.sh for what they share. Replaced are
systemd, which the machine does not run (`systemctl` here starts dockerd), and the installed
``fscaps`` command, which runs from this checkout.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from uml import how_to
from uml.how_to import Step

import fscaps
from lab import image
from lab.uml import machine

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).resolve().parent
PAGES = HERE.parents[1] / "docs/how-to"
SRC = Path(fscaps.__file__).parents[1]
SECONDS = 500

pytestmark = [
    pytest.mark.skipif(not machine.available(), reason="no User-Mode Linux here"),
    pytest.mark.timeout(SECONDS + 60),
]

_SETUP = f"""
HERE={HERE}
. {HERE}/hosts.sh
mkdir /run/bin
cp {HERE}/systemctl /run/bin
cat >/run/bin/fscaps <<'SCRIPT'
#!/bin/sh
PYTHONPATH={SRC} exec {sys.executable} -m fscaps --timeout 20 --deadline 100 "$@"
SCRIPT
chmod +x /run/bin/fscaps
export PATH=/usr/local/bin:/usr/local/sbin:$PATH
mount --bind /run/bin /usr/local/bin
modprobe -a veth nbd erofs
"""


class Done(NamedTuple):
    """What a page's commands printed, by step, and everything else in one log."""

    results: Path
    log: str

    def said(self, step: Step) -> str:
        """What a step printed on standard output."""
        return (self.results / f"{step.name}.out").read_text()


def _run(results: Path, hosts: str, steps: Sequence[Step]) -> Done:
    """Run the steps on freshly made hosts; they must all succeed."""
    script = _SETUP + hosts + how_to.script(steps)
    done = machine.run(script, results=results, seconds=SECONDS, memory="3G")
    assert not done.timed_out, done.log
    assert done.log.rstrip().endswith("== done"), done.log
    return Done(results, done.log)


def _behind(steps: list[Step], host: str, words: str, own: Sequence[Step]) -> None:
    """Put a test's own steps behind the first step of the page that has these words."""
    found = next(n for n, s in enumerate(steps) if s.host == host and words in s.commands)
    steps[found + 1 : found + 1] = own


def _see(engine: str) -> str:
    """Commands that compare the root of the running container ``kept`` with the image."""
    return f"""
pid=$({engine} inspect -f '{{{{.State.Pid}}}}' kept)
PYTHONPATH={HERE.parents[1]} {sys.executable} - "$pid" <<'PYTHON'
import sys
from pathlib import Path
from lab import image, tree
root = Path("/proc") / sys.argv[1] / "root"
found = tree.differences(root, tree.expected(image.full()), ("bin", "data", "tmp"))
sys.exit("\\n".join(found) or None)
PYTHON
"""


@pytest.mark.parametrize("name", ["move-a-data-root", "share-images-read-only"])
def test_no_command_of_a_page_goes_unrun(name: str) -> None:
    """Every block of commands names the hosts that it is for."""
    assert how_to.page(PAGES / f"{name}.md")
    assert how_to.unnamed(PAGES / f"{name}.md") == []


_DOCKER_RUN = "docker run --network=none -v named:/named"
_DOCKER_USE = f"""
docker load -q -i "$RESULTS/full.tar"
{_DOCKER_RUN} -d --name kept {image.FULL} sleep 1000
{_see("docker")}
docker exec kept exercise change
docker kill kept
docker commit kept committed
"""
_DOCKER_CHECK = f"""
docker start kept
docker exec kept exercise check
{_DOCKER_RUN} --rm committed exercise check
docker kill kept
"""


def test_a_data_root_moves_to_a_second_host_and_outlives_the_first(tmp_path: Path) -> None:
    """The page, with the full image and its changes, and a first host that is cut off and returns.

    While the first host has the image, the second is refused. What the first made runs on the
    second. When the first was cut off and fenced, the second takes over; when the first is back, it
    can write no more, and the page's own check finds the image clean.
    """
    image.write(tmp_path / "full.tar", image.FULL, image.full(), ["/vol"])
    steps = how_to.page(PAGES / "move-a-data-root.md")
    refused = """
if attach-data-root 2>&1; then exit 1; fi
losetup --associated /mnt/share/docker.img
"""
    late = "if timeout -s KILL 60 touch /var/lib/docker/late 2>&1; then exit 1; fi"
    _behind(
        steps,
        "first",
        "docker info",
        [Step("used", "first", _DOCKER_USE), Step("refused", "second", refused)],
    )
    _behind(
        steps,
        "second",
        "docker ps --all\n",
        [
            Step("moved", "second", _DOCKER_CHECK + "systemctl stop docker.socket docker"),
            Step("moved-back", "first", "systemctl start docker"),
            Step("lost", "machine", "cut_off first"),
        ],
    )
    fence = next(n for n, step in enumerate(steps) if step.host == "server")
    steps[fence + 2 : fence + 2] = [
        Step("taken-over", "second", _DOCKER_CHECK),
        Step("returned", "machine", "reconnect first"),
        Step("late", "first", late),
        Step("removed", "second", "docker rm kept"),
    ]
    done = _run(tmp_path, "host first 1\nhost second 2\nshare 4.2 first second\n", steps)
    assert done.said(steps[0]).startswith("/mnt/share can back a data-root in an image file.")
    assert re.search(r"suitable +loop-data-root", done.said(steps[0]))
    assert "already mounted or mount point busy" in done.said(_step(steps, "refused"))
    assert "/mnt/share/docker.img" not in done.said(
        _step(steps, "refused")
    )  # nothing left attached
    (info,) = (step for step in steps if "docker info" in step.commands)
    assert done.said(info) == "overlay2\n"
    assert done.said(_step(steps, "removed")) == "kept\n"


def _step(steps: Sequence[Step], name: str) -> Step:
    return next(step for step in steps if step.name == name)


_PODMAN_RUN = (
    "podman --cgroup-manager=cgroupfs run --network=none --cap-add=NET_RAW,MKNOD"
    " -v named:/named:suid,dev,exec"
)
_PODMAN_USE = f"""
exec </dev/null
{_PODMAN_RUN} -d --name kept {image.FULL} sleep 1000
{_see("podman")}
podman exec kept exercise change
podman kill kept
podman commit -q kept committed
podman start kept
podman exec kept exercise check
{_PODMAN_RUN} --rm committed exercise check
podman kill kept
"""


def test_two_hosts_use_one_image_store_and_change_to_the_next(tmp_path: Path) -> None:
    """The page; on both hosts the full image is without loss, changed, committed and run again."""
    image.write(tmp_path / "full.tar", image.FULL, image.full(), ["/vol"])
    steps = how_to.page(PAGES / "share-images-read-only.md")
    for host in ("first", "second"):
        _behind(steps, host, "podman images", [Step(f"used-{host}", host, _PODMAN_USE)])
        again = _PODMAN_RUN + f" --rm {image.FULL} id -u"
        _behind(steps, host, "store-2", [Step(f"changed-{host}", host, again)])
    hosts = "cp $RESULTS/full.tar /root/image.tar\nhost builder 3\nhost first 1\nhost second 2\n"
    done = _run(tmp_path, hosts + "share 4.2 builder first second\n", steps)
    for host in ("first", "second"):
        (listed,) = (s for s in steps if s.host == host and "podman images" in s.commands)
        columns = done.said(listed).splitlines()[1].split()
        assert (columns[0], columns[-1]) == (image.FULL, "true")
        assert done.said(_step(steps, f"changed-{host}")) == "0\n"
