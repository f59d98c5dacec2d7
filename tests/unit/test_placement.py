"""What is said of moving and sharing follows from the mount and the verdicts, and no further."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st

import fscaps
from fscaps import Attachment, Fitness, Mount, Outcome, Verdict
from fscaps._placement import READ_ONLY, WHOLE, placement

if TYPE_CHECKING:
    from pathlib import Path

LOCAL = Mount(1, "/srv", "ext4", "/dev/sda1", devices=("sda1",))
NFS = Mount(1, "/srv", "nfs4", "nas:/export")
TMPFS = Mount(1, "/srv", "tmpfs", "tmpfs")

YES, NO, UNKNOWN = Outcome.YES, Outcome.NO, Outcome.UNKNOWN


def verdicts(**fitnesses: Fitness) -> dict[str, Verdict]:
    """Verdicts by role, `docker__data_root` standing for docker/data-root."""
    ids = {name: name.replace("__", "/").replace("_", "-") for name in fitnesses}
    return {ids[name]: Verdict(ids[name], "a use", one) for name, one in fitnesses.items()}


@pytest.mark.parametrize(
    ("change", "attachment"),
    [
        ({}, Attachment.LOCAL),
        ({"devices": ("dm-0 (vg-data)", "sda (iSCSI)")}, Attachment.NETWORK_BLOCK),
        ({"devices": ("nbd0 (nbd)",)}, Attachment.NETWORK_BLOCK),
        ({"devices": ("loop0 (/mnt/nas/x.img)",)}, Attachment.UNKNOWN),
        ({"type": "btrfs"}, Attachment.LOCAL),
        ({"type": "btrfs", "devices": ()}, Attachment.UNKNOWN),
        ({"type": "btrfs", "devices": ("sda (iSCSI)", "nbd0 (nbd)")}, Attachment.NETWORK_BLOCK),
        ({"type": "btrfs", "devices": ("sda", "sdb (iSCSI)")}, Attachment.UNKNOWN),
        ({"devices": ("dm-0 (x)", "loop0 (/x.img)", "nbd0 (nbd)")}, Attachment.UNKNOWN),
        ({"devices": ("drbd0 (drbd)", "sda1")}, Attachment.NETWORK_BLOCK),
        ({"devices": ("dm-0 (x)", "md0", "sda", "sdb")}, Attachment.LOCAL),
        ({"devices": ("dm-0 (x)",)}, Attachment.UNKNOWN),
        ({"devices": ("zram0",)}, Attachment.MEMORY),
        ({"devices": ("md0", "ram0", "sda")}, Attachment.UNKNOWN),
        ({"devices": ("nvme1n1 (nvme-fabrics)",)}, Attachment.NETWORK_BLOCK),
        ({"type": "nfs4", "source": "nas:/x", "devices": ()}, Attachment.NETWORK_FILES),
        ({"type": "cifs", "source": "//nas/x", "devices": ()}, Attachment.NETWORK_FILES),
        ({"type": "fuse.other", "source": "me@nas:/x", "devices": ()}, Attachment.NETWORK_FILES),
        ({"type": "fuse.other", "source": "nas:/x", "devices": ()}, Attachment.NETWORK_FILES),
        ({"type": "fuse.other", "source": "//nas/x", "devices": ()}, Attachment.NETWORK_FILES),
        ({"type": "fuse.other", "source": "other", "devices": ()}, Attachment.UNKNOWN),
        ({"type": "fuse.lxcfs", "source": "/dev/fuse", "devices": ()}, Attachment.UNKNOWN),
        ({"type": "fuse.mergerfs", "source": "a:b", "devices": ()}, Attachment.UNKNOWN),
        ({"type": "fuse.mergerfs", "source": "/a:/b", "devices": ()}, Attachment.UNKNOWN),
        ({"type": "zfs", "source": "tank/at-12:00", "devices": ()}, Attachment.UNKNOWN),
        ({"type": "overlay", "source": "nas:/x", "devices": ()}, Attachment.UNKNOWN),
        ({"type": "overlay", "source": "overlay", "devices": ()}, Attachment.UNKNOWN),
        ({"type": "tmpfs", "source": "tmpfs", "devices": ()}, Attachment.MEMORY),
    ],
)
def test_how_the_storage_hangs_on_the_host(change: dict[str, Any], attachment: Attachment) -> None:
    mount = dataclasses.replace(LOCAL, **change)
    assert placement(mount, {}).attachment is attachment


@pytest.mark.parametrize(("kind", "answer"), [("ext4", NO), ("xfs", NO), ("ocfs2", YES)])
def test_a_block_device_is_shared_by_what_is_made_for_that_only(kind: str, answer: Outcome) -> None:
    """Two hosts with an ext4 mounted each have a cache of their own of it."""
    mount = Mount(1, "/srv", kind, "/dev/sdb", devices=("sdb (iSCSI)",))
    fitting = verdicts(
        podman__additional_image_store=Fitness.SUITABLE, docker__data_root=Fitness.SUITABLE
    )
    placed = placement(mount, fitting)
    assert (placed.migrate.answer, placed.share_read_only.answer) == (YES, answer)


def test_a_mount_that_was_never_learned_leaves_it_all_open() -> None:
    placed = placement(None, {})
    assert placed.attachment is Attachment.UNKNOWN
    assert (placed.migrate.answer, placed.share_read_only.answer) == (UNKNOWN, UNKNOWN)


@pytest.mark.parametrize(
    ("mount", "fitness", "answer"),
    [
        (NFS, Fitness.SUITABLE, YES),
        (NFS, Fitness.DEGRADED, YES),
        (NFS, Fitness.UNSUITABLE, NO),
        (NFS, Fitness.UNDETERMINED, UNKNOWN),
        (LOCAL, Fitness.SUITABLE, NO),
        (TMPFS, Fitness.SUITABLE, NO),
    ],
)
def test_what_moves_is_what_an_engine_keeps_all_of_its_data_in(
    mount: Mount, fitness: Fitness, answer: Outcome
) -> None:
    advice = placement(mount, verdicts(docker__data_root=fitness)).migrate
    assert advice.answer is answer
    assert advice.roles == (("docker/data-root",) if answer is YES else ())


def test_what_lies_elsewhere_has_to_move_as_well() -> None:
    """Of a version of which that is so, the rest alone is no whole engine."""
    fits = Verdict("docker/data-root", "a use", Fitness.SUITABLE, elsewhere="the layers")
    told = placement(NFS, {fits.id: fits}).migrate
    assert (told.answer, "elsewhere has to move as well" in told.condition) == (YES, True)
    of_version = dataclasses.replace(fits, version="29")
    assert placement(NFS, {fits.id: of_version}).migrate.answer is UNKNOWN
    loop = dataclasses.replace(of_version, id="docker/loop-data-root")  # which can hold the rest
    assert placement(NFS, {loop.id: loop}).migrate.answer is YES
    whole = dataclasses.replace(fits, elsewhere="")
    assert "elsewhere" not in placement(NFS, {fits.id: whole}).migrate.condition


@pytest.mark.parametrize("role", ["docker/rootless", "podman/rootless"])
def test_a_rootless_engine_moves_with_its_users_ids(role: str) -> None:
    told = placement(NFS, {role: Verdict(role, "a use", Fitness.DEGRADED)}).migrate
    assert (told.answer, told.roles) == (YES, (role,))
    assert "subordinate" in told.condition
    roots = placement(NFS, verdicts(podman__vfs=Fitness.SUITABLE))
    assert "subordinate" not in roots.migrate.condition


def test_image_metadata_alone_moves_no_engine() -> None:
    placed = placement(NFS, verdicts(docker__image=Fitness.SUITABLE))
    assert placed.migrate.answer is UNKNOWN  # no role that holds all was judged


@pytest.mark.parametrize(
    ("mount", "fitness", "answer"),
    [
        (NFS, Fitness.DEGRADED, YES),
        (NFS, Fitness.UNSUITABLE, NO),
        (NFS, Fitness.UNDETERMINED, UNKNOWN),
        (LOCAL, Fitness.SUITABLE, NO),
    ],
)
def test_what_is_shared_is_a_store_to_read(mount: Mount, fitness: Fitness, answer: Outcome) -> None:
    advice = placement(mount, verdicts(podman__loop_image_store=fitness)).share_read_only
    assert advice.answer is answer


_FITNESSES = st.dictionaries(st.sampled_from((*WHOLE, *READ_ONLY)), st.sampled_from(Fitness))


@given(st.sampled_from((None, LOCAL, NFS, TMPFS)), _FITNESSES)
def test_a_yes_names_only_roles_that_fit_and_nobody_shares_to_write(
    mount: Mount | None, fitnesses: dict[str, Fitness]
) -> None:
    judged = {role: Verdict(role, "a use", one) for role, one in fitnesses.items()}
    placed = placement(mount, judged)
    assert placed.share_read_write.answer is NO
    for advice in (placed.migrate, placed.share_read_only, *placed.instead):
        assert all(judged[role].fitness.fits for role in advice.roles)
    for advice in (placed.migrate, placed.share_read_only):
        assert advice.answer is not YES or advice.roles


BLOCK = dataclasses.replace(LOCAL, devices=("sda (iSCSI)",))
CLUSTER = dataclasses.replace(LOCAL, type="ocfs2")
OTHER = Mount(1, "/srv", "overlay", "overlay")


@pytest.mark.parametrize(
    ("mount", "fitness", "migrate", "share"),
    [
        (BLOCK, Fitness.SUITABLE, YES, NO),
        (BLOCK, Fitness.UNSUITABLE, NO, NO),
        (BLOCK, Fitness.UNDETERMINED, UNKNOWN, NO),
        (CLUSTER, Fitness.SUITABLE, YES, YES),
        (CLUSTER, Fitness.UNDETERMINED, UNKNOWN, UNKNOWN),
        (TMPFS, Fitness.SUITABLE, NO, NO),
        (OTHER, Fitness.SUITABLE, UNKNOWN, UNKNOWN),
        (None, Fitness.SUITABLE, UNKNOWN, UNKNOWN),
    ],
)
def test_what_lies_below_decides_with_the_verdicts(
    mount: Mount | None, fitness: Fitness, migrate: Outcome, share: Outcome
) -> None:
    """What is not known to be seen by other hosts is neither moved nor shared."""
    judged = verdicts(docker__data_root=fitness, podman__loop_image_store=fitness)
    placed = placement(mount, judged)
    assert (placed.migrate.answer, placed.share_read_only.answer) == (migrate, share)


def test_on_files_of_a_server_the_loop_arrangements_that_fit_are_named_instead() -> None:
    judged = {
        **verdicts(docker__loop_data_root=Fitness.SUITABLE),
        **verdicts(podman__loop_image_store=Fitness.UNSUITABLE),
    }
    told = [role for advice in placement(NFS, judged).instead for role in advice.roles]
    assert told == ["docker/loop-data-root"]
    assert placement(NFS, {}).instead  # a block device, a registry
    for mount in (LOCAL, BLOCK, TMPFS, None):
        assert placement(mount, judged).instead == ()


def test_a_survey_tells_how_the_data_could_be_placed(tmp_path: Path) -> None:
    found = fscaps.survey(tmp_path, roles=["docker/image"], mount="never")
    assert found.placement == placement(found.mount, found.verdicts)
