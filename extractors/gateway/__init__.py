"""The outbound gateway: every byte that leaves, leaves here.

`asking` decides what may be asked and how often, `wire` speaks HTTP to addresses that `network` let through, `body`
reads what comes back within its limits, `retrying`, `breaker` and `pace` spare the server.
"""

from extractors.gateway.answers import LANES, MOST_LANES, Answer, Credential, Limits, Proof
from extractors.gateway.asking import Asked, Gateway
from extractors.gateway.network import Network
from extractors.gateway.pace import USUAL_RATE, Pace
from extractors.gateway.retrying import ONCE, Patience

__all__ = [
    "LANES",
    "MOST_LANES",
    "ONCE",
    "USUAL_RATE",
    "Answer",
    "Asked",
    "Credential",
    "Gateway",
    "Limits",
    "Network",
    "Pace",
    "Patience",
    "Proof",
]
