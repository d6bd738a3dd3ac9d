"""What is written for build services, held against the schemas that others have published."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from lxml import etree
from msgspec import structs

from connector.verification.check import Check
from connector.verification.checks import ALL_CHECKS
from connector.verification.examples import HEALTHY, NEVER_PROVISIONED, with_case
from connector.verification.finding import Outcome
from connector.verification.formats.junit import as_junit
from connector.verification.formats.sarif import as_sarif
from connector.verification.gate import Accepted, Gate
from connector.verification.tally import MOST_NAMED
from connector.verification.verify import Report, verify

SCHEMAS = Path(__file__).parent / "schemas"
HOSTILE = "##vso[task.setvariable]\n::set-output name=x::<![CDATA[\x07 ]]> & \u2028"


def failing(check: Check) -> Report:
    """A report on the example in which a check fails, or else on the worst that it has."""
    examples = sorted(check.examples, key=lambda one: one.outcome is not Outcome.FAIL)
    return verify(examples[0].evidence, (check,))


def reports() -> dict[str, Report]:
    contract = HEALTHY.contracts[0]  # type: ignore[index]  # a tuple, in examples
    hostile = replace(contract, contract=replace_name(contract.contract), price_lists=(), invoices=())
    many = replace(contract, lines=(replace(contract.lines[0], schedule=()),) * (MOST_NAMED + 2))
    return {
        "healthy": verify(HEALTHY),
        "never provisioned": verify(NEVER_PROVISIONED),
        "hostile names": verify(replace(HEALTHY, contracts=(hostile,))),
        "more than are named": verify(with_case(lines=many.lines)),
        "allowed": verify(
            replace(HEALTHY, approval_flows=()), gate=Gate(allowed_unknowns={"TRX02": Accepted(HOSTILE)})
        ),
    }


def replace_name(record: Any) -> Any:
    return structs.replace(record, name=HOSTILE)


@pytest.fixture(scope="module")
def sarif() -> jsonschema.protocols.Validator:
    schema = json.loads((SCHEMAS / "sarif-schema-2.1.0.json").read_text("utf-8"))
    return jsonschema.validators.validator_for(schema)(schema)


@pytest.fixture(scope="module")
def junit() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SCHEMAS / "junit-10.xsd"))


@pytest.mark.parametrize("name", reports())
def test_sarif_fits_the_schema_of_oasis(sarif: jsonschema.protocols.Validator, name: str) -> None:
    """Every report as SARIF is valid by the published schema of version 2.1.0."""
    sarif.validate(json.loads("".join(as_sarif(reports()[name], "1.0.0"))))


@pytest.mark.parametrize("name", reports())
def test_junit_fits_the_schema_of_jenkins(junit: etree.XMLSchema, name: str) -> None:
    """Every report as JUnit is valid by the schema that build services read it with."""
    junit.assertValid(etree.fromstring("".join(as_junit(reports()[name])).encode()))


def test_every_check_that_fails_fits_both(
    sarif: jsonschema.protocols.Validator, junit: etree.XMLSchema
) -> None:
    """The words of no check break a format."""
    for check in ALL_CHECKS:
        report = failing(check)
        sarif.validate(json.loads("".join(as_sarif(report, "1.0.0"))))
        junit.assertValid(etree.fromstring("".join(as_junit(report)).encode()))


def test_the_schemas_refuse_what_is_wrong(
    sarif: jsonschema.protocols.Validator, junit: etree.XMLSchema
) -> None:
    """A validation that lets everything through proves nothing."""
    broken = json.loads("".join(as_sarif(verify(HEALTHY), "1.0.0")))
    broken["runs"][0]["tool"]["driver"].pop("name")
    assert not sarif.is_valid(broken)
    assert not junit.validate(etree.fromstring("<testsuites><testcase/></testsuites>"))
