"""Where the packs' files come from: a hub, or a wheel that pip fetches."""
