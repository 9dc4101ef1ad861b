"""The planner's question as a linear programme whose optimum bounds every plan from above (HiGHS)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from warmup.planner.completion import MIN_DAILY, WINDOW_DAYS
from warmup.planner.gates import GATE_DAYS, GATE_SENDING_DAYS
from warmup.planner.problem import NEVER, Problem
from warmup.ramps.growth import Growth

Floats = NDArray[np.float64]


@dataclass
class Programme:
    """A linear programme, written down row by row."""

    cost: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    integer: list[int] = field(default_factory=list)
    rows: list[tuple[float, float, dict[int, float]]] = field(default_factory=list)

    def column(self, upper: float = np.inf, cost: float = 0.0) -> int:
        """A new variable between 0 and ``upper``."""
        self.cost.append(cost)
        self.upper.append(upper)
        return len(self.cost) - 1

    def row(self, terms: dict[int, float], upper: float = np.inf, lower: float = -np.inf) -> None:
        """A constraint."""
        self.rows.append((lower, upper, terms))

    def solve(self, seconds: float | None = None) -> tuple[bool, float, float]:
        """Maximise.

        Returns:
            Whether it is feasible, the best value found, and the relative gap left (integer programmes).
        """
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(self.cost), len(self.rows)
        model.sense_ = highspy.ObjSense.kMaximize
        model.col_cost_ = np.array(self.cost)
        model.col_lower_, model.col_upper_ = np.zeros(len(self.cost)), np.array(self.upper)
        model.row_lower_ = np.array([row[0] for row in self.rows])
        model.row_upper_ = np.array([row[1] for row in self.rows])
        lengths = [len(terms) for _, _, terms in self.rows]
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.concatenate([[0], np.cumsum(lengths)])
        model.a_matrix_.index_ = np.array([column for _, _, terms in self.rows for column in terms])
        model.a_matrix_.value_ = np.array([value for _, _, terms in self.rows for value in terms.values()])
        if self.integer:
            kinds = np.full(len(self.cost), highspy.HighsVarType.kContinuous)
            kinds[self.integer] = highspy.HighsVarType.kInteger
            model.integrality_ = list(kinds)
        solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("threads", 1)
        if seconds is not None:
            solver.setOptionValue("time_limit", seconds)
        solver.passModel(model)
        solver.run()
        info = solver.getInfo()
        feasible = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        return feasible, float(info.objective_function_value), float(info.mip_gap) if self.integer else 0.0


def growth_lines(growth: Growth, most: float) -> list[tuple[float, float]]:
    """What a day's mail can at most add to a cap, as lines above it for every volume v up to ``most``.

    The cap before was at least v and at least the first level, the cap after is f(v). The least of the lines is the
    least concave function above f(v) - max(v, first level), so that the linear programme allows all that the ladder
    does.
    """
    levels = [level for level in growth.levels if level < most] + [most]
    parts = [np.linspace(low, high, 40) for low, high in zip([0.0, *levels[:-1]], levels, strict=True)]
    v = np.unique(np.concatenate(parts))
    gain = growth.next_level(v, np.ones_like(v)) * 1.0001 - np.maximum(v, growth.levels[0])
    hull: list[int] = []
    for i in range(len(v)):
        while len(hull) > 1 and _below(v, gain, hull[-2], hull[-1], i):
            hull.pop()
        hull.append(i)
    lines = []
    for i, j in pairwise(hull):
        slope = (gain[j] - gain[i]) / (v[j] - v[i])
        lines.append((float(max(slope, 0.0)), float(gain[i] - slope * v[i] if slope > 0 else gain.max())))
    return list(dict.fromkeys(lines))


def _below(x: Floats, y: Floats, a: int, b: int, c: int) -> bool:
    """Whether point b lies below the line from a to c."""
    return bool((y[b] - y[a]) * (x[c] - x[a]) <= (y[c] - y[a]) * (x[b] - x[a]))


class Bound:
    """The linear programme of one variant with one IP group a pool, without ceilings and declared quantities.

    It relaxes the planner's rules: volumes are not whole, nothing is forgotten, every day of a send's window may count
    as a sending day, and a cap grows by what the concave lines allow, though never beyond the level that a sender who
    sends all it may on each of those days would have reached. Whatever the rules allow, it allows.
    """

    def __init__(self, p: Problem) -> None:
        self.p = p
        self.lp = Programme()
        self.sends: dict[tuple[int, int, int], list[int]] = {}  # (origin, stream, provider) -> columns
        self.volume: dict[tuple[int, int, int], dict[int, float]] = {}  # (day, pool, provider) -> terms
        self.older: dict[tuple[int, int, int], dict[int, float]] = {}
        self.identity: dict[tuple[int, int], dict[int, float]] = {}
        self.opens = [self._gates(pool) for pool in range(len(p.pools))]
        self._mail()
        for g in range(len(p.groups)):
            self._capacity(g)
            for q in range(len(p.providers)):
                self._clock(g, q)
        for q in range(len(p.providers)) if p.identity_scale.shape[1] else ():
            ladder = p.ladders[p.identity_ladder[0, 0]]
            terms = [self.identity.get((day, q), {}) for day in range(p.days)]
            self._earn(terms, Growth(ladder), float(p.identity_scale[0, 0, q]), 0)

    def _gates(self, pool: int) -> list[int]:
        """The earliest day on which each gate of a pool can open: its week, six sending days after the one before."""
        p = self.p
        sends = {
            int(day) + wait
            for s, stream in enumerate(p.streams)
            if stream.marketing and stream.pool == pool
            for day in np.flatnonzero(p.supply[0, :, s].any(axis=(1, 2)))
            for wait in range(int(p.spread[0, s]))
        }
        opens = [int(p.start[0, pool])]
        for gate in (1, 2, 3):
            sixth = [*sorted(day for day in sends if day >= opens[-1]), *[NEVER] * GATE_SENDING_DAYS]
            opens.append(max(opens[0] + GATE_DAYS * gate, sixth[GATE_SENDING_DAYS - 1] + 1))
        return opens

    def _mail(self) -> None:
        p = self.p
        for s, stream in enumerate(p.streams):
            tiers = range(len(p.tiers)) if stream.marketing and p.tiers_bind else [-1]
            for origin, q in zip(*p.supply[0, :, s].sum(axis=2).nonzero(), strict=True):
                for k in tiers:
                    cell = p.supply[0, origin, s, q]
                    self._send(int(origin), s, int(q), k, int(cell.sum() if k < 0 else cell[k]))

    def _send(self, origin: int, s: int, q: int, k: int, messages: int) -> None:
        p, stream = self.p, self.p.streams[s]
        gate = 0 if k < 0 else int(p.gates[k])
        columns = []
        for day in range(origin, min(origin + int(p.spread[0, s]), p.days)):
            if day < self.opens[stream.pool][gate]:
                continue
            column = self.lp.column(messages, cost=1.0)
            columns.append(column)
            self.volume.setdefault((day, stream.pool, q), {})[column] = 1.0
            if gate == 3:
                self.older.setdefault((day, stream.pool, q), {})[column] = 1.0
            if stream.identity >= 0:
                self.identity.setdefault((day, q), {})[column] = 1.0
        if len(columns) > 1:
            self.lp.row(dict.fromkeys(columns, 1.0), upper=messages)
        self.sends.setdefault((origin, s, q), []).extend(columns)

    def _capacity(self, g: int) -> None:
        for day in range(self.p.days):
            terms: dict[int, float] = {}
            for q in range(len(self.p.providers)):
                terms |= self.volume.get((day, g, q), {})
            if terms:
                self.lp.row(terms, upper=float(self.p.capacity[0, g]))

    def _clock(self, g: int, q: int) -> None:
        p, days = self.p, range(self.p.days)
        terms = [self.volume.get((day, g, q), {}) for day in days]
        growth = Growth(p.ladders[p.ladder[0, g, q]])
        caps = self._earn(terms, growth, float(p.scale[0, g, q]), int(p.start[0, g]), int(p.floor[0, g, q]))
        if not p.tiers_bind or not caps:
            return
        # Older tiers: at most one step of 15 % of base traffic in two days on which they are sent to. Base traffic is
        # below the cap, and no more than is ever sent on a day.
        most = max(sum(self.lp.upper[column] for column in day) for day in terms)
        allowed: list[int] = []
        for day in days:
            if not (older := self.older.get((day, g, q))):
                continue
            base, step = self.lp.column(most), self.lp.column()
            self.lp.row({base: 1.0, caps[day]: -1.0}, upper=0.0)
            before = {allowed[-2]: -1.0} if len(allowed) > 1 else {}
            self.lp.row({step: 1.0, base: -0.15, **before}, upper=1.0)
            self.lp.row({**older, step: -1.0}, upper=0.0)
            allowed.append(step)

    def _earn(
        self, terms: list[dict[int, float]], growth: Growth, scale: float, start: int, floor: int = 0
    ) -> list[int]:
        """Caps that grow by what was sent the day before; their columns, one a day."""
        if scale <= 0 or not any(terms):
            return []
        most = max(float(sum(self.lp.upper[column] for column in day)) for day in terms)
        lines = growth_lines(growth, max(most / scale, float(growth.levels[0])))
        steps = np.concatenate([[0], np.cumsum([bool(here) for here in terms])])
        caps = [self.lp.column() for _ in terms]
        for day, here in enumerate(terms):
            if here:
                # Whole messages are rounded up.
                self.lp.row({**here, caps[day]: -1.0}, upper=1.0)
            if day <= start:
                self.lp.row({caps[day]: 1.0}, upper=max(float(growth.levels[0]) * scale, floor))
                continue
            if steps[day] < len(growth.levels):  # beyond the ladder only the lines bind
                step = int(steps[day])
                self.lp.row({caps[day]: 1.0}, upper=max(float(growth.levels[step]) * scale, floor) + 3 * step)
            for slope, constant in lines:
                row = {caps[day]: 1.0, caps[day - 1]: -1.0}
                row |= {column: -slope * value for column, value in terms[day - 1].items()}
                # Three messages more, for caps that were rounded up.
                self.lp.row(row, upper=constant * scale + 3 if terms[day - 1] else 0.0)
        return caps

    def most_messages(self) -> float:
        """The most messages that dedicated IPs can carry within the horizon."""
        return self.lp.solve()[1]

    def can_finish(self, day: int) -> bool:
        """Whether anything in the programme is complete on ``day`` (design 4.8)."""
        p = self.p
        sends = [np.flatnonzero(p.supply[0, :, s].any(axis=(1, 2))) for s in range(len(p.streams))]
        end = max(
            day + WINDOW_DAYS - 1, *(here[here >= day][1] if (here >= day).sum() > 1 else NEVER for here in sends)
        )
        if end >= p.days:
            return False
        programme = replace(self.lp, rows=list(self.lp.rows), cost=[0.0] * len(self.lp.cost))
        regular = p.supply[0].sum(axis=(1, 3)).sum(axis=0)
        windows: list[list[tuple[int, int, int]]] = [
            [key for key in self.sends if day <= key[0] <= end and p.streams[key[1]].pool == pool]
            for pool in range(len(p.pools))
        ]
        windows += [
            [key for key in self.sends if day <= key[0] <= end and key[2] == q]
            for q in np.flatnonzero(regular >= MIN_DAILY * p.days)
        ]
        for keys in windows:
            wanted = 0.995 * sum(int(p.supply[0, o, s, q].sum()) for o, s, q in keys)
            programme.row({c: 1.0 for key in keys for c in self.sends[key]}, lower=wanted)
        return programme.solve()[0]

    def earliest_finish(self) -> int:
        """No plan can be complete before this day."""
        low, high = 0, self.p.days
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self.can_finish(middle) else (middle + 1, high)
        return low
