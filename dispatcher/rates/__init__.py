"""What happens too often: rates against their baselines, hot spots against the map."""
