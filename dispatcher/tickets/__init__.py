"""Who must do what by when: the accountable orders to departments, their life, their clocks and their record."""
