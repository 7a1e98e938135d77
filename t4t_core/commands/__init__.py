"""What the commands do beside running: show, explain, begin, count."""
