"""Trials of rules: on stored history beside other rules, and on the incidents that are open now. Nothing is written."""
