"""All that a verdict on a case rests on, read from the state database and the store at one time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from sqlalchemy import Connection

from gateway.acceptance import laboratory, pack_keys, plan, profile, readings, toml_file
from gateway.acceptance.plan import Plan, PlanTable
from gateway.acceptance.profile import Profile
from gateway.acceptance.readings import Readings
from gateway.acceptance.register import Instrument
from gateway.acceptance.verdict import Case, CaseVerdict, judge
from gateway.cases import carried_out, contacts, gathering, instruments, plan_text, rows, serials
from gateway.cases.carried_out import Kept
from gateway.cases.errors import CaseRefused
from gateway.cases.life import Life
from gateway.cases.rows import PackQuery, RawPack
from gateway.cases.settings import AcceptanceConfig
from gateway.errors import StoreWriteOnly
from gateway.ingest.keys import all_keys
from gateway.ports import ReadingsQuery, Store, StoredReading
from gateway.state.state import State

HOUR_MS: Final = 3_600_000
BEFORE_MS: Final = 25 * HOUR_MS
"""Evidence begins that long before the first window: the longest closure that a standard orders, and an hour."""
PAGE_ROWS: Final = 10_000
SERIES_ROWS: Final = 1_000_000


class ReadsSeries(Protocol):
    """The one question that is asked of the store."""

    def readings(self, query: ReadingsQuery) -> list[StoredReading]:
        """Readings of one series, good and suspect merged, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """What a verdict rests on.

    Attributes:
        profile: The standard.
        plan: The plan as it was carried out.
        plan_file: The same as text.
        kept: What is known of each room's closure.
        file: The file of readings.
        readings: What it holds.
        packs: The raw packs.
        packs_upto: The highest id of a pack when they were read.
        instruments: Those of the register that stood at a point of the plan.
        barred: Entries whose instrument may not decide.
        allow_simulated: True if simulated readings count.
        keys: The public keys of the branch's agents, as a member of the bundle.
        unplaced: Laboratory results that no entry of the plan takes, each with the reason.
    """

    profile: Profile
    plan: Plan
    plan_file: bytes
    kept: tuple[Kept, ...]
    file: bytes
    readings: Readings
    packs: tuple[RawPack, ...]
    packs_upto: int
    instruments: tuple[Instrument, ...]
    barred: frozenset[str]
    allow_simulated: bool
    keys: bytes
    unplaced: tuple[str, ...]

    def case(self) -> Case:
        """What the core judges."""
        return Case(self.profile, self.plan, self.readings, allow_simulated=self.allow_simulated, barred=self.barred)

    def judged(self) -> CaseVerdict:
        """The verdict that follows from it."""
        return judge(self.case())


class Dossiers:
    """Reads dossiers. May be used from several threads."""

    def __init__(self, state: State, store: Store, settings: AcceptanceConfig) -> None:
        self._state = state
        self._store = store
        self._settings = settings

    def read(self, life: Life) -> Dossier:
        """The dossier of a case's running round.

        Raises:
            CaseRefused: If there are more packs than one bundle may hold.
            StateUnavailable, StoreUnavailable: If a database does not answer.
        """
        table, planned, standard = parsed(life)
        with self._state.read() as connection:
            kept = rooms_kept(connection, life, planned, standard)
            contact_points = [point for room in kept for point in room.points]
            packs, upto = self._packs(connection, life, planned, contact_points)
            stands = [serials.standing(life, entry) for entry in planned.entries() if not entry.is_laboratory]
            known = instruments.of_serials(connection, [one.serial for one in stands])
        done = carried_out.carried_out(table, planned, kept)
        plan_file = plan_text.plan_text(done).encode()
        carried = plan.parse(plan_file, name="plan as carried out")
        simulated = frozenset(
            entry.point
            for entry in carried.entries()
            if not entry.is_laboratory and serials.standing(life, entry).simulated
        )
        values, _unread = gathering.in_packs(raw.pack for raw in packs)
        found = gathering.sensor_rows(carried, values, self._stored(life, carried), simulated=simulated)
        results = [one.result for one in life.results if one.round == life.round]
        measured, unplaced = laboratory.reading_rows(results, carried)
        file = gathering.as_csv([*found, *measured])
        return Dossier(
            profile=standard,
            plan=carried,
            plan_file=plan_file,
            kept=kept,
            file=file,
            readings=readings.read(file.decode().splitlines(keepends=True), carried),
            packs=packs,
            packs_upto=upto,
            instruments=tuple(known),
            barred=serials.barred(carried, life, known),
            allow_simulated=self._settings.allow_simulated,
            keys=pack_keys.write(one for one in all_keys(self._state) if one.root.site == life.opened.site),
            unplaced=tuple(unplaced),
        )

    def packs_again(self, life: Life, carried: Plan, contact_points: Iterable[str], upto: int) -> tuple[RawPack, ...]:
        """The packs that a judgement rested on, by the plan as it was carried out and the contacts known then."""
        with self._state.read() as connection:
            return self._packs(connection, life, carried, contact_points, upto=upto)[0]

    def _packs(
        self,
        connection: Connection,
        life: Life,
        planned: Plan,
        contact_points: Iterable[str],
        *,
        upto: int | None = None,
    ) -> tuple[tuple[RawPack, ...], int]:
        newest = rows.newest_pack(connection) if upto is None else upto
        most = self._settings.packs_at_most
        from_ms, to_ms = span_of(planned)
        points = {entry.point for entry in planned.entries() if not entry.is_laboratory}
        points.update(contact_points)
        query = PackQuery(
            site=life.opened.site, points=frozenset(points), from_ms=from_ms, to_ms=to_ms, upto=newest, limit=most + 1
        )
        found = rows.packs(connection, query)
        if len(found) > most:
            raise CaseRefused(
                f"the case rests on more than {most} packs, more than one bundle may hold; "
                "raise [acceptance] packs_at_most, or plan fewer points or shorter windows"
            )
        return tuple(found), newest

    def _stored(self, life: Life, planned: Plan) -> Mapping[gathering.Key, list[StoredReading]]:
        site = life.opened.site
        found: dict[gathering.Key, list[StoredReading]] = {}
        try:
            for key, span in gathering.wanted(planned).items():
                series = whole_series(self._store, site, key, span.from_ms, span.to_ms)
                if series:
                    found[key] = series
        except StoreWriteOnly:
            # The packs have all that was measured; what the gateway doubted stays unknown.
            return {}
        return found


def whole_series(store: ReadsSeries, site: str, key: gathering.Key, from_ms: int, to_ms: int) -> list[StoredReading]:
    """All readings of one series in a span, read page by page, oldest first, at most a million."""
    found: list[StoredReading] = []
    while from_ms < to_ms and len(found) < SERIES_ROWS:
        page = store.readings(
            ReadingsQuery(
                site=site, point=key.point, quantity=key.quantity, from_ms=from_ms, to_ms=to_ms, limit=PAGE_ROWS
            )
        )
        found += page
        if len(page) < PAGE_ROWS:
            break
        from_ms = page[-1].time_ms + 1
    return found


def parsed(life: Life) -> tuple[PlanTable, Plan, Profile]:
    """The running plan as it was written, as it is meant, and its profile."""
    body = life.plans[-1].encode()
    return (
        toml_file.parse(body, PlanTable, "plan"),
        plan.parse(body),
        profile.parse(life.opened.profile.encode()),
    )


def span_of(planned: Plan) -> tuple[int, int]:
    """From when until when evidence is wanted, Unix milliseconds; both 0 for a plan without a window."""
    windows = [entry.sampled for entry in planned.entries()]
    if not windows:
        return 0, 0
    return min(one.from_ms for one in windows) - BEFORE_MS, max(one.to_ms for one in windows)


def rooms_kept(connection: Connection, life: Life, planned: Plan, standard: Profile) -> tuple[Kept, ...]:
    """What the contacts say of the closure of each room of the plan."""
    from_ms, to_ms = span_of(planned)
    kept: list[Kept] = []
    for room in planned.rooms:
        wanted = standard.closure.kept(room.ventilation)
        states = contacts.states_of(
            connection,
            life.opened.site,
            room,
            wanted,
            points=life.opened.contacts.get(room.name),
            from_ms=from_ms,
            to_ms=to_ms,
        )
        kept.append(carried_out.kept(standard, room, states))
    return tuple(kept)
