"""What is needed to run the system somewhere: migrations now, packaged with the wheel."""
