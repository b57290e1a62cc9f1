"""The gate of what is told to others: a change that would break those who read it needs a new version or a new name."""

from collections.abc import Collection, Iterator

from msgspec import structs

from eventfold.events.schema.accepting import refuse
from eventfold.events.schema.finding import Finding
from eventfold.handlers.public.catalogue import Catalogue, Published
from eventfold.handlers.public.compatibility import differences

_WAY_OUT = "publish it as a new version= or under a new name="


def judge(recorded: Catalogue, now: Catalogue) -> list[Finding]:
    """Every difference between a catalogue and what an app publishes, in the order of the names.

    Args:
        recorded: what the file says.
        now: what the code says.
    """
    found: list[Finding] = []
    for name, versions in sorted(recorded.events.items()):
        if any(version.published for version in versions.values()) or name in now.events:
            found.extend(_judge(name, versions, recorded, now))
    new = sorted(now.events.keys() - recorded.events.keys())
    found.extend(Finding("added", "public-added", name, name, "is a new public event") for name in new)
    return found


def accept(recorded: Catalogue, now: Catalogue, breaking: Collection[str] = ()) -> Catalogue:
    """What the catalogue says after it has taken over what an app publishes; versions that are gone stay in it.

    Args:
        recorded: what the file says now.
        now: what the code says.
        breaking: public names whose breaking changes are meant.

    Raises:
        SchemaBroken: a breaking change of another name.
    """
    refuse([f for f in judge(recorded, now) if f.level == "refused" and f.name not in breaking])
    events = {
        name: {number: structs.replace(version, published=False) for number, version in versions.items()}
        for name, versions in recorded.events.items()
    }
    for name, versions in now.events.items():
        events[name] = {**events.get(name, {}), **versions}
    return Catalogue(app=now.app, events=events)


def _judge(
    name: str, versions: dict[int, Published], recorded: Catalogue, now: Catalogue
) -> Iterator[Finding]:
    made = now.events.get(name, {})
    latest = max(versions)
    if max(made, default=0) < max((n for n, v in versions.items() if v.published), default=0):
        yield _gone(name, latest, recorded, now)
        return
    for number, version in sorted(versions.items()):
        if number in made:
            yield from _changed(name, number, version, made[number])
        elif version.published:
            what = (
                f"is published no longer, but others read it: publish it beside version {max(made)}, from a class of"
                f" its own; when all have moved on, `eventfold schema accept --breaking {name}`"
            )
            yield Finding("refused", "public-retired", name, f"{name}@{number}", what)
    for number in sorted(made.keys() - versions.keys()):
        below = max((n for n in versions if n < number), default=None)
        changes = [] if below is None else list(differences(versions[below].schema, made[number].schema))
        broken = [f"{change.path or 'it'} {change.what}" for change in changes if not change.safe]
        since = f"; since version {below}: {'; '.join(broken)}" if broken else ""
        yield Finding("added", "public-version-added", name, f"{name}@{number}", f"is a new version{since}")


def _gone(name: str, latest: int, recorded: Catalogue, now: Catalogue) -> Finding:
    if name in now.events:
        what = f"went back from version {latest} to {max(now.events[name])}: versions only go up"
        return Finding("refused", "version-lowered", name, f"{name}@{latest}", what)
    schema = recorded.events[name][latest].schema
    twin = next((other for other in now.events if _renamed(schema, other, recorded, now)), None)
    if twin is not None:
        what = (
            f"is gone; {twin} has its schema: publish both names until all who read the first have moved on"
        )
        return Finding("refused", "public-renamed", name, name, what)
    what = "is published no longer, but others read it: keep its handler"
    return Finding("refused", "public-removed", name, name, what)


def _renamed(schema: dict[str, object], other: str, recorded: Catalogue, now: Catalogue) -> bool:
    new = now.events[other][max(now.events[other])]
    return other not in recorded.events and not any(differences(schema, new.schema))


def _changed(name: str, number: int, was: Published, now: Published) -> Iterator[Finding]:
    where = f"{name}@{number}"
    if not was.published:
        yield Finding("added", "public-version-added", name, where, "is published again")
    if was.key != now.key:
        before, after = (f"the key {key}" if key else "no key" for key in (was.key, now.key))
        what = f"had {before}, now {after}, so that events come in another order: {_WAY_OUT}"
        yield Finding("refused", "key-changed", name, where, what)
    for change in differences(was.schema, now.schema):
        if change.safe:
            yield Finding("added", change.kind, name, where + change.path, change.what)
        else:
            yield Finding("refused", change.kind, name, where + change.path, f"{change.what}: {_WAY_OUT}")
    if was != now and was.published and was.key == now.key and not any(differences(was.schema, now.schema)):
        yield Finding("added", "public-told", name, where, "is described differently")
