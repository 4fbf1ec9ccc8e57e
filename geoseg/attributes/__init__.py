"""What is known of a building beside its outline: measures and confidence."""
