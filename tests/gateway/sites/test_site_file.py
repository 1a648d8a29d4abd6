"""Rows of branches: good ones kept, bad ones named, a file given back as it was."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from gateway.sites import site_file
from gateway.sites.site import COLUMNS, Site, cells_of, site_of
from gateway.spreadsheet import UnreadableError

HEADER = ",".join(COLUMNS)
FULL = (
    'north,site-a,测试支行,Test branch,"1 Main Street, Beijing",116.3970,39.90,Mo-Fr 09:00-17:00; PH off,zhang,li,80.0'
)
GOOD = f"{HEADER}\n{FULL}\nnorth,site-b,,,,,,,,,\n"


def test_a_file_is_given_back_as_it_was() -> None:
    """Digit for digit: 116.3970 does not become 116.397."""
    found = site_file.read(GOOD.encode())
    assert found.bad == []
    assert [site.site for site in found.sites] == ["site-a", "site-b"]
    assert str(found.sites[0].longitude) == "116.3970"
    assert site_file.csv_text(found.sites) == GOOD
    assert site_file.read(site_file.xlsx_body(found.sites)) == found


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_file_as_excel_writes_it_is_read(encoding: str) -> None:
    assert site_file.read(GOOD.encode(encoding)).sites[0].title_zh == "测试支行"


def test_a_workbook_of_numbers_is_read() -> None:
    book = Workbook()
    book.active.append(["site", "region", "longitude", "latitude", "area_m2"])
    book.active.append(["site-a", "north", 116.4, 39.9, 80])
    body = BytesIO()
    book.save(body)
    site = site_file.read(body.getvalue()).sites[0]
    assert cells_of(site) | {"longitude": "116.4", "latitude": "39.9", "area_m2": "80"} == cells_of(site)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (",site-c,,,,,,,,,", "region is empty"),
        ("north,,,,,,,,,,", "site is empty"),
        ("north,Site_C,,,,,,,,,", "site 'Site_C' does not match"),
        ("gateway,site-c,,,,,,,,,", "taken for the gateways"),
        ("north,site-c,,,,181,1,,,,", "longitude 181 lies outside -180 to 180"),
        ("north,site-c,,,,1,-90.1,,,,", "latitude -90.1 lies outside"),
        ("north,site-c,,,,east,1,,,,", "longitude 'east' is no number"),
        ("north,site-c,,,,nan,1,,,,", "longitude 'nan' is no number"),
        ("north,site-c,,,,1e2,1,,,,", "longitude '1e2' is no number"),
        ("north,site-c,,,,116.4,,,,,", "longitude and latitude go together"),
        ("north,site-c,,,,,,,,,0", "area_m2 0 lies outside"),
        ("north,site-c,,,,,,9 to 5,,,", "hours: '9 to 5'"),
        (f"north,site-c,{'名' * 101},,,,,,,,", "title_zh has 101 characters"),
        ("north,site-a,,,,,,,,,", "site site-a stands in line 2 already"),
        ("north,site-c,,,1 Main Street, Beijing,,,,,,,", "quote cells with commas"),
    ],
)
def test_a_bad_row_is_named_and_takes_no_good_one_along(row: str, words: str) -> None:
    padding = "," if "Beijing" in row else ""
    found = site_file.read(f"{GOOD}{row}{padding and 'x'}\nnorth,site-d,,,,,,,,,\n".encode())
    assert [site.site for site in found.sites] == ["site-a", "site-b", "site-d"]
    assert [one.line for one in found.bad] == [4]
    assert words in found.bad[0].detail


def test_a_row_with_several_faults_names_all_of_them() -> None:
    detail = site_file.read(f"{HEADER}\nNorth,,,,,,,,,,-1\n".encode()).bad[0].detail
    assert all(name in detail for name in ("region 'North'", "site is empty", "area_m2 -1"))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "column 'region' is missing"),
        (b"region,title_en\n", "column 'site' is missing"),
        (b"region,site,colour\n", "column 'colour' is none"),
        (b"region,site,site\n", "column 'site' stands twice"),
        (b"PK\x03\x04 nothing", "no XLSX workbook"),
        (b"\xff\xff\xff", "neither UTF-8 nor GB 18030"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(body: bytes, words: str) -> None:
    with pytest.raises(UnreadableError, match=words):
        site_file.read(body)


def test_a_cell_that_looks_like_a_formula_stays_text() -> None:
    site = Site(region="north", site="site-a", title_en="=1+1")
    book = load_workbook(BytesIO(site_file.xlsx_body([site])))
    cell = book.active.cell(row=2, column=COLUMNS.index("title_en") + 1)
    assert (cell.value, cell.data_type) == ("=1+1", "s")


_TEXT = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), max_size=20).map(str.strip)
_SITES = st.builds(
    lambda title, address, place: site_of(
        {"region": "north", "site": "s", "title_zh": title, "address": address} | place
    ),
    title=_TEXT.filter(str.isprintable),
    address=_TEXT.filter(str.isprintable),
    place=st.one_of(
        st.just({}),
        st.builds(
            lambda x, y: {"longitude": f"{x}", "latitude": f"{y}"},
            st.decimals(-180, 180, places=6),
            st.decimals(-90, 90, places=4),
        ),
    ),
)


@given(_SITES)
def test_every_branch_comes_back_from_both_kinds_of_file(site: Site) -> None:
    assert site_file.read(site_file.csv_text([site]).encode()).sites == [site]
