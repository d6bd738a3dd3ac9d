"""Tokens that end: renewed by every way, once for all threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import time_machine

from connector.dataverse import (
    ClientSecret,
    DataverseClient,
    DeviceCode,
    ManagedIdentity,
    TokenRequest,
    TokenSource,
)
from connector.dataverse.sign_in import GitHubAssertion
from connector.emulator import RunningEmulator
from connector.emulator.identity import pipelines
from connector.emulator.identity.control import change_sign_in
from connector.emulator.identity.registrations import register_certificate
from connector.errors import ProjopsError, SignInError
from tests.dataverse.sign_in.signing_in import (
    Keys,
    by_device,
    certificate,
    federated,
    interactive,
    trust,
    trusted,
)


def all_flows(emulator: RunningEmulator, keys: Keys, folder: Path, told: list[str]) -> list[TokenSource]:
    with emulator.store.transaction() as tx:
        register_certificate(tx, emulator.client_id, keys.certificate_pem)
    trust(emulator, pipelines.GITHUB, pipelines.GITHUB_SUBJECT)
    url = pipelines.addresses(emulator.issuer)["github_request_url"]
    github = GitHubAssertion(url, pipelines.request_token(emulator.issuer))
    secret = ClientSecret(None, emulator.client_id, emulator.client_secret, trusted=trusted(emulator))
    own = certificate(emulator, folder / "own.pem", keys.pem())
    return [secret, own, federated(emulator, github), by_device(emulator, told), interactive(emulator)]


@pytest.mark.usefixtures("person", "app_service")
def test_every_flow_survives_the_end_of_its_token(
    emulator: RunningEmulator, request_: TokenRequest, keys: Keys, tmp_path: Path, told: list[str]
) -> None:
    """An hour of the emulator's clock ends the token; the next request renews it, whichever way."""
    for source in (*all_flows(emulator, keys, tmp_path, told), ManagedIdentity()):
        with DataverseClient(emulator.url, source, ca_file=emulator.ca_file) as client:
            before = client.who_am_i()
            with emulator.store.transaction() as tx:
                tx.set_now(tx.now.replace(hour=tx.now.hour + 1, minute=30))
            assert client.who_am_i() == before, source
        assert emulator.client_secret not in repr(source)


class CountedIssues:
    """How many tokens the emulator has issued."""

    def __init__(self, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        issue = emulator.issuer.issue

        def counted(client_id: str, user_id: str | None = None) -> str:
            self.count += 1
            return issue(client_id, user_id)

        monkeypatch.setattr(emulator.issuer, "issue", counted)


def at_once(work: Callable[[], object], threads: int = 8) -> None:
    """Run the same in several threads that begin together; raises what one of them raised."""
    barrier = threading.Barrier(threads)
    raised: list[BaseException] = []

    def run() -> None:
        barrier.wait()
        try:
            work()
        except ProjopsError as error:
            raised.append(error)

    running = [threading.Thread(target=run) for _ in range(threads)]
    for each in running:
        each.start()
    for each in running:
        each.join()
    if raised:
        raise raised[0]


def test_many_threads_get_one_token(
    emulator: RunningEmulator, request_: TokenRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight threads that begin together sign in once, and once more when the token is about to expire."""
    counted = CountedIssues(emulator, monkeypatch)
    source = ClientSecret(None, emulator.client_id, emulator.client_secret, trusted=trusted(emulator))
    with time_machine.travel("2026-11-22T10:00:00Z", tick=False) as clock:
        at_once(lambda: source.token(request_))
        assert counted.count == 1
        clock.shift(3590 - 300)
        at_once(lambda: source.token(request_))
        assert counted.count == 1
        clock.shift(10)
        at_once(lambda: source.token(request_))
        assert counted.count == 2


def test_many_threads_that_are_refused_renew_once(
    emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a token ends under eight threads, the first renews and the others take what it got."""
    counted = CountedIssues(emulator, monkeypatch)
    source = ClientSecret(None, emulator.client_id, emulator.client_secret, trusted=trusted(emulator))
    with DataverseClient(emulator.url, source, ca_file=emulator.ca_file) as client:
        client.who_am_i()
        emulator.issuer.expire_all()
        at_once(client.who_am_i)
    assert counted.count == 2


@pytest.mark.usefixtures("person")
def test_many_threads_share_a_failure(emulator: RunningEmulator, request_: TokenRequest) -> None:
    """The person is asked once for all threads that wait, also when the answer is no; later anew."""
    change_sign_in(emulator.issuer, {"approves": False})
    told: list[str] = []
    coming = threading.Semaphore(0)
    refused: list[SignInError] = []

    def decline(sentence: str) -> None:
        told.append(sentence)
        if len(told) == 1:
            for _ in range(8):
                coming.acquire()
        change_sign_in(emulator.issuer, {"decline": emulator.issuer.tickets.waiting()[0].user_code})

    source = DeviceCode(None, emulator.client_id, decline, trusted=trusted(emulator))

    def sign_in() -> None:
        coming.release()
        with pytest.raises(SignInError, match="declined") as caught:
            source.token(request_)
        refused.append(caught.value)

    at_once(sign_in)
    assert (len(refused), len(told)) == (8, 1)
    sign_in()
    assert len(told) == 2
