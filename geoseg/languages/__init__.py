"""What people read, in their language: sentences that know their parts, and a text file per language."""
