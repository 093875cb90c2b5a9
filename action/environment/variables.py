"""The variables by which programs learn of a proxy and of whom to trust: how a machine reaches the network."""

from __future__ import annotations

PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
CERTIFICATES = "SSL_CERT_FILE"
