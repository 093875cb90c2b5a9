"""Connection pools: one for direct connections, one for each proxy that the environment names."""

from __future__ import annotations

import threading
import urllib.parse
from collections.abc import Callable
from urllib.request import getproxies, proxy_bypass

import urllib3

from action.registry.http.hosts import is_loopback
from action.registry.http.pace import paced_pools
from action.registry.http.response import Timeouts


class Pools:
    """Sends one request, once: no retry, no redirect, no reading ahead. Safe to share between threads."""

    def __init__(self, connections: int, timeouts: Timeouts, clock: Callable[[], float]) -> None:
        self._connections = connections
        self._timeout = urllib3.Timeout(connect=timeouts.connect, read=timeouts.read)
        self._pools = paced_pools(timeouts.slow_after, timeouts.slow_bytes, clock)
        self._proxies = getproxies()
        self._lock = threading.Lock()
        self._managers: dict[str, urllib3.PoolManager] = {}

    def send(self, method: str, url: str, headers: dict[str, str], body: object) -> urllib3.BaseHTTPResponse:
        """Raises urllib3's HTTPError or OSError when no answer came."""
        return self._manager(url).request(
            method,
            url,
            headers=headers,
            body=body,  # type: ignore[arg-type]  # bytes, an iterator or None, as urllib3 accepts
            retries=False,
            redirect=False,
            preload_content=False,
            decode_content=False,
            timeout=self._timeout,
        )

    def _manager(self, url: str) -> urllib3.PoolManager:
        parts = urllib.parse.urlsplit(url)
        proxy = self._proxies.get(parts.scheme, "")
        if proxy and (is_loopback(parts.netloc) or proxy_bypass(parts.netloc)):
            proxy = ""
        with self._lock:
            manager = self._managers.get(proxy)
            if manager is None:
                made = self._through(proxy) if proxy else urllib3.PoolManager(32, maxsize=self._connections)
                made.pool_classes_by_scheme = self._pools
                manager = self._managers[proxy] = made
            return manager

    def _through(self, proxy: str) -> urllib3.ProxyManager:
        parts = urllib.parse.urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        login = ":".join(urllib.parse.unquote(part or "") for part in (parts.username, parts.password))
        headers = urllib3.make_headers(proxy_basic_auth=login) if parts.username else None
        address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        return urllib3.ProxyManager(address, maxsize=self._connections, proxy_headers=headers)
