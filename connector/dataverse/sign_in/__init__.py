"""Tokens for an environment, one file for each way to get them.

The environment proposes where to sign in; it never decides. A secret, an assertion or a refresh token
goes to a known authority and to nobody else, whichever way is taken.
"""

from connector.dataverse.sign_in.azure_cli import AzureCli
from connector.dataverse.sign_in.azure_pipelines import AzurePipelinesAssertion
from connector.dataverse.sign_in.certificate import ClientCertificate
from connector.dataverse.sign_in.client_secret import ClientSecret
from connector.dataverse.sign_in.device_code import DeviceCode
from connector.dataverse.sign_in.entra import EntraTokens, challenge_of
from connector.dataverse.sign_in.federated import Assertions, FederatedIdentity
from connector.dataverse.sign_in.github import GitHubAssertion
from connector.dataverse.sign_in.interactive import Interactive
from connector.dataverse.sign_in.managed_identity import ManagedIdentity
from connector.dataverse.sign_in.token_cache import TokenCacheFile, can_encrypt
from connector.dataverse.sign_in.token_file import AssertionFile
from connector.dataverse.sign_in.tokens import TokenRequest, TokenSource

__all__ = [
    "AssertionFile",
    "Assertions",
    "AzureCli",
    "AzurePipelinesAssertion",
    "ClientCertificate",
    "ClientSecret",
    "DeviceCode",
    "EntraTokens",
    "FederatedIdentity",
    "GitHubAssertion",
    "Interactive",
    "ManagedIdentity",
    "TokenCacheFile",
    "TokenRequest",
    "TokenSource",
    "can_encrypt",
    "challenge_of",
]
