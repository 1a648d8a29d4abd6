"""The evidence of cases: what each judgement sealed, made again byte for byte, and a whole case in one bundle."""

from collections.abc import Mapping, Sequence

import msgspec

from gateway.acceptance import pack_keys, plan, trail
from gateway.acceptance.evidence import EvidencePack
from gateway.cases import bundles, events, learned, rows
from gateway.cases.dossier import Dossier, Dossiers
from gateway.cases.errors import CaseRefused
from gateway.cases.life import Judgement, Life
from gateway.cases.rows import Happened
from gateway.cases.studies import Studies
from gateway.ingest.keys import all_keys
from gateway.state.state import State
from telemetry.clock import Clock, to_ms


class Archive:
    """Reads what is kept of cases. May be used from several threads."""

    def __init__(self, state: State, dossiers: Dossiers, studies: Studies, clock: Clock) -> None:
        self._state = state
        self._dossiers = dossiers
        self._studies = studies
        self._clock = clock

    def sealed(self, case: int, number: int | None = None) -> tuple[Judgement, bytes]:
        """The bundle that a judgement sealed; the newest unless a number is given.

        Raises:
            CaseRefused: If there is no such judgement, or its packs are no longer all there.
        """
        life = self._life(case)
        judgement = judgement_of(life, number)
        members = self.members(case, judgement)
        bundle = bundles.again(members, self._packs(life, members, judgement.event.packs_upto))
        if bundles.seal_in(bundle) != judgement.event.seal:
            raise CaseRefused(
                f"the evidence of judgement {judgement.number} is no longer what it was when it was sealed "
                f"({judgement.event.seal}); packs were deleted or rows changed by hand: restore a backup"
            )
        return judgement, bundle

    def exported(self, case: int) -> bytes:
        """The whole case as one bundle: the newest verdict's evidence, every earlier one's, all events and files."""
        life, happened = self._life(case), self._happened(case)
        if life.judgements:
            members = self.members(case, life.judgements[-1])
            packs = self._packs(life, members, life.judgements[-1].event.packs_upto)
        else:
            dossier = self._dossiers.read(life)
            beside = self.beside(life, dossier)
            found = bundles.evidence_of(
                case, life, dossier, dossier.judged(), happened, to_ms(self._clock.now()), *beside
            )
            members, packs = bundles.members_of(found), list(found.packs)
        members[trail.MEMBER] = bundles.events_log(case, happened)
        members["laboratory.json"] = bundles.laboratory_log(life)
        more: dict[str, bytes] = {}
        for one in life.judgements[:-1]:
            own = self.members(case, one)
            for name in (bundles.PLAN, bundles.READINGS, bundles.VERDICT):
                more[f"judgement-{one.number}-{name}"] = own[name]
        for number, (name, body) in enumerate(self._files(case, happened), start=1):
            more[bundles.file_name(number, name, body)] = body
        return bundles.again(members, packs, more=more)

    def members(self, case: int, judgement: Judgement) -> dict[str, bytes]:
        """The files that a judgement sealed, by their names in its bundle."""
        with self._state.read() as connection:
            return {name: rows.get_file(connection, case, digest) for name, digest in judgement.event.files.items()}

    def _packs(self, life: Life, members: Mapping[str, bytes], upto: int) -> list[EvidencePack]:
        carried = plan.parse(members[bundles.PLAN], name=bundles.PLAN)
        contacts = [point for room in msgspec.json.decode(members["closure.json"]) for point in room["contacts"]]
        return [raw.pack for raw in self._dossiers.packs_again(life, carried, contacts, upto)]

    def beside(self, life: Life, dossier: Dossier) -> tuple[bytes, bytes]:
        """What goes into a bundle beside the verdict: what the case teaches, and the keys of its agents."""
        lessons = learned.encode(self._studies.learn(life, dossier.case()))
        own = [one for one in all_keys(self._state) if one.root.site == life.opened.site]
        return lessons, pack_keys.write(own)

    def _files(self, case: int, happened: Sequence[Happened]) -> list[tuple[str, bytes]]:
        entered = [one.event for one in happened if isinstance(one.event, events.Entered) and one.event.sha256]
        with self._state.read() as connection:
            return [(one.file, rows.get_file(connection, case, one.sha256)) for one in entered]

    def _life(self, case: int) -> Life:
        with self._state.read() as connection:
            return rows.load(connection, case)

    def _happened(self, case: int) -> list[Happened]:
        with self._state.read() as connection:
            return rows.read(connection, case)


def judgement_of(life: Life, number: int | None) -> Judgement:
    """A judgement of a case; the newest unless a number is given.

    Raises:
        CaseRefused: If there is no such judgement.
    """
    if not life.judgements:
        raise CaseRefused("the case has not been judged; judge it first")
    if number is None:
        return life.judgements[-1]
    if not 1 <= number <= len(life.judgements):
        raise CaseRefused(f"the case has no judgement {number}; it has {len(life.judgements)}")
    return life.judgements[number - 1]
