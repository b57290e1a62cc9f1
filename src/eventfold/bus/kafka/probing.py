"""Whether a port speaks TLS: a client that calls it in the wrong way hears no more than that the line was closed."""

import re
import socket
import ssl
from collections.abc import Mapping
from contextlib import closing, suppress
from typing import Any, Literal

from eventfold.errors import ConfigInvalid

_SECONDS = 1.0
_MOST = 3
"""Brokers that are tried."""
_HELLO = b"\x00\x00\x00\x0a" + b"\x00\x12" + b"\x00\x00" + b"\x00\x00\x00\x01" + b"\xff\xff"
"""Kafka's question for versions: its length, its number, its version, the number of the answer, no name."""
_ANSWER = b"\x00\x00\x00\x01"
_SERVER = re.compile(r"\[?(.+?)\]?:([0-9]+)")


def mismatch(client: Mapping[str, Any], topic: str) -> ConfigInvalid | None:
    """What is wrong where a broker is called with TLS on a port without it, or the other way round.

    Args:
        client: settings of librdkafka, with which no connection came to be.
        topic: what the topic is called in sentences.

    Returns:
        None where that is not the fault, or nobody answered.
    """
    security = str(client.get("security.protocol", "plaintext")).lower()
    with_tls = security.endswith("ssl")
    is_signed = security.startswith("sasl_")
    for server in str(client.get("bootstrap.servers", "")).split(",")[:_MOST]:
        if speaks(server) != ("plain" if with_tls else "tls"):
            continue
        if with_tls:
            told, how = "speaks no TLS, and is called with it", "plaintext"
        else:
            told, how = "speaks TLS, and is called without it", "ssl"
        option = f"security=sasl_{how}" if is_signed else f"security={how}"
        more = "" if with_tls or is_signed else ", or user=NAME where one signs in"
        return ConfigInvalid(
            f"The port {server} of the broker of {topic} {told}: take ?{option}{more}, or its other port.",
            key="bus",
        )
    return None


def speaks(server: str) -> Literal["tls", "plain", ""]:
    """What is spoken on a port, HOST:PORT; empty where nobody answers, or in neither way."""
    found = _SERVER.fullmatch(server)
    if found is None:
        return ""
    place = found[1], int(found[2])
    with suppress(OSError), closing(socket.create_connection(place, _SECONDS)) as line:
        if _is_tls(line, place[0]):
            return "tls"
    with suppress(OSError), closing(socket.create_connection(place, _SECONDS)) as line:
        line.sendall(_HELLO)
        answer = b""
        while len(answer) < 8 and (more := line.recv(8 - len(answer))):
            answer += more
        if answer[4:] == _ANSWER:
            return "plain"
    return ""


def _is_tls(line: socket.socket, host: str) -> bool:
    """Whether a greeting is answered; nothing else is said, so that nothing has to be believed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with context.wrap_socket(line, server_hostname=host):
            return True
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")  # it would be spoken to in another way, and in TLS
