"""A verdict and a sampling sheet as text for people, in English or Chinese."""

from collections.abc import Iterator, Sequence

from gateway.acceptance import phrases
from gateway.acceptance.plan import Plan
from gateway.acceptance.profile import Profile, Row
from gateway.acceptance.resample import resample
from gateway.acceptance.sheet import Order
from gateway.acceptance.verdict import CaseVerdict, QuantityVerdict
from gateway.acceptance.verify import Verification, as_json
from gateway.acceptance.words import Language, Outcome, Reason, Ventilation
from telemetry.quantities import QUANTITIES


def verdict_text(profile: Profile, plan: Plan, case: CaseVerdict, language: Language) -> str:
    """The verdict of a case, room by room, with the reasons and what to do next."""
    return "\n".join(_verdict_lines(profile, plan, case, language)) + "\n"


def sheet_text(profile: Profile, plan: Plan, ordered: Order, language: Language) -> str:
    """The sheet that whoever samples takes along: dates, rooms, points, heights, distances, and boxes to fill."""
    return "\n".join(_sheet_lines(profile, plan, ordered, language)) + "\n"


def verification_text(said: Verification) -> str:
    """What a check of a bundle found."""
    answer = as_json(said)
    lines = [
        f"Integrity: {answer['integrity']}",
        f"Completeness: {answer['completeness']}",
        f"Seal: {said.seal or '-'}",
    ]
    if said.signatures:
        counts = ", ".join(f"{count} {word}" for word, count in said.signatures.items())
        lines.append(f"Signatures of packs: {counts} (keys: {said.keys})")
    if said.facts:
        lines.append(f"Case: {said.facts.case}, judged by {said.facts.software}")
    lines += [f"  - {finding.kind}: {finding.member or 'the file'}: {finding.detail}" for finding in said.findings]
    return "\n".join(lines) + "\n"


def _verdict_lines(profile: Profile, plan: Plan, case: CaseVerdict, language: Language) -> Iterator[str]:
    yield phrases.pick((profile.title_en, profile.title_zh), language)
    yield f"{_t('Verdict', '结论', language)}: {phrases.outcome(case.verdict, language)}"
    yield f"{_t('Basis', '依据', language)}: {phrases.basis(case.basis, language)}"
    yield from (f"  - {phrases.reason(reason, language)} [{reason}]" for reason in case.reasons)
    for room in case.rooms:
        yield ""
        yield f"{room.name}: {phrases.outcome(room.verdict, language)}"
        for said in room.quantities:
            yield from _quantity_lines(said, language)
    yield from _next_steps(plan, case, language)


def _quantity_lines(said: QuantityVerdict, language: Language) -> Iterator[str]:
    title = phrases.quantity(said.row.quantity, language)
    outcome = phrases.outcome(said.verdict, language)
    if said.row.unverified and said.verdict is not Outcome.NEVER_MEASURED:
        # No conformity is claimed by a limit that could not be verified.
        outcome = _t("for information", "仅供参考", language)
    yield f"  {title}: {outcome}; {_limit(said, language)}{_numbers(said, language)}"
    if len(said.points) > 1:
        for point in said.points:
            value = "-" if point.value is None else _digits(point.value * said.factor)
            instruments = ", ".join(dict.fromkeys(entry.instrument for entry in point.entries))
            yield f"    {point.point}: {value} ({instruments}, {point.completeness:.0%})"
    yield from (f"    - {phrases.reason(reason, language)} [{reason}]" for reason in said.reasons)


def _limit(said: QuantityVerdict, language: Language) -> str:
    if not said.season_known:
        return _t("limit by season", "限值依季节", language)
    return f"{_t('limit', '限值', language)} {limit_words(said.row)}"


def limit_words(row: Row) -> str:
    """A row's limit with its unit, such as `≤ 80 µg/m³` or `22-28 °C`."""
    unit = QUANTITIES[row.quantity].display_unit
    if row.min is not None and row.max is not None:
        return f"{row.min:g}-{row.max:g} {unit}"
    return f"≤ {row.max:g} {unit}" if row.max is not None else f"≥ {row.min:g} {unit}"


def _numbers(said: QuantityVerdict, language: Language) -> str:
    if said.mean is None or said.indoor is None:
        return ""
    words = [f"{_t('mean', '均值', language)} {_digits(said.mean)}"]
    if said.uncertainty is not None:
        words[0] += f" ± {_digits(said.uncertainty)}"
    if said.outdoor is not None:
        inside, outside = _t("indoors", "室内", language), _t("outdoors", "室外", language)
        words.append(f"{inside} {_digits(said.indoor)}, {outside} {_digits(said.outdoor)}")
    words.append(f"{_t('complete', '完整率', language)} {said.completeness:.0%}")
    return ", " + ", ".join(words)


def _next_steps(plan: Plan, case: CaseVerdict, language: Language) -> Iterator[str]:
    failing = resample(case, plan)
    laboratory = {
        said.row.quantity
        for room in case.rooms
        for said in room.quantities
        if {Reason.WITHIN_UNCERTAINTY, Reason.INSTRUMENT_MAY_NOT_DECIDE}.intersection(said.reasons)
        and not said.row.unverified
    }
    if not failing and not laboratory:
        return
    yield ""
    yield _t("Next:", "下一步：", language)
    for again in failing:
        title, names = phrases.quantity(again.quantity, language), ", ".join(again.failing)
        yield _t(
            f"  {title}: find the cause, treat it, sample again in {again.rooms} rooms, {names} and rooms of the same "
            "type among them; this result stays on record.",
            f"  {title}：查明原因并处理后加倍抽检 {again.rooms} 间，应包含 {names} 及同类型房间；本次结果保留。",
            language,
        )
    for quantity in sorted(laboratory):
        title = phrases.quantity(quantity, language)
        yield _t(f"  {title}: ask an accredited laboratory.", f"  {title}：委托有资质的实验室检测。", language)


def _sheet_lines(profile: Profile, plan: Plan, ordered: Order, language: Language) -> Iterator[str]:
    sampling = profile.sampling
    low, high = sampling.height_m
    yield _t("Air sampling sheet", "室内空气采样单", language)
    yield phrases.pick((profile.title_en, profile.title_zh), language)
    completed, earliest = plan.completed.isoformat(), ordered.earliest.isoformat()
    yield _t(
        f"Works ended {completed}; sample from {earliest} on.", f"完工日期 {completed}；{earliest} 起可采样。", language
    )
    yield _t(
        f"Rooms to sample: {ordered.rooms_to_sample} of {ordered.rooms_total}.",
        f"抽检房间：{ordered.rooms_total} 间中至少 {ordered.rooms_to_sample} 间。",
        language,
    )
    walls, vents = f"{sampling.wall_distance_m:g} m", _vents(profile, language)
    yield _t(
        f"Height {low:g} to {high:g} m; at least {walls} from inner walls; {vents}",
        f"高度 {low:g}-{high:g} m；距内墙不小于 {walls}；{vents}",
        language,
    )
    yield _t(
        "Two or more points: spread evenly, on a diagonal, an oblique line or a quincunx.",
        "两点及以上：按对角线、斜线或梅花状均衡布点。",
        language,
    )
    yield from (f"[ ] {words}" for words in phrases_before(profile, language))
    yield ""
    yield from _table(ordered, profile, language)
    yield ""
    yield _t("Sampled by ____________  Date ____________", "采样人 ____________  日期 ____________", language)


def phrases_before(profile: Profile, language: Language) -> Sequence[str]:
    """What must be so before and while sampling."""
    return profile.before_zh if language is Language.CHINESE else profile.before_en


def _table(ordered: Order, profile: Profile, language: Language) -> Iterator[str]:
    for room in ordered.rooms:
        kind = _ventilation(room.ventilation, language)
        yield _t(
            f"{room.name}: {room.area_m2:g} m², {kind}; points: {room.points} (planned: {room.planned})",
            f"{room.name}：{room.area_m2:g} m²，{kind}；测点 {room.points} 个（已计划 {room.planned} 个）",
            language,
        )
        closed_h = profile.closure.ordered_h(room.ventilation)
        if closed_h > 0:
            yield _t(f"    closed for {closed_h:g} h before", f"    采样前封闭 {closed_h:g} h", language)
        blanks = ("高度 m", "封闭", "开始", "结束", "仪器编号")
        if language is Language.ENGLISH:
            blanks = ("height m", "closed at", "from", "to", "serial")
        for point in range(1, room.points + 1):
            yield f"    [ ] {room.name}-{point}  " + "  ".join(f"{word} ______" for word in blanks)


def _vents(profile: Profile, language: Language) -> str:
    distance = profile.sampling.vent_distance_m
    if distance is None:
        return _t("away from ducts and vents.", "避开通风道和通风口。", language)
    return _t(
        f"at least {distance:g} m from doors, windows and vents.", f"距门窗和通风口不小于 {distance:g} m。", language
    )


def _ventilation(kind: Ventilation, language: Language) -> str:
    if kind is Ventilation.CENTRAL:
        return _t("central ventilation", "集中通风", language)
    return _t("natural ventilation", "自然通风", language)


def _digits(value: float) -> str:
    """A number for people; verdicts compare it unrounded."""
    return f"{value:.4g}"


def _t(english: str, chinese: str, language: Language) -> str:
    return phrases.pick((english, chinese), language)
