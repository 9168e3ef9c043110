"""Evidence that a page says what its code computes: blocks, snippets, anatomy, typed figures."""
