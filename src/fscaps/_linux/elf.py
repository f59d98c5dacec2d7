"""The smallest program there is, for the machines whose code is known here (elf(5))."""

from __future__ import annotations

import struct

from . import libc

_START = 0x400000
_LOADED, _STACK = 1, 0x6474E551  # linux/elf.h: PT_LOAD, PT_GNU_STACK
_EXECUTABLE, _NOT_EXECUTABLE = 5, 6  # flags of a segment


class _Code:
    """exit(geteuid()) in a machine's code, and its byte order."""

    def __init__(self, code: str, order: str = "<") -> None:
        self.code = bytes.fromhex(code)
        self.order = order


_CODES = {
    libc.X86_64: _Code("b86b0000000f0589c7b83c0000000f05"),
    libc.AARCH64: _Code("e81580d2010000d4a80b80d2010000d4"),
    libc.RISCV64: _Code("9308f00a730000009308d00573000000"),
    libc.PPC64: _Code("31000038020000440100003802000044"),
    libc.S390X: _Code("0ac90a01", ">"),
    libc.ARM: _Code("c970a0e3000000ef0170a0e3000000ef"),
    libc.I386: _Code("b8c9000000cd8089c3b801000000cd80"),
}
# e_flags: ABI version 2, whose entry is code and no descriptor of it; EABI version 5.
_FLAGS = {21: 2, 40: 0x05000000}


def exits_with_uid(abi: tuple[int, int]) -> bytes:
    """A program of under 200 bytes that exits with its effective uid; empty if none is known.

    For a machine as libc.abi() tells it.
    """
    machine, pointer = abi
    known = _CODES.get(abi)
    if not known:
        return b""
    wide = pointer == 8  # noqa: PLR2004 - bytes
    # Elf64_Ehdr and Elf32_Ehdr, the sizes of it and of each program header
    layout, header, segment = ("HHIQQQIHHHHHH", 64, 56) if wide else ("HHIIIIIHHHHHH", 52, 32)
    entry = header + 2 * segment
    size = entry + len(known.code)
    ident = bytes((0x7F, *b"ELF", 2 if wide else 1, 2 if known.order == ">" else 1, 1, *bytes(9)))
    flags = _FLAGS.get(machine, 0)
    numbers = (2, machine, 1, _START + entry, header, 0, flags, header, segment, 2, 0, 0, 0)
    segments = (_LOADED, _EXECUTABLE, _START, size, 4096), (_STACK, _NOT_EXECUTABLE, 0, 0, 16)
    described = [_segment(known.order, wide, one) for one in segments]
    return ident + struct.pack(known.order + layout, *numbers) + b"".join(described) + known.code


def _segment(order: str, wide: bool, what: tuple[int, int, int, int, int]) -> bytes:  # noqa: FBT001
    """Elf64_Phdr or, if it is not wide, Elf32_Phdr: they differ in where the flags stand."""
    sort, flags, address, size, alignment = what
    if wide:
        numbers = (sort, flags, 0, address, address, size, size, alignment)
        return struct.pack(order + "IIQQQQQQ", *numbers)
    numbers = (sort, 0, address, address, size, size, flags, alignment)
    return struct.pack(order + "IIIIIIII", *numbers)
