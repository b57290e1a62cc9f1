"""The program or its configuration is wrong, found when it starts."""

from eventfold.errors.root import EventfoldError


class DefinitionError(EventfoldError, code="definition-invalid", exit_code=2):
    """The program or its configuration is wrong."""


class UpcasterMissing(DefinitionError, code="upcaster-missing"):
    """A schema version from which no chain of upcasters reaches the current one."""


class TableInvalid(DefinitionError, code="table-invalid"):
    """A table definition that cannot keep its promise."""


class UnsupportedUrl(DefinitionError, code="url-unsupported"):
    """A URL of no known kind."""


class ExtraMissing(DefinitionError, code="extra-missing"):
    """A part that needs a package which is not installed."""


class ConfigInvalid(DefinitionError, code="config-invalid"):
    """A setting that cannot be used."""


class SchemaFileInvalid(DefinitionError, code="schema-file-invalid"):
    """A schema file that is missing, damaged or of a later release."""


class CapabilityMissing(DefinitionError, code="capability-missing", status=501):
    """A request for something this store or feed declares that it cannot do."""


class TopicUnfit(DefinitionError, code="topic-unfit"):
    """A topic that is not there, or cannot hold the events of a log."""
