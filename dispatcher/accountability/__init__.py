"""Who answers for what was not done (Art. 50): sealed files on breaches, petitions, and the check of the seals."""
