"""What a render declared and read."""
