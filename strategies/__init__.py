"""Which items are worth a person's time next: one file per strategy, all pure functions under one
contract."""
