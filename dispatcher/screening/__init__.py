"""What is dangerous before anything happens: hazards, levels, inspection rounds, the joint tickets that follow."""
