"""Many recordings: what there is to do, who does it, and what is done already."""
