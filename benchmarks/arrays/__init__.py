"""Programs on whole arrays, without an axis of points: what they are, and who runs them."""
