"""Detectors say WHEN to enter; they never say where the stop is."""
