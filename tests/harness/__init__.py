"""What tests share: real servers, databases of their own, and programs that may be missing."""
