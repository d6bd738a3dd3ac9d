"""The clock and the control endpoint."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import requests

from connector.emulator.clock import parse_moment
from connector.errors import UsageError
from tests.emulator.platform.world import World


def control(world: World, path: str, body: Any = None) -> requests.Response:
    """GET without a body, POST with one."""
    url = f"{world.emulator.control_url}/{path}"
    return world.session.request("GET" if body is None else "POST", url, json=body)


def test_the_clock_stands_still_and_is_the_date_of_every_answer(bare: World) -> None:
    """It moves by nothing but the control endpoint, and requests see it in the Date header."""
    before = bare.request("GET", "WhoAmI").headers["Date"]
    assert before == bare.request("GET", "WhoAmI").headers["Date"] == "Sat, 03 Oct 2020 06:00:00 GMT"
    assert control(bare, "clock", {"set": "2020-10-05T08:30+02:00"}).json() == {"now": "2020-10-05T06:30:00Z"}
    assert bare.request("GET", "WhoAmI").headers["Date"] == "Mon, 05 Oct 2020 06:30:00 GMT"
    assert control(bare, "clock", {"advance_s": 90}).json() == {"now": "2020-10-05T06:31:30Z"}
    assert control(bare, "clock").json() == {"now": "2020-10-05T06:31:30Z"}


def test_moving_the_clock_answers_after_the_jobs_have_run(bare: World) -> None:
    """When the POST has answered, all jobs that became due have run."""
    bare.start("ProcessRunCaller", bare.create_batch_job())
    control(bare, "clock", {"advance_s": 3 * 86400})
    assert [row["statuscode"] for row in bare.jobs()] == [30, 30, 30, 30, 10]


@pytest.mark.parametrize(
    "body",
    [
        {"set": "2020-10-02T00:00Z"},
        {"set": "2020-10-03T05:59:59Z"},
        {"set": "2020-10-05"},
        {"set": "tomorrow"},
        {"set": "2999-01-01T00:00Z"},
        {"advance_s": -1},
        {"advance_s": "1"},
        {"advance_s": True},
        {"advance_s": 1e300},
        {"advance_s": 400 * 366 * 86400},
        {"advance_s": 1, "set": "2020-10-05T00:00Z"},
        {"back": 1},
        {},
        [],
    ],
)
def test_a_clock_that_cannot_be_is_refused(bare: World, body: Any) -> None:
    """Setting it back, a time without a zone and other nonsense are 400 with one sentence; it stands."""
    answer = control(bare, "clock", body)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert control(bare, "clock").json() == {"now": "2020-10-03T06:00:00Z"}


def test_moves_of_several_clients_add_up(bare: World) -> None:
    """Who moves the clock on by a span while another does so gets a span of its own."""
    bare.start("ProcessRunCaller", bare.create_batch_job())
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: control(bare, "clock", {"advance_s": 86400}), range(3)))
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert control(bare, "clock").json() == {"now": "2020-10-06T06:00:00Z"}


def test_the_clock_can_be_set_to_where_it_stands(bare: World) -> None:
    """Setting the clock to its own time is no step back."""
    assert control(bare, "clock", {"set": "2020-10-03T06:00Z"}).ok


def test_every_path_wants_the_token(bare: World) -> None:
    """Without the token, or with another one, there is nothing: 404."""
    origin, _, token = bare.emulator.control_url.rpartition("/")
    for path in ("clock", f"{token[:-1]}/clock", "x/clock", ""):
        assert bare.session.get(f"{origin}/{path}").status_code == 404
    assert len(token) >= 40


def test_switches_are_shown_and_turned(bare: World) -> None:
    """The given switches change, the others and the rules stay; unknown ones are refused with the list."""
    before = control(bare, "switches").json()
    assert (before["job_shape"], before["run_duration_s"], before["catches_up"]) == ("jobs", 90, True)
    after = control(bare, "switches", {"job_shape": "steps", "rules": {"cut_off": "exclusive"}}).json()
    assert after == before | {"job_shape": "steps", "rules": before["rules"] | {"cut_off": "exclusive"}}
    for wrong in (
        {"job_shape": "both"},
        {"shape": 1},
        {"rules": {"x": 1}},
        {"run_duration_s": -1},
        {"rules": 1},
    ):
        answer = control(bare, "switches", wrong)
        assert answer.status_code == 400, wrong
    assert control(bare, "switches").json() == after


def test_a_duplicate_chain_wants_a_chain(bare: World) -> None:
    """Without a running workflow there is nothing to double; with one a second job appears."""
    assert control(bare, "chains/duplicate", {}).status_code == 400
    bare.start("ProcessRunCaller", bare.create_batch_job())
    id = control(bare, "chains/duplicate", {}).json()["asyncoperationid"]
    assert [row["asyncoperationid"] for row in bare.jobs()][1] == id
    assert control(bare, "chains/duplicate", {"workflow": "Nonsense"}).status_code == 400


def test_privileges_can_be_taken_and_given_back(bare: World) -> None:
    """RetrieveUserPrivileges shows what the user has; a name that is none is refused."""
    user = bare.user

    def names() -> set[str]:
        path = f"systemusers({user})/Microsoft.Dynamics.CRM.RetrieveUserPrivileges"
        members = bare.request("GET", path).json()["RolePrivileges"]
        assert {member["Depth"] for member in members} == {"Global"}
        return {member["PrivilegeName"] for member in members}

    wanted = {"prvCreatemsdyn_batchjob", "prvReadWorkflow", "prvWorkflowExecution", "prvCreateInvoice"}
    wanted |= {"prvReadOrder", "prvReadAsyncOperation", "prvWriteAsyncOperation", "prvReadmsdyn_actual"}
    before = names()
    assert wanted <= before
    assert control(bare, "privileges", {"take": ["prvCreateInvoice"]}).ok
    assert before - names() == {"prvCreateInvoice"}
    assert control(bare, "privileges", {"give": ["prvCreateInvoice"]}).ok
    assert names() == before
    assert control(bare, "privileges", {"take": ["prvNonsense"]}).status_code == 400


def test_what_is_no_object_is_refused(bare: World) -> None:
    """A body that is not JSON, or no object, is 400; a wrong verb 405."""
    url = f"{bare.emulator.control_url}/switches"
    assert bare.session.post(url, data=b"{").status_code == 400
    assert bare.session.post(url, json=[1]).status_code == 400
    assert bare.session.delete(url).status_code == 405


def test_moments_are_read_with_their_zone() -> None:
    """2020-10-05T06:00Z and an offset are instants; without a zone it is an error."""
    assert parse_moment("2020-10-05T06:00Z") == datetime(2020, 10, 5, 6, tzinfo=UTC)
    east = timezone(timedelta(hours=2))
    assert parse_moment("2020-10-05T06:00+02:00") == datetime(2020, 10, 5, 6, tzinfo=east)
    for text in ("2020-10-05T06:00", "2020-10-05", "", "x"):
        with pytest.raises(UsageError):
            parse_moment(text)
