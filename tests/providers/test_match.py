"""Whose mailbox it is: MX before list, every host or none, longest suffix."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

import warmup
from warmup.providers import Match, catalogue, classify

KNOWN = catalogue()


def one(domain: str, mx: list[str] | None = None, **switches: bool) -> Match:
    return classify([domain], mx=None if mx is None else {domain: mx}, **switches)[domain]


@pytest.mark.parametrize("provider", [p for p in KNOWN.providers.values() if p.domains], ids=lambda p: p.id)
def test_every_listed_domain_is_found_by_the_list(provider):
    for domain, match in classify(provider.domains).items():
        assert (match.domain, match.provider, match.group, match.how) == (domain, provider.id, provider.group, "domain")


@pytest.mark.parametrize("provider", [p for p in KNOWN.providers.values() if p.mx], ids=lambda p: p.id)
def test_every_pattern_is_found_by_mx(provider):
    for pattern in provider.mx:
        host = f"mx1{pattern}" if pattern.startswith(".") else pattern.replace("*", "eu-west-1")
        match = one("customer.example", [f"{host.upper()}."])
        assert (match.provider, match.group, match.how) == (provider.id, provider.group, "mx")


def test_a_fresh_mx_wins_over_the_list():
    match = one("btinternet.com", ["mta5.am0.yahoodns.net"])
    assert (match.provider, match.how) == ("yahoo", "mx")
    assert one("btinternet.com").provider == "bt"


def test_mixed_mx_names_nobody_and_the_list_decides():
    mixed = ["aspmx.l.google.com", "mx.customer.example"]
    assert one("customer.example", mixed).provider == "other"
    assert one("customer.example", mixed).how == "none"
    listed = one("gmx.de", mixed)
    assert (listed.provider, listed.how) == ("united_internet_gmx_webde", "domain")
    assert "mixed" in listed.evidence


def test_hosts_of_two_groups_are_mixed_and_of_one_group_are_not():
    google = ["gmail-smtp-in.l.google.com", "aspmx.l.google.com", "alt1.aspmx.l.google.com"]
    assert (one("a.example", google).provider, one("a.example", google).group) == ("google_workspace", "google")
    microsoft = ["a.mail.protection.outlook.com", "a.olc.protection.outlook.com"]
    assert one("a.example", microsoft).provider == "other"
    assert one("a.example", [*google, "mx0a.pphosted.com"]).provider == "other"


def test_longest_suffix_then_exact_host():
    assert one("a.example", ["alt1.gmail-smtp-in.l.google.com"]).provider == "gmail"
    assert one("a.example", ["alt1.aspmx.l.google.com"]).provider == "google_workspace"
    assert one("a.example", ["mx-biz.mail.am0.yahoodns.net"]).provider == "yahoo_small_business"
    assert one("a.example", ["mta7.am0.yahoodns.net"]).provider == "yahoo"


def test_a_suffix_is_whole_labels_and_needs_a_host_in_front():
    for host in ("google.com", "notgoogle.com", "mx.evilgoogle.com", "google.com.evil.example", ".google.com"):
        assert one("a.example", [host]).provider == "other"


def test_the_star_is_one_label():
    assert one("a.example", ["inbound-smtp.us-east-1.amazonaws.com"]).provider == "amazon_workmail_ses_inbound"
    for host in ("inbound-smtp..amazonaws.com", "inbound-smtp.a.b.amazonaws.com", "inbound-smtp.amazonaws.com"):
        assert one("a.example", [host]).provider == "other"


def test_a_tenant_keeps_its_name_on_the_landlords_servers():
    assert one("att.net", ["al-ip4-mx-vip1.prodigy.net", "mta5.am0.yahoodns.net"]).provider == "yahoo_partner_hosted"
    assert one("cox.net", ["cxr.mx.a.cloudfilter.net"]).provider == "cox"
    assert one("cox.net", ["mta5.am0.yahoodns.net"]).provider == "cox"
    assert one("cox.net", ["cox.mail.protection.outlook.com"]).provider == "microsoft_365"


@pytest.mark.parametrize("null", ["", ".", " . "])
def test_a_null_mx_takes_no_mail_even_where_the_list_knows_better(null):
    match = one("gmail.com", [null])
    assert (match.provider, match.group, match.how) == ("other", "other", "mx")
    assert "RFC 7505" in match.evidence


def test_no_mx_record_leaves_it_to_the_list():
    assert (one("gmail.com", []).provider, one("gmail.com", []).how) == ("gmail", "domain")
    assert one("a.example", []).how == "none"


def test_subdomains_match_only_where_the_record_says_so():
    assert one("mail.gmail.com").provider == "other"
    assert one("nc.rr.com").provider == "charter_spectrum"
    assert one("a.b.rr.com").provider == "charter_spectrum"
    assert one("xrr.com").provider == "other"


def test_microsoft_can_share_one_clock():
    apart = classify(["hotmail.com", "acme.example"], mx={"acme.example": ["acme.mail.protection.outlook.com"]})
    assert [m.group for m in apart.values()] == ["microsoft_consumer", "microsoft_365"]
    shared = classify(
        ["hotmail.com", "acme.example", "gmail.com"],
        mx={"acme.example": ["acme.mail.protection.outlook.com"]},
        microsoft_shared=True,
    )
    assert [m.group for m in shared.values()] == ["microsoft", "microsoft", "google"]
    assert [m.provider for m in shared.values()] == ["microsoft_consumer", "microsoft_365", "gmail"]


def test_spellings_of_domains_and_answers_meet():
    found = classify(["ACME.example.", " acme.example"], mx={"Acme.Example": ["ASPMX.L.GOOGLE.COM."]})
    assert {m.provider for m in found.values()} == {"google_workspace"}
    assert set(found) == {"ACME.example.", " acme.example"}
    assert {m.domain for m in found.values()} == {"acme.example"}
    idn = classify(["bücher.example"], mx={"xn--bcher-kva.example": ["mx.zoho.eu"]})
    assert idn["bücher.example"].provider == "zoho"


def test_the_package_offers_it():
    assert warmup.classify(["gmail.com"])["gmail.com"].group == "google"


@given(
    st.lists(st.text(max_size=80)), st.dictionaries(st.text(max_size=40), st.lists(st.text(max_size=80), max_size=5))
)
def test_hostile_names_are_answered_not_followed(domains, mx):
    found = classify([*domains, *mx], mx=mx)
    assert set(found) == {*domains, *mx}
    assert all(m.group in KNOWN.groups for m in found.values())


def test_two_hundred_thousand_domains_in_seconds():
    domains = [f"d{n}.example" for n in range(200_000)]
    tenants = {d: [f"{d.replace('.', '-')}.mail.protection.outlook.com"] for d in domains[::3]}
    google = {d: ["aspmx.l.google.com", "alt1.aspmx.l.google.com", "aspmx2.googlemail.com"] for d in domains[1::3]}
    own = {d: [f"mx1.{d}", f"mx2.{d}"] for d in domains[2::3]}
    start = time.process_time()
    found = classify(domains, mx={**tenants, **google, **own})
    took = time.process_time() - start
    assert len(found) == 200_000
    assert {m.provider for m in found.values()} == {"microsoft_365", "google_workspace", "other"}
    assert took < 20  # usually two or three; the bound only catches work that grows with the catalogue
