"""What a text must have in it for a pattern to be found there; most are ruled out by that alone."""

from __future__ import annotations

import functools
import re

_GROUP_OR_CLASS = re.compile(r"\\.|[()]|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_ATOM = re.compile(r"(?:(\\[^a-zA-Z0-9]|[^\\.^$*+?{}|])|\\?.)([*?]|\{[^}]*\})?", re.DOTALL)
"""A character, or else what stands for others or for none; and whether it may be missing."""


def can_be_in(pattern: str, text: str) -> bool:
    """Whether the regular expression may be found, in any case, in a text in lower case."""
    return any(needle in text for needle in _needles(pattern))


@functools.lru_cache(maxsize=None)
def _needles(pattern: str) -> tuple[str, ...]:
    """Of each alternative the longest plain words that it cannot do without, perhaps none."""
    alternatives = _without_groups(pattern).split("|")
    return tuple(max(_words(each), key=len, default="").lower() for each in alternatives)


def _without_groups(pattern: str) -> str:
    """The pattern; a dot for each group and each class of characters."""
    kept, depth, done = [], 0, 0
    for token in _GROUP_OR_CLASS.finditer(pattern):
        if depth == 0:
            kept.append(pattern[done : token.start()])
        if token[0] == "(":
            depth += 1
        elif token[0] == ")":
            depth -= 1
        if depth == 0:
            kept.append("." if token[0][0] in ")[" else token[0])
        done = token.end()
    kept.append(pattern[done:])
    return "".join(kept)


def _words(alternative: str) -> list[str]:
    """Its runs of characters that are there once or more often."""
    words = [""]
    for atom in _ATOM.finditer(alternative):
        if atom[1] and not atom[2]:
            words[-1] += atom[1][-1]
        else:
            words.append("")
    return words
