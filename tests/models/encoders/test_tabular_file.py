from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load, save

from models.encoders.contract import Role
from models.encoders.tabular_file import SPEC, tabular_arrays, tabular_from_arrays
from models.encoders.text_tfidf import revived_counter
from tests.models.encoders.sources import table_source
from tests.models.encoders.test_tabular import fit

ROLES: dict[str, Role] = {"a": "numeric", "b": "numeric", "kind": "categorical", "words": "text"}


def table(count: int = 90) -> pd.DataFrame:
    generator = np.random.default_rng(3)
    a = generator.normal(size=count)
    a[:9] = np.nan
    return pd.DataFrame(
        {
            "a": a,
            "b": np.exp(3 * generator.normal(size=count)),
            "kind": np.array(["é", "b", "c d"])[np.arange(count) % 3],
            "words": [f"the {['red', 'blue'][number % 2]} thing number {number}" for number in range(count)],
        }
    )


def test_tabular_arrays__give_back_the_same_encoder_through_a_file() -> None:
    source = table_source(table(), ROLES)
    fitted = fit(source)
    again = tabular_from_arrays(load(save(tabular_arrays(fitted))))
    assert (again.numeric, again.dimensions) == (fitted.numeric, fitted.dimensions)
    np.testing.assert_array_equal(again.transform(source, 0, 90), fitted.transform(source, 0, 90))


def test_tabular_arrays__a_table_without_a_column_of_use() -> None:
    source = table_source(pd.DataFrame({"a": np.ones(20)}), {"a": "numeric"})
    again = tabular_from_arrays(tabular_arrays(fit(source)))
    assert again.dimensions == 1
    assert not again.transform(source, 0, 20).any()


def test_tabular_from_arrays__refuses_what_lacks_a_part() -> None:
    arrays = tabular_arrays(fit(table_source(table(), ROLES)))
    with pytest.raises(KeyError):
        tabular_from_arrays({name: array for name, array in arrays.items() if name != SPEC})
    with pytest.raises(ValueError, match="'exec'; allowed are word, char_wb"):
        revived_counter("exec", ["a"], np.ones(1, np.float32))
