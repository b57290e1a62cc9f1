"""The rooms of eventfold in the order of their path, and what stands beside it. Data only."""

GROUND = ("errors", "limits", "extras", "foreign", "words", "events")
FRONT_DOOR = "__init__"
PATH = (
    *GROUND,
    "store",
    "feed",
    "aggregates",
    "bus",
    "handlers",
    "readmodels",
    "engines",
    "exports",
    "imports",
    "app",
    FRONT_DOOR,
    "testing",
    "doors",
)

PORTS = ("port.py",)  # by file name, in any room
ALSO_PORTS = ("feed/cursor.py", "feed/rows.py", "store/names.py")

ADAPTERS = (
    "store/sqlite",
    "store/postgres",
    "store/cosmos",
    "bus/kafka",
    "readmodels/sqlite",
    "readmodels/delta",
    "readmodels/tantivy",
    "readmodels/aisearch",
    "engines/duckdb",
    "engines/spark",
)  # those that do not exist yet are named, so that the law is there before them
OPENERS = ("open.py",)  # by file name: the fixed tables that lead from a URL or name to an adapter

KITS = {
    "sqlite": ("store/sqlite", "readmodels/sqlite"),
    "sqlfiles": ("store/sqlite", "store/cosmos", "readmodels/sqlite", "readmodels/synapse"),
}  # a kit, and the only folders that import it
