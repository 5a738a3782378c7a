"""Lists taken out as CSV, XLSX or Parquet: what the viewer sees, masked as on the screen, and recorded."""
