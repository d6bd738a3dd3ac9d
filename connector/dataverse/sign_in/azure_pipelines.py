"""The token that Azure DevOps issues about a service connection, to a pipeline that may use it.

Asked as Microsoft's own identity library does: POST to SYSTEM_OIDCREQUESTURI with api-version 7.1 and
serviceConnectionId, the answer's `oidcToken`.
"""

from __future__ import annotations

from connector.dataverse.sign_in.oidc_request import Pipeline, bearer
from connector.dataverse.sign_in.quietly import quietly
from connector.dataverse.sign_in.tokens import Hidden, TokenRequest
from connector.errors import MalformedAnswer, SettingsError

URL_VARIABLE = "SYSTEM_OIDCREQUESTURI"
TOKEN_VARIABLE = "SYSTEM_ACCESSTOKEN"  # noqa: S105  # the name of a variable
API_VERSION = "7.1"


class AzurePipelinesAssertion:
    """Asks the address in SYSTEM_OIDCREQUESTURI, with the job's System.AccessToken.

    Both belong to the process environment: whoever names the address is sent the access token.
    """

    def __init__(self, request_url: str, access_token: str, service_connection_id: str) -> None:
        self._pipeline = Pipeline(
            "Azure DevOps",
            request_url,
            URL_VARIABLE,
            "Check the service connection's id, that the pipeline may use it, and that it uses workload "
            "identity federation.",
        )
        self._token = Hidden(access_token)
        self._service_connection_id = service_connection_id

    def __repr__(self) -> str:
        return f"AzurePipelinesAssertion({self._service_connection_id!r})"

    def assertion(self, request: TokenRequest) -> str:
        def ask() -> str:
            address = self._pipeline.address(
                **{"api-version": API_VERSION, "serviceConnectionId": self._service_connection_id}
            )
            http = self._pipeline.http(request, address)
            try:
                # A POST as a pipeline's task makes it, without a body; asking twice does no harm.
                answer = http.post(address, headers={**bearer(self._token, TOKEN_VARIABLE), **_NO_PAGE})
            finally:
                http.close()
            return self._pipeline.token_in(answer, "oidcToken")

        if not self._service_connection_id:
            raise SettingsError(
                "The service connection's id is empty.", "Set AZURESUBSCRIPTION_SERVICE_CONNECTION_ID."
            )
        return quietly(
            ask, lambda _: MalformedAnswer("Azure DevOps answered with something that is no token.")
        )


# Otherwise a request that is refused is sent on to a sign-in page for people.
_NO_PAGE = {"X-TFS-FedAuthRedirect": "Suppress"}
