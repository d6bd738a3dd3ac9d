"""Every error number of Entra that is worth a hint has one, and the error's word makes the sentence."""

from __future__ import annotations

import pytest

from connector.dataverse.sign_in.aadsts import HINTS
from connector.dataverse.sign_in.refusals import Proof, refused

# Section by section of Microsoft's list, as far as clients of Dataverse meet it.
WORTH_A_HINT = (
    50034, 51004, 50020, 50055, 50057, 50053, 50126, 50076, 50079, 50074, 50158, 50105, 50011,
    500011, 50001, 650057, 50194, 53000, 53003, 530032, 530035, 65001, 90094, 65004, 65002, 70008,
    700082, 70043, 50173, 70011, 28002, 700022, 70016, 70018, 70019, 700016, 700011, 700025, 700027,
    50012, 50013, 700030, 7000215, 7000218, 7000222, 7000112, 70001, 90002, 90038, 900382, 900432,
    50196, 50033, 50087, 90006, 90012, 90024, 90033, 90055, 90090,
)  # fmt: skip


@pytest.mark.parametrize("number", WORTH_A_HINT)
def test_a_number_has_its_hint(number: int) -> None:
    """The hint is found by the answer's list of codes and, where that is missing, by its text."""
    listed = refused({"error": "x", "error_codes": [number]}, "app", "https://login", Proof.USER)
    told = refused(
        {"error": "x", "error_description": f"AADSTS{number}: y"}, "app", "https://login", Proof.USER
    )
    assert listed.hint == told.hint == HINTS[str(number)]
    assert f"AADSTS{number}" in listed.message


@pytest.mark.parametrize("proof", list(Proof))
def test_the_sentence_names_what_was_shown(proof: Proof) -> None:
    """Nobody is told of a secret who has shown a certificate."""
    error = refused({"error": "invalid_client"}, "app", "https://login", proof)
    assert f"refused the {proof}" in error.message
    assert error.hint
    assert ("secret" in str(error)) is (proof is Proof.SECRET)


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"error": None},
        {"error": "surprise", "error_codes": "no list"},
        {"error": "surprise", "error_codes": []},
        {"error": {"code": "x"}, "error_description": 3},
    ],
)
def test_a_strange_refusal_is_an_error_all_the_same(result: dict[str, object]) -> None:
    """Whatever an authority leaves out, there is a sentence and a way out."""
    error = refused(result, "app", "https://login", Proof.SECRET)
    assert error.message.endswith(".")
    assert error.hint
