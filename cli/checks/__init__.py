"""What `rongan doctor` looks at, one function a question."""
