"""Which nodes of a run may be worked on at once."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection, Hashable, Mapping, Sequence

from t4t_core.checks.query import Node
from t4t_core.resolution import Key


class Schedule:
    """The nodes of a run, each given out once, after those that come before it have ended.

    Of nodes that may begin, the first in the run's order is given first; so one after the other
    they come in that order.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        before: Mapping[Key, Collection[Key]],
        alone: Collection[Key] = (),
        claims: Mapping[Key, Collection[Hashable]] | None = None,
    ) -> None:
        """Nothing is given out yet.

        Args:
            nodes: In the order of a run of one after the other.
            before: For each node, which others end before it begins; they stand before it.
            alone: The nodes beside which nothing else is worked on. What comes before one in the
                run's order has ended by then, and what comes after it has not begun.
            claims: What a node may make in the database that others may make too. Two that may
                make the same are not worked on at once until it is made.
        """
        self._nodes = nodes
        self._place = {node.name.key: at for at, node in enumerate(nodes)}
        self._alone = deque(sorted(self._place[key] for key in alone))
        self._claims = {key: set(things) for key, things in (claims or {}).items()}
        self._made: set[Hashable] = set()
        self._claimed: set[Hashable] = set()
        self._waits = {key: len(before[key]) for key in self._place}
        self._after: dict[Key, list[Key]] = {key: [] for key in self._place}
        for key in self._place:
            for other in before[key]:
                self._after[other].append(key)
        self._ready: list[int] = []
        self._running: set[Key] = set()
        self._ended = 0
        for key, count in self._waits.items():
            if not count:
                heapq.heappush(self._ready, self._place[key])

    def next(self) -> Node | None:
        """The next node to begin; None where one that runs must end first, or all have begun."""
        at = self._first_free()
        if self._alone and self._alone[0] == self._ended and not self._running:
            at = heapq.heappop(self._ready)
        if at is None:
            return None
        node = self._nodes[at]
        self._running.add(node.name.key)
        self._claimed |= self._claims_of(node.name.key)
        return node

    def is_alone(self, node: Node) -> bool:
        """Whether nothing else is worked on beside a node."""
        return bool(self._alone) and self._place[node.name.key] == self._alone[0]

    def end(self, node: Node, *, has_made: bool) -> None:
        """Takes into account that a node has ended.

        Args:
            node: It was given out before.
            has_made: What it claims is in the database now.
        """
        key = node.name.key
        self._running.remove(key)
        self._ended += 1
        if self.is_alone(node):
            self._alone.popleft()
        claims = self._claims_of(key)
        self._claimed -= claims
        if has_made:
            self._made |= claims
        for other in self._after[key]:
            self._waits[other] -= 1
            if not self._waits[other]:
                heapq.heappush(self._ready, self._place[other])

    def _first_free(self) -> int | None:
        """The first that may begin now beside others, taken out."""
        found: int | None = None
        held: list[int] = []
        end = self._alone[0] if self._alone else len(self._nodes)
        while self._ready and self._ready[0] < end and found is None:
            at = heapq.heappop(self._ready)
            if self._claims_of(self._nodes[at].name.key) & self._claimed:
                held.append(at)
            else:
                found = at
        for at in held:
            heapq.heappush(self._ready, at)
        return found

    def _claims_of(self, key: Key) -> set[Hashable]:
        return self._claims.get(key, set()) - self._made
