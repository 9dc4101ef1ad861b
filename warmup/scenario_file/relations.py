"""Names of a scenario that must fit each other: pools, streams, IPs, mailbox providers, ramps, files."""

from __future__ import annotations

from difflib import get_close_matches
from glob import has_magic, iglob
from typing import TYPE_CHECKING

from warmup.scenario_file.flaws import Flaw, Path, meant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path as FilePath

    from warmup.scenario_file.facts import Facts, PoolFacts, StreamFacts

RESERVED = ("shared", "none")
"""What ``new.overflow`` can say besides the name of a pool."""


def check_relations(facts: Facts, base_dir: FilePath) -> Iterator[Flaw]:
    """Everything that names something which is not there, or is there twice.

    Args:
        facts: The scenario's facts.
        base_dir: Folder that relative paths start from.
    """
    yield from _twice(facts.pools, "pool")
    yield from _twice(facts.streams, "stream")
    yield from _pools(facts)
    yield from _addresses(facts)
    yield from _pool_of_streams(facts)
    yield from _unused_pools(facts)
    yield from _overflow(facts)
    yield from _streams_of_events(facts)
    yield from _histories(facts)
    yield from _files(facts, base_dir)
    yield from _providers(facts)
    yield from _ramp(facts)
    yield from _country(facts)
    yield from _preflight(facts)


def _twice(named: tuple[PoolFacts, ...] | tuple[StreamFacts, ...], kind: str) -> Iterator[Flaw]:
    seen: dict[str, str] = {}
    for one in named:
        if one.name is None:
            continue
        key = one.name.casefold()
        if key in seen:
            what = f'there is already a {kind} "{seen[key]}"' + (" in other capitals" if seen[key] != one.name else "")
            yield Flaw((*one.path, "name"), what, "give each its own name")
        seen.setdefault(key, one.name)


def _pools(facts: Facts) -> Iterator[Flaw]:
    for pool in facts.pools:
        if pool.name in RESERVED:
            what = f'"{pool.name}" is no name for a pool: new.overflow gives it another meaning'
            yield Flaw((*pool.path, "name"), what, "choose another name")
        if pool.none:
            fix = "give ip_count = 1 or more; `warmup size` says whether no dedicated IP would be the better answer"
            yield Flaw((*pool.path, "ip_count"), "a pool without IPs has nothing to warm", fix)


def _addresses(facts: Facts) -> Iterator[Flaw]:
    """One IP has one place: the canonical spelling finds IPv6 addresses written in two ways."""
    seen: dict[str, tuple[Path, PoolFacts]] = {}
    for pool in facts.pools:
        for ip in pool.ips:
            if ip.address is None:
                continue
            if ip.address in seen:
                other = seen[ip.address][1]
                where = "twice in this pool" if other is pool else f'already in the pool "{other.name or "above"}"'
                yield Flaw(ip.path, f"{ip.address} is {where}", "one IP belongs to one pool, once")
            seen.setdefault(ip.address, (ip.path, pool))


def _pool_of_streams(facts: Facts) -> Iterator[Flaw]:
    names = _pool_names(facts)
    for stream in facts.streams:
        path = (*stream.path, "pool")
        if stream.pool is not None and stream.pool not in names and _all_named(facts):
            yield Flaw(path, f'there is no pool "{stream.pool}"', meant(stream.pool, names, others="pools"))
        elif not stream.names_pool and len(facts.pools) > 1:
            yield Flaw(path, "is missing, and there are several pools", f"name one of: {', '.join(names)}")


def _home(stream: StreamFacts, facts: Facts) -> str | None:
    """The pool a stream is sent from; None if that cannot be told."""
    names = _pool_names(facts)
    if stream.names_pool:
        return stream.pool if stream.pool in names else None
    return names[0] if len(facts.pools) == 1 and names else None


def _unused_pools(facts: Facts) -> Iterator[Flaw]:
    """A pool that no stream is sent from; the warm pool that takes the overflow needs none."""
    homes = [_home(stream, facts) for stream in facts.streams]
    if not homes or None in homes:
        return  # what is wrong there is told already, and may well concern this pool
    for pool in facts.pools:
        if pool.name and pool.name not in (*homes, facts.overflow):
            fix = f'give a stream pool = "{pool.name}", or leave the pool out'
            yield Flaw(pool.path, "no stream is sent from this pool", fix)


def _overflow(facts: Facts) -> Iterator[Flaw]:
    target, names = facts.overflow, _pool_names(facts)
    if target is None or target in RESERVED:
        return
    path = ("new", "overflow")
    if target not in names:
        if _all_named(facts):
            yield Flaw(path, f'there is no pool "{target}"', meant(target, [*RESERVED, *names], others="possible"))
        return
    senders = [stream.name or "?" for stream in facts.streams if _home(stream, facts) == target]
    if senders:
        sent = ", ".join(senders[:3])
        what = f'the pool "{target}" is itself warmed by this plan (for {sent}) and cannot take the excess'
        yield Flaw(path, what, 'name a warm pool that no stream is sent from, "shared" or "none"')


def _streams_of_events(facts: Facts) -> Iterator[Flaw]:
    names = [stream.name for stream in facts.streams if stream.name]
    for event in (*facts.peaks, *facts.holidays):
        for word in event.streams:
            if word.text not in names:
                yield Flaw(word.path, f'there is no stream "{word.text}"', meant(word.text, names, others="streams"))


def _histories(facts: Facts) -> Iterator[Flaw]:
    for stream in facts.streams:
        if not stream.names_history and not facts.names_history:
            fix = 'add history = "history.csv" to the stream, or at the top for all streams'
            yield Flaw((*stream.path, "history"), "is missing: nothing says what this stream has sent", fix)


def _files(facts: Facts, base_dir: FilePath) -> Iterator[Flaw]:
    for word in facts.files:
        history = "audience" not in word.path
        try:
            path = base_dir / word.text
            if path.is_file():
                continue
            folder = path.is_dir()
            pattern = history and not folder and has_magic(word.text)
            found = iglob(word.text, root_dir=base_dir) if pattern else ()  # noqa: PTH207 - it may be absolute
            if any((base_dir / name).is_file() for name in found):
                continue
        except (OSError, ValueError) as error:
            yield Flaw(word.path, f'"{word.text}" cannot be opened: {getattr(error, "strerror", None) or error}')
            continue
        if folder and history:
            continue  # a folder of exports is a history
        if pattern:
            yield Flaw(word.path, f'no file fits "{word.text}"', "relative paths start from the scenario's folder")
        elif folder:
            yield Flaw(word.path, f'"{word.text}" is a folder', "name the file in it")
        else:
            yield Flaw(word.path, f'there is no file "{word.text}"', _near_file(path, base_dir))


def _near_file(path: FilePath, base_dir: FilePath) -> str:
    if not path.parent.is_dir():
        return "there is no such folder either; relative paths start from the scenario's folder"
    beside = [one.name for one in path.parent.iterdir() if one.is_file()]
    near = get_close_matches(path.name, beside, n=1, cutoff=0.6)
    if not near:
        return "relative paths start from the scenario's folder"
    shown = path.parent / near[0]
    return f'did you mean "{shown.relative_to(base_dir) if shown.is_relative_to(base_dir) else shown}"?'


def _providers(facts: Facts) -> Iterator[Flaw]:
    if not facts.providers:
        return
    from warmup.providers import catalogue

    known = catalogue()
    for word in facts.providers:
        group = known.provider_of_label(word.text)
        if word.path[-1] == "provider":
            if group is None and word.text not in known.groups:
                fix = meant(word.text, [*known.groups, *known.ids], others="known mailbox providers")
                yield Flaw(word.path, f'"{word.text}" is no mailbox provider we know', fix)
        elif word.text not in known.groups:
            what = f'there is no mailbox provider "{word.text}"'
            fix = f'did you mean "{group}"?' if group else meant(word.text, known.groups, others="known")
            yield Flaw(word.path, what, fix)


def _ramp(facts: Facts) -> Iterator[Flaw]:
    if facts.ramp is None:
        return
    from warmup.ramps import policies, ramps

    path, known = ("policy", "ramp"), ramps()
    if facts.ramp in policies():
        return
    if facts.ramp not in known:
        usable = [*policies(), *(slug for slug, ramp in known.items() if ramp.usable not in ("no", "excerpt"))]
        yield Flaw(path, f'there is no ramp "{facts.ramp}"', meant(facts.ramp, usable, others="to plan with"))
    elif known[facts.ramp].usable in ("no", "excerpt"):
        what = f'"{facts.ramp}" cannot be planned with: {known[facts.ramp].why}'
        yield Flaw(path, what, "choose another; `warmup ramps` lists them")


def _country(facts: Facts) -> Iterator[Flaw]:
    if facts.country is None:
        return
    from holidays import list_supported_countries

    if facts.country not in list_supported_countries():
        what = f'no public holidays are known for "{facts.country}"'
        yield Flaw(("calendar", "holiday_country"), what, "use an ISO 3166 code such as DE, or leave it out")


def _preflight(facts: Facts) -> Iterator[Flaw]:
    if not facts.preflight:
        return
    from warmup.planner.preflight import preflight_keys

    known = preflight_keys()
    for key, value in facts.preflight.items():
        if key not in known:
            yield Flaw(("preflight", key), "there is no such pre-flight item", meant(key, known, others="items"))
        if key == "csa" and value == "not done" and facts.csa_certified:
            what = 'is "not done", but policy.csa_certified is true'
            yield Flaw(("preflight", key), what, "correct one of the two")


def _pool_names(facts: Facts) -> list[str]:
    return list(dict.fromkeys(pool.name for pool in facts.pools if pool.name))


def _all_named(facts: Facts) -> bool:
    """Whether every pool's name could be read: else the one looked for may be among the others."""
    return bool(facts.pools) and all(pool.name for pool in facts.pools)
