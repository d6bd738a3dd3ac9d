"""The key that signs id tokens and the tokens of the pipelines that the emulator plays; new at each start."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

ALGORITHM = "RS256"
KEY_ID = "emulator"
_BITS = 2048


class SigningKey:
    """Made when it is first needed: most emulators never sign anything."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._private = b""
        self._public: RSAPublicKey | None = None

    @property
    def public(self) -> RSAPublicKey:
        with self._lock:
            if self._public is None:
                key = generate_private_key(public_exponent=65537, key_size=_BITS)
                self._private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
                self._public = key.public_key()
            return self._public

    def sign(self, claims: Mapping[str, Any]) -> str:
        assert self.public is not None
        return jwt.encode(dict(claims), self._private, algorithm=ALGORITHM, headers={"kid": KEY_ID})

    def key_set(self) -> dict[str, Any]:
        """The public key as a JSON Web Key Set (RFC 7517)."""
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self.public, as_dict=True)
        return {"keys": [{**key, "kid": KEY_ID, "use": "sig", "alg": ALGORITHM}]}
