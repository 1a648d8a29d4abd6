"""Golden cases: points and rooms as ordered, the mean of a room, closure."""

from collections.abc import Iterator

from tests.gateway.acceptance.case_files import (
    Golden,
    entry,
    one,
    plan,
    room,
    says,
    steady,
)
from tests.gateway.acceptance.case_kinds import (
    HCHO,
    RADON,
    one_row,
    single,
)


def cases() -> Iterator[Golden]:
    """All of them."""
    yield from _rooms()
    yield from _closure()


def _rooms() -> Iterator[Golden]:
    two = [entry("hall-1", "laboratory"), entry("hall-2", "laboratory")]
    yield single(
        "room-is-the-mean-of-its-points",
        "6.0.16: (79.9 + 80.1) / 2 = 80 passes",
        tables=[room("hall", 50, *two)],
        rows=one("hall-1", HCHO, 79.9) + one("hall-2", HCHO, 80.1),
        case_basis="laboratory",
        verdict="pass",
        mean=80,
    )
    yield single(
        "room-mean-is-compared-unrounded",
        "table 6.0.4 note 2: (79.9 + 80.1002) / 2 = 80.0001 fails",
        tables=[room("hall", 50, *two)],
        rows=one("hall-1", HCHO, 79.9) + one("hall-2", HCHO, 80.1002),
        case_basis="laboratory",
        verdict="fail",
        reasons=["above-limit"],
        mean=80.0001,
    )
    yield single(
        "largest-uncertainty-of-its-points",
        "points at 200 (U 40) and 20 (U 24.546): mean 110, U 40: 110 - 40 < 80",
        tables=[room("hall", 50, entry("hall-1", "sfa30"), entry("hall-2", "sfa30"))],
        rows=steady("hall-1", HCHO, 200) + steady("hall-2", HCHO, 20),
        verdict="indeterminate",
        reasons=["within-uncertainty"],
        mean=110,
        uncertainty=40,
    )
    # 6.0.15: the last area that needs n points, and the first that needs more.
    for area, points in ((49.99, 1), (99.99, 2), (499.9, 3), (999.9, 5), (2000, 6), (2000.1, 7)):
        names = [f"hall-{number}" for number in range(1, points + 1)]
        yield single(
            f"points-for-{str(area).replace('.', '-')}-m2",
            f"6.0.15: {area} m2 order {points}",
            tables=[room("hall", area, *(entry(name, "laboratory") for name in names))],
            rows=[row for name in names for row in one(name, HCHO, 40)],
            case_basis="laboratory",
            verdict="pass",
            mean=40,
        )
    for area, points in ((50, 1), (100, 2), (500, 3), (1000, 5), (2000.1, 6)):
        names = [f"hall-{number}" for number in range(1, points + 1)]
        yield single(
            f"too-few-points-for-{str(area).replace('.', '-')}-m2",
            f"6.0.15: {area} m2 order more than {points}",
            tables=[room("hall", area, *(entry(name, "laboratory") for name in names))],
            rows=[row for name in names for row in one(name, HCHO, 800)],
            case_basis="laboratory",
            verdict="indeterminate",
            reasons=["too-few-points"],
            mean=800,
        )
    yield single(
        "a-planned-point-without-readings",
        "hall-2 is planned for it by word and silent, though 40 m2 order one point",
        tables=[room("hall", 40, *(entry(name, "sfa30", quantities=[HCHO]) for name in ("hall-1", "hall-2")))],
        rows=steady("hall-1", HCHO, 40),
        verdict="indeterminate",
        reasons=["incomplete"],
        completeness=0,
        mean=40,
    )
    for name, total, passed, listed, outcome, reasons in (
        ("two-rooms-of-two", 2, "false", 2, "pass", []),
        ("two-rooms-of-three", 3, "false", 2, "indeterminate", ["too-few-rooms"]),
        ("three-rooms-of-sixty", 60, "false", 3, "pass", []),
        ("three-rooms-of-sixty-one", 61, "false", 3, "indeterminate", ["too-few-rooms"]),
        ("three-of-120-after-a-model-room", 120, "true", 3, "pass", []),
        ("three-of-121-after-a-model-room", 121, "true", 3, "indeterminate", ["too-few-rooms"]),
        ("two-of-fifty-after-a-model-room", 50, "true", 2, "indeterminate", ["too-few-rooms"]),
    ):
        names = ["hall", "office", "vault"][:listed]
        yield single(
            name,
            f"6.0.12, 6.0.13: {listed} of {total} rooms, model room passed: {passed}; 5 %, at least 3",
            tables=[room(word, 20, entry(f"{word}-1", "laboratory")) for word in names],
            rows=[row for word in names for row in one(f"{word}-1", HCHO, 40, room=word)],
            head=f"rooms_total = {total}\nmodel_room_passed = {passed}\n",
            case_basis="laboratory",
            verdict="pass",
            case_reasons=reasons,
        ).with_verdict(outcome)


def _closure() -> Iterator[Golden]:
    closing = one_row(HCHO, 80, closure="[closure]\nnatural_h = 1\ncentral_h = 0")

    def hall(closed: tuple[str, str] | None, more: str = "") -> list[str]:
        return [room("hall", 20, entry("hall-1", "laboratory", closed=closed), more=more)]

    rows, short = one("hall-1", HCHO, 800), ["closure-too-short"]
    clean = one("hall-1", HCHO, 40)
    lab = "laboratory"
    yield single(
        "closed-for-1-h",
        "6.0.18: 07:00 to 08:00 is 1 h",
        tables=hall(("10 07:00", "10 09:00")),
        rows=clean,
        own_profile=closing,
        verdict="pass",
        case_basis=lab,
    )
    yield single(
        "closed-a-second-less-than-1-h",
        "59 min 59 s; it outranks the fail",
        tables=hall(("10 07:00:01", "10 09:00")),
        rows=rows,
        own_profile=closing,
        verdict="indeterminate",
        reasons=short,
        case_basis=lab,
    )
    yield single(
        "opened-before-the-end",
        "closed.to 08:59 is before sampled.to 09:00",
        tables=hall(("10 07:00", "10 08:59")),
        rows=rows,
        own_profile=closing,
        verdict="indeterminate",
        reasons=short,
        case_basis=lab,
    )
    yield single(
        "closure-not-recorded",
        "no `closed`: nothing shows it",
        tables=hall(None),
        rows=rows,
        own_profile=closing,
        verdict="indeterminate",
        reasons=short,
        case_basis=lab,
    )
    yield single(
        "central-ventilation-needs-no-closure",
        "6.0.18: the plant runs instead",
        tables=hall(None),
        rows=clean,
        own_profile=closing,
        head='ventilation = "central"\n',
        verdict="pass",
        case_basis=lab,
    )
    yield single(
        "a-room-may-be-ventilated-otherwise",
        "the branch is central, this room natural",
        tables=hall(None, 'ventilation = "natural"\n'),
        rows=rows,
        own_profile=closing,
        head='ventilation = "central"\n',
        verdict="indeterminate",
        reasons=short,
        case_basis=lab,
    )
    for name, profile, quantity, closed, head, verdict, reasons in (
        ("radon-closed-24-h", "gb50325-2020-class2", RADON, "09 08:00", "", "pass", []),
        ("radon-closed-less-than-24-h", "gb50325-2020-class2", RADON, "09 08:01", "", "indeterminate", short),
        ("radon-central", "gb50325-2020-class2", RADON, "10 07:59", 'ventilation = "central"\n', "pass", []),
        ("gbt18883-closed-12-h", "gbt18883-2022", HCHO, "09 20:00", "", "pass", []),
        ("gbt18883-closed-less-than-12-h", "gbt18883-2022", HCHO, "09 20:01", "", "indeterminate", short),
        (
            "gbt18883-central-closes-too",
            "gbt18883-2022",
            HCHO,
            "10 07:00",
            'ventilation = "central"\n',
            "indeterminate",
            short,
        ),
    ):
        yield Golden(
            name=name,
            why=f"6.0.19, GB/T 18883 annex A: {quantity} by {profile}, closed since {closed}",
            profile=profile,
            plan=plan(room("hall", 20, entry("hall-1", lab, closed=(closed, "10 09:00"))), head=head),
            rows=one("hall-1", quantity, 40),
            exit=3,
            said={
                "verdict": "indeterminate",
                "rooms": {"hall": {"quantities": {quantity: says(verdict, reasons, mean=40)}}},
            },
        )
