"""Live acceptance cases: opened, watched, judged, kept as evidence."""
