"""What the api shows of the record: queries that join what several packages wrote, bounded by the viewer's area."""
