"""Plots of fields of science that come with goldpan, offered where the pool has their columns."""
