"""curl as a client: the requests of Microsoft's documentation, typed by hand."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connector.emulator.ownership import OpenEmulator


@dataclass(frozen=True)
class Answer:
    """`headers` by their names in small letters."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def id(self) -> str:
        """That of the row that was written."""
        return self.headers["odata-entityid"].rpartition("(")[2].rstrip(")")

    @property
    def refusal(self) -> tuple[int, str]:
        return self.status, self.json["error"]["code"]


@dataclass
class Curl:
    """Each call is a process of its own, as in a shell; `token` is sent once there is one."""

    program: str
    folder: Path
    emulator: OpenEmulator
    token: str = ""

    def __call__(self, address: str, *options: str, body: bytes | dict[str, Any] | None = None) -> Answer:
        url = address if address.startswith("https://") else f"{self.emulator.url}/api/data/v9.2/{address}"
        heads, out = self.folder / "headers.txt", self.folder / "body.txt"
        out.unlink(missing_ok=True)
        command = [
            self.program,
            "--silent",
            "--show-error",
            "--globoff",
            "--noproxy",
            "*",
            "--max-time",
            "60",
        ]
        command += ["--cacert", str(self.emulator.ca_file), "--dump-header", str(heads), "--output", str(out)]
        if self.token:
            command += ["--header", f"Authorization: Bearer {self.token}"]
        if isinstance(body, dict):
            command += ["--header", "Content-Type: application/json"]
            body = json.dumps(body).encode()
        if body is not None:
            command += ["--data-binary", "@-"]
        done = subprocess.run(
            [*command, *options, url],
            input=body or b"",
            capture_output=True,
            check=False,
            env={**os.environ, "HOME": str(self.folder)},
        )
        assert done.returncode == 0, done.stderr.decode()
        return _answer(heads.read_text(encoding="latin-1"), out)

    def rows(self, entity_set: str, **options: str) -> list[dict[str, Any]]:
        """With `--get --data-urlencode`, which spares one from encoding by hand."""
        encoded = [
            word for name, value in options.items() for word in ("--data-urlencode", f"${name}={value}")
        ]
        answer = self(entity_set, "--get", *encoded)
        assert answer.status == 200, answer.text
        found: list[dict[str, Any]] = answer.json["value"]
        return found


def _answer(heads: str, out: Path) -> Answer:
    status, *lines = heads.replace("\r", "").strip().split("\n\n")[-1].split("\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    text = out.read_text(encoding="utf-8-sig") if out.exists() else ""
    return Answer(int(status.split()[1]), headers, text)


@pytest.fixture(scope="module")
def program(request: pytest.FixtureRequest) -> str:
    found = shutil.which("curl")
    if found is None:
        reason = "the program curl is missing: on Debian and Ubuntu `apt-get install curl`"
        if request.config.getoption("require_clients"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture
def stranger(program: str, tmp_path: Path, secure: OpenEmulator) -> Curl:
    """Nobody who has signed in."""
    return Curl(program, tmp_path, secure)


@pytest.fixture
def curl(stranger: Curl) -> Curl:
    """Signed in with the client secret."""
    stranger.token = sign_in(stranger, stranger.emulator.client_secret).json["access_token"]
    return stranger


def sign_in(curl: Curl, secret: str) -> Answer:
    form = {
        "grant_type": "client_credentials",
        "client_id": curl.emulator.client_id,
        "client_secret": secret,
        "scope": f"{curl.emulator.url}/.default",
    }
    encoded = [word for name, value in form.items() for word in ("--data-urlencode", f"{name}={value}")]
    return curl(curl.emulator.token_url, *encoded)


def mark() -> str:
    return uuid.uuid4().hex[:12]


def test_signing_in(stranger: Curl) -> None:
    """The challenge names the authority; a wrong secret is Entra's error; a token opens WhoAmI."""
    challenge = stranger("WhoAmI")
    assert challenge.status == 401
    assert stranger.emulator.authority in challenge.headers["www-authenticate"]
    wrong = sign_in(stranger, "wrong")
    assert (wrong.status, wrong.json["error"], wrong.json["error_codes"]) == (
        401,
        "invalid_client",
        [7000215],
    )
    stranger.token = sign_in(stranger, stranger.emulator.client_secret).json["access_token"]
    user = stranger("WhoAmI").json["UserId"]
    assert stranger(f"systemusers({user})").json["applicationid"] == stranger.emulator.client_id


def test_create_and_conditional_get(curl: Curl) -> None:
    """201 with the row, 304 while it is as it was, 200 once it has changed, 412 for an old etag."""
    name = f"{mark()} O'Neil & Söhne, 50 % + #1"
    made = curl("accounts?$select=name", "--header", "Prefer: return=representation", body={"name": name})
    assert (made.status, made.json["name"]) == (201, name)
    address = f"accounts({made.json['accountid']})?$select=name"
    tag = curl(address).headers["etag"]
    assert curl(address, "--header", f"If-None-Match: {tag}").status == 304
    changed = curl(address.partition("?")[0], "--request", "PATCH", body={"name": "changed"})
    assert changed.status == 204
    assert curl(address, "--header", f"If-None-Match: {tag}").json["name"] == "changed"
    late = curl(address.partition("?")[0], "-X", "PATCH", "-H", f"If-Match: {tag}", body={"name": "late"})
    assert late.refusal == (412, "0x80060882")
    assert curl(address.partition("?")[0], "-X", "DELETE").status == 204
    assert curl(address).refusal == (404, "0x80040217")


def test_upsert(curl: Curl) -> None:
    """By id and by alternate key, create only, update only."""
    id, number = str(uuid.uuid4()), mark()
    for address, name in ((f"accounts({id})", "first"), (f"accounts(accountnumber='{number}')", "second")):
        for change in (name, f"{name} again"):
            assert curl(address, "-X", "PATCH", body={"name": change}).status == 204
            assert curl(f"{address}?$select=name").json["name"] == change
        there = curl(address, "-X", "PATCH", "-H", "If-None-Match: *", body={"name": "no"})
        assert there.status == 412
    missing = curl(f"accounts({uuid.uuid4()})", "-X", "PATCH", "-H", "If-Match: *", body={"name": "no"})
    assert missing.refusal == (404, "0x80040217")


def test_pages(curl: Curl) -> None:
    """The next link is followed as it came, until there is none; filters are encoded by curl."""
    name = f"{mark()} 100 %"
    for number in range(5):
        assert curl("accounts", body={"name": f"{name} {number}"}).status == 204
    filtered = [f"$filter=startswith(name,'{name}')", "$orderby=name desc", "$select=name"]
    encoded = [word for option in filtered for word in ("--data-urlencode", option)]
    page = curl("accounts", "--get", *encoded, "--header", "Prefer: odata.maxpagesize=2").json
    found = [row["name"][-1] for row in page["value"]]
    sizes = [len(page["value"])]
    while "@odata.nextLink" in page:
        page = curl(page["@odata.nextLink"], "--header", "Prefer: odata.maxpagesize=2").json
        found += [row["name"][-1] for row in page["value"]]
        sizes.append(len(page["value"]))
    assert (found, sizes) == (list("43210"), [2, 2, 1])


def batch(*operations: tuple[str, dict[str, Any]]) -> bytes:
    """A change set of POSTs, in the form of Microsoft's examples."""
    parts = "".join(
        "--changeset_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
        f"Content-ID: {number}\r\n\r\nPOST /api/data/v9.2/{path} HTTP/1.1\r\n"
        f"Content-Type: application/json; type=entry\r\n\r\n{json.dumps(content)}\r\n"
        for number, (path, content) in enumerate(operations, 1)
    )
    head = "--batch_1\r\nContent-Type: multipart/mixed; boundary=changeset_1\r\n\r\n"
    return f"{head}{parts}--changeset_1--\r\n--batch_1--\r\n".encode()


def test_a_batch_with_a_change_set(curl: Curl) -> None:
    """All of it with references by content id, or nothing of it."""
    name = mark()
    kind = ("--header", 'Content-Type: multipart/mixed; boundary="batch_1"')
    account = {"name": name, "primarycontactid@odata.bind": "$1"}
    done = curl("$batch", *kind, body=batch(("contacts", {"lastname": name}), ("accounts", account)))
    assert done.status == 200
    assert done.headers["content-type"].startswith("multipart/mixed; boundary=batchresponse_")
    assert (done.text.count("HTTP/1.1 204"), done.text.count("changesetresponse_") > 0) == (2, True)
    (row,) = curl.rows("accounts", filter=f"name eq '{name}'", expand="primarycontactid($select=lastname)")
    assert row["primarycontactid"]["lastname"] == name
    other = mark()
    taken_back = batch(("accounts", {"name": other}), ("accounts", {"name": "x" * 161}))
    failed = curl("$batch", *kind, body=taken_back)
    assert (failed.status, "0x80044331" in failed.text) == (400, True)
    assert curl.rows("accounts", filter=f"name eq '{other}'") == []
