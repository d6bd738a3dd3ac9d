"""The token that GitHub Actions issues about a job with the permission `id-token: write`."""

from __future__ import annotations

from connector.dataverse.sign_in.federated import AUDIENCE
from connector.dataverse.sign_in.oidc_request import Pipeline, bearer
from connector.dataverse.sign_in.quietly import quietly
from connector.dataverse.sign_in.tokens import Hidden, TokenRequest
from connector.errors import MalformedAnswer

URL_VARIABLE = "ACTIONS_ID_TOKEN_REQUEST_URL"
TOKEN_VARIABLE = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"  # noqa: S105  # the name of a variable


class GitHubAssertion:
    """Asks the address in ACTIONS_ID_TOKEN_REQUEST_URL, with the job's own request token.

    Both belong to the process environment: whoever names the address is sent the request token.
    """

    def __init__(self, request_url: str, request_token: str, *, audience: str = AUDIENCE) -> None:
        self._pipeline = Pipeline(
            "GitHub",
            request_url,
            URL_VARIABLE,
            "Give the job `permissions: id-token: write`, and the application a federated credential for "
            "this repository, branch or environment.",
        )
        self._token = Hidden(request_token)
        self._audience = audience

    def __repr__(self) -> str:
        return f"GitHubAssertion(audience={self._audience!r})"

    def assertion(self, request: TokenRequest) -> str:
        def ask() -> str:
            address = self._pipeline.address(audience=self._audience)
            http = self._pipeline.http(request, address)
            try:
                answer = http.get(address, headers=bearer(self._token, TOKEN_VARIABLE))
            finally:
                http.close()
            return self._pipeline.token_in(answer, "value")

        return quietly(ask, lambda _: MalformedAnswer("GitHub answered with something that is no token."))
