"""The items of a project: readers of the user's files, and the immutable snapshot made from them."""
