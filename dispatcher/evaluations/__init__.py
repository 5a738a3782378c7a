"""What residents and committees think of public services and organs, and who has to answer by when (Art. 46)."""
