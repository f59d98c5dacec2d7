"""/proc/self/mountinfo is read as the kernel writes it, and rubbish in it is skipped."""

from __future__ import annotations

import os
import re

import pytest
from hypothesis import given, strategies as st

from fscaps._linux import mountinfo, system
from fscaps._linux.mountinfo import MountLine, parse


def only(line: bytes) -> MountLine:
    """The one mount that this line tells of."""
    (parsed,) = parse(line)
    return parsed


def test_the_line_of_the_manual_page() -> None:
    """proc_pid_mountinfo(5)."""
    line = b"36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue"
    assert only(line) == MountLine(
        36,
        (98, 0),
        "/mnt1",
        "/mnt2",
        ("rw", "noatime"),
        ("master:1",),
        "ext3",
        "/dev/root",
        ("rw", "errors=continue"),
    )


def test_nfs() -> None:
    mount = only(
        b"412 29 0:52 / /mnt/nas rw,nosuid,relatime shared:215 - nfs4 nas:/export/x rw,vers=4.2,"
        b"rsize=1048576,hard,proto=tcp,sec=sys,local_lock=none,addr=10.0.0.5"
    )
    assert (mount.type, mount.source) == ("nfs4", "nas:/export/x")
    assert mount.options == ("rw", "nosuid", "relatime")
    assert "local_lock=none" in mount.super_options


def test_a_fuse_subtype_is_kept() -> None:
    mount = only(
        b"90 29 0:60 / /home/u/mnt rw,nosuid,nodev - fuse.sshfs u@host:/srv rw,user_id=1000"
    )
    assert (mount.type, mount.source) == ("fuse.sshfs", "u@host:/srv")
    assert mount.propagation == ()


def test_every_field_of_propagation_is_kept() -> None:
    mount = only(b"7 1 8:1 / /m rw shared:3 master:1 propagate_from:2 unbindable - ext4 /dev/a rw")
    assert mount.propagation == ("shared:3", "master:1", "propagate_from:2", "unbindable")


@pytest.mark.parametrize(
    ("escaped", "point"),
    [
        (rb"/mnt/my\040disk", "/mnt/my disk"),
        (rb"/mnt/a\011b\012c", "/mnt/a\tb\nc"),
        (rb"/mnt/back\134slash", "/mnt/back\\slash"),
        (rb"/mnt/\134040", r"/mnt/\040"),  # a name that looks escaped, escaped once
        (rb"/mnt/\043hash", "/mnt/#hash"),
        (b"/mnt/\xff", "/mnt/\udcff"),
        (rb"/mnt/\9\04", r"/mnt/\9\04"),  # no escape: not three octal digits
        ("/mnt/čau".encode(), "/mnt/čau"),
    ],
)
def test_a_mount_point_is_unescaped(escaped: bytes, point: str) -> None:
    assert only(b"7 1 8:1 / " + escaped + b" rw - ext4 /dev/a rw").point == point


def test_a_source_with_spaces_is_unescaped() -> None:
    """CIFS shares have such names."""
    mount = only(rb"7 1 0:5 / /m rw - cifs //nas/My\040Share rw,vers=3.1.1")
    assert mount.source == "//nas/My Share"


def test_a_comma_within_an_option_does_not_separate() -> None:
    r"""seq_show_option() writes such a comma as \054, as in overlay's lowerdir=."""
    mount = only(rb"7 1 0:5 / /m rw - overlay overlay rw,lowerdir=/a\054b:/c,upperdir=/u")
    assert mount.super_options == ("rw", "lowerdir=/a,b:/c", "upperdir=/u")


def test_a_source_may_be_empty() -> None:
    mount = only(b"7 1 0:5 / /m rw - tmpfs  rw,size=1024k")
    assert (mount.type, mount.source) == ("tmpfs", "")
    assert mount.super_options == ("rw", "size=1024k")


def test_a_dash_is_not_taken_for_the_separator_elsewhere() -> None:
    mount = only(b"7 1 0:5 - - rw shared:1 - tmpfs - rw")
    assert (mount.point, mount.propagation, mount.source) == ("-", ("shared:1",), "-")


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\n\n",
        b"nonsense",
        b"36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 ext3 /dev/root rw",  # no separator
        b"x 35 98:0 /mnt1 /mnt2 rw - ext3 /dev/root rw",
        b"36 35 98 /mnt1 /mnt2 rw - ext3 /dev/root rw",
        b"36 35 98:0:1 /mnt1 /mnt2 rw - ext3 /dev/root rw",
        b"36 35 a:b /mnt1 /mnt2 rw - ext3 /dev/root rw",
        b"36 35 98:0 /mnt1 /mnt2 rw -",
        b"36 35 98:0 /mnt1 /mnt2 rw - ext3 /dev/root",
        b"9" * 5000 + b" 35 98:0 /mnt1 /mnt2 rw - ext3 /dev/root",
    ],
)
def test_garbage_is_skipped_and_its_neighbours_are_not(garbage: bytes) -> None:
    good = b"7 1 8:1 / /m rw - ext4 /dev/a rw\n"
    assert [mount.id for mount in parse(good + garbage + b"\n" + good)] == [7, 7]


@given(st.binary())
def test_whatever_the_bytes_nothing_is_raised(data: bytes) -> None:
    assert all(isinstance(mount, MountLine) for mount in parse(data))


@given(
    st.lists(
        st.sampled_from(
            (b" ", b"-", b",", b":", b"\n", b"1", b"99999999999", b"/", b"\\040", b"\\777", b"\xff")
        )
    )
)
def test_whatever_looks_like_a_line_nothing_is_raised(pieces: list[bytes]) -> None:
    assert all(isinstance(mount, MountLine) for mount in parse(b"".join(pieces)))


# --- round trip -----------------------------------------------------------------------------

_name = st.binary(max_size=12).map(
    lambda data: data.replace(b"\0", b"").decode("utf-8", "surrogateescape")
)
_word = _name.filter(bool)
_number = st.integers(0, 2**31)
_propagation = st.lists(
    st.one_of(st.just("unbindable"), _number.map("shared:{}".format)), max_size=3
).map(tuple)
_options = st.lists(_word, min_size=1, max_size=3).map(tuple)
mounts = st.builds(
    MountLine,
    _number,
    st.tuples(_number, _number),
    _word,
    _word,
    _options,
    _propagation,
    _word,
    _name,
    _options,
)


def escape(text: str) -> bytes:
    """As the kernel's seq_escape() writes a word: commas too, as seq_show_option() does."""
    data = text.encode("utf-8", "surrogateescape")
    return re.sub(rb"[ \t\n\\,]", lambda match: b"\\%03o" % ord(match[0]), data)


def write(mount: MountLine) -> bytes:
    """The line that the kernel writes for this mount."""
    return b" ".join(
        [
            b"%d 1 %d:%d" % (mount.id, *mount.device),
            escape(mount.root),
            escape(mount.point),
            b",".join(map(escape, mount.options)),
            *map(escape, mount.propagation),
            b"-",
            escape(mount.type),
            escape(mount.source),
            b",".join(map(escape, mount.super_options)),
        ]
    )


@given(st.lists(mounts, max_size=4))
def test_what_the_kernel_writes_is_read_back(table: list[MountLine]) -> None:
    assert list(parse(b"\n".join(map(write, table)) + b"\n")) == table


# --- the mount of a descriptor --------------------------------------------------------------


def test_an_open_directory_leads_to_its_own_mount() -> None:
    fd = os.open("/proc", os.O_PATH)
    try:
        mount = mountinfo.of(fd)
        magic = mountinfo.magic(fd)
    finally:
        os.close(fd)
    assert mount is not None
    assert (mount.point, mount.type) == ("/proc", "proc")
    assert magic == "0x9fa0"  # linux/magic.h: PROC_SUPER_MAGIC


def test_a_closed_descriptor_has_no_mount() -> None:
    fd = os.open("/proc", os.O_PATH)
    os.close(fd)
    assert mountinfo.of(fd) is None


@pytest.mark.parametrize(
    ("name", "place", "transport"),
    [
        ("sdb", "platform/host2/session1/target2:0:0/2:0:0:1/block/sdb", " (iSCSI)"),
        ("sdc1", "platform/host3/session12/target3:0:0/3:0:0:1/block/sdc/sdc1", " (iSCSI)"),
        ("rbd0", "rbd/0/block/rbd0", " (rbd)"),
        ("rbd0p1", "rbd/0/block/rbd0/rbd0p1", " (rbd)"),
        ("nbd0", "virtual/block/nbd0", " (nbd)"),
        ("drbd0", "virtual/block/drbd0", " (drbd)"),
        ("nvme1n1", "virtual/nvme-fabrics/ctl/nvme1/nvme1n1", " (nvme-fabrics)"),
        ("sda", "pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0/block/sda", ""),
        ("vda", "pci0000:00/0000:00:02.0/virtio0/block/vda", ""),
    ],
)
def test_a_device_on_the_network_is_told_by_its_place_in_sysfs(
    name: str, place: str, transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The links as sysfs has them on machines with such devices; here they are made up."""
    links = {
        "/sys/dev/block/8:16": f"../../devices/{place}",
        f"/sys/class/block/{name}": f"../../devices/{place}",
    }
    _sysfs(monkeypatch, links)
    line = only(b"7 1 8:16 / /m rw - ext4 /dev/some rw")
    assert mountinfo.device_chain(line) == (f"{name}{transport}",)


def _sysfs(
    monkeypatch: pytest.MonkeyPatch,
    links: dict[str, str],
    folders: dict[str, list[str]] | None = None,
    contents: dict[str, str] | None = None,
) -> None:
    monkeypatch.setattr(mountinfo, "_link", lambda path: links.get(path, ""))
    monkeypatch.setattr(mountinfo, "_listed", lambda path: (folders or {}).get(path, []))
    monkeypatch.setattr(mountinfo, "_content", lambda path: (contents or {}).get(path, ""))
    monkeypatch.setattr(system, "_read", lambda _: "nodev\ttmpfs\n\tbtrfs\n\tbcachefs\n")


ISCSI = "../../devices/platform/host2/session1/target2:0:0/2:0:0:1/block/"


@pytest.mark.parametrize(
    ("mount", "chain"),
    [
        (b"btrfs /dev/sdb", ("sdb (iSCSI)", "sdc (iSCSI)")),
        (b"btrfs /dev/sda", ("sda",)),
        (b"btrfs /dev/mapper/vg-data", ("dm-1 (vg-data)", "sdb (iSCSI)")),
        (b"btrfs /dev/mapper/vg-gone", ()),
        (b"btrfs /dev/root", ()),
        (b"btrfs /mnt/sdb", ()),
        (b"bcachefs /dev/sda:/dev/sdb", ("sda", "sdb (iSCSI)")),
        (b"bcachefs /dev/sda:/dev/sdx", ()),
        (b"tmpfs /dev/sda", ()),
        (b"fuse.x /dev/sda", ()),
    ],
)
def test_a_file_system_with_a_number_of_its_own_is_on_what_its_source_names(
    mount: bytes, chain: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Btrfs names one of its devices, which sysfs has with the others; of tmpfs it is a word."""
    links = {f"/sys/class/block/{name}": f"{ISCSI}{name}" for name in ("sdb", "sdc")}
    links["/sys/class/block/sda"] = "../../devices/pci0000:00/ata1/block/sda"
    links["/sys/class/block/dm-1"] = "../../devices/virtual/block/dm-1"
    folders = {
        "/sys/class/block": ["dm-0", "dm-1", "sda", "sdb", "sdc"],
        "/sys/class/block/dm-1/slaves": ["sdb"],
        "/sys/fs/btrfs": ["features", "one", "two"],
        "/sys/fs/btrfs/one/devices": ["sda"],
        "/sys/fs/btrfs/two/devices": ["sdb", "sdc"],
    }
    contents = {"/sys/class/block/dm-0/dm/name": "vg-x", "/sys/class/block/dm-1/dm/name": "vg-data"}
    _sysfs(monkeypatch, links, folders, contents)
    line = only(b"7 1 0:50 / /m rw - %s rw" % mount)
    assert mountinfo.device_chain(line) == chain


def test_a_file_system_without_a_block_device_has_no_chain() -> None:
    assert mountinfo.device_chain(only(b"7 1 0:1 / /m rw - tmpfs tmpfs rw")) == ()
