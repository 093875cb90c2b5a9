"""The variables by which programs learn of a proxy: part of how a machine reaches the network at all."""

from __future__ import annotations

PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
