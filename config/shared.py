"""The `shared` section of a configuration: what repeats the work elsewhere, written by goldpan."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StringConstraints

from config.section import Count, ItemKey, Name, Section, Seed, Timestamp
from config.shared_audit import SharedAuditDraw

Act = Literal["label", "skip", "unsure", "flag", "undo", "adjudicate"]
Kind = Literal["discover", "balance", "refine"]
SharedKind = Literal["discover", "balance", "refine", "gold", "audit"]
Word = Annotated[str, StringConstraints(max_length=32)]
Version = Annotated[str, StringConstraints(max_length=100)]
Figure = Annotated[str, StringConstraints(max_length=300)]
Setting = StrictBool | StrictInt | StrictFloat | str | dict[str, StrictFloat | StrictInt] | None


class SharedClass(Section):
    """A class as a round saw it."""

    name: Name = Field(description="name of the class now, one of those under classes")
    was: Name | None = Field(None, description="its name then, where it was renamed since")
    target: Annotated[StrictFloat, Field(ge=0, le=1e9)] | None = Field(None, description="its target then")


class SharedRound(Section):
    """A finished round, enough to repeat it."""

    number: Annotated[StrictInt, Field(ge=1)] = Field(description="number of the round")
    revision: Count = Field(description="label revision the round saw")
    seed: Seed = Field(description="seed of the round")
    proposals_hash: str = Field(
        max_length=200, description="hash of what the round proposed; empty where it failed"
    )
    cause: str = Field("", max_length=32, description="why it failed, in one word; empty where it did not")
    easing: Annotated[dict[Word, Count], Field(max_length=20)] = Field(
        {}, description="how far it was made easier after failures, by their cause"
    )
    device: str = Field("", max_length=16, description="kind of device it ran on: cpu, cuda or mps")
    pool_hash: str = Field(
        "", max_length=200, description="content hash of the pool then, where it was another"
    )
    vectors_hash: str = Field(
        "", max_length=200, description="content hash of the vectors then, where they were others"
    )
    settings: dict[Word, dict[Word, Setting]] = Field(
        {}, description="settings that were others then, by section and key"
    )
    classes: tuple[SharedClass, ...] | None = Field(
        None, description="classes it saw, in order, where they were others; null takes the open ones"
    )
    seeks: tuple[Annotated[StrictInt, Field(ge=1)], ...] | None = Field(
        None, description="places in `seeks`, from 1, of what was sought then; null where it is not known"
    )
    figures: dict[Figure, StrictFloat | StrictInt | None] = Field(
        {}, description="what it reached, to six decimals"
    )
    proposals: tuple[ItemKey, ...] = Field((), description="keys of the items it proposed, best first")


class SharedAnnotation(Section):
    """One act of one person on one item."""

    uid: str = Field(min_length=1, max_length=200, description="id made in the browser")
    item: str = Field(min_length=1, max_length=4096, description="key of the item")
    act: Act = Field(description="what was done")
    class_name: Name | None = Field(None, description="class given by label or adjudicate")
    annotator: Name = Field(description="who did it")
    created_at: Timestamp = Field(description="when, with a time zone")
    undoes: str | None = Field(None, max_length=200, description="uid of the annotation that undo takes back")
    comment: str = Field("", max_length=10_000, description="what the annotator wrote")
    round_number: Count | None = Field(None, description="round that proposed the item")
    strategy: str = Field("", max_length=64, description="strategy that proposed it")
    kind: SharedKind | None = Field(
        None, description="why it was proposed; gold or audit where it answers an item of these"
    )
    suggested_class: Name | None = Field(None, description="class the proposal suggested")


class SharedSeek(Section):
    """What a person said they look for."""

    kind: Literal["words", "example", "criteria"] = Field(description="how it was said")
    class_name: Name | None = Field(None, description="class it is about; null for none")
    text: str = Field("", max_length=10_000, description="the words or criteria")
    items: Annotated[tuple[ItemKey, ...], Field(max_length=100)] = Field(
        (), description="keys of the example items"
    )
    annotator: Name = Field(description="who said it")
    created_at: Timestamp = Field(description="when, with a time zone")
    withdrawn_at: Timestamp | None = Field(None, description="when it was taken back; null while it is open")
    withdrawn_by: Name | None = Field(None, description="who took it back")


class SharedGold(Section):
    """An item marked as gold; its label is the adjudication among the annotations."""

    item: ItemKey = Field(description="key of the item")
    annotator: Name = Field(description="who marked it")
    created_at: Timestamp = Field(description="when, with a time zone")


class SharedPrints(Section):
    """Fingerprints of some items of the pool, to tell which of them changed."""

    items: str = Field(
        max_length=10_000,
        pattern="^([0-9a-f]{20})*$",
        description="20 hexadecimal digits an item: key, content",
    )


class SharedSection(Section):
    """What repeats the work elsewhere. Written by `goldpan share` and `goldpan export`, not by hand."""

    goldpan_version: str = Field(min_length=1, max_length=100, description="version that wrote the file")
    created_at: Timestamp = Field(description="when the file was written, with a time zone")
    level: Literal["layout", "settings", "all"] = Field("all", description="how much of the project it holds")
    versions: Annotated[dict[Version, Version], Field(max_length=100)] = Field(
        {}, description="versions of what computed the rounds"
    )
    pool_hash: str = Field(min_length=1, max_length=200, description="content hash of the pool")
    vectors_hash: str = Field(
        "", max_length=200, description="content hash of the vectors; empty before the first"
    )
    revision: Count = Field(description="label revision at the time of writing")
    gone: tuple[ItemKey, ...] = Field(
        (), description="keys of annotated items that the pool had once and has no more"
    )
    rounds: tuple[SharedRound, ...] = Field((), description="finished rounds, oldest first")
    seeks: Annotated[tuple[SharedSeek, ...], Field(max_length=10_000)] = Field(
        (), description="what was sought, oldest first"
    )
    gold: tuple[SharedGold, ...] = Field((), description="gold items, by key")
    annotations: tuple[SharedAnnotation, ...] = Field((), description="all annotations, oldest first")
    audit_draws: tuple[SharedAuditDraw, ...] = Field((), description="draws of the audit set, oldest first")
    prints: tuple[SharedPrints, ...] = Field(
        (), description="fingerprints of the pool's items; empty for a large pool"
    )
