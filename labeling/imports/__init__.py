"""What comes in from other programs: labels by item key, read without trust in the file."""
