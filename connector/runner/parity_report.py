"""A comparison with the platform for machines, as a stream, and for people, as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connector.model.money import with_digits
from connector.runner.parity import ContractParity, Difference, Score, Verdict
from connector.runner.read_parity import ASSUMED, ParityRun
from connector.runner.report import header_json
from connector.runner.rules_text import rules_in_words
from connector.runner.wording import folded, several, unknown_of, zone_text

EMULATED = "This is an emulator, whose job runs our own plug-ins: the score proves wiring only."


def score_json(score: Score) -> dict[str, Any]:
    share = score.share
    return {
        "on": score.on.isoformat(),
        "equal": score.equal,
        "compared": score.compared,
        "unknown": score.unknown,
        "share": None if share is None else with_digits(share, 2),
    }


class Comparison:
    """A comparison while it is shown; `score` is filled as the contracts stream by."""

    def __init__(self, run: ParityRun, *, is_emulator: bool) -> None:
        self._run = run
        self._is_emulator = is_emulator
        self.score = Score(run.header.on)

    def stream(self) -> Iterator[dict[str, Any]]:
        header = header_json(self._run.header)
        yield {
            "kind": "result",
            "on": header["on"],
            "rules": header["rules"],
            "proves_wiring_only": self._is_emulator,
        }
        for parity in self._counted():
            yield {"kind": "contract", **_parity_json(parity)}
        yield {"kind": "result", "score": score_json(self.score)}

    def text(self) -> Iterator[str]:
        header = self._run.header
        yield from folded(f"The run date {header.on}: what the platform created, beside our plan.")
        yield from folded(f"Days are those of {zone_text(header.zone)}.")
        yield from folded(rules_in_words(header.rules, takes_missed=header.rules.platform_catches_up))
        for sentence in unknown_of(header):
            yield from folded(f"Unknown: {sentence}", hanging="  ")
        yield ""
        is_assuming = False
        for parity in self._counted():
            is_assuming |= ASSUMED in parity.notes
            yield from _parity_text(parity)
        yield ""
        if is_assuming:
            yield from folded(f"Assumed: {ASSUMED}")
        yield from folded(self._score_text())
        if self._is_emulator:
            yield from folded(EMULATED)

    def _counted(self) -> Iterator[ContractParity]:
        for parity in self._run.contracts:
            self.score = self.score.counting(parity)
            yield parity

    def _score_text(self) -> str:
        score = self.score
        if score.share is None:
            known = "Nothing could be compared."
        else:
            known = (
                f"Score: {score.equal} of {several(score.compared, 'contract')} equal "
                f"({with_digits(score.share * 100, 0)} %)."
            )
        return f"{known} {several(score.unknown, 'contract')} not comparable." if score.unknown else known


def _parity_json(parity: ContractParity) -> dict[str, Any]:
    return {
        "contract": parity.contract,
        "contract_name": parity.contract_name or None,
        "verdict": str(parity.verdict),
        "planned": parity.planned,
        "created": parity.created,
        "differences": [_difference_json(one) for one in parity.differences],
        "notes": list(parity.notes),
    }


def _difference_json(one: Difference) -> dict[str, Any]:
    return {
        "aspect": str(one.aspect),
        "rule": one.rule,
        "message": one.message,
        "planned": one.planned or None,
        "created": one.created or None,
    }


_SIGNS = {Verdict.EQUAL: "=", Verdict.DIFFERENT: "!", Verdict.UNKNOWN: "?"}


def _parity_text(parity: ContractParity) -> Iterator[str]:
    name = parity.contract_name or parity.contract
    what = f"{several(parity.created, 'invoice')} created"
    if parity.verdict is not Verdict.UNKNOWN:
        what += f", {parity.planned} planned"
    yield from folded(f"{_SIGNS[parity.verdict]} {name}: {parity.verdict}, {what}", hanging="    ")
    for one in parity.differences:
        sides = [f"planned {one.planned}"] if one.planned else []
        if one.created:
            sides.append(f"created {one.created}")
        text = f"- {one.message} {'; '.join(sides)}".rstrip()
        yield from folded(f"{text} [{one.aspect}, rule {one.rule}]", "    ", "      ")
    for note in (one for one in parity.notes if one != ASSUMED):
        yield from folded(f"Note: {note}", "    ", "      ")
