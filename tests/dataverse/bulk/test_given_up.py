"""Bulk work that is given up in the middle: by the keyboard, or by whoever takes no more results."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import pytest
import requests
import responses

from connector.dataverse import Action, DataverseClient
from connector.errors import OutcomeUnknown, ServerFault
from tests.dataverse.bulk.bulk_service import ROOT
from tests.dataverse.bulk.test_bulk import CREATE, IDS, SMALL, TABLE, URL, with_ids
from tests.dataverse.conftest import FixedTokens
from tests.dataverse.pausing import at_a_pause

MINUTES = {"Retry-After": "300"}
PATIENCE_S = 20


@pytest.fixture
def impatient(tokens: FixedTokens) -> Iterator[DataverseClient]:
    """Its pauses are real ones."""
    with DataverseClient(URL, tokens) as client:
        yield client


class Service:
    """Takes the first chunks and refuses, when those are answered, all that follow: for minutes."""

    def __init__(self, mocked: responses.RequestsMock, taken: int) -> None:
        self.sizes: list[int] = []
        self._taken = {id: threading.Event() for id in IDS[: taken * 5 : 5]}
        mocked.add_callback("POST", CREATE, self.answer)

    def answer(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        assert isinstance(request.body, bytes)
        ids = [each["accountid"] for each in json.loads(request.body)["Targets"]]
        self.sizes.append(len(ids))
        if ids[0] in self._taken:
            self._taken[ids[0]].set()
            return 200, {}, json.dumps({"Ids": ids})
        assert all(each.wait(PATIENCE_S) for each in self._taken.values())
        return 429, MINUTES, ""


def are_lanes_gone() -> bool:
    lanes = [each for each in threading.enumerate() if each.name.startswith("bulk")]
    for each in lanes:
        each.join(PATIENCE_S)
    return not any(each.is_alive() for each in lanes)


@pytest.mark.parametrize("how", ["close", "interrupt"])
def test_work_that_is_given_up_ends_its_pauses(
    how: str, impatient: DataverseClient, service: responses.RequestsMock
) -> None:
    """By a loop that is left, or by the keyboard: nobody waits for a limit, nothing more is sent."""
    sent = Service(service, taken=2)
    pausing = threading.Event()
    with at_a_pause(pausing.set):
        results = impatient.create_multiple(TABLE, with_ids(39), chunks=SMALL)
        assert all(next(results).is_done for _ in range(6))
        assert pausing.wait(PATIENCE_S)
        if how == "close":
            results.close()
        else:
            with pytest.raises(KeyboardInterrupt):
                results.throw(KeyboardInterrupt())
    assert are_lanes_gone()
    assert 3 <= len(sent.sizes) <= 8
    assert set(sent.sizes) <= {4, 5}


def test_an_action_in_a_batch_that_broke_is_unknown(
    client: DataverseClient, service: responses.RequestsMock
) -> None:
    """500 for a whole batch says nothing of its operations; the error comes after their results."""
    service.post(f"{ROOT}/$batch", status=500)
    results = client.batch([Action("DoIt")])
    assert next(results).is_unknown
    with pytest.raises(ServerFault):
        next(results)


@pytest.mark.parametrize(
    "loss", [requests.ConnectionError("reset"), requests.ReadTimeout("late"), 408, 502, 504]
)
def test_a_lost_action_is_a_result_of_its_batch(
    client: DataverseClient, service: responses.RequestsMock, loss: Exception | int
) -> None:
    """Unknown, and not repeated; nothing is raised for it, since it says nothing of the others."""
    answer = {"status": loss} if isinstance(loss, int) else {"body": loss}
    service.post(f"{ROOT}/$batch", **answer)
    results = list(client.batch([Action("DoIt"), Action("DoMore")]))
    assert [(each.is_done, each.is_unknown) for each in results] == [(False, True)] * 2
    assert [type(each.error) for each in results] == [OutcomeUnknown] * 2
    assert len(service.calls) == 1
