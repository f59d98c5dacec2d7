"""Write the pages that are made from the code; ``make docs``. A test holds them to it."""

from __future__ import annotations

import errno
import inspect
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from fscaps import Outcome, engines, messages, probes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fscaps import Need, Probe, Role
    from fscaps.messages import Cause, Check, Message

HERE = Path(__file__).resolve().parent
_NOTE = "<!-- made by docs/reference/generate.py from the code; edit that -->"


def pages() -> dict[str, str]:
    """The text of each page by its file name."""
    return {
        "probes.md": _text(_probes()),
        "roles.md": _text(_roles()),
        "messages.md": _text(_messages()),
    }


def _text(lines: Iterator[str]) -> str:
    return "\n".join(lines) + "\n"


def _probes() -> Iterator[str]:
    yield from ("# The probes", "", _NOTE, "")
    every = probes.every()
    yield f"{len(every)} questions, each asked by doing. *No* on: the errnos that mean no."
    for subject in sorted({probe.id.partition(".")[0] for probe in every.values()}):
        module = import_module(f"fscaps.probes.{subject}")
        yield from ("", f"## {subject}", "", inspect.cleandoc(module.__doc__ or ""))
        for probe in every.values():
            if probe.id.startswith(f"{subject}."):
                yield from _probe(probe)


def _probe(probe: Probe) -> Iterator[str]:
    yield from ("", f"### {probe.id}", "", f"**{probe.question}** {inspect.cleandoc(probe.doc)}")
    notes = []
    if probe.no:
        notes.append("*No* on " + ", ".join(errno.errorcode[code] for code in sorted(probe.no)))
    if probe.capabilities:
        notes.append(f"a refusal means nothing without {' and '.join(probe.capabilities)}")
    if probe.after:
        notes.append("builds on " + ", ".join(earlier.id for earlier in probe.after))
    if notes:
        yield from ("", "; ".join(notes) + ".")


def _roles() -> Iterator[str]:
    yield from ("# The roles", "", _NOTE)
    for engine in engines.every().values():
        module = import_module(f"fscaps.engines.{engine.id}")
        yield from ("", f"## {engine.title}", "", inspect.cleandoc(module.__doc__ or ""))
        for role in engine.roles:
            yield from _role(role)


def _role(role: Role) -> Iterator[str]:
    yield from (
        "",
        f"### {role.id}: {role.title}",
        "",
        *_newer(role),
        "| needs | because | source |",
        "| --- | --- | --- |",
    )
    for need in role.needs:
        yield _need(need)


def _newer(role: Role) -> Iterator[str]:
    if role.newer:
        chosen = " (to be chosen)" if role.newer.alternative else ""
        text = f"Since {role.newer.since}: {role.newer.title}{chosen}."
        yield from (text + f" Elsewhere: {role.newer.elsewhere}." * bool(role.newer.elsewhere), "")


def _need(need: Need) -> str:
    ids = " or ".join(f"`{probe.id}`" for probe in need.any_of) or "(a standing caveat)"
    level = "" if need.level.value == "must" else " *should*"
    level += f" since {need.since}" if need.since else ""
    level += f" before {need.before}" if need.before else ""
    return f"| {ids}{level} | {need.because} | {need.source} |".replace("…|", "… |")


_MESSAGES = """\
`fscaps --explain TEXT [PATH]` looks for these in a text (`-` reads it from standard input), in any
case, through colours, quoting, HTML, line ends in letters, lines wrapped by a terminal or a mail
program, or cut off. What names a call alone (`call/…`), the unpacking of a layer (`unpack/…`) or an
errno (`errno/…`) is told where nothing that says more accounts for the errno. A message has causes.
Where the line names an errno, only the causes of that errno are considered. With a PATH the probes
that decide are asked there, and each cause is *confirmed*, *refuted*, or left *open*: never more
than a probe's answer, or a problem of the [store](stores.md) there, shows. It is about that path
and that moment; a message may be of others.

Exit status: 0 explained, 1 none of these is in the text, 2 could not be asked (no such path, no
text). `--json` gives one object a path: `schema`, `known`, `path`, `messages` (each with `id`,
`line`, `means`, `speaker`, `source`, `causes`; a cause with `because`, `standing`, `probes`,
`look`, `remedy`, `seen`), `findings` by probe as in a report, `warnings`. In Python:
`fscaps.explain(text, path)`."""


def _messages() -> Iterator[str]:
    yield from ("# The messages", "", _NOTE, "", _MESSAGES)
    for module in messages.modules():
        yield from ("", f"## {inspect.cleandoc(module.__doc__ or '')}")
        for message in module.MESSAGES:
            yield from _message(message)


def _message(message: Message) -> Iterator[str]:
    yield from ("", f"### {message.id}", "", f"    {message.pattern}", "")
    yield f"{message.means} Said by {message.speaker} ({message.source})."
    yield ""
    yield from (_cause(cause) for cause in message.causes)


def _check(check: Check) -> str:
    named = " or ".join(errno.errorcode[code] for code in check.errnos)
    no = f"no with {named}" if named else "no"
    confirms = ", ".join(no if answer is Outcome.NO else answer.value for answer in check.confirms)
    told = [
        f"{confirms} confirms" if confirms else "",
        "yes refutes" if check.refutes else "",
    ]
    return f"`{check.probe.id}` ({', '.join(filter(None, told))})"


def _problems(cause: Cause) -> list[str]:
    """Each once, with all that its text may have in it."""
    texts: dict[str, list[str]] = {}
    for problem in cause.problems:
        name, _, text = problem.partition(":")
        texts.setdefault(name, []).extend([f"`{text.strip()}`"] if text else [])
    return [
        f"`{name}`" + (f" with {' or '.join(within)}" if within else "")
        for name, within in texts.items()
    ]


def _cause(cause: Cause) -> str:
    answers = [_check(check) for check in cause.checks]
    answers += [f"the store's {problem} (confirms)" for problem in _problems(cause)]
    errnos = f" ({', '.join(errno.errorcode[code] for code in cause.errnos)})"
    notes = [
        f"Decided by {'; '.join(answers)}." if answers else "",
        f"Look: `{cause.look}`." if cause.look else "",
        f"Instead: {cause.remedy}." if cause.remedy else "",
    ]
    text = " ".join([cause.because, *filter(None, notes)])
    return f"- {text}{errnos if cause.errnos else ''}"


if __name__ == "__main__":
    for name, text in pages().items():
        (HERE / name).write_text(text, encoding="utf-8")
