"""A table in a container of Azure Storage. Small files go by obstore, those of the table by the Delta library itself.

Both send a request again whose answer was lost, and a put that demands a new name then meets its own first try: so what
is there is compared.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import obstore
from deltalake import DeltaTable
from deltalake.fs import DeltaStorageHandler
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import AzureStore
from pyarrow.fs import FileSystem, PyFileSystem

from eventfold.errors import ConfigInvalid
from eventfold.foreign import said
from eventfold.readmodels.address import Address
from eventfold.readmodels.delta.places.port import Place
from eventfold.readmodels.delta.places.signing import HOW, read_options, secrets_in

if TYPE_CHECKING:
    from obstore.store import AzureConfig

_REQUEST = re.compile(r"Error performing \w+ \S+ in [\d.]+\w+ - ")
_CODE = re.compile(r"<Code>(\w+)</Code>")
_RETRIES = 6
_PATIENCE = 60
"""Seconds in which a request is sent again; 180 by default."""
_DENIED = ("privileges", "Unauthorized", "Unauthenticated", "Forbidden", "token", "credential", "Access Key")


def open_container(address: Address, table: str) -> "Container":
    """The place of a table.

    Raises:
        ConfigInvalid: the environment does not say how it is reached.
    """
    options = read_options(address)
    return Container(Reached(address, options), f"{address.path}/{table}".lstrip("/"))


class Reached:
    """A container and how it is reached.

    Args:
        address: of the lake.
        options: of the libraries, with secrets.
    """

    def __init__(self, address: Address, options: Mapping[str, str]) -> None:
        given = {
            name: text for name, text in options.items() if name != "allow_http"
        }  # one of the client there
        self.address = address
        self.secrets = secrets_in(options)
        self.root = address._replace(path="").full
        self.options = {
            **options,
            "max_retries": str(_RETRIES),
            "retry_timeout": f"{_PATIENCE}s",
            "timeout": f"{_PATIENCE}s",
        }
        try:
            self.files = AzureStore(
                address.container,
                config=cast("AzureConfig", given),  # text for every option serves both libraries
                client_options={"allow_http": "allow_http" in options, "timeout": f"{_PATIENCE}s"},
                retry_config={"max_retries": _RETRIES, "retry_timeout": timedelta(seconds=_PATIENCE)},
            )
        except BaseError as error:
            raise ConfigInvalid(
                f"The lake {address.text} cannot be reached: {self.masked(said(error))}. Look at the AZURE_"
                " variables of the environment, or name another lake, --lake.",
                key="lake",
            ) from None

    def masked(self, text: str) -> str:
        """A text without secrets."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


class Container:
    """See `Place` for what each method promises.

    Args:
        reached: the container.
        path: of the table in it.
    """

    def __init__(self, reached: Reached, path: str) -> None:
        self._reached = reached
        self._path = path

    def __repr__(self) -> str:
        """Where it is."""
        return f"<Container {self.shown}>"

    @property
    def shown(self) -> str:
        """The address."""
        scheme, _, rest = self._reached.address.text.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}/{self._path}"

    @property
    def uri(self) -> str:
        """With the account in it, by which the library keeps containers apart."""
        return f"{self._reached.root}/{self._path}"

    @property
    def options(self) -> dict[str, str] | None:
        """A copy."""
        return dict(self._reached.options)

    @property
    def filesystem(self) -> FileSystem | None:
        """By the Delta library: it only reads."""
        return PyFileSystem(DeltaStorageHandler(self.uri, self.options))

    def path(self, name: str) -> str:
        """As `filesystem` calls it."""
        return name

    def said(self, error: BaseException) -> str:
        """With the code of the store in place of the document in which it stands."""
        whole = str(error)
        code = _CODE.search(whole)
        text = said(ValueError(_REQUEST.sub("", whole.partition("<?xml")[0])))
        return self._reached.masked(f"{text} ({code[1]})" if code else text)

    def shows_secret(self, error: BaseException) -> bool:
        """Both libraries leave signatures out of addresses; what slips through is found here."""
        return self._reached.masked(str(error)) != str(error)

    def cure(self, error: BaseException) -> str:
        """By what the store said."""
        text = str(error)
        if "ContainerNotFound" in text:
            return f" Make the container {self._reached.address.container}, or name another one, --lake."
        if any(word in text for word in _DENIED):
            return f" Let it in: {HOW}. It needs the role Storage Blob Data Contributor."
        return ""

    def table(self, version: int | None = None) -> DeltaTable:
        """Opened by its address."""
        return DeltaTable(self.uri, version=version, storage_options=self.options)

    def prepare(self) -> None:
        """There are no folders."""

    def create(self, name: str, content: bytes) -> bool:
        """By a put that demands a new name; a put of ours whose answer was lost is known by its bytes."""
        with self._said("writing", name):
            try:
                obstore.put(self._reached.files, self._key(name), content, mode="create")
            except AlreadyExistsError:
                return self.read(name) == content
            return True

    def replace(self, name: str, content: bytes) -> None:
        """A put is whole or not at all."""
        with self._said("writing", name):
            obstore.put(self._reached.files, self._key(name), content)

    def read(self, name: str) -> bytes | None:
        """As a whole."""
        with self._said("reading", name):
            try:
                return bytes(obstore.get(self._reached.files, self._key(name)).bytes())
            except FileNotFoundError:
                return None

    def size(self, name: str) -> int | None:
        """As the store says."""
        found = self._head(name)
        return None if found is None else int(found["size"])

    def mark(self, name: str) -> str | None:
        """The tag of its content."""
        found = self._head(name)
        return None if found is None else str(found["e_tag"])

    def names(self, folder: str) -> Collection[str]:
        """By one listing, or a page of a thousand each."""
        below = self._key(folder)
        with self._said("listing", folder):
            found = obstore.list_with_delimiter(self._reached.files, below)
            return [each["path"].removeprefix(f"{below}/") for each in found["objects"]]

    def remove(self, name: str) -> None:
        """Whoever removes it at the same time may have been quicker."""
        with self._said("removing", name):
            try:
                obstore.delete(self._reached.files, self._key(name))
            except FileNotFoundError:
                return

    def below(self, name: str) -> "Container":
        """With a longer path."""
        return Container(self._reached, self._key(name))

    def move(self, name: str, place: Place) -> None:
        """Copied by the store itself, which has no rename that is whole; what is left is cleared."""
        assert isinstance(place, Container)
        with self._said("copying", name):
            obstore.copy(self._reached.files, self._key(name), place._key(name))  # noqa: SLF001 - its own kind

    def clear(self) -> None:
        """By one listing of all that is below."""
        with self._said("removing", ""):
            for page in obstore.list(self._reached.files, self._path):
                if paths := [each["path"] for each in page if each["path"].startswith(f"{self._path}/")]:
                    obstore.delete(self._reached.files, paths)

    def _key(self, name: str) -> str:
        return f"{self._path}/{name}".rstrip("/")

    def _head(self, name: str) -> "obstore.ObjectMeta | None":
        with self._said("reading", name):
            try:
                return obstore.head(self._reached.files, self._key(name))
            except FileNotFoundError:
                return None

    @contextmanager
    def _said(self, doing: str, name: str) -> Iterator[None]:
        try:
            yield
        except (BaseError, FileNotFoundError) as error:
            raise OSError(f"{doing} {name or self.shown}: {self.said(error)}") from None
