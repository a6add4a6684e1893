"""The settings of a project as one frozen tree; `config.files` reads and writes it as YAML.

```
ProjectConfig
├── project   name, seed, database, annotator          ├── head      the classifier on top of the vectors
├── pool      where the items are, which columns       ├── strategy  how proposals are chosen
├── classes   what a label can be                      ├── rounds    batch, queue, when to retrain
├── encoder   how an item becomes a vector             ├── team      labels per item, consensus, gold items
└── shared    labels, seeds, hashes; goldpan's own     └── views     how the dashboard starts
```

Every model is frozen and refuses unknown keys. Numbers and booleans are strict: `"10"` is not a number.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StringConstraints,
    model_validator,
)

from config.checks import (
    check_classes,
    check_colour,
    check_database,
    check_device,
    check_key,
    check_known,
    check_map_colour,
    check_printable,
    check_prior,
    check_queue,
    check_scheduler,
    check_shared,
    check_url,
)
from config.lookups import check_host, check_template
from config.names import BUILT_IN, CLASS_PREFIX, COLUMN_PREFIX, MAP_COLOURS
from config.pool_parts import Combined, Hdu, Joins
from config.section import Column, Name, Section, Seed, Share
from config.shared import SharedSection
from config.view_parts import Bands, Cutouts, PlotColumns

VERSION = 1
"""The version of the layout that this goldpan writes."""

PLOTS_MAX = 4
"""Plots beside the map."""

DOMAIN_PLOTS_MAX = 8
"""Plots of plug-ins beside the map."""

Unit = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=40), AfterValidator(check_printable)
]
Host = Annotated[str, AfterValidator(check_host)]
Reader = Annotated[str, AfterValidator(check_known("reader"))]
Encoder = Annotated[str, AfterValidator(check_known("encoder"))]
Head = Annotated[str, AfterValidator(check_known("head"))]
Strategy = Annotated[str, AfterValidator(check_known("strategy"))]
ConsensusMethod = Annotated[str, AfterValidator(check_known("consensus"))]
Device = Annotated[str, AfterValidator(check_device)]
MapColour = Annotated[str, StringConstraints(max_length=1100), AfterValidator(check_map_colour)]


def _listed(kind: str) -> str:
    return ", ".join(BUILT_IN[kind])


class ProjectSection(Section):
    """The project as a whole."""

    name: Name = Field(description="short name of the project")
    title: str = Field(
        "", max_length=500, description="shown in the dashboard's header; empty shows the name"
    )
    seed: Seed = Field(0, description="every random choice starts from it")
    database: Annotated[str, AfterValidator(check_database)] | None = Field(
        None,
        description="SQLAlchemy URL of the labels, or ${GOLDPAN_…} for a variable that holds it; null keeps "
        "labels.sqlite in the data folder",
    )
    annotator: Name | None = Field(None, description="who labels; null takes the name of the logged-in user")


class PoolSection(Section):
    """Where the items are, and which columns play which part."""

    path: str = Field(
        min_length=1,
        max_length=4096,
        description="file, folder or shards, relative to this file, or an address",
    )
    reader: Reader = Field("auto", description=f"how to read it: {_listed('reader')}")
    key: Column | None = Field(None, description="column that identifies an item; null numbers the rows")
    text: Column | None = Field(None, description="column with the text of an item")
    image: Column | None = Field(None, description="column with the bytes of an item's image")
    image_path: Column | None = Field(
        None, description="column with the path of an item's image, below the table's folder, or its address"
    )
    vectors: Column | None = Field(None, description="list column with ready-made vectors")
    series: tuple[Column, ...] = Field(
        (), description="list columns with the numbers of a time series, one for each channel"
    )
    columns: tuple[Column, ...] | None = Field(
        None, description="columns the model learns from; null takes all that suit"
    )
    extra: tuple[Column, ...] = Field((), description="columns shown to the person, never used by the model")
    group: Column | None = Field(
        None, description="column whose items stay together in a split; shown, never used by the model"
    )
    truth: Column | None = Field(None, description="hidden true labels: never shown, never used by the model")
    labels_from_folders: StrictBool = Field(
        False, description="take the names of sub-folders as the hidden true labels"
    )
    hdu: Hdu | None = Field(
        None, description="which table of a FITS file, by name or number; null takes the first"
    )
    join: Joins = Field((), description="other sources with more about the same items, looked up by a key")
    combine: Combined = Field(
        (),
        description="columns calculated from others, such as u - g; used by the model, or shown if in extra",
    )
    hash: str | None = Field(None, max_length=200, description="content hash of the pool; written by goldpan")
    url: Annotated[str, StringConstraints(max_length=2000), AfterValidator(check_url)] | None = Field(
        None, description="where a colleague can download the pool; goldpan itself does not fetch it"
    )


class ClassSection(Section):
    """One class: a name that a label can have."""

    name: Name = Field(description="name of the class, distinct ignoring case")
    key: Annotated[str, AfterValidator(check_key)] | None = Field(
        None, description="keyboard key, one character; null takes the next free digit or letter"
    )
    colour: Annotated[str, AfterValidator(check_colour)] | None = Field(
        None, description="colour as '#rrggbb'; null takes the next of the palette"
    )
    parent: Name | None = Field(None, description="name of the class this one belongs under")
    description: str = Field(
        "", max_length=5000, description="what belongs in the class, shown to annotators"
    )
    target: Annotated[StrictFloat, Field(ge=0, le=1e9)] | None = Field(
        None, description="wanted share among the labels, as a weight; null counts as 1"
    )
    archived: StrictBool = Field(False, description="true hides the class; its labels are kept")


class EncoderSection(Section):
    """How an item becomes a vector."""

    name: Encoder = Field("auto", description=_listed("encoder"))
    dimensions: StrictInt = Field(64, ge=1, le=65536, description="length of the vectors an encoder learns")
    model: Annotated[str, StringConstraints(min_length=1, max_length=4096)] | None = Field(
        None, description="name of the weights, or a local path; null takes the encoder's own"
    )
    any_orientation: StrictBool = Field(
        False,
        description="image_ssl: images have no upright (galaxies, cells); turned or mirrored they mean the same",
    )
    batch_size: StrictInt = Field(256, ge=1, le=65536, description="items encoded at once")
    device: Device = Field("auto", description="auto, cpu, cuda, cuda:N or mps")


class HeadSection(Section):
    """The classifier that is trained on the vectors in every round."""

    name: Head = Field("logistic", description=_listed("head"))
    estimator: Literal[
        "random_forest",
        "extra_trees",
        "gradient_boosting",
        "knn",
        "svm_rbf",
        "gaussian_process",
        "linear_discriminant",
        "naive_bayes",
    ] = Field("random_forest", description="which classifier of scikit-learn the head 'sklearn' is")
    members: StrictInt = Field(8, ge=1, le=64, description="classifiers trained together; they may disagree")
    imbalance: Literal["logit_adjustment", "balanced_softmax", "balanced_weights", "none"] = Field(
        "logit_adjustment", description="how rare classes are kept from being drowned"
    )
    target_prior: (
        Annotated[dict[Name, Share], Field(max_length=10_000), AfterValidator(check_prior)] | None
    ) = Field(None, description="the pool's class shares where they are known, by name; null estimates them")
    calibrate: StrictBool = Field(
        True, description="fit a temperature so that probabilities mean what they say"
    )
    semi_supervised: StrictBool = Field(
        False, description="also learn from unlabelled items that the model is sure of"
    )
    mixup: StrictBool = Field(
        False, description="also learn from mixtures of rare classes' vectors with others"
    )
    weigh_by_share: StrictBool = Field(
        True,
        description="a label counts by how much of the pool has no nearer label, beside others of its class",
    )
    learn_names: StrictBool = Field(
        True, description="also learn from the names of the classes, where the encoder knows words"
    )
    optimiser: Literal["lbfgs", "adamw", "muon"] = Field("lbfgs", description="how the weights are found")
    epochs: StrictInt = Field(200, ge=1, le=100_000, description="passes over the labels")
    learning_rate: StrictFloat = Field(0.05, gt=0, le=10, description="step size of the optimiser")
    weight_decay: StrictFloat = Field(0.001, ge=0, le=10, description="pull of the weights towards zero")
    device: Device = Field("auto", description="auto, cpu, cuda, cuda:N or mps")


class StrategySection(Section):
    """How the items worth a person's time are chosen."""

    name: Strategy = Field("prospect", description=f"once a model is trained: {_listed('strategy')}")
    start: Strategy = Field("density", description="while there are too few labels to train; the same names")


class RoundsSection(Section):
    """When a round runs and how much it proposes."""

    batch: StrictInt = Field(10, ge=1, le=10_000, description="items chosen together")
    queue: StrictInt = Field(60, ge=1, le=100_000, description="proposals stored a round, at least a batch")
    retrain_after: StrictInt = Field(5, ge=1, le=100_000, description="new labels that start a round")
    timeout_s: StrictFloat = Field(
        600, gt=0, le=604_800, description="seconds after which a round counts as failed"
    )
    lease_s: StrictFloat = Field(
        600, gt=0, le=604_800, description="seconds an item stays with one annotator"
    )
    scheduler: Annotated[str, AfterValidator(check_scheduler)] | None = Field(
        None,
        description="address of a Dask scheduler, tcp://HOST:PORT or tls://HOST:PORT, whose workers encode and score "
        "the pool; null does so on this machine",
    )

    @model_validator(mode="after")
    def _queue_holds_a_batch(self) -> RoundsSection:
        check_queue(self.batch, self.queue)
        return self


class TeamSection(Section):
    """How several people share the work; with one person nothing of it is seen."""

    overlap: StrictInt = Field(1, ge=1, le=20, description="people who label each item of the share below")
    overlap_share: Share = Field(
        1.0, description="share of the items that so many people label; the others get one label"
    )
    gold_share: Annotated[StrictFloat, Field(ge=0, le=0.5)] = Field(
        0.0, description="share of the items shown that are gold items, where there are any"
    )
    consensus: ConsensusMethod | None = Field(
        "model_assisted",
        description="what an item's votes add up to where several people labelled it: "
        f"{_listed('consensus')}; null trains on the label alone",
    )


class LookupSection(Section):
    """Where else an item can be looked up."""

    name: Name = Field(description="what the link is called: Look up in NAME")
    url: Annotated[str, StringConstraints(max_length=2000), AfterValidator(check_template)] = Field(
        description="address with {key} or {COLUMN} where the item's values go"
    )


class PlotSection(Section):
    """A plot of two numeric columns on the Explore page."""

    x: Column = Field(description="column along the horizontal axis")
    y: Column = Field(description="column along the vertical axis")
    log_x: StrictBool = Field(False, description="true draws the horizontal axis by orders of magnitude")
    log_y: StrictBool = Field(False, description="true draws the vertical axis by orders of magnitude")


class ViewsSection(Section):
    """How the dashboard looks when it opens."""

    theme: Literal["auto", "light", "dark"] = Field("auto", description="auto follows the system")
    map_colour: MapColour = Field(
        "prediction",
        description=f"what colours the points of the map: {', '.join(MAP_COLOURS)}, {CLASS_PREFIX}NAME (one "
        f"class against the rest), or {COLUMN_PREFIX}NAME",
    )
    page: Literal["label", "confirm", "explore", "balance", "model", "export"] = Field(
        "label", description="first page"
    )
    columns_confirmed: bool = Field(
        False,
        description="whether somebody has said that the columns are read as they should; asked at first",
    )
    units: Annotated[dict[Column, Unit], Field(max_length=10_000)] = Field(
        {}, description="column → unit, shown behind its values"
    )
    lookups: Annotated[tuple[LookupSection, ...], Field(max_length=20)] = Field(
        (), description="links to look an item up elsewhere, shown where their host is allowed"
    )
    lookup_hosts: Annotated[tuple[Host, ...], Field(max_length=100)] = Field(
        (), description="hosts that links may lead to, such as simbad.example; taken out by `goldpan import`"
    )
    cutouts: Cutouts = Field(
        (),
        description="pictures that other servers cut out at an item's position, where their host is allowed",
    )
    image_hosts: Annotated[tuple[Host, ...], Field(max_length=100)] = Field(
        (),
        description="hosts that pictures may be fetched from, by your browser; taken out by `goldpan import`",
    )
    bands: Bands = Field(
        (), description="columns of brightness with their wavelengths, for the plot of a spectrum"
    )
    plot_columns: PlotColumns = Field(
        {}, description="what a plot of a field needs → the column that has it, where its name does not tell"
    )
    plots: Annotated[tuple[PlotSection, ...], Field(max_length=PLOTS_MAX)] = Field(
        (), description="plots beside the map; written by 'Keep this layout' on the Explore page"
    )
    domain_plots: Annotated[tuple[Name, ...], Field(max_length=DOMAIN_PLOTS_MAX)] = Field(
        (), description="names of plug-ins' plots beside the map; those that no plug-in brings are left out"
    )


class ProjectConfig(Section):
    """A goldpan project: settings, classes and, in a shared config, the labels."""

    version: StrictInt = Field(VERSION, ge=VERSION, le=VERSION, description="version of this layout")
    project: ProjectSection = Field(description="the project as a whole")
    pool: PoolSection = Field(description="where the items are, and which columns play which part")
    classes: Annotated[tuple[ClassSection, ...], AfterValidator(check_classes)] = Field(
        (),
        max_length=10_000,
        description="what a label can be, in the order shown; more can be added any time",
    )
    encoder: EncoderSection = Field(EncoderSection(), description="how an item becomes a vector")
    head: HeadSection = Field(
        HeadSection(), description="the classifier trained on the vectors in every round"
    )
    strategy: StrategySection = Field(
        StrategySection(), description="how the items worth labelling are chosen"
    )
    rounds: RoundsSection = Field(RoundsSection(), description="when a round runs and how much it proposes")
    team: TeamSection = Field(TeamSection(), description="how several people share the work")
    views: ViewsSection = Field(ViewsSection(), description="how the dashboard looks when it opens")
    shared: SharedSection | None = Field(
        None, description="labels, seeds and hashes of a shared config; written by goldpan"
    )

    @model_validator(mode="after")
    def _shared_fits_classes(self) -> ProjectConfig:
        if self.shared is not None:
            names = {item.name for item in self.classes}
            check_shared(self.shared.annotations, names, seeks=self.shared.seeks, rounds=self.shared.rounds)
        return self
