"""The pages of the town: their texts, how many, and how they get into the database."""
