"""Stores: where entries and tag sequences are kept."""

open_store = None
