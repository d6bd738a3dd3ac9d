"""A preview says on which undocumented choices it rests."""

from __future__ import annotations

import msgspec

from connector.model.invoicing_rules import CutOff, InvoicingRules
from connector.runner.rules_text import ELSEWHERE, OF_THE_JOB, rules_in_words


def test_every_setting_that_decides_what_is_invoiced_is_told_with_its_value() -> None:
    """What is marked S stands beside the result that depends on it: none is forgotten."""
    text = rules_in_words(InvoicingRules(cut_off=CutOff.EXCLUSIVE), takes_missed=True)
    assert "missed run dates taken" in text
    assert "cut_off exclusive" in text
    assert "not_to_exceed_failed unset" in text
    assert "retry_failed false" in text
    for name in msgspec.structs.fields(InvoicingRules):
        is_elsewhere = name.encode_name in {*OF_THE_JOB, *ELSEWHERE}
        assert (f" {name.encode_name} " in text) is not is_elsewhere
