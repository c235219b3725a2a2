"""Its template tags."""
