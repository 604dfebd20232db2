"""From topic files and a documentation source to pairs, triplets and their splits."""
