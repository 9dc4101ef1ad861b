"""Where every message of every day of origin goes: what the engine found, taken apart (one variant, full detail)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from warmup.planner.plan import LIMITS
from warmup.planner.problem import Limit
from warmup.planner.result import CONTROL, MAIN, OUTSIDE, RELEASED
from warmup.planner.shares import shared_out

if TYPE_CHECKING:
    from warmup.planner.problem import Bools, Ints, Problem
    from warmup.planner.result import Run
    from warmup.traffic.supply import Supply

NO_LIMIT = len(LIMITS)
_ELSEWHERE = ("legacy", "overflow", "unplaced")


@dataclass(frozen=True, eq=False)
class Part:
    """One kind of destination of the mail of each day of origin.

    Attributes:
        destination: dedicated, overflow, legacy or unplaced.
        kind: MAIN, CONTROL, OUTSIDE or RELEASED of :mod:`warmup.planner.result`; control mail on dedicated IPs is
            RELEASED.
        j: IP group within the pool, for dedicated.
        age: Sending days between origin and sending, for dedicated mail.
        messages: int (T, S, P, K), by day of *origin*, small providers taken apart; with the engine's Q providers
            until they are.
        day: int (T, S): day of sending; -1 where there is none.
        limit: int, the shape of ``messages``.
    """

    destination: str
    kind: int
    j: int
    age: int
    messages: Ints
    day: Ints
    limit: Ints


def sending_days(run: Run) -> Ints:
    """Day on which mail of each origin has each age, (T, A); -1 where the horizon ends first or nothing is sent."""
    days = np.full(run.origin.shape, -1, dtype=np.int64)
    for age in range(run.origin.shape[1]):
        origin = run.origin[:, age]
        known = origin >= 0
        days[origin[known], age] = np.flatnonzero(known)
    return days


class Destinations:
    """Follows the mail of every day of origin to where it goes.

    Args:
        problem: What was planned.
        run: What the engine found for it, in full detail.
        supply: The supply behind it.
        small: bool (S, P): providers on the small clock of the stream's pool.
    """

    def __init__(self, problem: Problem, run: Run, supply: Supply, small: Bools) -> None:
        self.p = problem
        self.run = run
        self.supply = supply
        self._small = small
        self._spread = problem.spread[0]
        self._send_day = sending_days(run)

    def parts(self) -> list[Part]:
        """Where every message of every day of origin goes; sums to the supply.

        The horizon's last sending day closes every window: mail of a spread send that is still waiting goes where
        there is room that day, and its limit is ``supply``, because nothing but the horizon stops it.
        """
        run = self.run
        assert run.dedicated is not None
        assert run.released is not None
        assert run.parts is not None
        assert run.reason is not None
        raw: list[Part] = []
        t, ages, width = run.dedicated.shape[:3]
        none = np.full((t, *self._clocks(run.reason[:, :, :, 0]).shape[1:]), NO_LIMIT)
        for age in range(ages):
            day = self._send_day[:, age]
            for j in range(width):
                mail = self._at(self._clocks(run.dedicated[:, age, j, :, :, 0]), day)
                raw.append(Part("dedicated", MAIN, j, age, mail, self._by_stream(day), none))
        same_day = self._by_stream(np.where(self.p.silent, -1, np.arange(t)))
        for j in range(width):
            mail = self._clocks(run.released[:, j, :, :, 0])
            raw.append(Part("dedicated", RELEASED, j, 0, mail, same_day, none))
        due = np.stack([self._send_day[:, spread - 1] for spread in self._spread], axis=1)
        sends = np.flatnonzero(self._send_day[:, 0] >= 0)
        if len(sends) and self._spread.max() > 1:
            cut = (due < 0) & (self._send_day[:, :1] >= 0)
            late = (cut | (due == sends[-1])) & (self._spread > 1)
            raw += self._rest(np.where(late, -1, due), same_day)
            raw += self._last_day(raw, int(sends[-1]), late, cut)
        else:
            raw += self._rest(due, same_day)
        return self._taken_apart([item for item in raw if item.messages.any()])

    def _rest(self, due: Ints, same_day: Ints) -> list[Part]:
        """What is not on dedicated IPs, by day of origin."""
        run = self.run
        assert run.parts is not None
        assert run.reason is not None
        reason = self._clocks(run.reason[:, :, :, 0]).astype(np.int64)
        out = []
        for d, destination in enumerate(_ELSEWHERE):
            mail = self._at(self._clocks(run.parts[d, MAIN, :, :, :, 0]), due)
            out.append(Part(destination, MAIN, -1, -1, mail, due, self._at(reason, due)))
            for kind, code in ((CONTROL, Limit.CONTROL), (OUTSIDE, Limit.OUT_OF_SCOPE)):
                mail = self._clocks(run.parts[d, kind, :, :, :, 0])
                out.append(Part(destination, kind, -1, -1, mail, same_day, np.full(mail.shape, int(code))))
            mail = self._clocks(run.parts[d, RELEASED, :, :, :, 0])
            out.append(Part(destination, RELEASED, -1, -1, mail, same_day, reason))
        return out

    def _last_day(self, raw: list[Part], last: int, late: Bools, cut: Bools) -> list[Part]:
        """Mail of several days of origin that leaves on the last sending day, the oldest to legacy first.

        Args:
            raw: All other mail.
            last: The last sending day.
            late: (T, S): sends that must leave on it.
            cut: (T, S): those of them whose window would go on.
        """
        run = self.run
        assert run.parts is not None
        assert run.reason is not None
        left = self.p.supply[0].astype(np.int64) - sum(item.messages for item in raw)
        reason = np.swapaxes(run.reason[last, :, :, 0], 1, 2).astype(np.int64)
        limit = np.where(cut[:, :, None, None], int(Limit.SUPPLY), reason)
        day = self._by_stream(np.full(len(left), last))
        out = []
        for d, destination in enumerate(_ELSEWHERE):
            room = np.swapaxes(run.parts[d, MAIN, last, :, :, 0], 1, 2) * np.any(late, axis=0)[:, None, None]
            mail = np.clip(room - (np.cumsum(left, axis=0) - left), 0, left)
            left = left - mail
            out.append(Part(destination, MAIN, -1, -1, mail, day, limit))
        return out

    def _clocks(self, array: np.ndarray) -> Ints:
        """(T, S, K, Q) of the engine as (T, S, Q, K)."""
        return np.asarray(np.swapaxes(array, 2, 3), dtype=np.int64)

    def _by_stream(self, day: Ints) -> Ints:
        return np.repeat(np.asarray(day)[:, None], len(self.p.streams), axis=1)

    def _at(self, array: Ints, day: Ints) -> Ints:
        """Pick by day of sending, (T,) or (T, S), what belongs to each day of origin; 0 where there is none."""
        if day.ndim == 1:
            day = self._by_stream(day)
        streams = np.arange(array.shape[1])[None, :]
        picked = array[np.maximum(day, 0), streams]
        return np.where((day >= 0)[:, :, None, None], picked, 0)

    def _taken_apart(self, raw: list[Part]) -> list[Part]:
        """Give the small clock's mail back to its providers, in proportion and to the message."""
        providers = len(self.supply.providers)
        left = np.where(self._small[None, :, :, None], self.supply.messages[0], 0)
        out = []
        for part in raw:
            mine = part.messages[:, :, :providers].copy()
            pooled = part.messages[:, :, providers]
            if pooled.any():
                share = np.moveaxis(shared_out(np.moveaxis(left, 2, 3), pooled), 3, 2)
                left = left - share
                mine += share
            codes = np.where(self._small[None, :, :, None], part.limit[:, :, providers:], part.limit[:, :, :providers])
            out.append(replace(part, messages=mine, limit=codes))
        return out
