"""Pages for people: plain HTML, no scripts, nothing loaded from elsewhere."""
