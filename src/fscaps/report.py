"""All that one survey learned, and what can be asked of it."""

from __future__ import annotations

from ._noun import Noun
from .model import (
    SCHEMA,
    Fitness,
    FscapsError,
    UnknownRoleError,
    printable,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .model import Finding, Host, Mount, Pick, Placement, Verdict
    from .store import Store

_SUMMARY = 80


class Report(Noun):
    """All that one survey learned.

    ``resolved`` is where the path leads (None if that was never learned) and ``links`` the
    symbolic links on the way; ``warnings`` tells what the survey itself ran into; ``store`` is what
    an engine has laid down there, None if none is recognised.
    """

    tool: str
    path: str
    resolved: str | None
    links: tuple[str, ...]
    host: Host | None
    mount: Mount | None
    findings: Mapping[str, Finding]
    verdicts: Mapping[str, Verdict]
    picks: Mapping[str, Pick]
    warnings: tuple[str, ...] = ()
    placement: Placement | None = None
    schema: int = SCHEMA
    store: Store | None = None

    def __getitem__(self, role: str) -> Verdict:
        """The verdict on one role, by its id."""
        return self.verdicts[role]

    def __bool__(self) -> bool:
        """Refuse: a report is not a yes or a no."""
        message = "a Report has no truth value; ask report['docker/data-root'].fitness.fits"
        raise TypeError(message)

    @property
    def engines(self) -> tuple[str, ...]:
        """The ids of the engines that were judged."""
        return tuple(dict.fromkeys(verdict.engine for verdict in self.verdicts.values()))

    def best(self, engine: str) -> Verdict | None:
        """The verdict on the most demanding role of the engine that fits, if one does.

        Alternatives do not count unless they were asked for by name; see alternatives().
        """
        own = self.of_engine(engine)
        if not own:
            raise UnknownRoleError(engine)
        fitting = (verdict for verdict in own if verdict.fitness.fits)
        return next((verdict for verdict in fitting if not verdict.alternative), None)

    def alternatives(self, engine: str) -> tuple[Verdict, ...]:
        """The verdicts on the arrangements that fit and that somebody would have to choose."""
        own = self.of_engine(engine)
        return tuple(verdict for verdict in own if verdict.alternative and verdict.fitness.fits)

    def require(self, role: str) -> Verdict:
        """The verdict if the role fits; otherwise raise UnsuitableError with the reason."""
        verdict = self.verdicts.get(role)
        if verdict is None:
            raise UnknownRoleError(role)
        if not verdict.fitness.fits:
            raise UnsuitableError(self, verdict)
        return verdict

    @property
    def summary(self) -> str:
        """One line of at most 80 characters that stands alone."""
        text = "; ".join(self._engine_summary(engine) for engine in self.engines)
        return text if len(text) <= _SUMMARY else text[: _SUMMARY - 1] + "…"

    def of_engine(self, engine: str) -> tuple[Verdict, ...]:
        """The verdicts on one engine's roles, the most demanding first."""
        return tuple(verdict for verdict in self.verdicts.values() if verdict.engine == engine)

    def usual(self, engine: str) -> tuple[Verdict, ...]:
        """The same without the alternatives, unless there is nothing else."""
        every = self.of_engine(engine)
        return tuple(verdict for verdict in every if not verdict.alternative) or every

    def _engine_summary(self, engine: str) -> str:
        own = self.usual(engine)
        whole = own[0]
        if whole.fitness.fits:
            return f"{whole.id}: {whole.fitness.value}"
        first, *more = [verdict.title for verdict in own if verdict.fitness.fits] or [""]
        fitting = f"{first} and {len(more)} more" if more[1:] else " and ".join((first, *more))
        if whole.fitness is Fitness.UNDETERMINED:
            return f"{whole.id}: could not be established ({self.cause(whole)})"
        if fitting:
            return f"{engine}: {fitting} only ({self.cause(whole)})"
        if any(verdict.fitness is Fitness.UNDETERMINED for verdict in own):
            return f"{engine}: not {whole.title}, the rest unknown ({self.cause(whole)})"
        return f"{engine}: nothing can live here ({self.cause(whole)})"

    def cause(self, verdict: Verdict) -> str:
        """What decided against the role, in a few words: ``overlay.upper: no, EINVAL``."""
        for unmet in (*verdict.blockers, *verdict.open):
            for probe in unmet.any_of:
                found = self.findings.get(probe)
                if found is not None:
                    why = found.errno or (found.reason.value if found.reason else "")
                    return f"{probe}: {found.outcome.value}" + (f", {why}" if why else "")
            return unmet.because
        return ""


class UnsuitableError(FscapsError):
    """Report.require() found that the role does not fit, or could not tell."""

    def __init__(self, report: Report, verdict: Verdict) -> None:
        super().__init__(report, verdict)
        self.report = report
        self.verdict = verdict

    def __str__(self) -> str:
        """The role, its fitness, and the first reason."""
        reasons = (*self.verdict.blockers, *self.verdict.open)
        because = f": {reasons[0].because}" if reasons else ""
        path = printable(self.report.path)
        return f"{path} is {self.verdict.fitness.value} for {self.verdict.id}{because}"
