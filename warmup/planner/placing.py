"""Where mail goes that the dedicated IPs do not carry: legacy, then overflow, else nowhere (design 4.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from warmup.planner.problem import Ints
    from warmup.planner.result import Run


class Flow(NamedTuple):
    """Mail (S, K, B, Q), and the streams that have any; the others need not be looked at."""

    mail: Ints
    streams: tuple[int, ...]

    def total(self) -> Ints:
        """Messages per variant, (B,)."""
        out = np.zeros(self.mail.shape[2], dtype=np.int64)
        for s in self.streams:
            out += self.mail[s].sum(axis=0).sum(axis=1)
        return out


def place(
    day: int, flows: Mapping[int, Flow], legacy: Ints, overflow: Ints, order: Sequence[tuple[int, int]], out: Run
) -> None:
    """Fill legacy, then overflow, with the flows one after the other, and write down what went where.

    Args:
        day: The day of sending.
        flows: Mail by kind (:data:`warmup.planner.result.MAIN` …), those that come first, first.
        legacy: (B,): messages it can take today.
        overflow: (B,): likewise.
        order: (stream, tier) in the order of design 4.5, which says who comes first where there is not room for all.
        out: The result.
    """
    rest = list(flows.values())
    placed: list[list[Flow]] = []
    for room in (legacy, overflow):
        taken, rest = _fill(rest, room, order)
        placed.append(taken)
    out.legacy[:, day] = sum(flow.total() for flow in placed[0])
    out.unplaced[:, day] = sum(flow.total() for flow in rest)
    for d, (target, parts) in enumerate(
        zip((out.to_legacy, out.to_overflow, out.to_none), (*placed, rest), strict=True)
    ):
        if target is not None:
            for s in {s for flow in parts for s in flow.streams}:
                target[day, s] = sum(flow.mail[s] for flow in parts if s in flow.streams)
        if out.parts is not None:
            for kind, flow in zip(flows, parts, strict=True):
                for s in flow.streams:
                    out.parts[d, kind, day, s] = flow.mail[s]


def _fill(flows: list[Flow], room: Ints, order: Sequence[tuple[int, int]]) -> tuple[list[Flow], list[Flow]]:
    """As much of each flow as fits, and the rest of each."""
    taken: list[Flow] = []
    rest: list[Flow] = []
    left = room.copy()
    for flow in flows:
        total = flow.total()
        nothing = Flow(flow.mail, ())
        if (total <= left).all():
            part, remains = flow, nothing
        elif not left.any():
            part, remains, total = nothing, flow, np.zeros_like(total)
        else:
            part = Flow(_in_order(flow.mail, left, order), flow.streams)
            remains, total = Flow(flow.mail - part.mail, flow.streams), part.total()
        left = left - total
        taken.append(part)
        rest.append(remains)
    return taken, rest


def _in_order(mail: Ints, room: Ints, order: Sequence[tuple[int, int]]) -> Ints:
    """Take cell by cell until ``room`` is used up."""
    ordered = np.stack([mail[s, k] for s, k in order], axis=1)
    flat = ordered.reshape(ordered.shape[0], -1)
    before = np.cumsum(flat, axis=1) - flat
    part = np.clip(room[:, None] - before, 0, flat).reshape(ordered.shape)
    result = np.zeros_like(mail)
    for i, (s, k) in enumerate(order):
        result[s, k] = part[:, i]
    return result
