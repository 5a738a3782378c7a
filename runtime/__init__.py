"""Process plumbing without a domain word: settings, clock, pool, logging, migrations, supervision."""
