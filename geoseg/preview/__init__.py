"""What a run would do, without running it."""
