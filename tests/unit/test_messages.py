"""Every message is recognised in the words of those that say it, and in what becomes of them."""

from __future__ import annotations

import errno
import functools
import json
import re
from pathlib import Path

import pytest
from unit.running import FITS, UNASKED, UNFIT, command, complaint, execute, run
from unit.said import ALSO, DAEMON, SAID

import fscaps
from fscaps import messages, probes
from fscaps._explain import recognise
from fscaps.messages import Cause, Check, Standing

EVERY = messages.every()

OVERLAY = "docker/overlay-mount"


def ids(text: str) -> list[str]:
    return [message.id for message, _, _ in recognise(text)]


@functools.lru_cache(maxsize=None)
def in_said() -> dict[str, list[str]]:
    """What is recognised in each message's words."""
    return {name: ids(said) for name, said in SAID.items()}


# --- the table ------------------------------------------------------------------------------


def test_each_message_has_its_words_here() -> None:
    assert set(SAID) == {message.id for message in EVERY}
    assert len(EVERY) >= 40


@pytest.mark.parametrize("message", EVERY, ids=lambda message: message.id)
def test_a_message_is_recognised_in_its_words_and_has_causes(
    message: messages.Message,
) -> None:
    matches = {found.id: (line, causes) for found, line, causes in recognise(SAID[message.id])}
    assert message.id in matches
    assert matches[message.id][1]


@pytest.mark.parametrize(
    ("identity", "said"), [(name, said) for name, each in ALSO.items() for said in each]
)
def test_a_message_is_recognised_as_other_versions_put_it(identity: str, said: str) -> None:
    assert ids(said) == [identity]
    assert causes(said)


@pytest.mark.parametrize("message", EVERY, ids=lambda message: message.id)
def test_a_message_is_not_seen_in_the_words_of_others(message: messages.Message) -> None:
    """But for those that are part of another message, which are named here."""
    within = {
        "docker/overlay-check": {"k3s/snapshotter"},
        "docker/lchown": {"podman/subordinate-ids"},
        "containerd/plugin": {"containerd/d-type"},
    }
    others = {name for name, within in in_said().items() if message.id in within} - {message.id}
    assert others == within.get(message.id, set())


@pytest.mark.parametrize("message", EVERY, ids=lambda message: message.id)
def test_a_message_s_row_is_complete(message: messages.Message) -> None:
    assert re.fullmatch(r"[a-z0-9]+/[a-z0-9-]+", message.id)
    assert message.means.endswith(".")
    assert message.speaker
    assert message.source
    for cause in message.causes:
        assert cause.because.endswith((".", ")"))
        assert cause.checks or cause.look or cause.remedy
        for check in cause.checks:
            assert check.probe is probes.every()[check.probe.id]
        if cause.when:
            re.compile(cause.when)


# --- which causes are considered ------------------------------------------------------------


def causes(text: str) -> set[str]:
    return {cause.because for _, _, found in recognise(text) for cause in found}


def test_a_cause_of_another_errno_is_not_considered() -> None:
    (of_einval,) = (c for c in causes(DAEMON) if "cannot hold" in c)
    gone = causes(DAEMON.replace("invalid argument", "no such file or directory"))
    assert of_einval not in gone
    assert any("is gone" in cause for cause in gone)
    assert gone & causes(DAEMON) == set()


def test_where_the_errno_was_cut_off_every_cause_is_considered() -> None:
    cut = DAEMON.replace(": invalid argument", "…")
    gone = DAEMON.replace("invalid argument", "no such file or directory")
    assert causes(DAEMON) | causes(gone) < causes(cut)


def test_a_named_attribute_decides_which_is_asked_for() -> None:
    def asked(text: str) -> set[str]:
        found = fscaps.explain(text).messages
        return {probe for each in found for cause in each.causes for probe in cause.probes}

    named = 'lsetxattr /x: xattr "security.selinux": operation not supported'
    assert asked(named) == {"xattr.security_selinux"}
    assert asked("lsetxattr /x: operation not supported") == {
        "xattr.capability_set",
        "xattr.security_selinux",
        "xattr.user",
    }


def test_an_errno_that_the_message_does_not_account_for_is_explained_by_itself() -> None:
    full = DAEMON.replace("invalid argument", "no space left on device")
    assert ids(full) == [OVERLAY, "errno/no-space"]
    assert ids(SAID["docker/layer-loop"]) == ["docker/layer-loop"]  # which knows it


def test_the_cause_of_a_loop_is_said_to_be_unknown() -> None:
    (told,) = causes(SAID["docker/layer-loop"])
    assert "Nobody has established the cause" in told


# --- what a probe makes of a cause ----------------------------------------------------------

YES, NO, UNKNOWN = fscaps.Outcome.YES, fscaps.Outcome.NO, fscaps.Outcome.UNKNOWN
SYMLINK, XATTR = (probes.every()[name] for name in ("symlink.target", "xattr.user"))


def found(probe: fscaps.Probe, outcome: fscaps.Outcome, reason: str = "") -> fscaps.Finding:
    return fscaps.Finding(probe.id, outcome, fscaps.Reason(reason) if reason else None)


@pytest.mark.parametrize(
    ("outcome", "standing"),
    [(NO, Standing.CONFIRMED), (YES, Standing.REFUTED), (UNKNOWN, Standing.OPEN)],
)
def test_a_no_confirms_a_yes_refutes_and_unknown_leaves_open(
    outcome: fscaps.Outcome, standing: Standing
) -> None:
    cause = Cause("x", (Check(XATTR),))
    reason = "error" if outcome is UNKNOWN else ""
    assert cause.standing({XATTR.id: found(XATTR, outcome, reason)}) is standing


def test_an_answer_of_another_errno_confirms_nothing_where_errnos_are_named() -> None:
    check = Check(XATTR, errnos=(errno.EPERM,))
    standings = {
        name: check.standing(fscaps.Finding(XATTR.id, NO, errno=name))
        for name in ("EPERM", "ENOTSUP", None)
    }
    assert standings == {
        "EPERM": Standing.CONFIRMED,
        "ENOTSUP": Standing.OPEN,
        None: Standing.OPEN,
    }


def test_nor_does_an_error_of_another_errno() -> None:
    check = Check(XATTR, confirms=(fscaps.Reason.ERROR,), errnos=(errno.ENOENT,))
    standings = {
        name: check.standing(fscaps.Finding(XATTR.id, UNKNOWN, fscaps.Reason.ERROR, name))
        for name in ("ENOENT", "EIO")
    }
    assert standings == {"ENOENT": Standing.CONFIRMED, "EIO": Standing.OPEN}


# A message or a line with it, how one of its causes begins, and what the probes answered.
NOT_SHOWN = {
    "a no of rootless overlay is not an old kernel": (
        "podman/not-supported-over", "Rootless: the kernel", {"overlay.userxattr": "EINVAL"}
    ),
    "containerd skips an attribute that is not supported": (
        "containerd/setxattr", "The file system refuses", {"xattr.declined": "ENOTSUP"}
    ),
    "a file capability is no user attribute": (
        "containerd/setxattr", "The file system refuses", {"xattr.user": "EPERM"}
    ),
    "an overlay fails for more than d_type": (
        '"overlayfs" snapshotter cannot be enabled for "/x": it does not support d_type',
        "The file system gives no d_type", {"overlay.upper": "EINVAL"},
    ),
    "an overlay fails for more than casefold": (
        "kernel/casefold", "The file system was made", {"overlay.upper": "EINVAL"}
    ),
    "an overlay fails on more than overlays": (
        "kernel/not-as-upper", "It is itself an overlay", {"overlay.upper": "EINVAL"}
    ),
    "a failing rename is not one by copying": (
        "errno/cross-device", "In a container", {"overlay.rename": "EIO"}
    ),
    "want of hard links is no mount inside the store": (
        "errno/cross-device", "Hard links or renames", {"link.hard": "EPERM"}
    ),
    "a lost directory is no lost file": (
        "docker/write-set", "The file system loses",
        {"rename.directory": "ENOENT", "durability.fsync": "EINVAL"},
    ),
    "a directory that is busy keeps no deleted file": (
        "docker/volume-busy", "The file system keeps", {"directory.open_unlink": "EBUSY"}
    ),
    "a full disk is not read-only": (
        "docker/root-permissions", "Nothing can be created", {"directory.writable": "ENOSPC"}
    ),
    "a disk that is not written to is not full": (
        "docker/driver-not-supported", "There was no room",
        {"space.writable": "EROFS", "directory.writable": "EROFS"},
    ),
    "nor is one that takes no such file": (
        "errno/no-space", "No block can be had", {"space.writable": "EFBIG"}
    ),
    "a full disk is no quota": (
        "errno/quota", "A quota", {"space.writable": "ENOSPC", "directory.writable": "ENOSPC"}
    ),
    "nor a file system mounted read-only": (
        "errno/read-only", "The file system cannot be written to", {"directory.writable": "ENOSPC"}
    ),
    "nor SQLite's journal without room where it is read-only": (
        "unable to open database file", "There is no room", {"directory.writable": "EROFS"}
    ),
    "what SQLite calls locked is ENOLCK": (
        "sqlite/locked", "The file system gives no locks", {"lock.posix": "ENOSYS"}
    ),
    "a lock that excludes nobody is nobody's": (
        "sqlite/locked", "The file system gives no locks", {"lock.posix": None}
    ),
    "bbolt waits for no lock that fails": (
        "containerd/bolt-wait", "flock(2) does not return", {"lock.flock": "ENOLCK"}
    ),
    "a lock that excludes nobody fails nowhere": (
        "error while opening volume store metadata database: no locks available",
        "flock(2) fails", {"lock.flock": None},
    ),
    "a node that was made otherwise was made": (
        "docker/mknod", "The file system makes no device", {"node.whiteout": None}
    ),
    "a mark that is forgotten was taken": (
        "docker/opaque", "The file system keeps no trusted", {"xattr.overlay_opaque": "ENODATA"}
    ),
    "the kernel does not look again, either": (
        "kernel/upper-xattr", "The file system keeps no trusted",
        {"xattr.overlay_opaque": "ENODATA"},
    ),
    "an attribute that is refused is not one that is not supported": (
        'lsetxattr /x: xattr "security.capability": operation not supported', "The layer carries",
        {"xattr.capability_set": "EPERM"},
    ),
    "a link that is not followed was made": (
        "docker/overlay2-link", "The file system keeps no symbolic", {"symlink.overlay2": "ELOOP"}
    ),
    "an owner that was not kept was accepted": (
        "docker/lchown", "Files cannot be given away", {"owner.chown": None, "owner.created": None}
    ),
    "a directory that is not renamed is not in the way": (
        "docker/layer-exists", "The file system does not rename", {"rename.directory": "EPERM"}
    ),
    "an overlay lacks more than three features": (
        "kernel/upper-features", "The file system (NFS", {"overlay.upper": "EINVAL"}
    ),
    "nor can it be stacked for other reasons": (
        "kernel/stacking", "A layer lies on", {"overlay.depth": None}
    ),
    "a nameless file that cannot be named was made": (
        "kernel/upper-tmpfile", "The file system makes no nameless", {"rename.tmpfile": "ENOENT"}
    ),
    "a program that ends otherwise was started": (
        "runc/exec-denied", "The program lies on a volume", {"mode.execute": None}
    ),
    "a file system that holds no overlay says nothing of the kernel": (
        "docker/driver-not-supported", "The kernel has no overlay", {"overlay.upper": "EINVAL"}
    ),
    "an immutable directory is not a squashed root": (
        "call/create", "A server lets root do less", {"directory.writable": "EPERM"}
    ),
    "owners that cannot be changed are not modes": (
        "docker/root-permissions", "Modes cannot", {"owner.chown": "EPERM"}
    ),
}  # fmt: skip
SHOWN = {
    "links that are not followed": (
        "errno/loop", "The file system is mounted with nosymfollow",
        ("symlink.overlay2", "", "ELOOP"),
    ),
    "an unbindable mount, to dockerd": (
        "docker/driver-not-supported", "The mount is unbindable", ("mode.bindable", "", "EINVAL")
    ),
    "an unbindable mount, to containerd": (
        "containerd/mount", "The mount is unbindable", ("mode.bindable", "", "EINVAL")
    ),
    "an unbindable mount, to podman": (
        "podman/not-supported-over", "The mount is unbindable", ("mode.bindable", "", "EINVAL")
    ),
    "a path that podman cannot name": (
        "podman/not-supported-over", "The path cannot stand", ("name.option", "", "")
    ),
    "a squashed root's data-root": (
        "docker/root-permissions", "It belongs to another", ("owner.created", "", "")
    ),
    "few subordinate ids": (
        "podman/subordinate-ids", "The user has too few", ("rootless.ids", "", "")
    ),
    "no btrfs": (
        "docker/prerequisites", "If it is btrfs: the data-root", ("driver.btrfs", "", "")
    ),
    "refused by name": (
        "podman/mount-program-required", "The file system is aufs", ("magic.podman_overlay", "", "")
    ),
    "a user's server": (
        "failed to mount overlay: permission denied", "Rootless: the server",
        ("rootless.files", "", "EACCES"),
    ),
    "a link that is followed": (
        "lchown /r/link: no such file or directory", "The file system follows a symbolic link",
        ("owner.lchown", "error", "ENOENT"),
    ),
    "a kernel without": (
        "podman/not-supported-over", "Rootless: the kernel", ("overlay.userxattr", "kernel", "")
    ),
    "a kernel without overlay": (
        "docker/driver-not-supported", "The kernel has no overlay", ("overlay.upper", "kernel", "")
    ),
    "EPERM": (
        "containerd/setxattr", "The file system refuses file", ("xattr.declined", "", "EPERM")
    ),
    "silly rename": (
        "docker/volume-busy", "The file system keeps", ("directory.open_unlink", "", "ENOTEMPTY")
    ),
    "a lock that is waited for": (
        "containerd/bolt-wait", "flock(2) does not return", ("lock.flock", "timeout", "")
    ),
    "a lock server that does not answer": (
        "sqlite/locked", "The file system gives no locks", ("lock.posix", "timeout", "")
    ),
    "no lock server": (
        "sqlite/locked", "The file system gives no locks", ("lock.posix", "", "ENOLCK")
    ),
    "no room for a directory": (
        "docker/driver-not-supported", "There was no room", ("directory.writable", "", "ENOSPC")
    ),
    "one of the three": (
        "kernel/upper-features", "The file system (NFS", ("rename.whiteout", "", "EINVAL")
    ),
    "an open file lost": (
        "docker/write-set", "The file system loses", ("space.extend", "", "EBADF")
    ),
}  # fmt: skip


def cause_of(said: str, begin: str) -> Cause:
    """The one cause of a message, or of the line with it, that begins so."""
    (cause,) = (
        cause
        for _, _, causes in recognise(SAID.get(said, said))
        for cause in causes
        if cause.because.startswith(begin)
    )
    return cause


@pytest.mark.parametrize(("said", "begin", "noes"), NOT_SHOWN.values(), ids=NOT_SHOWN.keys())
def test_a_no_that_has_another_cause_does_not_confirm(
    said: str, begin: str, noes: dict[str, str | None]
) -> None:
    findings = {name: fscaps.Finding(name, NO, errno=code) for name, code in noes.items()}
    assert cause_of(said, begin).standing(findings) is Standing.OPEN


@pytest.mark.parametrize(("said", "begin", "answer"), SHOWN.values(), ids=SHOWN.keys())
def test_an_answer_that_shows_the_cause_confirms_it(
    said: str, begin: str, answer: tuple[str, str, str]
) -> None:
    name, reason, code = answer
    finding = fscaps.Finding(
        name, UNKNOWN if reason else NO, fscaps.Reason(reason) if reason else None, code or None
    )
    assert cause_of(said, begin).standing({name: finding}) is Standing.CONFIRMED


@pytest.mark.parametrize("words", ["bad address", "no such file or directory"])
def test_a_database_is_not_opened_at_too_long_a_path_or_by_who_may_not(words: str) -> None:
    """Of a path where root may write, an ordinary user may not; its length holds for all."""
    said = f"Error: beginning transaction: unable to open database file: {words}"
    length = probes.every()["name.sqlite"]
    long = cause_of(said, "The path is longer")
    assert long.standing({length.id: found(length, NO)}) is Standing.CONFIRMED
    assert long.standing({length.id: found(length, YES)}) is Standing.REFUTED
    writable = probes.every()["directory.writable"]
    unwritable = cause_of(said, "The directory of the database")
    assert unwritable.standing({writable.id: found(writable, YES)}) is Standing.OPEN
    assert unwritable.standing({writable.id: found(writable, NO)}) is Standing.CONFIRMED


def test_a_cause_is_open_without_a_probe_and_without_a_finding() -> None:
    assert Cause("x").standing({}) is Standing.OPEN
    assert Cause("x", (Check(XATTR),)).standing({}) is Standing.OPEN


def test_one_no_confirms_and_it_takes_every_yes_to_refute() -> None:
    cause = Cause("x", (Check(XATTR), Check(SYMLINK)))
    yes, no = found(XATTR, YES), found(SYMLINK, NO)
    assert cause.standing({XATTR.id: yes, SYMLINK.id: no}) is Standing.CONFIRMED
    assert cause.standing({XATTR.id: yes}) is Standing.OPEN
    assert cause.standing({XATTR.id: yes, SYMLINK.id: found(SYMLINK, YES)}) is Standing.REFUTED


def test_room_now_does_not_refute_that_there_was_none() -> None:
    explained = fscaps.explain(SAID["errno/no-space"], "/dev/shm").messages[0]
    assert {cause.standing for cause in explained.causes} <= {Standing.OPEN, Standing.CONFIRMED}


# --- the function and the command -----------------------------------------------------------


def test_without_a_path_everything_is_open() -> None:
    explanation = fscaps.explain(SAID["docker/driver-not-supported"])
    assert explanation
    assert explanation.path is None
    assert not explanation.findings
    standings = {cause.standing for each in explanation.messages for cause in each.causes}
    assert standings == {Standing.OPEN}


def test_with_a_path_what_decides_is_asked_there_and_nothing_else(place: Path) -> None:
    explanation = fscaps.explain(SAID["docker/overlay2-link"], place)
    assert set(explanation.findings) == {"symlink.overlay2"}
    (link,) = (c for c in explanation.messages[0].causes if c.probes == ("symlink.overlay2",))
    assert link.standing is Standing.REFUTED
    (gone,) = (c for c in explanation.messages[0].causes if "is gone" in c.because)
    assert gone.standing is Standing.OPEN


def test_the_text_that_the_readme_has_explained_is_known() -> None:
    readme = Path(__file__).resolve().parents[2] / "README.md"
    (said,) = re.findall(r'^said = "(.*)"$', readme.read_text(encoding="utf-8"), re.MULTILINE)
    assert fscaps.explain(said)


def test_text_that_is_not_known_is_false() -> None:
    explanation = fscaps.explain("it does not work")
    assert not explanation
    assert explanation.messages == ()


def test_a_path_that_is_not_there_is_told_even_if_the_text_is_not_known(place: Path) -> None:
    for text in (DAEMON, "it does not work"):
        with pytest.raises(fscaps.TargetError):
            fscaps.explain(text, place / "nowhere")


def test_the_command_explains_at_80_columns() -> None:
    ended = run("--explain", SAID["docker/driver-not-supported"])
    assert (ended.returncode, ended.stderr) == (FITS, "")
    assert max(map(len, ended.stdout.splitlines())) <= 80
    assert "perhaps: The file system cannot hold" in ended.stdout
    assert "overlay.upper: decides, on a PATH" in ended.stdout


def test_the_command_reads_standard_input() -> None:
    ended = execute(command("--explain", "-"), stdin=None, input=DAEMON)
    assert (ended.returncode, ended.stderr) == (FITS, "")
    assert "error creating overlay mount" in ended.stdout


def test_the_command_asks_a_path(place: Path) -> None:
    ended = run("--explain", SAID["docker/overlay2-link"], place)
    assert (ended.returncode, ended.stderr) == (FITS, "")
    assert "symlink.overlay2: yes" in ended.stdout
    assert f"Asked of {place} now" in " ".join(ended.stdout.split())


def test_the_command_asks_as_somebody_else(place: Path) -> None:
    """--as is not overlooked."""
    line = complaint(run("--explain", SAID["docker/overlay2-link"], "--as", "no-such-user", place))
    assert "no-such-user" in line


def test_the_command_says_so_if_nothing_is_known() -> None:
    for text in ("hello", "no.such", "--explain"):
        ended = run(f"--explain={text}")
        assert (ended.returncode, ended.stderr) == (UNFIT, "")
        assert ended.stdout.startswith("Not known:")


@pytest.mark.parametrize("text", ["", " \n"])
def test_the_command_refuses_nothing_at_all(text: str) -> None:
    assert "nothing to explain" in complaint(run("--explain", text))


def test_the_command_names_a_path_that_is_not_there(place: Path) -> None:
    assert "nowhere" in complaint(run("--explain", DAEMON, place / "nowhere"))


@pytest.mark.parametrize("first", ["place", "nowhere"])
def test_a_path_that_is_not_there_keeps_no_answer_of_another_back(place: Path, first: str) -> None:
    paths = [place, place / "nowhere"]
    ended = run("--explain", DAEMON, *(paths if first == "place" else reversed(paths)))
    assert ended.returncode == UNASKED
    assert "nowhere" in ended.stderr
    assert ended.stdout.count("error creating overlay mount") == 1
    assert f"Asked of {place} now" in " ".join(ended.stdout.split())


def test_where_no_path_is_there_no_file_is_written(tmp_path: Path) -> None:
    output = tmp_path / "explanation"
    complaint(run("--explain", DAEMON, tmp_path / "nowhere", "-o", output))
    assert not output.exists()


def test_the_command_explains_in_json(tmp_path: Path, place: Path) -> None:
    output = tmp_path / "explanation.json"
    ended = run("--json", "--explain", SAID["docker/overlay2-link"], place, "-o", output)
    assert (ended.returncode, ended.stdout, ended.stderr) == (FITS, "", "")
    body = json.loads(output.read_text())
    assert body["known"] is True
    assert body["path"] == str(place)
    (message,) = body["messages"]
    assert message["id"] == "docker/overlay2-link"
    told = {(cause["standing"], *cause["probes"]) for cause in message["causes"]}
    assert ("refuted", "symlink.overlay2") in told
    assert body["findings"]["symlink.overlay2"]["outcome"] == "yes"


def test_an_explanation_has_no_other_format() -> None:
    assert "yaml" in complaint(run("--format", "yaml", "--explain", DAEMON), UNASKED)


def test_what_a_message_carries_cannot_drive_the_terminal() -> None:
    ended = run("--explain", f"\x1b]0;title\x07\x1b[2J\x9b2J{DAEMON}\x07")
    assert ended.returncode == FITS
    assert not set(ended.stdout) & {"\x1b", "\x07", "\x9b"}


def test_the_messages_are_loaded_only_for_this() -> None:
    code = "import sys, fscaps; fscaps.survey; sys.exit(any('messages' in m for m in sys.modules))"
    assert execute([command()[0], "-c", code]).returncode == 0


# --- what a store confirms ------------------------------------------------------------------


def held(identity: str, what: str) -> fscaps.Store:
    return fscaps.Store("docker", problems=(fscaps.Problem(identity, what, "a.go:b"),))


def test_a_problem_of_the_store_confirms_a_cause_and_its_absence_refutes_none() -> None:
    cause = Cause("x", problems=("in-use:volumes/metadata.db", "links-gone"))
    assert cause.standing({}, held("links-gone", "It is gone.")) is Standing.CONFIRMED
    assert cause.standing({}, held("in-use", "a holds volumes/metadata.db")) is Standing.CONFIRMED
    assert cause.standing({}, held("in-use", "a holds meta.db")) is Standing.OPEN
    assert cause.standing({}, fscaps.Store("docker")) is Standing.OPEN
    assert cause.standing({}) is Standing.OPEN


@pytest.mark.parametrize(
    ("said", "file"),
    [
        ("docker/boltdb-open", "volumes/metadata.db"),
        ("docker/volume-database", "volumes/metadata.db"),
        ("containerd/bolt-wait", "io.containerd.metadata.v1.bolt/meta.db"),
    ],
)
def test_a_lock_is_told_as_a_lock_and_nobody_is_sent_to_end_a_healthy_daemon(
    said: str, file: str
) -> None:
    """The daemon that runs as it should holds the lock as well as a second one does."""
    cause = cause_of(said, "A process has")
    held_now = held("in-use", f"a daemon (process 1) holds the lock on {file}.")
    assert cause.standing({}, held_now) is Standing.CONFIRMED
    assert "that runs is one" in cause.because
    assert cause.remedy.startswith("if there are two of them")


@pytest.mark.parametrize(
    ("linked", "standing"), [("overlay2", Standing.CONFIRMED), ("volumes", Standing.OPEN)]
)
def test_runc_minds_a_link_in_place_of_a_directory_of_layers_only(
    tmp_path: Path, linked: str, standing: Standing
) -> None:
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in {"containers", "network", "image/overlay2", "overlay2", "volumes"} - {linked}:
        (root / name).mkdir(parents=True)
    (root / linked).symlink_to(elsewhere)
    store = fscaps.survey(root, only=["name.option"]).store
    assert store is not None
    assert "symlink" in {problem.id for problem in store.problems}
    (message,) = fscaps.explain(SAID["runc/rootfs-symlink"], root).messages
    assert [cause.standing for cause in message.causes] == [standing]


def test_the_seed_s_line_is_confirmed_by_the_store_and_not_by_the_file_system(
    tmp_path: Path,
) -> None:
    """A data-root of which overlay2/l is gone, on a file system that keeps links well."""
    for name in ("containers", "network", "volumes", "image/overlay2", "overlay2"):
        (tmp_path / name).mkdir(parents=True)
    (message,) = fscaps.explain(SAID["docker/overlay2-link"], tmp_path).messages
    standings = {cause.because.split(".")[0]: cause.standing for cause in message.causes}
    assert standings == {
        "overlay2/l is gone": Standing.CONFIRMED,
        "The file system keeps no symbolic links": Standing.REFUTED,
    }
    assert any("no directory overlay2/l" in seen for cause in message.causes for seen in cause.seen)
