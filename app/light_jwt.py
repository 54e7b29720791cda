"""Where the JWT libraries are first imported: without `cryptography`, which they load wherever it is installed.

Our tokens are HS256, which needs none of it; web push does, in work after the answer. Imported here, it would slow
every cold start (docs/decisions/0016).
"""

from __future__ import annotations

import sys

_NAME = "cryptography"
_ours = _NAME not in sys.modules
if _ours:
    sys.modules[_NAME] = None  # type: ignore[assignment]  # "Not installed", in the import system's own words.
try:
    from flask_jwt_extended import (
        JWTManager,
        create_access_token,
        create_refresh_token,
        decode_token,
        get_jwt,
        verify_jwt_in_request,
    )
    from flask_jwt_extended.exceptions import CSRFError, JWTExtendedException
    from jwt.exceptions import PyJWTError
finally:
    if _ours:
        del sys.modules[_NAME]

__all__ = [
    "CSRFError",
    "JWTExtendedException",
    "JWTManager",
    "PyJWTError",
    "create_access_token",
    "create_refresh_token",
    "decode_token",
    "get_jwt",
    "verify_jwt_in_request",
]
