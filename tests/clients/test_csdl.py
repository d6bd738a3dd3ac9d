"""`$metadata` held against OASIS's schema and read by OASIS's converter, neither of which is ours."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests
from lxml import etree

from connector.emulator.ownership import OpenEmulator
from tests.clients.driving import FOREIGN


@pytest.fixture(scope="session")
def document(clients: Path, plain: OpenEmulator) -> bytes:
    """What the emulator answers, alternate keys included."""
    assert plain.running is not None
    token = plain.running.issuer.issue(plain.client_id)
    url = f"{plain.url}/api/data/v9.2/$metadata"
    answer = requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=30)
    assert answer.headers["Content-Type"] == "application/xml"
    return answer.content


@pytest.fixture(scope="session")
def model(document: bytes, clients: Path) -> dict[str, Any]:
    """The namespace as the converter understood it."""
    done = subprocess.run(
        ["node", str(FOREIGN / "csdl.mjs")],
        input=document,
        env={**os.environ, "CLIENTS": str(clients)},
        capture_output=True,
        timeout=60,
        check=True,
    )
    converted = json.loads(done.stdout)
    assert converted["messages"] == []
    found: dict[str, Any] = converted["model"]["Microsoft.Dynamics.CRM"]
    return found


def test_it_is_valid_by_the_published_schema(document: bytes, clients: Path) -> None:
    """edmx.xsd and edm.xsd of OASIS find nothing to complain about, and do find a mistake."""
    folder = clients / "node" / "node_modules" / "odata-csdl" / "schemas"
    schema = etree.XMLSchema(etree.parse(str(folder / "edmx.xsd")))
    root = etree.fromstring(document)
    assert schema.validate(root), schema.error_log
    broken = etree.fromstring(document.replace(b"<EntityType Name=", b"<EntityType Nome=", 1))
    assert not schema.validate(broken)


def test_every_type_that_is_named_is_there(model: dict[str, Any]) -> None:
    """Properties, navigation, bindings: no reference leads into nothing."""
    types = {name for name, content in model.items() if isinstance(content, dict) and "$Kind" in content}
    for name, content in model.items():
        if not isinstance(content, dict) or content.get("$Kind") != "EntityType":
            continue
        for member, definition in content.items():
            named = definition.get("$Type", "Edm.") if isinstance(definition, dict) else "Edm."
            assert named.startswith("Edm.") or named.rpartition(".")[2] in types, (name, member)
    container = model["System"]
    for name, content in container.items():
        if isinstance(content, dict) and "$Type" in content:
            assert content["$Type"].rpartition(".")[2] in types, name
            for path, target in content.get("$NavigationPropertyBinding", {}).items():
                assert target in container, (name, path)


def test_partners_agree_with_each_other(model: dict[str, Any]) -> None:
    """What a navigation property names as its partner leads back."""
    checked = 0
    for name, content in model.items():
        if not isinstance(content, dict) or content.get("$Kind") != "EntityType":
            continue
        for member, definition in content.items():
            if isinstance(definition, dict) and "$Partner" in definition:
                other = model[definition["$Type"].rpartition(".")[2]][definition["$Partner"]]
                assert other["$Type"].rpartition(".")[2] == name, (name, member)
                checked += 1
    assert checked > 50


def test_keys_types_and_constraints(model: dict[str, Any]) -> None:
    """The primary key, a lookup with what holds it, amounts as decimals."""
    account = model["account"]
    assert account["$Key"] == ["accountid"]
    assert account["creditlimit"]["$Type"] == "Edm.Decimal"
    contact = account["primarycontactid"]
    assert contact["$ReferentialConstraint"] == {"_primarycontactid_value": "contactid"}
    assert account["account_parent_account"]["$Collection"] is True
