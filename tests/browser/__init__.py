"""Evidence that the translated Python does in browsers what the Python does."""
