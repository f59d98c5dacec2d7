"""Text as it is pasted: logs in logs, colours, quotes within quotes, lines cut or wrapped."""

from __future__ import annotations

import errno
import functools
import html
import re
from dataclasses import dataclass

LIMIT = 1 << 18
"""Characters of a text that are looked at: its last."""

_ESCAPE = re.compile(r"\x1b(?:\[[0-9;:?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_QUOTED = re.compile(r"\\+([\"'\\/])")
# A log in a log has its line ends in letters. A run of backslashes is tried from its start alone:
# from each of them, what pastes of many take grows with their square.
_BREAK = re.compile(r"[\r\n]+|(?<!\\)(?:\\+r)?\\+n")
_SPACE = re.compile(r"\s+")
_REPLIED = re.compile(r"\s*(?:>\s?)+")  # as mail programs and forums mark what they quote
_STRAIGHT = {
    **dict.fromkeys(map(ord, "\u2018\u2019\u201a\u201b"), "'"),
    **dict.fromkeys(map(ord, "\u201c\u201d\u201e\u201f"), '"'),
}
"""Quotation marks as word processors and wikis write them."""
_CUT = re.compile(r"\s*(?:…|\.{3}|>)$")
_ALTERNATIVE = re.compile(r"\|(?![^()]*\))")  # not one in a group
_PLAIN = re.compile(r"(?:[\w\s'\":/,=-]|\\[.()-])+(?![*+?{])")
_LEAST, _SHARE = 24, 0.7
"""Characters, and part of what a pattern begins with, that must be left of a line that was cut."""
_TAIL = 400  # characters of a line, more than any pattern begins with

# As Go's syscall package and the C library word them; Go says "stale NFS file handle".
_WORDS = {
    "operation not permitted": errno.EPERM,
    "no such file or directory": errno.ENOENT,
    "input/output error": errno.EIO,
    "no such device or address": errno.ENXIO,
    "bad file descriptor": errno.EBADF,
    "bad address": errno.EFAULT,
    "permission denied": errno.EACCES,
    "device or resource busy": errno.EBUSY,
    "file exists": errno.EEXIST,
    "invalid cross-device link": errno.EXDEV,
    "no such device": errno.ENODEV,
    "not a directory": errno.ENOTDIR,
    "invalid argument": errno.EINVAL,
    "inappropriate ioctl for device": errno.ENOTTY,
    "file too large": errno.EFBIG,
    "no space left on device": errno.ENOSPC,
    "read-only file system": errno.EROFS,
    "file name too long": errno.ENAMETOOLONG,
    "no locks available": errno.ENOLCK,
    "function not implemented": errno.ENOSYS,
    "directory not empty": errno.ENOTEMPTY,
    "too many levels of symbolic links": errno.ELOOP,
    "no data available": errno.ENODATA,
    "operation not supported": errno.ENOTSUP,
    "value too large for defined data type": errno.EOVERFLOW,
    "transport endpoint is not connected": errno.ENOTCONN,
    "connection timed out": errno.ETIMEDOUT,
    "stale nfs file handle": errno.ESTALE,
    "stale file handle": errno.ESTALE,
    "disk quota exceeded": errno.EDQUOT,
    "required key not available": errno.ENOKEY,
}
ERRNO = re.compile("|".join(map(re.escape, _WORDS)))
"""An errno in words, in lower case."""


@dataclass(frozen=True)
class Line:
    """A line of a paste, without colours, quoting and runs of blanks.

    ``edges`` is the text with a blank at either end if there was one; ``width`` how many characters
    were pasted: what a terminal wrapped has lines of one width.
    """

    text: str
    edges: str
    width: int


def lines(text: str) -> list[Line]:
    """The lines of a text, each on its own; those with nothing in them are left out."""
    plain = _ESCAPE.sub("", html.unescape(text[-LIMIT:])).translate(_STRAIGHT)
    return [line for line in map(_tidy, _BREAK.split(plain)) if line.text]


def _tidy(pasted: str) -> Line:
    replied = _REPLIED.match(pasted)
    pasted = pasted[replied.end() :] if replied else pasted
    edges = _SPACE.sub(" ", _QUOTED.sub(r"\1", pasted).replace("\0", ""))
    return Line(edges.strip(), edges, len(pasted))


def is_cut(line: str, pattern: str) -> bool:
    """Whether the line breaks off in what a pattern begins with, far into it.

    systemctl and terminals cut lines: ``…: driver not sup…``.
    """
    end = _CUT.sub("", line[-_TAIL:]).lower()
    return any(_ends_in(end, begin.lower()) for begin in _beginnings(pattern))


def _ends_in(line: str, begin: str) -> bool:
    least = max(_LEAST, int(len(begin) * _SHARE))
    return any(line.endswith(begin[:length]) for length in range(len(begin), least - 1, -1))


@functools.lru_cache(maxsize=None)
def _beginnings(pattern: str) -> tuple[str, ...]:
    """The plain words with which each alternative of a regular expression begins."""
    begins = (_PLAIN.match(each) for each in _ALTERNATIVE.split(pattern))
    return tuple(begin[0].replace("\\", "") for begin in begins if begin)


def errnos(line: str) -> frozenset[int]:
    """The errnos that a line names in words."""
    return frozenset(_WORDS[word] for word in ERRNO.findall(line.lower()))
