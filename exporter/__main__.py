"""`python -m exporter` is `xero-exporter`."""

from exporter.cli.main import run

if __name__ == "__main__":
    run()
