"""Trouble on request: faults by rule, the service protection limits, and a log of what was received.

    from connector.emulator.trouble import Cut, Rule
    emulator.trouble.add(Rule(fault=Cut(moment="after"), method="PATCH", start=3, times=1))

`rule.py`, `fault.py`, `limits.py` and `meter.py` are values and arithmetic; `injection.py` touches
connections.
"""

from connector.emulator.trouble.fault import Cut, ExpiredToken, Fault, Slow, Sql, Status, Throttle
from connector.emulator.trouble.limits import Limits
from connector.emulator.trouble.received import Received
from connector.emulator.trouble.rule import Rule, parse_rule
from connector.emulator.trouble.rules import Standing
from connector.emulator.trouble.trouble import Trouble

__all__ = [
    "Cut",
    "ExpiredToken",
    "Fault",
    "Limits",
    "Received",
    "Rule",
    "Slow",
    "Sql",
    "Standing",
    "Status",
    "Throttle",
    "Trouble",
    "parse_rule",
]
