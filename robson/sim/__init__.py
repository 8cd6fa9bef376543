"""Virtual time: the daemon's own step objects under a seeded scheduler, with faults and laws."""
