"""The engines: how each is started, stopped and told what to do."""
