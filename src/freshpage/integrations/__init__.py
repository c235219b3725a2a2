"""Integrations: each imports what it integrates, and nothing of ours imports it."""
