"""A mixture of calls: what providers and callers do on a bad day, all at once."""

import random

from .load import Plan
from .sim import PROVIDERS

# (share, prompt, streamed): streams in many lengths, and all that can go wrong with an answer.
KINDS = [
    (50, "Hello [[sim:chunks n={chunks} delay_ms={delay}]]", True),
    (8, "Hello [[sim:chunks n={chunks} delay_ms={delay}]][[sim:split]]", True),
    (8, "Hello, all at once", False),
    (6, "Hello [[sim:slow_head ms=200]][[sim:chunks n={chunks} delay_ms={delay}]]", True),
    (3, "[[sim:status code=400]]", True),
    (3, "[[sim:status code=429]]", False),
    (3, "[[sim:status code=500]]", True),
    (5, "Hello [[sim:chunks n={chunks} delay_ms={delay}]][[sim:cut after={after}]]", True),
    (5, "Hello [[sim:chunks n={chunks} delay_ms={delay}]][[sim:error_event after={after}]]", True),
    (4, "Hello [[sim:no_usage]]", True),
    (3, "[[sim:huge bytes=200000]]", True),
    (2, "Hello [[sim:cut]]", False),
]
# The share that has much before its prompt, to be written to the cache or read from it, and how many such texts there are.
CACHED, TEXTS = 0.1, 30
# About as long as an ordinary streamed answer is on the wire, head included.
LONGEST_LEAVE = 10_000


class Traffic:
    """Makes plans from a seed, so that a bad day can be had again."""

    def __init__(self, seed: int, delay_ms: int = 150, leaving: float = 0.45):
        self.random, self.delay_ms, self.leaving = random.Random(seed), delay_ms, leaving

    def plan(self) -> Plan:
        pick = self.random
        [(_, prompt, stream)] = pick.choices(KINDS, weights=[kind[0] for kind in KINDS])
        text = prompt.format(chunks=pick.randrange(10, 40), delay=self.delay_ms, after=pick.randrange(1, 6))
        leave_at = None
        if pick.random() < self.leaving:
            leave_at = 0 if pick.random() < 0.2 else pick.randrange(1, LONGEST_LEAVE)
        provider, reset = pick.choice(PROVIDERS), pick.random() < 0.5
        more = self._cached(provider, text) if pick.random() < CACHED else {}
        return Plan(provider, text, stream, leave_at, reset=reset, more=more)

    def _cached(self, provider: str, prompt: str) -> dict:
        """OpenAI caches what is long, Anthropic what is marked, for as long as that says."""
        text = f"Text number {self.random.randrange(TEXTS)} of the house, which is long enough to be cached. " * 70
        if provider == "openai":
            return {"messages": [{"role": "system", "content": text}, {"role": "user", "content": prompt}]}
        marker = {"type": "ephemeral", "ttl": self.random.choice(["5m", "1h"])}
        return {"system": [{"type": "text", "text": text, "cache_control": marker}]}
