"""Hugetlbfs: files can be made but not written."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("fs:hugetlbfs",)


def build(bench: Bench) -> Path:
    return bench.mount("hugetlbfs", "hugetlbfs", bench.directory("mnt"), "rw")
