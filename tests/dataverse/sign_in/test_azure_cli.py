"""The Azure CLI's login, with programs in place of az that answer what a test wants."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
import time_machine

from connector.dataverse import AzureCli, RetryPolicy, TokenRequest
from connector.errors import MalformedAnswer, SettingsError, SignInError
from tests.dataverse.sign_in.signing_in import put_az

ENVIRONMENT = "https://contoso.crm4.dynamics.com"
NOW = datetime.fromisoformat("2026-11-22T10:00:00+00:00")
Install = Callable[[str], Path]


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """Puts a program named az into a folder, and gives the folder."""

    return lambda script: put_az(tmp_path / "bin", script)


@pytest.fixture
def wanted(policy: RetryPolicy) -> TokenRequest:
    return TokenRequest(ENVIRONMENT, retry=policy)


def answering(**answer: object) -> str:
    return f"print({json.dumps(json.dumps(answer))})"


def test_az_is_asked_for_the_environments_token(
    install: Install, wanted: TokenRequest, tmp_path: Path
) -> None:
    """The resource is the environment's origin, the tenant is passed on, and no shell reads them."""
    script = f"""
        open({str(tmp_path / "arguments")!r}, "w").write(json.dumps(sys.argv[1:]))
        print(json.dumps({{"accessToken": "the-token", "expires_on": 4102444800}}))
    """
    folder = install(script)
    assert AzureCli(str(folder), tenant_id="contoso.example").token(wanted) == "the-token"
    asked = json.loads((tmp_path / "arguments").read_text())
    assert asked == [
        "account", "get-access-token", "--resource", ENVIRONMENT, "--output", "json",
        "--tenant", "contoso.example",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "life",
    [
        {"expires_on": int(NOW.timestamp()) + 3600},
        {"expires_on": str(int(NOW.timestamp()) + 3600)},
        {"expiresOn": NOW.astimezone().replace(tzinfo=None).isoformat(" ").replace("00:00", "59:30")},
    ],
)
def test_a_token_of_az_is_kept_until_shortly_before_its_end(
    install: Install, wanted: TokenRequest, tmp_path: Path, life: dict[str, object]
) -> None:
    """az is started once for as long as its token lives, whether it says so in seconds or in local time."""
    log = tmp_path / "calls"
    script = f"open({str(log)!r}, 'a').write('x')\n" + answering(accessToken="t", **life)
    source = AzureCli(str(install(script)))
    with time_machine.travel(NOW, tick=False) as clock:
        source.token(wanted)
        clock.shift(3200)
        source.token(wanted)
        assert log.read_text() == "x"
        clock.shift(200)
        source.token(wanted)
        assert log.read_text() == "xx"


def test_a_refused_token_is_asked_for_again(install: Install, wanted: TokenRequest, tmp_path: Path) -> None:
    """After the environment has refused the token az is asked anew."""
    log = tmp_path / "calls"
    script = f"open({str(log)!r}, 'a').write('x')\n" + answering(accessToken="t", expires_on=4102444800)
    source = AzureCli(str(install(script)))
    source.token(wanted)
    source.forget()
    source.token(wanted)
    assert log.read_text() == "xx"


@pytest.mark.parametrize(
    "output", ["print('rubbish s3cret')", "print('[]')", "print('{}')", "print('{\"accessToken\": 3}')", ""]
)
def test_an_az_that_prints_rubbish_is_said_to(install: Install, wanted: TokenRequest, output: str) -> None:
    """What is no token is named as that, and not shown."""
    with pytest.raises(MalformedAnswer, match="something that is no token") as caught:
        AzureCli(str(install(output))).token(wanted)
    assert "s3cret" not in str(caught.value)


def test_an_empty_token_is_none(install: Install, wanted: TokenRequest) -> None:
    """An empty text is not handed on as a token."""
    with pytest.raises(MalformedAnswer, match="no token"):
        AzureCli(str(install(answering(accessToken="", expires_on=4102444800)))).token(wanted)


@pytest.mark.parametrize(
    ("complaint", "message", "hint"),
    [
        ("ERROR: Please run 'az login' to setup account.", "Nobody is logged in", "az login"),
        ("ERROR: AADSTS50020 s3cret", "gave no token", "az login"),
    ],
)
def test_an_az_that_fails_says_what_to_do(
    install: Install, wanted: TokenRequest, complaint: str, message: str, hint: str
) -> None:
    """Not being logged in is told apart; other complaints of az are not repeated."""
    script = f"sys.stderr.write({complaint!r}); sys.exit(1)"
    with pytest.raises(SignInError, match=message) as caught:
        AzureCli(str(install(script))).token(wanted)
    assert hint in caught.value.hint
    assert "s3cret" not in str(caught.value)


def test_an_az_that_never_answers_is_ended(install: Install, wanted: TokenRequest) -> None:
    """After its time az is stopped, also where it has started another program that keeps the pipe."""
    child = "import threading; threading.Event().wait(10)"
    waiting = f"import subprocess; subprocess.run([sys.executable, '-c', {child!r}])"
    with pytest.raises(SignInError, match="no answer within"):
        AzureCli(str(install(waiting)), timeout_s=0.5).token(wanted)


def test_without_az_it_is_said_to_be_missing(wanted: TokenRequest, tmp_path: Path) -> None:
    """A machine without the Azure CLI gets the way out."""
    with pytest.raises(SettingsError, match="is not installed") as caught:
        AzureCli(str(tmp_path)).token(wanted)
    assert "PROJOPS_SIGN_IN" in caught.value.hint


def test_an_az_of_the_working_directory_is_not_run(
    install: Install, wanted: TokenRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only absolute folders of PATH count: an az that came with a repository stays where it is."""
    folder = install(answering(accessToken="stolen", expires_on=4102444800))
    monkeypatch.chdir(folder)
    with pytest.raises(SettingsError, match="is not installed"):
        AzureCli(os.pathsep.join((".", "", "bin"))).token(wanted)


@pytest.mark.parametrize("tenant", ["a b", "--output", "x;calc", "../x"])
def test_what_cannot_be_a_tenant_is_not_passed_on(
    install: Install, wanted: TokenRequest, tenant: str
) -> None:
    """A tenant becomes an argument, so it may not look like an option or a path."""
    folder = install(answering(accessToken="t", expires_on=4102444800))
    with pytest.raises(SignInError, match="is not a tenant"):
        AzureCli(str(folder), tenant_id=tenant).token(wanted)
