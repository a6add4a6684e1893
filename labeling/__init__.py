"""What people did: database, annotations, queue, pools, curation, exports."""
