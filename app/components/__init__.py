"""The parts that pages are made of: label card, pool map, charts, theme, layout."""
