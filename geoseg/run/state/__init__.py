"""What a stopped run leaves behind, and what goes on from it."""
