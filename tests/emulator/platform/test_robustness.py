"""Whatever comes: control endpoint, sign-in and actions answer with a documented refusal, never a 500."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.emulator.ownership import open_emulator
from tests.emulator.platform.world import World

QUICK = settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
PATHS = (
    "clock", "switches", "chains/duplicate", "snapshot", "mark", "reset", "tables", "privileges", "sign-in",
    "applications", "faults", "faults/1", "limits", "requests", "nothing", "../clock", "%2e%2e/clock",
)  # fmt: skip
MEMBERS = [
    "set", "advance_s", "job_shape", "run_duration_s", "purges_after_days", "rules",
    "failing_contracts", "workflow", "tables", "columns", "logical_name", "name", "type", "table",
    "targets", "take", "give", "user", "approves", "approve", "roles", "client_id", "certificate",
    "federated", "issuer", "fault", "kind", "method", "start", "is_on", "requests", "window_s",
    "time_zone", "cut_off",
]  # fmt: skip
WORDS = st.sampled_from(
    [
        "",
        "x",
        "new_x",
        "String",
        "Lookup",
        "account",
        "cut",
        "throttle",
        "steps",
        "2020-10-05T06:00Z",
        "\x00",
        "é" * 9,
    ]
)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | WORDS | st.text(max_size=20)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=4),
    max_leaves=8,
)
BODIES = st.dictionaries(st.sampled_from(MEMBERS), VALUES, max_size=4)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with open_emulator(None, seed="none") as emulator:
        found = World(emulator)
        found.rows("accounts")  # signed in
        yield found
        found.session.close()


@pytest.mark.parametrize("path", PATHS)
@QUICK
@given(method=st.sampled_from(["GET", "POST", "DELETE", "PUT"]), body=BODIES)
def test_the_control_endpoint_refuses_in_words(world: World, path: str, method: str, body: Any) -> None:
    """200 with an object, or 400 with a sentence, 404, 405; the clock can be asked afterwards."""
    content = json.dumps(body)
    answer = world.session.request(method, f"{world.emulator.control_url}/{path}", data=content)
    assert answer.status_code in (200, 400, 404, 405), (method, path, content)
    if answer.status_code == 400:
        assert answer.json()["error"], (method, path, content)
    assert world.session.get(f"{world.emulator.control_url}/clock").status_code == 200


@pytest.mark.parametrize("path", [path for path in PATHS if path != "requests"])
@QUICK
@given(content=st.binary(max_size=200))
def test_bytes_that_are_no_json_are_refused(world: World, path: str, content: bytes) -> None:
    """Raw bytes never get further than the sentence that they are not JSON, or no snapshot."""
    answer = world.session.post(f"{world.emulator.control_url}/{path}", data=content)
    assert answer.status_code in (200, 400, 404, 405), (path, content)


GRANTS = st.sampled_from(
    ["client_credentials", "authorization_code", "refresh_token", "password", "", "\x00",
     "urn:ietf:params:oauth:grant-type:device_code"]
)  # fmt: skip
NAMES_OF_FORMS = [
    "grant_type", "client_id", "client_secret", "scope", "resource", "code", "code_verifier",
    "device_code", "redirect_uri", "refresh_token", "client_assertion", "client_assertion_type",
]  # fmt: skip
FORMS = st.dictionaries(
    st.sampled_from(NAMES_OF_FORMS), GRANTS | st.text(max_size=30), max_size=6,
)  # fmt: skip


@QUICK
@given(form=FORMS, place=st.sampled_from(["token", "devicecode", "authorize", "nothing"]))
def test_sign_in_refuses_in_words(world: World, form: dict[str, str], place: str) -> None:
    """Every form is answered as Entra does: an error in JSON, or a page that is not there."""
    origin = world.emulator.token_url.rpartition("/")[0]
    answer = world.session.post(f"{origin}/{place}", data=form)
    assert answer.status_code < 500, (place, form)


@QUICK
@given(
    body=st.dictionaries(
        st.sampled_from(["EntityId", "InputArguments", "Privileges", "InvoiceSchedules"]), VALUES
    )
)
def test_actions_refuse_in_words(world: World, body: dict[str, Any]) -> None:
    """ExecuteWorkflow, AddPrivilegesRole, the invoice actions: 4xx or 501 with a code."""
    role = world.rows("roles")[0]["roleid"]
    contract = world.create("salesorders", {"name": "x"})
    targets = (
        ("workflows", world.definition("ProcessRunner"), "ExecuteWorkflow"),
        ("roles", role, "AddPrivilegesRole"),
        ("salesorders", contract, "msdyn_createinvoicefrominvoiceschedule"),
        ("salesorders", contract, "msdyn_NewInvoiceContract"),
    )
    for entity_set, id, name in targets:
        path = f"{world.emulator.url}/api/data/v9.2/{entity_set}({id})/Microsoft.Dynamics.CRM.{name}"
        answer = world.session.post(path, data=json.dumps(body), headers={"Content-Type": "application/json"})
        assert answer.status_code < 500 or answer.status_code == 501, (name, body)
        if answer.status_code >= 400:
            assert "code" in answer.json()["error"]


def test_no_file_is_reached_by_a_request(tmp_path: Path) -> None:
    """Names that look like paths are names: beside the state and its companions nothing appears."""
    path = tmp_path / "folder" / "state.db"
    path.parent.mkdir()
    outside = tmp_path / "outside.db"
    with open_emulator(path, seed="none") as emulator:
        world = World(emulator)
        for name in (str(outside), "../outside.db", "file:../outside.db?mode=rwc"):
            world.create("accounts", {"name": name})
            for place in ("tables", "applications", "switches", "snapshot"):
                body = json.dumps({"name": name, "tables": [{"logical_name": name, "columns": []}]})
                world.session.post(f"{emulator.control_url}/{place}", data=body)
            world.request("GET", f"accounts?$filter=name eq '{name}'")
            world.session.get(f"{emulator.control_url}/{name}")
        world.session.close()
    assert {one.name for one in tmp_path.iterdir()} == {"folder"}
    assert {one.name.partition("-")[0] for one in path.parent.iterdir()} == {"state.db"}
