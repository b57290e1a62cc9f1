"""The reference of the settings, from the table that the command line reads them by."""

from eventfold.doors.cli.configuration import OTHERS, PREFIX, SECRETS, SETTINGS

_OTHERS = {
    "AZURE_CLIENT_SECRET": "a secret: of the identity that signs in to a lake in Azure, with `AZURE_CLIENT_ID` and"
    " `AZURE_TENANT_ID`",
    "AZURE_STORAGE_ACCOUNT_KEY": "a secret: the key of the account of a lake in Azure, where Entra ID is not used",
    "AZURE_STORAGE_SAS_TOKEN": "a secret: a shared access signature of its container",
    "EVENTFOLD_CONFIG": "the configuration file, instead of the nearest `eventfold.toml`; as a flag `--config`",
    "EVENTFOLD_COSMOS_KEY": "a secret: the key of a Cosmos DB account, where Entra ID is not used",
    "EVENTFOLD_DEBUG": "shows where in the code an error came from",
    "EVENTFOLD_EVENTHUBS_CONNECTION": "a secret: the connection string of an Event Hubs namespace, where Entra ID is"
    " not used",
    "EVENTFOLD_KAFKA_PASSWORD": "a secret: the password of the `user` that the URL of a topic of Kafka names",
    "EVENTFOLD_MEMORY": "how much memory a rebuild, a comparison or a query may take, for example `2GB`;"
    " default: 160 MB, 256 MB, and for a query most of what the machine has",
    "EVENTFOLD_PYTHON": "the Python that `./dev` makes its environment with",
    "EVENTFOLD_RECEIVE_SECRETS": "secrets: of the signatures that `eventfold receive` asks for, separated by spaces;"
    " each begins with `whsec_`",
}


def markdown() -> str:
    """Every setting with its three names, then the variables that are no settings."""
    return "\n".join(
        [
            "| in `eventfold.toml` | environment | flag | what it is |",
            "| --- | --- | --- | --- |",
            *(f"| `{n}` | `{PREFIX}{n.upper()}` | `--{n}` | {what} |" for n, what in SETTINGS.items()),
            "",
            "Only in the environment:",
            "",
            "| variable | what it is |",
            "| --- | --- |",
            *(f"| `{name}` | {_OTHERS[name]} |" for name in sorted({*OTHERS, *SECRETS})),
        ]
    )
