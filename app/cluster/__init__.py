"""Rounds on a Dask cluster: the pool in parts on its workers, what is best of each part back here."""
