"""What comes out: labels and selections as files, each with a manifest that tells how they came to be."""
