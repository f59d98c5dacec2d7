"""Text as it is pasted: a message is recognised in all that becomes of it, and in nothing else."""

from __future__ import annotations

import html
import json
import textwrap

import pytest
from hypothesis import HealthCheck, given, settings, strategies
from unit.said import DAEMON, LAYER, SAID

import fscaps
from fscaps import messages
from fscaps._explain import recognise
from fscaps.messages import _needle, _paste

OVERLAY = "docker/overlay-mount"


def ids(text: str) -> list[str]:
    return [message.id for message, _, _ in recognise(text)]


def causes(text: str, identity: str) -> set[str]:
    return {
        cause.because
        for message, _, found in recognise(text)
        for cause in found
        if message.id == identity
    }


@pytest.mark.timeout(60)
@pytest.mark.parametrize("end", ["", "x", "r", "rx", "n"])
def test_a_run_of_backslashes_is_read_once(end: str) -> None:
    """200,000 of them took minutes while they were tried from each."""
    assert ids("\\" * 200_000 + end) == []


@pytest.mark.parametrize("end", [r"\n", r"\\n", r"\r\n", r"\\r\\n", r"\r\r\n", r"\n\n"])
def test_a_line_ends_in_letters_however_often_it_was_quoted(end: str) -> None:
    assert [line.text.rstrip("r\\") for line in _paste.lines(f"a{end}b")] == ["a", "b"]


# --- what becomes of words ------------------------------------------------------------------

PASTED = {
    "colours": f"\x1b[31mERRO\x1b[0m[0000] \x1b[1merror creating \x1b[0m{DAEMON[15:]}",
    "a log in a log": json.dumps({"log": json.dumps({"msg": DAEMON}) + "\n", "stream": "stderr"}),
    "logfmt": f'time="2021-04-20T10:00:00Z" level=error msg="Handler: \\"{DAEMON}\\"" module=api',
    "syslog": f"Apr 20 10:00:00 node dockerd[4711]: {DAEMON}",
    "upper case": DAEMON.upper(),
    "wrapped at 80 columns": "\n".join(DAEMON[i : i + 80] for i in range(0, len(DAEMON), 80)),
    "wrapped between words": DAEMON.replace(" ", "\n"),
    "carriage returns": f"Pulling\r\n{DAEMON}\r\n",
    "tabs and blanks": DAEMON.replace(" ", " \t "),
    "cut off": DAEMON[:70],
    "wrapped at 40 columns": "\n".join(DAEMON[i : i + 40] for i in range(0, len(DAEMON), 40)),
    "wrapped at a hyphen": DAEMON.replace(f"{LAYER}/", f"{LAYER}-\ninit/"),
    "wrapped and indented": DAEMON.replace("creating ", "creating\n    "),
    "quoted in a mail": "> docker: " + DAEMON.replace("creating ", "creating\n> "),
    "quoted twice": ">> docker: " + DAEMON.replace("creating ", "creating\n> > "),
    "in HTML": f"&lt;b&gt;&quot;{DAEMON}&quot;&lt;/b&gt;",
    "in much else": "\n".join(["ok"] * 5000 + [DAEMON] + ["ok"] * 5000),
    "bytes that are no text": f"\0\ud8ff{DAEMON}\0",
}


@pytest.mark.parametrize("text", PASTED.values(), ids=PASTED.keys())
def test_a_message_is_recognised_however_it_was_pasted(text: str) -> None:
    assert ids(text) == [OVERLAY]


@pytest.mark.parametrize("end", ["", "…", "...", ">"])
@pytest.mark.parametrize("identity", ["docker/driver-not-supported", "kernel/upper-features"])
def test_a_line_that_breaks_off_in_the_message_is_recognised(identity: str, end: str) -> None:
    said = SAID[identity].rstrip(".")
    assert ids(said[:-5] + end) == [identity]
    assert identity not in ids(said[:-40] + end)  # too little to tell


@pytest.mark.parametrize("end", ["…", "...", ">"])
def test_a_line_cut_before_the_reason_is_told_as_that(end: str) -> None:
    """What dockerd could not do is left of it; of why not, no cause is established."""
    assert ids(f"failed to start daemon: error initializing graph{end}") == ["docker/graphdriver"]
    assert ids(f"failed to start daemon: error initializing graphdriver: {end}") == [
        "docker/graphdriver"
    ]


def test_a_line_that_goes_on_otherwise_is_not() -> None:
    assert ids("error initializing graphdriver: driver not found") == []


def test_several_messages_are_told_once_each_in_their_order() -> None:
    paste = [SAID["docker/native-diff"], DAEMON, SAID["kernel/upper-features"], DAEMON]
    assert ids("\n".join(paste)) == ["docker/native-diff", OVERLAY, "kernel/upper-features"]


def test_lines_of_their_own_are_not_read_as_one() -> None:
    assert ids(f"{SAID['errno/loop']}\nsymlink ../a/diff") == ["errno/loop"]


@given(strategies.text())
def test_any_text_is_read(text: str) -> None:
    fscaps.explain(text)


# --- wrapped lines --------------------------------------------------------------------------

LONG = DAEMON.replace("/merged", "-init/merged")
EINVAL_ONLY = {cause.because for _, _, found in recognise(DAEMON) for cause in found}


def wrapped(text: str, width: int) -> str:
    return "\n".join(text[i : i + width] for i in range(0, len(text), width))


@pytest.mark.parametrize("width", [40, 72, 80, 100, 132])
@pytest.mark.parametrize("before", ["", SAID["docker/native-diff"], SAID["errno/quota"]])
@pytest.mark.parametrize("after", ["", SAID["kernel/upper-features"], SAID["errno/quota"]])
def test_a_wrapped_message_is_found_beside_others_and_with_its_errno(
    width: int, before: str, after: str
) -> None:
    expected = (*ids(before), OVERLAY, *ids(after))
    text = "\n".join((before, wrapped(f"docker: {DAEMON}", width), after))
    assert ids(text) == list(dict.fromkeys(expected))
    assert causes(text, OVERLAY) == EINVAL_ONLY


@pytest.mark.parametrize(
    "text",
    [
        DAEMON.replace(": invalid", ":\ninvalid"),
        DAEMON.replace("invalid argument", "invalid\nargument"),
        DAEMON.replace("mount to ", "mount to\n"),
        f"> {DAEMON}".replace(": invalid", ":\n> invalid"),
        "\n".join(textwrap.wrap("docker: Error response from daemon: " + LONG, 80)),
    ],
    ids=["before its errno", "within its errno", "before the path", "in a mail", "at a hyphen"],
)
def test_a_message_wrapped_before_its_errno_has_the_causes_of_that(text: str) -> None:
    assert causes(text, OVERLAY) == EINVAL_ONLY


@pytest.mark.parametrize(
    "following",
    [
        "mkdir /srv/a: no space left on device",
        'time="2021-04-20T10:00:00Z" level=error msg="no space left on device"',
        "[1910.784898]: no space left on device",
        "and then there was no space left on device",
        "\n".join(["ok"] * 10 + ["no space left on device"]),
    ],
    ids=["a call", "a log's line", "the kernel's line", "prose", "far away"],
)
@pytest.mark.parametrize("end", ["", ":"])
def test_the_errno_of_another_line_is_not_the_message_s(following: str, end: str) -> None:
    """Where a message's errno was left out, all of its causes are considered."""
    alone = DAEMON.replace(": invalid argument", end)
    text = f"{alone}\n{following}"
    assert ids(text) == [OVERLAY, "errno/no-space"]
    assert causes(text, OVERLAY) == causes(alone, OVERLAY) > EINVAL_ONLY


def test_a_message_that_names_no_errno_takes_none_of_the_next_line() -> None:
    said = SAID["docker/driver-not-supported"]
    for next_line in ("invalid argument", "mkdir /a: permission denied"):
        text = f"{said}\n{next_line}"
        assert causes(text, "docker/driver-not-supported") == causes(
            said, "docker/driver-not-supported"
        )


def test_a_log_s_lines_are_not_read_as_one() -> None:
    assert (
        ids("failed to start daemon: error initializing\ntime=1 graphdriver: driver not supported")
        == []
    )


def test_quotation_marks_of_a_word_processor_are_as_good() -> None:
    said = SAID["podman/not-supported-over"]
    curly = said.replace("'overlay'", "\u2018overlay\u2019").replace('"', "\u201d")
    assert ids(curly) == ["podman/not-supported-over"]
    assert ids(html.escape(said)) == ["podman/not-supported-over"]


# --- how long it takes ----------------------------------------------------------------------

STARTS = (
    *("failed to mount ", "lsetxattr ", "rename a ", "exec: ", "symlink ../", "error ", "a"),
    *("error creating overlay mount to ", "cannot stat '", "chmod /a: ", "&amp", "> "),
)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("between", ["", "\n"], ids=["one line", "many lines"])
@pytest.mark.parametrize("start", STARTS)
def test_no_text_takes_long(start: str, between: str) -> None:
    """A pattern that tries again from each place, or line, of a long text would take minutes."""
    text = start + between
    ids(text * (_paste.LIMIT // len(text)))


@pytest.mark.parametrize("message", messages.every(), ids=lambda message: message.id)
def test_what_a_pattern_cannot_do_without_is_in_all_that_it_matches(
    message: messages.Message,
) -> None:
    @settings(max_examples=20, deadline=None, derandomize=True,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(strategies.from_regex(message.pattern.replace("900", "9").replace("600", "6")))
    def check(text: str) -> None:
        assert _needle.can_be_in(message.pattern, text.lower())

    check()


def test_most_patterns_are_ruled_out_without_a_search() -> None:
    possible = [each.id for each in messages.every() if _needle.can_be_in(each.pattern, "ok: a b")]
    assert len(possible) < len(messages.every()) / 10
    assert not _needle.can_be_in(r"abc|de?f{1,9}", "ab ef f{")
    assert _needle.can_be_in(r"abc|d(?:e|f)gh\.", "xgh.")
