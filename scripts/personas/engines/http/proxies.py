"""Which proxy of the environment stands before an address, and what certificates are trusted."""

import fnmatch
import ipaddress
import os
import re
import ssl
import urllib.request
from urllib.parse import SplitResult, urlsplit

from personas.core.errors import UserError

_PORTS = {"http": 80, "https": 443}


def is_here(host: str) -> bool:
    """Tell whether a host is this machine, by its name alone."""
    name = host.lower().rstrip(".")
    address = _address(name)
    if address is not None:
        return address.is_loopback or address.is_unspecified
    return name == "localhost" or name.endswith(".localhost")


def proxy_for(base_url: str) -> str | None:
    """Return the proxy for an address; UserError when the environment names one that cannot be used.

    This machine's own servers have none: it could not reach these, and must not see the key of our engine.
    """
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if is_here(host):
        return None
    proxies = urllib.request.getproxies()
    port = parts.port or _PORTS.get(parts.scheme, 0)
    if _is_left_out(host, port, proxies["no"]) if "no" in proxies else urllib.request.proxy_bypass(host):
        return None
    name = parts.scheme if parts.scheme in proxies else "all"
    proxy = proxies.get(name)
    if proxy is not None:
        _require_usable(proxy, f"{name.upper()}_PROXY")
    return proxy


def trusted_certificates() -> ssl.SSLContext:
    """Return what `huggingface-hub` trusts, which takes a while; UserError where the environment names another."""
    from httpx2 import create_ssl_context  # engines of our own need none

    try:
        return create_ssl_context()
    except (OSError, ssl.SSLError) as error:
        name = next((name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)), None)
        if name is None:
            raise
        why = getattr(error, "reason", None) or error.strerror or str(error)
        raise UserError(
            f"{name}: found {os.environ[name]} ({why}), expected certificates to trust, as PEM."
        ) from None


def _require_usable(proxy: str, name: str) -> None:
    """Raise UserError for what is no HTTP proxy. It may hold a password, so it is not repeated."""
    parts = _split(proxy)
    if parts is None or not parts.scheme or "://" not in proxy:
        raise UserError(f"{name}: found what is no address, expected http://HOST:PORT.")
    if parts.scheme not in ("http", "https"):
        raise UserError(f"{name}: found another kind of proxy, expected one whose address begins http://.")
    if not parts.hostname:
        raise UserError(f"{name}: found an address without a host, expected http://HOST:PORT.")


def _split(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        _ = parts.port  # read only now, and perhaps no number
    except ValueError:
        return None
    return None if re.search(r"\s", address) else parts


def _is_left_out(host: str, port: int, no_proxy: str) -> bool:
    """Tell whether NO_PROXY leaves a host out: by name, suffix, wildcard, address or network, perhaps with a port."""
    name = host.lower().rstrip(".")
    return any(_leaves_out(entry, name, port) for entry in re.split(r"[\s,]+", no_proxy.lower()) if entry)


def _leaves_out(entry: str, host: str, port: int) -> bool:
    address = _address(host)
    network = _network(entry)
    if network is not None:
        return address is not None and address in network
    with_port = re.fullmatch(r"(.+):(\d+)", entry)
    if with_port is not None:
        return int(with_port[2]) == port and _leaves_out(with_port[1], host, port)
    if "*" in entry:
        return fnmatch.fnmatchcase(host, entry.rstrip("."))
    suffix = entry.strip(".")
    return bool(suffix) and (host == suffix or (address is None and host.endswith(f".{suffix}")))


def _network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """Return the network, or the one address, that an entry names."""
    try:
        return ipaddress.ip_network(re.sub(r"^\[(.*)\]$", r"\1", entry), strict=False)
    except ValueError:
        return None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
