"""More kinds of content than the example has: an app of these tests."""
