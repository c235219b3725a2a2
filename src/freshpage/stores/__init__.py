"""Stores: where entries and tag sequences are kept."""
