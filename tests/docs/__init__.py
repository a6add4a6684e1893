"""What docs/ tells a reader to do is done here, as it stands there."""
