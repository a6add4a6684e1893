"""One module a page: it builds views over a state and links the two."""
