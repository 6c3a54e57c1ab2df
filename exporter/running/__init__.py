"""The parts made from the configuration, and those parts at work: asking, looking, rebuilt by a reload."""
