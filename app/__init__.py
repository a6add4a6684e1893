"""Assembly: command line, server, rounds, worker, pages, components, REST API."""
