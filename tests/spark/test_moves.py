"""A table moves between engines and sources in the middle of its life, without a rebuild: each pair, and at random."""

import random
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import eventfold as ef
from eventfold.bus.feed.place import read_standing
from eventfold.bus.kafka.topic import KafkaTopic
from eventfold.bus.relay.relay import Relay
from eventfold.engines.port import From
from eventfold.engines.spark.sources.open import open_source
from eventfold.feed.cursor import Cursor
from eventfold.feed.loop import catch_up
from eventfold.readmodels.declaring.layout import bind
from eventfold.readmodels.lakecopy.borders import Borders
from eventfold.readmodels.lakecopy.port import CopyStamp
from eventfold.readmodels.open import open_copy, open_publication
from tests.bus.making import make_topic
from tests.bus.sharing import Shared
from tests.spark.pairs import said
from tests.spark.shop import APP, Boxes, Shop, rows_of

pytest.importorskip("pyspark")

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from eventfold.readmodels.asking.asof import AsOf

PLACES = (
    "embedded on the log",
    "embedded on the bus",
    "Spark on the log",
    "Spark on the lake copy",
    "Spark on the bus",
)
_SOURCES: dict[str, From] = {"log": "store", "lake copy": "lake-copy", "bus": "bus"}


class Moving(Shop):
    """A table that goes from place to place; copy and topic come along only when they are needed."""

    def __init__(self, session: "SparkSession", folder: Path, client: dict[str, Any], topic: str) -> None:
        super().__init__(session, folder)
        self.client, self.topic = client, make_topic(client, topic, 2)
        self.bus = f"kafka://{client['bootstrap.servers']}/{topic}"
        self.noted, self.found = 0, ""
        self.on_spark = False

    def happen(self, count: int) -> None:
        self.note(self.noted, self.noted + count)
        self.noted += count

    def relay(self) -> None:
        with (
            ef.open_store(self.log) as store,
            closing(KafkaTopic(self.client, self.topic, mode="plain")) as there,
        ):
            catch_up([Relay(store, there, page=5)])

    def copied(self) -> None:
        """With borders where the table does not stand, unless it has come from one."""
        gap = self.stood().marks["0"].position - (self.borders()[-1].position if self.borders() else 0)
        self.copy(events=next((n for n in (5, 4, 3, 7) if gap % n), 5))

    def borders(self) -> Sequence[CopyStamp]:
        try:
            return Borders(open_copy(self.lake, None)).now()
        except ef.errors.LogNotFound:
            return ()

    def stood(self) -> Cursor:
        """The cursor in the stamp of the newest version."""
        with ef.open_store(self.log) as store:
            head = open_publication(self.lake, bind(Boxes.spec, total_order=True), store.log_id).head()
        assert head is not None
        return head.stamp.cursor

    def taken(self, place: str) -> str:
        """Whether the cursor is one that a place would have written itself."""
        cursor = self.stood()
        (mark,) = cursor.marks.values()
        source = place.rpartition(" on the ")[2]
        if source == "bus":
            standing = read_standing(mark)
            with closing(KafkaTopic(self.client, self.topic, mode="plain")) as topic:
                own = standing is not None and (standing.topic, len(standing.offsets)) == (
                    topic.identity(),
                    topic.count(),
                )
        elif source == "lake copy":
            own = cursor in [border.cursor for border in self.borders()]
        else:
            with ef.open_store(self.log) as store:
                own = cursor == store.feed().at_position(mark.position)
        return "done" if own else "translated"

    def go(self, place: str, count: int = 7) -> list[dict[str, Any]]:
        """Goes on there; the rows that are published then."""
        self.happen(count)
        engine, _, source = place.partition(" on the ")
        if source == "bus":
            self.relay()
        if source == "lake copy":
            self.copied()
        self.found = self.taken(place)
        if engine == "embedded":
            bus = self.bus if source == "bus" else None
            with APP.open(
                self.log, state=f"sqlite:///{self.folder}/here.state", lake=self.lake, bus=bus
            ) as live:
                if self.on_spark:
                    live.table(Boxes).take_over()
                live.catch_up()
                self.on_spark = False
                publication = live.table(Boxes).publication
                assert publication is not None
                return rows_of(publication)
        if not self.on_spark:
            self.hand_over()
        self.on_spark = True
        job = self.job(open_source(_SOURCES[source], store=self.log, lake=self.lake, bus=self.bus))
        if source == "log":
            with ef.open_store(self.log) as store:
                batch = self.session.createDataFrame([(store.feed().end().to_json(),)], "end STRING")
        elif source == "lake copy":
            batch = self.session.createDataFrame([(str(self.noted),)], "end STRING")
        else:
            options = {"kafka.bootstrap.servers": self.client["bootstrap.servers"], "subscribe": self.topic}
            options |= {"includeHeaders": "true", "kafka.isolation.level": "read_committed"}
            batch = self.session.read.format("kafka").options(**options).load()
        job.batch(batch, 0)
        return self.published(job)


Make = Callable[[str], Moving]


@pytest.fixture
def moving(session: "SparkSession", tmp_path: Path, kafka: Shared) -> Make:
    return lambda topic: Moving(session, tmp_path, kafka.plain, topic)


def seen(rows: list[dict[str, Any]], past: "AsOf") -> list[dict[str, Any]]:
    """Published rows as people see them."""
    return [{name: row[name] for name in past.arrow.column_names} for row in rows]


def circuit(places: tuple[str, ...]) -> list[str]:
    """A way through every ordered pair of places, one edge after the other."""
    left = {(a, b) for a in places for b in places if a != b}
    way, stack = [], [places[0]]
    while stack:
        onward = sorted(b for a, b in left if a == stack[-1])
        if onward:
            left.remove((stack[-1], onward[0]))
            stack.append(onward[0])
        else:
            way.append(stack.pop())
    return way[::-1]


@pytest.mark.parametrize(
    "way",
    [
        pytest.param([PLACES[n] for n in (0, 3, 1, 4, 2, 0, 4, 3)], id="each"),
        pytest.param(circuit(PLACES), id="every-pair", marks=pytest.mark.nightly),
    ],
)
def test_a_table_goes_on_where_the_other_engine_or_source_stood(moving: Make, way: list[str]) -> None:
    here = moving(f"moves-{len(way)}")
    with here.opened() as live:
        live.catch_up()
    pairs = said("ordered")
    assert pairs.keys() == {(a, b) for a in PLACES for b in PLACES}
    assert "rebuild" not in pairs.values()
    history: dict[int, list[dict[str, Any]]] = {}
    for n, place in enumerate(way):
        found = here.go(place, 5 + n % 3)
        if n:
            assert here.found == pairs[way[n - 1], place], way[: n + 1]
        assert here.taken(place) == pairs[place, place] == "done"
        history[here.noted] = found
        if n % 4 == 3 or n == len(way) - 1:
            assert found == here.expected(), way[: n + 1]
    with here.opened() as live:
        if here.on_spark:
            live.table(Boxes).take_over()
        live.catch_up()
        assert live.verify().ok
        table = live.table(Boxes)
        seams = sorted(history)[1::3][:3]
        for position in seams:
            past = table.at(position=position)
            assert past.rows() == seen(history[position], past)
        changed = {change.key for change in table.diff(seams[1], seams[2])}
        before, after = (seen(history[position], past) for position in seams[1:3])
        assert changed == {row["box_id"] for row in [*before, *after] if (row in before) != (row in after)}
        publication = live.table(Boxes).publication
        assert publication is not None
        head = publication.head()
        assert head is not None
        assert head.stamp.generation == 1


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(6))
def test_random_moves_equal_a_fold_from_zero(moving: Make, seed: int) -> None:
    here = moving(f"moves-{seed}")
    chance = random.Random(seed)
    with here.opened() as live:
        live.catch_up()
    for _ in range(10):
        place = chance.choice(PLACES)
        assert here.go(place, chance.randrange(1, 30)) == here.expected(), place
