"""What every item view keeps."""

from __future__ import annotations

import io

from app.item_views import ItemScene, ItemView, media_type, scene_of
from goldpan_contracts.errors import require, told
from labeling.pools.pool import Pool


def check_item_view(view: ItemView, pool: Pool) -> None:
    """Check that a view draws every item, those with missing values too, in both themes, the same each time.

    Args:
        view: the function.
        pool: a small pool of the kind it is for (`goldpan.open_project(…).pool`).

    Raises:
        ContractBrokenError: a promise is not kept.
    """
    called = getattr(view, "__name__", "the item view")
    for row in range(min(pool.n, 20)):
        for dark in (False, True):
            scene = scene_of(pool, row, dark=dark)
            _check_one(view, scene, f"{called}, item {scene.key}{' in the dark theme' if dark else ''}")
    bare = ItemScene(key="bare", row=0, values={column.name: None for column in pool.columns})
    _check_one(view, bare, f"{called}, an item of which nothing is known")


def _check_one(view: ItemView, scene: ItemScene, words: str) -> None:
    with told(words):
        made, again = view(scene), view(scene)
    kind = media_type(made)
    require(
        kind is not None,
        f"{words}: it returns the bytes of a picture (PNG, JPEG, GIF, WebP, SVG), up to 16 MB",
    )
    require(made == again, f"{words}: the same item gives the same picture")
    if kind == "image/svg+xml":
        return
    from PIL import Image

    with told(words), Image.open(io.BytesIO(made)) as picture:
        picture.load()
