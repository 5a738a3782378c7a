"""The transition tables of both kinds of ticket as data: who may do what in which state, and what follows."""
