"""The rim towards callers: the server, the table of routes, the gate, problems, the API, the pages."""
