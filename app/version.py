"""The version of this goldpan."""

VERSION = "0.1.0"
