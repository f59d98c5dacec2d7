"""Ext4 that keeps project quotas."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:ext4", "CONFIG_QFMT_V2")


def build(bench: Bench) -> Path:
    return bench.ext4(mkfs="-O quota,project -E quotatype=prjquota", options="loop,prjquota")
