"""Speaking to exchanges: one package for each, none knows another."""
