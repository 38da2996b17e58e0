"""Names for speakers, from the voices that a person enrolled: on the client only."""
