"""The tables of a plan, from what the engine found (one variant, full detail)."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from warmup.planner.clocks import MEMORY_DAYS, memory
from warmup.planner.cohorts import moved_back, thresholds
from warmup.planner.destinations import NO_LIMIT, Destinations, Part, sending_days
from warmup.planner.engine import KEEP_WARM_DAYS, Run
from warmup.planner.plan import LIMITS
from warmup.planner.result import CONTROL, MAIN, RELEASED
from warmup.ramps.growth import WEEKLY_GROWTH

if TYPE_CHECKING:
    from datetime import date

    from warmup.planner.compile import Shape
    from warmup.planner.problem import Ints, Problem
    from warmup.traffic.supply import Supply

_LIMIT_NAMES = np.array([*LIMITS, ""], dtype=object)


class Tables:
    """Builds every table of a plan; each is made when it is first asked for."""

    def __init__(self, problem: Problem, run: Run, supply: Supply, shape: Shape) -> None:
        self.p = problem
        self.run = run
        self.supply = supply
        self.shape = shape
        self.dates = np.array(supply.dates, dtype=object)
        self._pool_of = np.array([stream.pool for stream in problem.streams])
        self._groups_of = [
            [g for g, group in enumerate(problem.groups) if group.pool == i] for i in range(len(problem.pools))
        ]
        self._spread = problem.spread[0]
        self._send_day = sending_days(run)

    @cached_property
    def parts(self) -> list[Part]:
        """Where every message of every day of origin goes; sums to the supply."""
        return Destinations(self.p, self.run, self.supply, self.shape.small[self._pool_of]).parts()

    # -- tables ---------------------------------------------------------------------------------------------------

    @cached_property
    def messages(self) -> pd.DataFrame:
        """``date, origin, destination, pool, ip_group, provider, stream, tier, messages, limit``."""
        frames = []
        for part in self.parts:
            o, s, p, k = np.nonzero(part.messages)
            day = part.day[o, s]
            group = self._group_names(part, s)
            frames.append(
                pd.DataFrame(
                    {
                        "date": self.dates[day],
                        "origin": self.dates[o],
                        "destination": part.destination,
                        "pool": np.array(self.p.pools, dtype=object)[self._pool_of[s]],
                        "ip_group": group,
                        "provider": np.array(self.supply.providers, dtype=object)[p],
                        "stream": np.array(self.supply.streams, dtype=object)[s],
                        "tier": np.array(self.supply.tiers, dtype=object)[k],
                        "messages": part.messages[o, s, p, k],
                        "limit": _LIMIT_NAMES[part.limit[o, s, p, k]],
                    }
                )
            )
        columns = [
            "date",
            "origin",
            "destination",
            "pool",
            "ip_group",
            "provider",
            "stream",
            "tier",
            "messages",
            "limit",
        ]
        table = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)
        keys = [name for name in columns if name != "messages"]
        table = pd.DataFrame(table.groupby(keys, as_index=False, sort=False)["messages"].sum())[columns]
        table = table.sort_values(["date", "origin", "stream", "provider", "tier", "destination"], ignore_index=True)
        return _as_days(table)

    def _group_names(self, part: Part, streams: Ints) -> np.ndarray:
        if part.destination != "dedicated":
            return np.full(len(streams), "", dtype=object)
        names = np.array(
            [
                self.p.groups[groups[min(part.j, len(groups) - 1)]].name
                for groups in (self._groups_of[i] for i in self._pool_of)
            ],
            dtype=object,
        )
        return names[streams]

    @cached_property
    def caps(self) -> pd.DataFrame:
        """``date, pool, ip_group, provider, base, cap, sent, limit`` of every clock that has mail."""
        run = self.run
        assert run.base is not None
        assert run.cap is not None
        assert run.sent is not None
        assert run.limit is not None
        used = np.zeros((len(self.p.groups), len(self.p.providers)), dtype=bool)
        mail = self.p.supply[0].sum(axis=(0, 3))  # (S, Q)
        for g, group in enumerate(self.p.groups):
            used[g] = mail[self._pool_of == group.pool].sum(axis=0) > 0
        day = np.repeat(np.arange(self.p.days), int(used.sum()))
        group_of, q = (np.tile(axis, self.p.days) for axis in np.nonzero(used))
        groups = self.p.groups
        table = pd.DataFrame(
            {
                "date": self.dates[day],
                "pool": np.array([self.p.pools[group.pool] for group in groups], dtype=object)[group_of],
                "ip_group": np.array([group.name for group in groups], dtype=object)[group_of],
                "provider": np.array(self.p.providers, dtype=object)[q],
                "base": run.base[day, 0, group_of, q],
                "cap": run.cap[day, 0, group_of, q],
                "sent": run.sent[day, 0, group_of, q],
                "limit": _LIMIT_NAMES[run.limit[day, 0, group_of, q]],
            }
        )
        return _as_days(table)

    @cached_property
    def days(self) -> pd.DataFrame:
        """``date, supply, in_scope, dedicated, overflow, legacy, unplaced, control, kind``, one row a day."""
        per_day = {
            name: np.zeros(self.p.days, dtype=np.int64) for name in ("dedicated", "overflow", "legacy", "unplaced")
        }
        control = np.zeros(self.p.days, dtype=np.int64)
        for part in self.parts:
            amount = part.messages.sum(axis=(2, 3))
            np.add.at(per_day[part.destination], part.day[amount > 0], amount[amount > 0])
            if part.kind == CONTROL:
                np.add.at(control, part.day[amount > 0], amount[amount > 0])
        kinds = np.full(self.p.days, "send", dtype=object)
        for mask, name in (
            (self.p.freeze, "freeze"),
            (self.p.peak, "peak"),
            (self.p.legacy_only, "legacy-only"),
            (self.p.silent, "silent"),
        ):
            kinds[mask] = name
        return _as_days(
            pd.DataFrame(
                {
                    "date": self.dates,
                    "supply": self.supply.messages[0].sum(axis=(1, 2, 3)),
                    "in_scope": self._in_scope(),
                    **per_day,
                    "control": control,
                    "kind": kinds,
                }
            )
        )

    def _in_scope(self) -> Ints:
        """Messages of each day of origin that are to be on dedicated IPs: the released control group among them."""
        main: Ints = self.run.supply_by_pool[0, :, :, 1].sum(axis=1)
        for part in self.parts:
            if part.kind == RELEASED:
                main = main + part.messages.sum(axis=(1, 2, 3))
        return main

    @cached_property
    def sheet(self) -> pd.DataFrame:
        """The day sheet with its thresholds, one row per sending day, send, provider and tier that has mail.

        Small providers have the threshold of the clock they share.
        """
        total = self.supply.messages[0]
        scope, released = np.zeros_like(total), np.zeros_like(total)
        for part in self.parts:
            if part.kind in (MAIN, RELEASED):
                scope = scope + part.messages
            if part.kind == RELEASED and part.destination == "dedicated":
                released = released + part.messages
        held = self._held_share()
        moved = np.zeros_like(total)
        before = np.zeros_like(total)
        frames: list[pd.DataFrame] = []
        for age in range(self._send_day.shape[1]):
            batch = [p for p in self.parts if p.destination == "dedicated" and p.kind == MAIN and p.age == age]
            today = np.asarray(sum((p.messages for p in batch), np.zeros_like(total)))
            moved = moved + today
            freed = released if age == 0 else np.zeros_like(total)
            level = thresholds(self._of_clock(moved + released), self._of_clock(scope), held)
            level = np.maximum(level, before)
            last = self._spread - 1 == age
            back = self._moved_back(level, total) * last[None, :, None, None]
            frames.append(self._sheet_rows(age, total, today + freed, before, level, back))
            before = level
        table = pd.concat(frames, ignore_index=True)
        return _as_days(table.sort_values(["date", "origin", "stream", "provider", "tier"], ignore_index=True))

    def _of_clock(self, messages: Ints) -> Ints:
        """(T, S, P, K) with the sum of all small providers in the place of each.

        They share one clock, so they share one threshold: single messages of theirs would else move somebody back and
        forth from send to send.
        """
        small = self.shape.small[self._pool_of][None, :, :, None]
        total = np.where(small, messages, 0).sum(axis=2, keepdims=True)
        return np.where(small, total, messages)

    def _held_share(self) -> Ints:
        """Ten-thousandths held back per (T, S, P, K)."""
        t = self.p.days
        day = np.arange(t)
        share = self.p.held_share[0].copy()
        released = day >= self.p.release[0]
        kept = np.where((day >= self.p.release[0] + KEEP_WARM_DAYS)[:, None], 0, self.p.kept_share[0])
        share = np.where(released[:, None], np.minimum(kept, share), share)
        providers = len(self.supply.providers)
        small = self.shape.small[self._pool_of]
        by_stream = np.where(small[None], share[:, None, providers:], share[:, None, :providers])
        marketing = np.array([stream.marketing for stream in self.p.streams])
        by_stream = by_stream * marketing[None, :, None]
        return np.broadcast_to(by_stream[..., None], self.supply.messages[0].shape)

    def _moved_back(self, level: Ints, total: Ints) -> Ints:
        """People who move back at a send, against the previous send of the same cell."""
        out = np.zeros_like(total)
        for s in range(total.shape[1]):
            sends = np.flatnonzero(total[:, s].any(axis=(1, 2)))
            has = total[sends, s] > 0
            # A cell without mail that day keeps its level: nobody can move back there.
            kept = level[sends, s].copy()
            for i in range(1, len(sends)):
                kept[i] = np.where(has[i], kept[i], kept[i - 1])
            out[sends, s] = moved_back(kept, total[sends, s])
        return out

    def _sheet_rows(self, age: int, total: Ints, today: Ints, before: Ints, level: Ints, back: Ints) -> pd.DataFrame:
        day = self._send_day[:, age]
        open_ = (self._spread > age)[None, :] & (day >= 0)[:, None]
        o, s, p, k = np.nonzero((total > 0) & open_[:, :, None, None])
        why = self._why()
        return pd.DataFrame(
            {
                "date": self.dates[day[o]],
                "origin": self.dates[o],
                "stream": np.array(self.supply.streams, dtype=object)[s],
                "provider": np.array(self.supply.providers, dtype=object)[p],
                "tier": np.array(self.supply.tiers, dtype=object)[k],
                "pool": np.array(self.p.pools, dtype=object)[self._pool_of[s]],
                "supply": total[o, s, p, k],
                "dedicated": today[o, s, p, k],
                "threshold_from": before[o, s, p, k],
                "threshold": level[o, s, p, k],
                "moved_back": back[o, s, p, k],
                "limit": _LIMIT_NAMES[why[o, s, p, k]],
            }
        )

    def _why(self) -> Ints:
        """Why a send is not wholly on dedicated IPs, (T, S, P, K): the limit that takes precedence.

        For small providers that of the clock they share, which sets their threshold.
        """
        why = np.full(self.supply.messages[0].shape, NO_LIMIT)
        for part in self.parts:
            if part.destination != "dedicated":
                why = np.where(part.messages > 0, np.minimum(why, part.limit), why)
        small = self.shape.small[self._pool_of][None, :, :, None]
        first = np.where(small, why, NO_LIMIT).min(axis=2, keepdims=True)
        return np.where(small, first, why)

    @cached_property
    def rollback(self) -> pd.DataFrame:
        """``date, provider, legacy_base, supply_next, can_carry``: could legacy carry the provider tomorrow?

        A warm IP takes up to 30 % more than it is warm for (the growth of a week: Adobe), so the ordinary variation
        between two sends does not cut the way back.
        """
        supply = self.supply.messages[0].sum(axis=(1, 3))  # (T, P)
        legacy = np.zeros_like(supply)
        for part in self.parts:
            if part.destination == "legacy":
                for s in range(len(self.p.streams)):
                    here = part.day[:, s] >= 0
                    np.add.at(legacy, part.day[here, s], part.messages[here, s].sum(axis=2))
        past = self.supply.legacy_daily
        if not past.size:
            past = np.zeros((0, supply.shape[1]))
        series = np.concatenate([past, legacy.astype(np.float64)])
        t, providers = supply.shape
        base = np.zeros((t, providers))
        for lag in range(1, MEMORY_DAYS):
            shifted = np.zeros((t, providers))
            rows = np.arange(t) + len(past) + 1 - lag  # seen on the evening of a day, for tomorrow
            known = rows >= 0
            shifted[known] = series[rows[known]]
            base = np.maximum(base, shifted * memory(np.array(float(lag))))
        following = np.concatenate([supply[1:], supply[-1:]])
        alive = np.arange(1, t + 1) <= self.p.legacy_until[0]
        # What comes back joins what legacy carries that day anyway.
        tomorrow = np.concatenate([legacy[1:], legacy[-1:]])
        room = tomorrow.sum(axis=1, keepdims=True) + following - tomorrow <= self.p.legacy_capacity[0]
        day, p = np.divmod(np.arange(t * providers), providers)
        table = pd.DataFrame(
            {
                "date": self.dates[day],
                "provider": np.array(self.supply.providers, dtype=object)[p],
                "legacy_base": base[day, p],
                "supply_next": following[day, p],
                "can_carry": (base * WEEKLY_GROWTH >= following)[day, p] & room[day, p] & alive[day],
            }
        )
        return _as_days(table)

    @cached_property
    def legacy_mix(self) -> pd.DataFrame:
        """``date, over_90_share`` of legacy's marketing mail, on days that have any."""
        if not self.supply.tiered:
            return _as_days(pd.DataFrame({"date": self.dates[:0], "over_90_share": np.zeros(0)}))
        total = np.zeros(self.p.days)
        older = np.zeros(self.p.days)
        marketing = [s for s, stream in enumerate(self.p.streams) if stream.marketing]
        for part in self.parts:
            if part.destination != "legacy":
                continue
            for s in marketing:
                here = part.day[:, s] >= 0
                mail = part.messages[here, s]
                np.add.at(total, part.day[here, s], mail.sum(axis=(1, 2)))
                np.add.at(older, part.day[here, s], mail[:, :, 3:].sum(axis=(1, 2)))
        day = np.flatnonzero(total > 0)
        return _as_days(pd.DataFrame({"date": self.dates[day], "over_90_share": older[day] / total[day]}))

    @cached_property
    def rotation(self) -> pd.DataFrame:
        """``date, pool, provider, pool_cap, equal_rotation_cap`` for pools whose IP groups are unlike."""
        columns = ["date", "pool", "provider", "pool_cap", "equal_rotation_cap"]
        pools = [self.p.pools[i] for i, groups in enumerate(self._groups_of) if len(groups) > 1]
        table = self.caps[self.caps["pool"].isin(pools)]
        if table.empty:
            return _as_days(pd.DataFrame(columns=columns))
        ips = {group.name: int(self.p.ips[0, g]) for g, group in enumerate(self.p.groups)}
        count = table["ip_group"].map(ips)
        table = table.assign(ips=count, per_ip=table["cap"] / count.clip(lower=1))
        grouped = table.groupby(["date", "pool", "provider"], sort=False, as_index=False)
        out = grouped.agg(pool_cap=("cap", "sum"), least=("per_ip", "min"), ips=("ips", "sum"))
        out["equal_rotation_cap"] = np.floor(out["least"] * out["ips"]).astype(np.int64)
        return _as_days(out[columns])

    @cached_property
    def ip_load(self) -> pd.DataFrame:
        """``date, pool, ip_group, ips, messages, per_ip, capacity_per_ip``."""
        run = self.run
        assert run.sent is not None
        sent = run.sent[:, 0].sum(axis=2)  # (T, G)
        t, g = np.divmod(np.arange(sent.size), sent.shape[1])
        ips = self.p.ips[0]
        table = pd.DataFrame(
            {
                "date": self.dates[t],
                "pool": np.array([self.p.pools[group.pool] for group in self.p.groups], dtype=object)[g],
                "ip_group": np.array([group.name for group in self.p.groups], dtype=object)[g],
                "ips": ips[g],
                "messages": sent[t, g],
                "per_ip": sent[t, g] / np.maximum(ips[g], 1),
                "capacity_per_ip": self.p.capacity[0, g] / np.maximum(ips[g], 1),
            }
        )
        return _as_days(table)


def _as_days(table: pd.DataFrame) -> pd.DataFrame:
    """Days as midnight timestamps, which sort, plot and group."""
    for name in ("date", "origin"):
        if name in table:
            table[name] = pd.to_datetime(table[name])
    return table


def first_date(table: pd.DataFrame) -> date | None:
    """The earliest date of a table, None when it is empty."""
    return None if table.empty else table["date"].min().date()
