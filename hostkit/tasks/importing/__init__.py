"""Plans that others wrote, in grammars of their own, to records with file and line. None of it is run."""
