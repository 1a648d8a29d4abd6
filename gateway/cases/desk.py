"""What people and programs do with cases: every change is one event, checked and written in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Final, NamedTuple

import msgspec

from gateway.acceptance import laboratory
from gateway.acceptance.laboratory import LaboratoryResult, Refused
from gateway.acceptance.verdict import CaseVerdict
from gateway.cases import bundles, events, rows
from gateway.cases.archive import Archive
from gateway.cases.checks import check_repeats, check_result, checked_plan, unplaced
from gateway.cases.dossier import Dossier, Dossiers, parsed, span_of
from gateway.cases.errors import CaseInvalid, CaseRefused
from gateway.cases.events import Event, Stamp
from gateway.cases.gathering import evidence_points
from gateway.cases.life import Life
from gateway.cases.metrics import CaseMetrics
from gateway.cases.rows import CaseRow, Happened
from gateway.cases.settings import AcceptanceConfig
from gateway.cases.studies import Studies
from gateway.ports import Store
from gateway.spreadsheet import UnreadableError
from gateway.state.state import State
from telemetry.clock import Clock, to_ms
from telemetry.messages import PointInfo

MAX_RESULTS: Final = 10_000
"""Of one case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a case begins with; `profile` is the text of a profile's file."""

    region: str
    site: str
    title: str
    plan: str
    profile: str
    materials: tuple[str, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)
    contacts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    serials: Mapping[str, str] = field(default_factory=dict)


class Taken(NamedTuple):
    """What became of laboratory results: the case, the lines that cannot be used, and results without a place."""

    life: Life
    refused: tuple[Refused, ...]
    unplaced: tuple[str, ...]


class CaseDesk:
    """Opens, changes, judges and exports cases. May be used from several threads."""

    def __init__(
        self,
        state: State,
        dossiers: Dossiers,
        studies: Studies,
        *,
        settings: AcceptanceConfig,
        clock: Clock,
        metrics: CaseMetrics,
        evidence: Store | None = None,
    ) -> None:
        self.dossiers = dossiers
        self.archive = Archive(state, dossiers, studies, clock)
        self.settings = settings
        self._state = state
        self._clock = clock
        self._metrics = metrics
        self._evidence = evidence
        self._on_change: Callable[[], None] = lambda: None
        self._standing: Callable[[str], Mapping[str, PointInfo]] = lambda _site: {}
        self._ask_past: Callable[[int, Life, int], None] = lambda _case, _life, _now_ms: None

    def ask_past(self, call: Callable[[int, Life, int], None]) -> None:
        """Who asks agents for the packs that a plan wants and that came before it: given case, life, Unix ms."""
        self._ask_past = call

    def on_change(self, call: Callable[[], None]) -> None:
        """Whom to wake when a case changed."""
        self._on_change = call

    def shut(self) -> None:
        """Release the store of evidence."""
        if self._evidence is not None:
            self._evidence.close()

    def watch(self, standing: Callable[[str], Mapping[str, PointInfo]]) -> None:
        """Who says which instrument stands at which point of a branch."""
        self._standing = standing

    # -- reading -------------------------------------------------------------------------------------------------------

    def cases(
        self, *, site: str | None = None, is_open: bool | None = None, before: int | None = None, limit: int = 1_000
    ) -> list[CaseRow]:
        """Cases, the newest first."""
        with self._state.read() as connection:
            return rows.list_cases(connection, site=site, is_open=is_open, before=before, limit=limit)

    def life(self, case: int) -> Life:
        """A case as it stands.

        Raises:
            CaseUnknown: If there is none of this number.
        """
        with self._state.read() as connection:
            return rows.load(connection, case)

    def happened(self, case: int) -> list[Happened]:
        """The audit trail of a case, the oldest event first."""
        with self._state.read() as connection:
            return rows.read(connection, case)

    def trail_broken_at(self, case: int) -> int | None:
        """The first event that was changed behind our back; None: none was."""
        with self._state.read() as connection:
            return rows.broken_at(connection, case)

    # -- changing ------------------------------------------------------------------------------------------------------

    def open(self, given: Opening, who: str) -> tuple[int, Life]:
        """Begin a case; raw packs of its branch are kept from the next commit on.

        Raises:
            CaseInvalid: If profile or plan cannot be used.
            CaseRefused: If too many are open.
        """
        checked_plan(given.plan, given.profile)
        event = events.Opened(
            region=given.region,
            site=given.site,
            title=given.title.strip() or given.site,
            profile=given.profile,
            plan=given.plan,
            materials=tuple(dict.fromkeys(word.strip() for word in given.materials if word.strip())),
            types=dict(given.types),
            contacts=dict(given.contacts),
            serials=dict(given.serials),
        )
        stamp = Stamp(number=1, time_ms=self._now_ms(), who=who)
        most = self.settings.cases_open_at_most
        with self._state.write() as connection:
            if len(rows.list_cases(connection, is_open=True, limit=most)) >= most:
                raise CaseRefused(f"{most} cases are open already; close those that have ended")
            case = rows.begin(connection, stamp, event)
        life = self.look(case)
        self._ask_past(case, life, self._now_ms())
        self._on_change()
        return case, life

    def replan(self, case: int, text: str, why: str, who: str) -> Life:
        """Change the plan of the running round; the old one stays readable.

        Raises:
            CaseInvalid: If the plan cannot be used.
            CaseRefused: If the round has passed or failed by its plan.
        """
        life = self.life(case)
        checked_plan(text, life.opened.profile)
        life = self._append(case, who, events.Replanned(old=life.plans[-1], new=text, why=why))
        self._ask_past(case, life, self._now_ms())
        return life

    def assign(self, case: int, point: str, serial: str, who: str) -> Life:
        """Say which instrument stands at a point."""
        life = self.life(case)
        known = {entry.point for entry in parsed(life)[1].entries()}
        if point not in known:
            raise CaseInvalid(f"point: {point[:64]!r} is not in the plan; known: {', '.join(sorted(known))}")
        old = life.serials.get(point, "")
        return self._append(case, who, events.Assigned(point=point, old=old, new=serial))

    def enter(self, case: int, results: Sequence[LaboratoryResult], who: str) -> Taken:
        """Take laboratory results that somebody typed in."""
        return self._take(case, tuple(results), who, refused=())

    def import_file(self, case: int, name: str, body: bytes, who: str, zone: tzinfo | None) -> Taken:
        """Take the laboratory results of a CSV or XLSX file, which is kept; lines that cannot be used are named.

        Raises:
            CaseInvalid: If the whole file cannot be read.
        """
        try:
            is_workbook = body.startswith(b"PK")
            found = laboratory.from_xlsx(body, zone=zone) if is_workbook else laboratory.from_csv(body, zone=zone)
        except UnreadableError as error:
            raise CaseInvalid(f"{name}: {error}") from error
        return self._take(case, found.results, who, refused=found.refused, file=(name, body))

    def correct(self, case: int, number: int, new: LaboratoryResult, why: str, who: str) -> Life:
        """Correct a laboratory result; what stood there before stays readable.

        Raises:
            CaseInvalid: If no reason is given, or the new value cannot be used.
            CaseRefused: If its round has ended.
        """
        if not why.strip():
            raise CaseInvalid("why: is missing; who reads it later wants to know why the value was corrected")
        check_result(new, "result")
        old = self.life(case).result(number).result
        return self._append(case, who, events.Corrected(result=number, old=old, new=new, why=why.strip()))

    def resample(self, case: int, text: str, why: str, who: str) -> Life:
        """Begin a new round after a failure; the first result stays.

        Raises:
            CaseInvalid: If the plan cannot be used.
            CaseRefused: If the running round did not fail.
        """
        checked_plan(text, self.life(case).opened.profile)
        life = self._append(case, who, events.Resampled(plan=text, why=why))
        self._ask_past(case, life, self._now_ms())
        return life

    def hold(self, case: int, why: str, who: str) -> Life:
        """Put a case under legal hold: neither retention nor closing deletes anything of it."""
        return self._append(case, who, events.Held(why=_reason(why)))

    def release(self, case: int, why: str, who: str) -> Life:
        """End the legal hold."""
        return self._append(case, who, events.Released(why=_reason(why)))

    def close(self, case: int, why: str, who: str) -> Life:
        """End a case; one that has not passed needs a reason."""
        return self._append(case, who, events.Closed(why=why.strip()))

    def look(self, case: int) -> Life:
        """Note which instruments stand at the points of a case, as far as their agents say it and it changed."""
        life = self.life(case)
        if not life.is_open:
            return life
        stands = self._standing(life.opened.site)
        for point in dict.fromkeys(entry.point for entry in parsed(life)[1].entries() if not entry.is_laboratory):
            info = stands.get(point)
            if info is None:
                continue
            last = life.seen[point][-1] if point in life.seen else None
            now = (info.part, info.serial, info.simulated, info.calibration)
            if last is None or (last.part, last.serial, last.simulated, last.correction) != now:
                event = events.Seen(
                    point=point,
                    part=info.part,
                    serial=info.serial,
                    simulated=info.simulated,
                    correction=info.calibration,
                )
                life = self.note(case, event)
        return life

    def note(self, case: int, event: Event) -> Life:
        """Write down what the gateway saw itself."""
        return self._append(case, "gateway", event)

    # -- judging -------------------------------------------------------------------------------------------------------

    def provisional(self, case: int) -> tuple[Dossier, CaseVerdict]:
        """What would be said if the case were judged now; nothing is written."""
        dossier = self.dossiers.read(self.life(case))
        return dossier, dossier.judged()

    def judge(self, case: int, who: str) -> Life:
        """Give a verdict and seal its evidence.

        Raises:
            CaseRefused: If a window has not ended yet, the case is closed, or it changed meanwhile.
            StoreUnavailable: If the store of evidence does not take the readings; nothing was judged.
        """
        life = self.look(case)
        if not life.is_open:
            raise CaseRefused("the case is closed; its verdicts stand")
        happened = self.happened(case)
        now_ms = self._now_ms()
        last_ms = span_of(parsed(life)[1])[1]
        if now_ms < last_ms:
            raise CaseRefused(f"sampling goes on for another {(last_ms - now_ms) / 60_000:.0f} min; judge it then")
        dossier = self.dossiers.read(life)
        said = dossier.judged()
        found = bundles.evidence_of(case, life, dossier, said, happened, now_ms, *self.archive.beside(life, dossier))
        members = bundles.members_of(found)
        seal = bundles.seal_in(bundles.again(members, list(found.packs)))
        answer = msgspec.json.decode(found.verdict)
        if self._evidence is not None:
            # Written again by whoever judges again: the same points.
            self._evidence.write(
                evidence_points(life, dossier.plan, dossier.readings, self._standing(life.opened.site))
            )
        with self._state.write() as connection:
            if rows.load(connection, case).count != life.count:
                raise CaseRefused("the case changed while it was judged; judge it again")
            event = events.Judged(
                verdict=str(said.verdict),
                basis=str(said.basis),
                answer=answer,
                software=bundles.SOFTWARE,
                seal=seal,
                packs_upto=dossier.packs_upto,
                files={name: rows.put_file(connection, case, name, body) for name, body in members.items()},
                barred=tuple(sorted(dossier.barred)),
                allow_simulated=dossier.allow_simulated,
                packs=len(dossier.packs),
            )
            life = rows.append(connection, case, now_ms, who, event)
        self._metrics.judged.labels(str(said.verdict)).inc()
        self._on_change()
        return life

    def _take(
        self,
        case: int,
        results: tuple[LaboratoryResult, ...],
        who: str,
        *,
        refused: tuple[Refused, ...],
        file: tuple[str, bytes] | None = None,
    ) -> Taken:
        for place, result in enumerate(results):
            check_result(result, f"results[{place}]")
        life = self.life(case)
        if len(life.results) + len(results) > MAX_RESULTS:
            raise CaseRefused(f"a case takes at most {MAX_RESULTS} laboratory results; open another case")
        if not results:
            lines = "; ".join(f"line {one.line}: {one.detail}" for one in refused[:20])
            raise CaseInvalid(f"there is no result that can be used. {lines}".strip())
        check_repeats(life, results)
        with self._state.write() as connection:
            digest = "" if file is None else rows.put_file(connection, case, *file)
            event = events.Entered(results=results, file="" if file is None else file[0], sha256=digest)
            life = rows.append(connection, case, self._now_ms(), who, event)
        self._on_change()
        return Taken(life, refused, unplaced(life))

    def _append(self, case: int, who: str, event: Event) -> Life:
        with self._state.write() as connection:
            life = rows.append(connection, case, self._now_ms(), who, event)
        self._on_change()
        return life

    def _now_ms(self) -> int:
        return to_ms(self._clock.now())


def _reason(why: str) -> str:
    if not why.strip():
        raise CaseInvalid("why: is missing; a legal hold is noted with its reason")
    return why.strip()
