"""Which items are worth a person's time next: one file per strategy, all under one contract."""
