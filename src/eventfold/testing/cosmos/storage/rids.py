"""Resource ids, as Azure Cosmos DB writes them: four bytes for a database, eight for a container, sixteen below.

Only their text. Clients read a container's id out of links, so the lengths are part of the contract.
"""

import base64
import secrets


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode().replace("/", "-")


def _bytes(rid: str) -> bytes:
    return base64.b64decode(rid.replace("-", "/"))


def database_rid() -> str:
    """A new id of a database."""
    return _text(secrets.token_bytes(4))


def container_rid(database: str) -> str:
    """A new id of a container in a database."""
    return _text(_bytes(database) + bytes([0x80 | secrets.randbelow(0x80)]) + secrets.token_bytes(3))


def item_rid(container: str, sequence: int) -> str:
    """The id of the document with this number in a container."""
    return _text(_bytes(container) + sequence.to_bytes(8, "little"))


def etag() -> str:
    """A new entity tag, with its quotes."""
    text = secrets.token_hex(16)
    return f'"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"'
