"""Active learning of other libraries, under goldpan's contract of a strategy: one file a library.

`contract.py` says what a peer is given and makes a strategy of it; `registry.py` names all peers and says which can run
here. None of the libraries is needed by goldpan: `make peers` installs them into an environment of their own.
"""
