"""From labels to a data set one can use: balance, duplicates, groups, splits, labels that are likely wrong."""
