"""Site settings are read strictly, and hashed as they are in force."""

import json
from datetime import date
from pathlib import Path

import pytest

from extractors.errors import SiteError
from extractors.site import (
    NumeratorWindow,
    ReconUnit,
    SharedEhrRecipients,
    Site,
    Standing,
    load_site,
    site_of,
)
from extractors.vocabulary import EventKind

FULL = """
profile = "generic"
zone = "America/Chicago"
closed_world = ["pdmp-queried"]
history_from = 2019-01-01
numerator_window = "calendar_year"
pdmp_lookback_days = 0
collapse_changes = true
shared_ehr_recipients = "include"
shared_ehr = ["Organization/hospital"]
recon_unit = "session"
telehealth_in_pea = false
holidays = [2026-12-24]
[tin_map]
"Organization/a" = "000180180"
[[standing]]
kind = "access-api"
from = 2020-01-01
ended = 2026-01-01
why = "on for all"
"""


def written(root: Path, text: str) -> Path:
    place = root / "site.toml"
    place.write_text(text)
    return place


def test_every_setting_is_read(tmp_path: Path) -> None:
    assert load_site(written(tmp_path, FULL)) == Site(
        profile="generic",
        zone="America/Chicago",
        tin_map={"Organization/a": "000180180"},
        closed_world=frozenset({EventKind.PDMP_QUERIED}),
        history_from=date(2019, 1, 1),
        numerator_window=NumeratorWindow.CALENDAR_YEAR,
        pdmp_lookback_days=0,
        closed_days=frozenset({date(2026, 12, 24)}),
        standing=(Standing(EventKind.ACCESS_API, date(2020, 1, 1), date(2026, 1, 1), "on for all"),),
        collapse_changes=True,
        shared_ehr_recipients=SharedEhrRecipients.INCLUDE,
        shared_ehr=frozenset({"Organization/hospital"}),
        recon_unit=ReconUnit.SESSION,
        telehealth_in_pea=False,
    )


@pytest.mark.parametrize("text", ["", FULL], ids=["defaults", "every setting"])
def test_a_run_reads_back_the_settings_that_it_was_counted_with(tmp_path: Path, text: str) -> None:
    site = load_site(written(tmp_path, text))
    assert site_of(json.loads(json.dumps(site.as_document(), default=str)), "site.json") == site


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"collapse_changes": "no"}, "neither true nor false"),
        ({"recon_unit": "visit"}, "'visit' is not a valid ReconUnit"),
        ({"shared_ehr": ["hospital"]}, "expected organizations as 'Organization/id', got 'hospital'"),
        ({"colour": "blue"}, "got also colour"),
    ],
)
def test_kept_settings_that_pi180_did_not_write_are_refused(change: dict[str, object], said: str) -> None:
    document = json.loads(json.dumps(Site().as_document(), default=str))
    with pytest.raises(SiteError, match=said):
        site_of(document | change, "site.json")


def test_kept_settings_that_lack_one_are_refused() -> None:
    document = json.loads(json.dumps(Site().as_document(), default=str))
    del document["telehealth_in_pea"]
    with pytest.raises(SiteError, match="telehealth_in_pea"):
        site_of(document, "site.json")


def test_without_a_file_nothing_is_assumed() -> None:
    site = load_site(None)
    assert (site.closed_world, site.history_from, site.standing, site.tin_map) == (frozenset(), None, (), {})


def test_the_holidays_are_the_federal_ones_unless_named() -> None:
    assert {date(2026, 5, 25), date(2026, 7, 3)} <= Site().closed_days


def test_flags_go_before_the_file(tmp_path: Path) -> None:
    site = load_site(written(tmp_path, FULL), profile="mine.toml", zone="UTC")
    assert (site.profile, site.zone) == ("mine.toml", "UTC")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("zon = 'UTC'", "site.toml: unknown key 'zon'"),
        ("zone = 'Mars/Base'", "site.toml, zone: expected an IANA zone such as America/New_York, got 'Mars/Base'"),
        ("zone = '../etc/passwd'", "site.toml, zone: expected an IANA zone"),
        ("pdmp_lookback_days = -1", "site.toml, pdmp_lookback_days: expected 0 or more days, got -1"),
        ("pdmp_lookback_days = true", "site.toml, pdmp_lookback_days: expected a whole number, got True"),
        (
            "history_from = '2019-01-01'",
            "site.toml, history_from: expected a day such as 2026-01-01 without quotation marks, got '2019-01-01'",
        ),
        ("numerator_window = 'ever'", "expected one of performance_period, calendar_year, got 'ever'"),
        ("shared_ehr_recipients = 'some'", "site.toml, shared_ehr_recipients: expected one of exclude, include, got"),
        ("recon_unit = 'visit'", "site.toml, recon_unit: expected one of document, session, got 'visit'"),
        ("collapse_changes = 1", "site.toml, collapse_changes: expected true or false, got 1"),
        ("telehealth_in_pea = 'no'", "site.toml, telehealth_in_pea: expected true or false, got 'no'"),
        ("shared_ehr = ['Location/x']", "shared_ehr: expected organizations as 'Organization/id', got 'Location/x'"),
        (
            "shared_ehr = ['Organization/']",
            "shared_ehr: expected organizations as 'Organization/id', got 'Organization/'",
        ),
        ("shared_ehr = [7]", "shared_ehr: expected organizations as 'Organization/id', got 7"),
        ("closed_world = ['x']", "site.toml, closed_world: expected one of"),
        ("closed_world = [['x']]", "site.toml, closed_world: expected one of"),
        ("holidays = ['x']", "site.toml, holidays: expected days such as 2026-12-24 without quotation marks, got 'x'"),
        (
            "[tin_map]\n'Organization/a' = '12-3456789'",
            "tin_map.Organization/a: expected a TIN of 9 digits in quotation marks, without a dash",
        ),
        ("[tin_map]\n'Organization/a' = 123456789", "expected a TIN of 9 digits in quotation marks, without a dash"),
        ("[tin_map]\n'a' = '123456789'", "expected keys as 'Organization/id' or 'Location/id', got 'a'"),
        ("[[standing]]\nkind = 'access-api'\nwhy = 'x'", "site.toml, standing 1: 'from' is missing. Add it."),
        ("standing = [7]", "site.toml, standing 1: expected a table, got 7"),
        (
            "[[standing]]\nkind = 'access-withdrawn'\nfrom = 2020-01-01\nwhy = 'x'",
            "standing 1, kind: expected one of access-vdt, access-api, access-declined, got 'access-withdrawn'",
        ),
        (
            "[[standing]]\nkind = 'access-api'\nfrom = 2020-01-01\nended = 2020-01-01\nwhy = 'x'",
            "site.toml, standing 1, ended: expected a day after 2020-01-01, got 2020-01-01",
        ),
        ("[[standing]]\nkind = 'x'\nfrom = 2020-01-01\nwhy = 'x'", "site.toml, standing 1: expected one of"),
        ("zone = ", "site.toml: expected TOML, got"),
    ],
)
def test_a_fault_is_named_with_place_expected_and_got(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SiteError) as refused:
        load_site(written(tmp_path, text))
    assert said in str(refused.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="expected site settings, but it cannot be read"):
        load_site(tmp_path / "none.toml")


def test_a_zone_of_the_command_line_is_named_as_such() -> None:
    with pytest.raises(SiteError, match="--zone, zone: expected an IANA zone"):
        load_site(None, zone="Mars/Base")


def test_equal_settings_have_one_digest_and_others_another(tmp_path: Path) -> None:
    assert load_site(None).digest == Site().digest != load_site(written(tmp_path, FULL)).digest


def test_the_order_in_which_settings_are_written_is_none_of_the_digest(tmp_path: Path) -> None:
    turned = "closed_world = ['access-api', 'access-vdt']", "closed_world = ['access-vdt', 'access-api']"
    assert len({load_site(written(tmp_path, text)).digest for text in turned}) == 1


@pytest.mark.parametrize(
    "text",
    [
        "history_from = 2026-01-01T00:00:00",
        "holidays = [2026-01-01T00:00:00]",
        '[[standing]]\nkind = "access-api"\nfrom = 2026-01-01T00:00:00\nwhy = "x"',
    ],
)
def test_a_time_where_a_day_is_expected_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "site.toml").write_text(text)
    with pytest.raises(SiteError, match="expected"):
        load_site(tmp_path / "site.toml")
