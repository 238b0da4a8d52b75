"""`python -m webtoonfaces` is `webtoonfaces`."""

from webtoonfaces.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
