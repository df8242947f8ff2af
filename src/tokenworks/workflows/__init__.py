"""One file per verb that joins several rooms; each returns a result that the doors only show."""
