"""The project configuration: typed settings, YAML in and out, presets. Imports nothing else of goldpan.

`config.schema` holds the tree, `config.files` reads and writes it, `config.presets` has starting points.
"""
