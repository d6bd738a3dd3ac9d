"""Every error that this project raises on purpose, and the exit code that it means.

    ProjopsError                       1   an expected error: a message, a hint, no traceback
    ├── UsageError                     2   an option or argument that cannot be
    ├── Refused                        4   a guard said no
    │   └── Superseded                 4   another worker has taken over what this one was doing
    ├── PartlyDone                     5   some contracts failed, each is named
    ├── SettingsError                  1   a setting is missing or wrong
    ├── PluginError                    1   a plug-in is missing, doubled or malformed
    ├── StateFileError                 1   an emulator file is not ours, or owned by another process
    ├── StateUnusable                  1   the state of runs cannot be read or written
    └── DataverseError                 1
        ├── SignInError                1   no token: wrong secret, tenant, application …
        ├── UntrustedAuthority         1   a secret was about to go to an unknown host
        ├── ForeignOrigin              1   an answer points outside the environment's origin
        ├── Unreachable                1   no connection, no answer, nothing was changed
        ├── OutcomeUnknown             1   a request that cannot be repeated got no answer
        ├── MalformedAnswer            1   an answer that is not what the protocol promises
        └── HttpError                  1   an answer with an error status
            ├── Unauthorized           1   401
            ├── AccessDenied           1   403
            ├── NotFound               1   404
            ├── Conflict               1   412: the record changed, or exists already
            ├── Throttled              1   429 when the budget for waiting is used up
            └── ServerFault            1   5xx when the budget for repeating is used up

Anything else that escapes is a fault in the program: exit 70.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class ProjopsError(Exception):
    """What happened and where (`message`), and what to do about it (`hint`, may be empty)."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()

    def __reduce__(self) -> tuple[Any, ...]:
        """With all its parts, so that an error from another process is the same error."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[ProjopsError], args: tuple[object, ...], parts: Mapping[str, Any]) -> ProjopsError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(parts)
    return error


class UsageError(ProjopsError):
    exit_code = 2


class Refused(ProjopsError):
    """A guard said no, and nothing was changed."""

    exit_code = 4


class Superseded(Refused):
    """A lease was lost: another worker has taken over, and nothing more is written here."""


class PartlyDone(ProjopsError):
    exit_code = 5


class SettingsError(ProjopsError):
    """A setting is missing or wrong; the message names it and where it came from."""


class PluginError(ProjopsError):
    """A plug-in is missing, claimed twice or malformed; the message names the distributions."""


class StateFileError(ProjopsError):
    """An emulator state file that is not ours or that another process owns."""


class StateUnusable(ProjopsError):
    """The state of runs cannot be read or written: a disk that is full, a server that is away."""


class DataverseError(ProjopsError):
    """Anything that went wrong between us and an environment."""


class SignInError(DataverseError):
    """No token was issued. `code` is the service's error word, for example invalid_client."""

    def __init__(self, message: str, hint: str = "", *, code: str = "") -> None:
        super().__init__(message, hint)
        self.code = code


class UntrustedAuthority(DataverseError):
    """A secret was about to be sent to a host that nobody we trust has named."""


class ForeignOrigin(DataverseError):
    """An answer, a next link or a redirect points outside the environment's origin.

    `target` is where it points, scheme and host alone; `origin` is the environment's.
    """

    def __init__(self, message: str, hint: str = "", *, target: str = "", origin: str = "") -> None:
        super().__init__(message, hint)
        self.target = target
        self.origin = origin


class Unreachable(DataverseError):
    """There was no answer, and asking again would be safe.

    `method` and `url` say what was asked, `request_id` is the id that we gave it, `reason` says how the
    answer was lost.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        method: str = "",
        url: str = "",
        request_id: str = "",
        reason: str = "",
    ) -> None:
        super().__init__(message, hint)
        self.method = method
        self.url = url
        self.request_id = request_id
        self.reason = reason


class MalformedAnswer(DataverseError):
    """An answer came that the protocol does not allow."""


class OutcomeUnknown(DataverseError):
    """A request that must not be repeated was sent and its answer was lost.

    `method` and `url` say what was sent, `request_id` is the id that we gave it, `happened` is the
    answer to the caller's own question whether it took effect: None when it could not be told. `sent`
    holds the operations or rows that were in the request; they stand in no message and no repr.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        method: str,
        url: str,
        request_id: str,
        happened: bool | None = None,
    ) -> None:
        super().__init__(message, hint)
        self.method = method
        self.url = url
        self.request_id = request_id
        self.happened = happened
        self.sent: tuple[object, ...] = ()


class HttpError(DataverseError):
    """An answer with an error status.

    `status` is the HTTP status, `code` the service's code as lower-case hex ("0x80040217", empty
    where none was given), `service_message` its text, `request_id` the service's id of the request,
    `retry_after_s` the pause that it asked for in seconds, `member` the number from 1 of the member of a
    change set that failed, None where there is no change set or the answer does not tell.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        status: int,
        code: str = "",
        service_message: str = "",
        request_id: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, hint)
        self.status = status
        self.member: int | None = None
        self.code = code
        self.service_message = service_message
        self.request_id = request_id
        self.retry_after_s = retry_after_s


class Unauthorized(HttpError):
    pass


class AccessDenied(HttpError):
    pass


class NotFound(HttpError):
    pass


class Conflict(HttpError):
    """412: the record is no longer what it was when it was read, or exists already.

    `entity_set` and `id` name the record, `sent_etag` is the version that the write was meant for (None
    for a create). `current` is the record as it was right after the refusal, all columns as they came,
    and `current_etag` its version; both None where there is no such record (`is_gone`), where it could
    not be read, or where nobody looked. `is_gone` is None when that is not known. A create that is refused
    for another key than the id leaves no record under the id: `is_gone` is True then, too.
    """

    entity_set: str = ""
    id: str = ""
    sent_etag: str | None = None
    current: Mapping[str, Any] | None = None
    current_etag: str | None = None
    is_gone: bool | None = None


class Throttled(HttpError):
    pass


class ServerFault(HttpError):
    pass
