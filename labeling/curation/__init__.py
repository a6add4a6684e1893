"""From labels to labelled items one can use: balance, and later duplicates, audits and splits."""
