"""Where a webhook may go: to the internet, not to the machines behind our own doors.

Whoever names the address of a webhook would else have this process ask the services that trust it.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_INTERNET = IPv6Network("2000::/3")
_TRANSLATED = IPv6Network("64:ff9b::/96")  # how a network of IPv6 alone reaches IPv4: the last four bytes
_NEVER: list[IPv4Network | IPv6Network] = [
    IPv4Network("0.0.0.0/8"),  # this machine
    IPv4Network("169.254.0.0/16"),  # link-local, where clouds give out credentials
    IPv4Network("100.100.100.200/32"),  # the same of one cloud
    IPv4Network("168.63.129.16/32"),  # the same of one cloud, though it looks public
    IPv4Network("192.0.0.0/24"),  # of protocols
    IPv4Network("224.0.0.0/4"),  # multicast
    IPv4Network("240.0.0.0/4"),  # reserved, broadcast
    IPv6Network("::/128"),
    IPv6Network("fe80::/10"),
    IPv6Network("fec0::/10"),
    IPv6Network("fd00:ec2::/32"),  # where a cloud gives out credentials
    IPv6Network("ff00::/8"),
]
"""Not even where private addresses are allowed: nobody has a webhook there."""

_NOT_PUBLIC: list[IPv4Network | IPv6Network] = [
    IPv4Network("100.64.0.0/10"),  # shared by customers of a provider
    IPv4Network("192.88.99.0/24"),
    IPv4Network("198.18.0.0/15"),
    IPv6Network("2001::/23"),
    IPv6Network("2001:db8::/32"),
    IPv6Network("2002::/16"),  # carries an address of IPv4
    IPv6Network("3fff::/20"),
]
"""What releases of Python judge differently."""


def why_forbidden(address: str, *, allow_private: bool = False) -> str | None:
    """Why a webhook may not go to an address; None where it may.

    Args:
        address: as it is connected to.
        allow_private: whether those of the own network and machine are allowed.
    """
    found = _unwrapped(ip_address(address.partition("%")[0]))  # behind % stands a network card
    if any(found.version == network.version and found in network for network in _NEVER):
        return "no webhook goes to an address of that kind"
    if allow_private or _is_public(found):
        return None
    return "it is an address of a private network or of this machine"


def _is_public(found: IPv4Address | IPv6Address) -> bool:
    if any(found.version == network.version and found in network for network in _NOT_PUBLIC):
        return False
    if isinstance(found, IPv6Address) and found not in _INTERNET:
        return False
    return found.is_global


def _unwrapped(found: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The address of IPv4 that one of IPv6 stands for."""
    if isinstance(found, IPv6Address):
        if found in _TRANSLATED:
            return IPv4Address(found.packed[-4:])
        return found.ipv4_mapped or found
    return found
