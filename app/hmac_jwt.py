"""PyJWT, loaded for HMAC alone: our tokens are HS256, and `create_app` brings this in before all else.

Where cryptography is installed, and web push installs it, PyJWT loads it as soon as it is itself imported, for
algorithms that nobody uses here. That is a tenth of a second of every cold start, a fifth of the whole.
"""

from __future__ import annotations

import importlib
import sys

if "cryptography" not in sys.modules:
    # What import finds to be None it reports as not installed; whoever needs it later imports it as ever.
    sys.modules["cryptography"] = None  # type: ignore[assignment]
    try:
        importlib.import_module("jwt")
    finally:
        del sys.modules["cryptography"]
