"""The action ExecuteWorkflow: what it wants, and how it refuses."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

import pytest
import requests

from tests.emulator.platform.world import World

CALLER = "ProcessRunCaller"


def execute(world: World, workflow: str, body: Mapping[str, object]) -> requests.Response:
    return world.action("workflows", workflow, "ExecuteWorkflow", body)


def refusal(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"].lower()


def test_a_definition_must_be_activated(bare: World) -> None:
    """A workflow in Draft is refused with 0x80045055."""
    definition, batch_job = bare.definition(CALLER), bare.create_batch_job()
    bare.deactivate(CALLER)
    assert refusal(execute(bare, definition, {"EntityId": batch_job})) == (400, "0x80045055")
    assert bare.jobs() == []


def test_a_definition_must_be_on_demand(bare: World) -> None:
    """A workflow that is not on demand is refused with 0x80045059."""
    definition, batch_job = bare.definition(CALLER), bare.create_batch_job()
    bare.patch("workflows", definition, {"ondemand": False})
    assert refusal(execute(bare, definition, {"EntityId": batch_job})) == (400, "0x80045059")


def test_an_activation_cannot_be_started(bare: World) -> None:
    """The definition's id is wanted, not that of its activation."""
    activation = bare.row("workflows", bare.definition(CALLER))["_activeworkflowid_value"]
    answer = execute(bare, activation, {"EntityId": bare.create_batch_job()})
    assert refusal(answer) == (400, "0x8006040b")


def test_workflow_and_batch_job_must_exist(bare: World) -> None:
    """An id that is none is 404 with 0x80040217, for the workflow as for the record."""
    nobody = str(uuid.uuid4())
    body = {"EntityId": nobody}
    assert refusal(execute(bare, bare.definition(CALLER), body)) == (404, "0x80040217")
    assert refusal(execute(bare, nobody, {"EntityId": bare.create_batch_job()})) == (404, "0x80040217")


@pytest.mark.parametrize("body", [{}, {"EntityId": None}, {"EntityId": "x"}, {"EntityId": 1}, {"Entity": 1}])
def test_the_record_must_be_named_by_its_id(bare: World, body: dict[str, object]) -> None:
    """A missing or malformed EntityId, or another parameter, is 400."""
    assert execute(bare, bare.definition(CALLER), body).status_code == 400


def test_what_the_emulator_does_not_know_is_refused_by_name(bare: World) -> None:
    """A workflow that no plug-in brings and InputArguments are 501, with their names."""
    batch_job = bare.create_batch_job()
    definition = bare.definition("UpdateRoleUtilization")
    with bare.emulator.store.transaction() as tx:
        tx.update("workflow", definition, {"name": "SendReminders"})
    role = execute(bare, definition, {"EntityId": batch_job})
    arguments = execute(bare, bare.definition(CALLER), {"EntityId": batch_job, "InputArguments": {}})
    assert (role.status_code, arguments.status_code) == (501, 501)
    assert "SendReminders" in role.text
    assert "InputArguments" in arguments.text


@pytest.mark.parametrize("privilege", ["prvWorkflowExecution", "prvReadWorkflow", "prvReadmsdyn_batchjob"])
def test_a_start_wants_its_privileges(bare: World, privilege: str) -> None:
    """Without one of the three privileges the start is 403 and names it."""
    batch_job = bare.create_batch_job()
    definition = bare.definition(CALLER)
    bare.emulator.change_privileges({"take": [privilege]})
    answer = execute(bare, definition, {"EntityId": batch_job})
    assert refusal(answer) == (403, "0x80040220")
    assert privilege in answer.text


def test_a_change_set_that_fails_starts_nothing(bare: World) -> None:
    """A start beside a PATCH under an old etag is taken back with it; under the right one it happens."""
    batch_job = bare.create_batch_job()
    definition = bare.definition(CALLER)
    assert "HTTP/1.1 412" in _start_under(bare, batch_job, definition, 'W/"1"').text
    assert bare.jobs() == []
    etag = bare.row("msdyn_batchjobs", batch_job)["@odata.etag"]
    assert "HTTP/1.1 412" not in _start_under(bare, batch_job, definition, etag).text
    assert [row["statuscode"] for row in bare.jobs()] == [10]


def _start_under(world: World, batch_job: str, definition: str, etag: str) -> requests.Response:
    root = "/api/data/v9.2"
    head = "--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
    part = head + "Content-ID: {id}\r\n\r\n"
    lines = [
        "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n",
        part.format(id=1),
        f"PATCH {root}/msdyn_batchjobs({batch_job}) HTTP/1.1\r\nContent-Type: application/json\r\n",
        f'If-Match: {etag}\r\n\r\n{{"msdyn_frequency":0}}\r\n',
        part.format(id=2),
        f"POST {root}/workflows({definition})/Microsoft.Dynamics.CRM.ExecuteWorkflow HTTP/1.1\r\n",
        f'Content-Type: application/json\r\n\r\n{{"EntityId":"{batch_job}"}}\r\n',
        "--c--\r\n--b--\r\n",
    ]
    world.rows("workflows")  # the token is fresh
    return world.session.post(
        f"{world.emulator.url}{root}/$batch",
        data="".join(lines).encode(),
        headers={"Content-Type": "multipart/mixed; boundary=b"},
    )


def test_only_the_owner_activates_a_workflow(bare: World) -> None:
    """Another user's attempt is 403 with 0x8004500b; the owner's changes the state."""
    definition = bare.definition(CALLER)
    values = {"statecode": 0, "statuscode": 1}
    answer = bare.request("PATCH", f"workflows({definition})", values)
    assert refusal(answer) == (403, "0x8004500b")
    with bare.emulator.store.transaction() as tx:
        tx.update("workflow", definition, {"ownerid": bare.user})
    bare.patch("workflows", definition, values)
    assert bare.row("workflows", definition)["statecode"] == 0


def test_an_activation_is_not_deactivated_by_itself(bare: World) -> None:
    """Only definitions are activated and deactivated: 0x8004500e."""
    activation = bare.row("workflows", bare.definition(CALLER))["_activeworkflowid_value"]
    answer = bare.request("PATCH", f"workflows({activation})", {"statecode": 0, "statuscode": 1})
    assert refusal(answer) == (400, "0x8004500e")
