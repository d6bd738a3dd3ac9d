"""How many requests at the same time, as a value: what each event makes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Tempo:
    """`width` requests may be on their way at once, never more than the service's hint or `ceiling`.

    Before the first hint and the first limit the width grows with every answer, as long as it is in full
    use; after that by one for as many answers as it is wide. A limit halves it, once for all the requests
    that were on their way together: `halvings` counts, and a request is judged by the count that it began
    with. Until `paused_until_s` (seconds of a Clock) nothing is sent at all.
    Source: Microsoft's advice on service protection limits: follow x-ms-dop-hint, ramp up slowly.
    """

    width: int
    ceiling: int
    hint: int | None = None
    streak: int = 0
    halvings: int = 0
    paused_until_s: float = float("-inf")

    @property
    def limit(self) -> int:
        return max(1, min(self.ceiling, self.hint or self.ceiling))

    def hinted(self, hint: int) -> Tempo:
        """The service recommends so many. Where no limit was met so far, that many it is."""
        if hint < 1 or hint == self.hint:
            return self
        told = replace(self, hint=hint)
        return replace(told, width=min(told.limit, told.width) if self.halvings else told.limit)

    def succeeded(self, *, is_full: bool) -> Tempo:
        """An answer that is no limit; `is_full` says that the whole width was on its way."""
        if not is_full or self.width >= self.limit:
            return self
        is_ramping = self.halvings == 0 and self.hint is None
        if is_ramping or self.streak + 1 >= self.width:
            return replace(self, width=self.width + 1, streak=0)
        return replace(self, streak=self.streak + 1)

    def limited(self, *, halvings: int) -> Tempo:
        """A request that began at `halvings` met a limit."""
        if halvings < self.halvings:
            return self
        return replace(self, width=max(1, self.width // 2), streak=0, halvings=self.halvings + 1)

    def paused(self, until_s: float) -> Tempo:
        return self if until_s <= self.paused_until_s else replace(self, paused_until_s=until_s)
