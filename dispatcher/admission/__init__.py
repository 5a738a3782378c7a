"""What may reach a residents' committee (Art. 45): the gate, offers with their support, admissions, Art. 48 cases."""
