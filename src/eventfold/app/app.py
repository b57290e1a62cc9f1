"""`App`: a definition that can be bound to a log. Importable, pure, opens nothing until it is asked to."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

from eventfold.app.binding import KEEP, check_keep
from eventfold.app.copying import Copying, check_copy
from eventfold.app.definition import Definition
from eventfold.app.live import Live
from eventfold.app.places import check_places, check_search, checkpoints_of, handlers_of, lake_of, state_of
from eventfold.app.spark.onspark import OnSpark
from eventfold.bus.alone import open_url as open_alone
from eventfold.bus.followed import followed
from eventfold.bus.open import open_topic
from eventfold.engines.port import From
from eventfold.errors import ConfigInvalid
from eventfold.handlers.targets.open import check_places as check_targets
from eventfold.handlers.targets.place import Place
from eventfold.readmodels.lakecopy.port import TABLE
from eventfold.store.open import check_url, is_topic, open_store
from eventfold.store.port import Store


class App(Definition):
    """A definition: the same one serves a program, the command line and the tests.

        shop = App("shop", aggregates=[Order], tables=[Orders])

        with shop.open("sqlite:///shop.db", lake="lake") as live:
            live.repository(Order).execute("order-1", Order.create, ...)

    Args:
        name: of the app.
        aggregates: the classes that decide; their events are registered.
        tables: the read models.
        handlers: what becomes of events beside: notifications, public events, reactions.
        events: event types that no aggregate raises.
        untyped: whether events of other names are read as `Untyped`, for logs that were imported.
        ignored: stored names that the app does not know and means not to: its tables may miss their events, and nobody
            is warned of it. They are folded and loaded no differently.
        source: who speaks in public events, as a URI reference; an absolute URI, such as `https://shop.example.com`, is
            like no other. Others tell repeats by it, so it stays as it is. Default: `/` and the name.

    Raises:
        DefinitionError: two aggregates of one category, two tables or handlers of one name, two types of one stored
            name; a name is ignored that is registered, or that a table looks at; a handler takes an unknown event, or
            publishes and does not say what; no URI reference as the source.
        UpcasterMissing: a schema version from which no chain of upcasters leads to the current one.
        TableInvalid: a table looks at an event type that the app does not know.
    """

    def open(
        self,
        url: str,
        *,
        lake: str | None = None,
        copy: bool = False,
        state: str | None = None,
        targets: Mapping[str, Place] | None = None,
        bus: str | None = None,
        create: bool = True,
        keep: timedelta = KEEP,
        search: str | None = None,
    ) -> Live:
        """Binds the app to its resources; close what it returns, or use it in a `with`.

        Args:
            url: of the event store, for example `sqlite:///shop.db`. Or, where the log itself cannot be opened, of the
                topic that its events are brought to, for example `kafka://127.0.0.1:9092/shop`: tables and handlers
                follow it, what handlers must not lose stands in a file beside the state, `shop.handlers`, and what
                needs the log is `CapabilityMissing`.
            lake: the folder of the Delta tables, or the address of one in Azure Storage; None = nothing is published.
            copy: whether `run` and `catch_up` keep a copy of the log in the lake too, every event as it is stored: the
                append-only Delta table `events`.
            state: the URL of the tables' state; default: beside a log that is a file, else in the current folder.
            targets: where the effects of handlers go, by the name of `to=`: a `Target`, a function of payload and
                message, or a URL. They are opened by `run` and `handle`.
            bus: the URL of the topic that `eventfold relay` brings the events to, for example
                `kafka://127.0.0.1:9092/shop`: tables and handlers follow it there, with the same cursors and answers;
                commands and questions about the past go to the log. None = the log's own feed is followed.
            create: whether a log is made where there is none.
            keep: how long rows that went are remembered for a place of a table that is not written to meanwhile. One
                that comes later gets all rows anew.
            search: the folder of the search indexes of the tables that declare a `search`; None = none is kept.

        Raises:
            ConfigInvalid: log, state, lake and search are not in places of their own; a copy is wanted, and no lake
                named; or `keep` is no time.
            CapabilityMissing: a copy is wanted, and only a topic of the log can be opened.
            DefinitionError: what is given as a target can be none.
            LogNotFound: there is none, and none is to be made.
            UnsupportedUrl, ExtraMissing: nothing serves the URL here.
            LogMismatch: the state belongs to another log, or the topic cannot be followed.
            BusUnavailable: no relay has come to the topic yet, or its broker does not answer.
            TableInvalid: a table needs an order that this log does not give.
            StorageError: something cannot be opened.
        """
        check_targets({} if targets is None else targets)
        check_keep(keep)
        check_url(url, "an event store")
        state = state_of(url) if state is None or state == "" else state
        check_url(state, "the state of tables")
        store: Store
        check_places(url, state=state, lake=lake, tables=[*self.tables, *([TABLE] if copy else [])])
        check_search(url, state=state, lake=lake, search=search, tables=self.tables)
        check_copy(url, lake, copy=copy)
        if is_topic(url):
            if bus is not None and bus != url:
                raise ConfigInvalid(
                    "The store is a topic already, and bus names another one: name the log as the store, or leave the"
                    " bus out.",
                    key="bus",
                )
            bus, store = None, open_alone(url, handlers=handlers_of(state))
        else:
            store = open_store(url, create=create)
        try:
            copying = Copying(lake, store.log_id, store.feed()) if copy and lake else None
            if bus is not None:
                store = followed(store, open_topic(bus))
            return Live(
                self,
                store,
                state=state,
                lake=lake,
                targets=targets or {},
                copying=copying,
                keep=keep,
                search=search,
            )
        except BaseException:
            store.close()
            raise

    def on_spark(
        self,
        url: str | None,
        *,
        lake: str,
        source: From | None = None,
        bus: str | None = None,
        checkpoints: str | None = None,
        session: object = None,
        jars: str | None = None,
    ) -> OnSpark:
        """Binds the tables to Spark, for when one machine is not enough: the same definitions, the same rows.

            done = shop.on_spark("sqlite:////data/shop.db", lake="/data/lake").run()

        Args:
            url: of the event store, which every worker of Spark can open; None: another source is named.
            lake: the folder of the Delta tables, or the address of one in Azure Storage.
            source: "store", "lake-copy" (the log is not opened then) or "bus"; default: the bus where one is named, or
                where the URL is that of a topic, else the store.
            bus: the URL of a topic of the log's events, as for `open`.
            checkpoints: the folder where Spark notes how far it has read, while it runs; default: beside the lake.
            session: default: that of this process, as a notebook has one; where there is none, one is made, which
                `close` ends. Its settings stay as they are: what a fold relies on, such as UTC, is set for its own
                queries alone.
            jars: for a session that is made: a folder with the jars of Delta Lake; default: Spark brings them from
                Maven, once.

        Raises:
            ConfigInvalid: log, lake and checkpoints are not in places of their own, or the source is not named.
            ExtraMissing: Spark, Java or Delta Lake is not here.
            LogNotFound: there is none, or no copy of it.
            CapabilityMissing: a topic of a log that positions do not order.
            UnsupportedUrl, StorageError, BusUnavailable, TopicUnfit: as `open`.
        """
        if url is not None or source not in {"lake-copy", "bus"}:
            check_url(url, "an event store")
        if url is not None:
            check_places(url, state=state_of(url), lake=lake, tables=self.tables)
        place = checkpoints_of(lake, checkpoints)
        from eventfold.engines.open import open_cluster  # which loads what only Spark and rebuilds need

        cluster = open_cluster()
        taken = cluster.source(source, store=url, lake=lake_of(lake), bus=bus)
        there: AbstractContextManager[Any] = (
            nullcontext(session)
            if session is not None
            else cluster.session(Path(jars) if jars is not None else None)
        )
        return OnSpark(self, cluster, there, taken, lake=lake_of(lake), checkpoints=place)
